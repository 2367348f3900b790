//! What a user can do: one table of actions, their keys and their help.
//!
//! Bindings, the [help](super::help) and the footer all read [`BINDINGS`], so that a key
//! cannot exist without its explanation, nor the other way round.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    app::{App, Mode},
    column::Column,
    tab::Tab,
};
use crate::ledger::RowKey;

/// Something the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens or closes the help.
    Help,
    /// Opens or closes a row in detail.
    Detail,
    /// Leaves the screen.
    Quit,
    /// Lets the shell have the terminal for a while.
    Suspend,
    /// Takes back what is on, one thing at a time: a question or a list, a look back in time, what
    /// is typed as a filter, a look into a group, the selection.
    Back,
    /// Freezes the picture, not the measurement.
    Pause,
    /// Shows the interval before.
    Earlier,
    /// Shows the next interval; after the newest, goes on.
    Later,
    /// A minute back.
    MinuteEarlier,
    /// A minute forth.
    MinuteLater,
    /// Begins to type a time to go to.
    AskTime,
    /// The next unit.
    Units,
    /// A longer interval.
    Slower,
    /// A shorter interval.
    Faster,
    /// Begins to type a filter.
    Filter,
    /// Opens the list of users.
    Users,
    /// Takes what the list is at.
    Pick,
    /// Adds a letter to what is typed: a filter, a time, a choice, the name of a file.
    Type(char),
    /// Takes the last letter of what is typed away.
    Erase,
    /// Ends the typing: keeps the filter, goes to the time, does what is asked.
    Accept,
    /// Sorts by the column to the left.
    SortLeft,
    /// Sorts by the column to the right.
    SortRight,
    /// Sorts by this column.
    Sort(Column),
    /// Turns the order round.
    Reverse,
    /// Folds ended processes into one row, or unfolds them.
    Ended,
    /// Shows another kind of rows.
    Tab(Tab),
    /// Those that come next.
    NextTab,
    /// Those that come before.
    PreviousTab,
    /// Folds what hangs on a row of the tree.
    Fold,
    /// Unfolds it.
    Unfold,
    /// Folds or unfolds the whole tree.
    FoldAll,
    /// Shows the GPUs one by one, or hides them.
    Gpus,
    /// Asks which signal to send to the selected row.
    Signal,
    /// Asks how much nicer the selected row shall be; less nice below zero.
    Nice(i8),
    /// Asks when the selected row's disk accesses shall be served.
    Io,
    /// Begins a measurement of the selected row, or ends it.
    Measure,
    /// Closes what a measurement came to.
    Card,
    /// Asks how to write down what is shown.
    Export,
    /// Looks into a group.
    Zoom,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Selects this row.
    Select(RowKey),
    /// Takes this entry of the list that is there, from 0 on.
    Choose(usize),
    /// So many lines down in what lies over the table or stands beside it.
    Scroll(i8),
    /// So many rows down in the table; the selection stays.
    ScrollRows(i8),
    /// Gives a row in detail so many thousandths of the room that it shares with the table.
    Divide(u16),
}

/// A key of the keyboard; capitals are letters of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which.
    pub code: KeyCode,
    /// With Ctrl held.
    pub ctrl: bool,
}

const fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const fn letter(letter: char) -> Key {
    key(KeyCode::Char(letter))
}

const fn ctrl(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), ctrl: true }
}

impl Key {
    /// How the help writes it.
    pub fn label(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".into(),
            KeyCode::Char(letter) if self.ctrl => letter.to_uppercase().to_string(),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            KeyCode::Up => "↑".into(),
            KeyCode::Down => "↓".into(),
            KeyCode::Left => "←".into(),
            KeyCode::Right => "→".into(),
            KeyCode::BackTab => "Shift-Tab".into(),
            KeyCode::PageUp => "PgUp".into(),
            KeyCode::PageDown => "PgDn".into(),
            other => format!("{other:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }

    fn matches(self, event: KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        self.code == event.code && self.ctrl == ctrl && !alt
    }
}

/// Keys that do something, and in which state.
pub struct Binding {
    /// What they do.
    pub action: Action,
    /// Any of these.
    pub keys: &'static [Key],
    /// One or two words for the footer; none where the help is enough.
    pub hint: Option<&'static str>,
    /// A line of the help; empty where the footer is enough, as it shows the key while it can be
    /// used.
    pub help: &'static str,
    /// Whether they do it now.
    pub valid: fn(&App) -> bool,
}

fn browsing(app: &App) -> bool {
    app.mode() == Mode::Browse
}

/// There is a table to do something with; a row in detail may stand beside it.
fn seeing(app: &App) -> bool {
    (browsing(app) || app.is_beside()) && app.ledger().latest().is_some()
}

/// There are rows that have an order; what looks like waste has its own.
fn sorting(app: &App) -> bool {
    seeing(app) && app.tab() != Tab::Findings
}

/// The table is there, as a tree.
fn climbing(app: &App) -> bool {
    seeing(app) && app.tab() == Tab::Tree
}

/// There are rows that have an order, with columns of GPUs.
fn sorting_gpus(app: &App) -> bool {
    sorting(app) && app.has_gpus()
}

/// There is a machine with GPUs.
fn seeing_gpus(app: &App) -> bool {
    seeing(app) && app.has_gpus()
}

fn filtering(app: &App) -> bool {
    app.mode() == Mode::Filter
}

/// A time is typed.
fn asking(app: &App) -> bool {
    app.mode() == Mode::Time
}

fn typing(app: &App) -> bool {
    filtering(app) || asking(app)
}

/// An earlier moment is shown.
fn looking_back(app: &App) -> bool {
    looking(app) && app.is_back()
}

/// What is now is shown, or was when the picture stopped.
fn looking_on(app: &App) -> bool {
    looking(app) && !app.is_back()
}

fn reading(app: &App) -> bool {
    matches!(app.mode(), Mode::Help { .. })
}

fn picking(app: &App) -> bool {
    matches!(app.mode(), Mode::Users { .. })
}

fn opened(app: &App) -> bool {
    matches!(app.mode(), Mode::Detail { .. } | Mode::Finding { .. })
}

/// A question is open that letters are typed into.
fn asked(app: &App) -> bool {
    matches!(app.mode(), Mode::Act | Mode::Export)
}

/// There are processes to act on, and this screen may.
fn acting(app: &App) -> bool {
    seeing(app) && app.has_hands() && app.tab() != Tab::Findings
}

/// A group is looked into, and there is no filter to clear before.
fn zoomed(app: &App) -> bool {
    browsing(app) && app.filter().is_empty() && app.zoomed().is_some()
}

fn carding(app: &App) -> bool {
    matches!(app.mode(), Mode::Card { .. })
}

/// There are figures to see, of all rows or of one.
fn looking(app: &App) -> bool {
    seeing(app) || opened(app)
}

fn not_asked(app: &App) -> bool {
    !asked(app)
}

fn not_typing(app: &App) -> bool {
    !typing(app) && not_asked(app)
}

/// Nothing stands beside the table.
fn alone(app: &App) -> bool {
    !app.is_beside()
}

fn always(_: &App) -> bool {
    true
}

const fn bind(
    action: Action,
    keys: &'static [Key],
    hint: Option<&'static str>,
    help: &'static str,
    valid: fn(&App) -> bool,
) -> Binding {
    Binding { action, keys, hint, help, valid }
}

const fn tab(tab: Tab, key: &'static [Key]) -> Binding {
    bind(Action::Tab(tab), key, None, "this kind of rows", |app| browsing(app) || app.is_beside())
}

const fn sort(column: Column, key: &'static [Key], help: &'static str) -> Binding {
    bind(Action::Sort(column), key, None, help, sorting)
}

/// The small letter, where the capital one sorts by the like of CPUs.
const fn sort_gpus(column: Column, key: &'static [Key], help: &'static str) -> Binding {
    bind(Action::Sort(column), key, None, help, sorting_gpus)
}

/// What both keys of a page say: of the table, or of the row that stands beside it.
const PAGE: &str = "page up, down";
/// What both keys of a step say; they stand where they are of most use.
const EARLIER: &str = "an interval back, forth";

/// Every action with its keys. Those with one help text are one line of the
/// help, neighbours with one hint one word of the footer, whose order this is.
pub static BINDINGS: &[Binding] = &[
    bind(Action::Accept, &[key(KeyCode::Enter)], Some("keep"), "", filtering),
    bind(Action::Accept, &[key(KeyCode::Enter)], Some("do it"), "", asked),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("cancel"), "", asked),
    bind(Action::Up, &[key(KeyCode::Up)], Some("choose"), "", asked),
    bind(Action::Down, &[key(KeyCode::Down)], Some("choose"), "", asked),
    bind(
        Action::Help,
        &[letter('?'), letter('h'), key(KeyCode::F(1))],
        Some("help"),
        "this help",
        browsing,
    ),
    bind(
        Action::Help,
        &[key(KeyCode::Esc), letter('q'), letter('?'), letter('h'), key(KeyCode::F(1))],
        Some("close"),
        "",
        reading,
    ),
    bind(
        Action::Detail,
        &[key(KeyCode::Esc), key(KeyCode::Enter), letter('q')],
        Some("close"),
        "",
        opened,
    ),
    bind(
        Action::Card,
        &[key(KeyCode::Esc), key(KeyCode::Enter), letter('q'), letter('m')],
        Some("close"),
        "",
        carding,
    ),
    bind(Action::Quit, &[letter('q')], Some("quit"), "quit", browsing),
    bind(Action::Quit, &[key(KeyCode::F(10)), ctrl('c')], None, "quit", always),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("now"), "back to now", |app| {
        browsing(app) && app.is_back()
    }),
    bind(Action::Earlier, &[letter(',')], Some("step"), EARLIER, looking_back),
    bind(Action::Later, &[letter('.')], Some("step"), EARLIER, looking_back),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("back"), "back from a group", |app| {
        zoomed(app) && !app.is_back()
    }),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("back"), "clear filter, selection", |app| {
        let on = !app.filter().is_empty() || app.selected().is_some();
        filtering(app) || picking(app) || browsing(app) && on && !app.is_back() && !zoomed(app)
    }),
    bind(Action::Detail, &[key(KeyCode::Enter)], Some("open"), "open the row", |app| {
        browsing(app)
            && app.ledger().latest().is_some()
            && if app.tab() == Tab::Findings {
                app.finding().is_some()
            } else {
                !app.rows().is_empty()
            }
    }),
    bind(Action::NextTab, &[key(KeyCode::Tab)], Some("rows"), "next, previous tab", seeing),
    bind(Action::PreviousTab, &[key(KeyCode::BackTab)], None, "next, previous tab", seeing),
    tab(Tab::Processes, &[letter('1')]),
    tab(Tab::Tree, &[letter('2')]),
    tab(Tab::Jobs, &[letter('3')]),
    tab(Tab::Users, &[letter('4')]),
    tab(Tab::Containers, &[letter('5')]),
    tab(Tab::Units, &[letter('6')]),
    tab(Tab::Commands, &[letter('7')]),
    tab(Tab::Findings, &[letter('8')]),
    bind(Action::Fold, &[key(KeyCode::Left)], Some("fold"), "fold, unfold a branch", climbing),
    bind(Action::Unfold, &[key(KeyCode::Right)], Some("fold"), "fold, unfold a branch", climbing),
    bind(Action::FoldAll, &[letter('*')], None, "fold, unfold the tree", climbing),
    bind(Action::Pick, &[key(KeyCode::Enter)], Some("pick"), "", picking),
    bind(Action::Filter, &[letter('/')], Some("filter"), "filter: text, or w > 5", |app| {
        browsing(app) && sorting(app)
    }),
    bind(Action::Users, &[letter('u')], Some("user"), "pick a user", |app| {
        browsing(app) && sorting(app)
    }),
    bind(Action::Type(' '), &[], None, "add to what is typed", typing),
    bind(Action::Erase, &[key(KeyCode::Backspace)], None, "erase a letter", |app| {
        typing(app) || asked(app)
    }),
    bind(Action::Signal, &[letter('K'), key(KeyCode::F(9))], Some("kill"), "send a signal", acting),
    bind(Action::Nice(-1), &[key(KeyCode::F(7))], None, "renice: less, more nice", |app| {
        acting(app) || app.asks_nice()
    }),
    bind(Action::Nice(1), &[key(KeyCode::F(8))], None, "renice: less, more nice", |app| {
        acting(app) || app.asks_nice()
    }),
    bind(Action::Io, &[letter('i')], None, "ionice: disk order", acting),
    bind(Action::Measure, &[letter('m')], Some("measure"), "measure: start, stop", seeing),
    bind(Action::Zoom, &[letter('z')], Some("zoom"), "zoom into a group", |app| {
        seeing(app) && app.can_zoom()
    }),
    bind(Action::Export, &[letter('x')], Some("export"), "export what is shown", |app| {
        seeing(app) || carding(app)
    }),
    bind(Action::SortLeft, &[letter('<')], Some("sort"), "sort by a neighbour", sorting),
    bind(Action::SortRight, &[letter('>')], Some("sort"), "sort by a neighbour", sorting),
    bind(Action::Reverse, &[letter('I')], Some("reverse"), "reverse the order", sorting),
    sort(Column::Watts, &[letter('W')], "sort by power"),
    sort(Column::Joules, &[letter('J')], "sort by energy"),
    sort(Column::Grams, &[letter('O')], "sort by emissions"),
    sort(Column::Cpu, &[letter('C')], "sort by CPU"),
    sort_gpus(Column::GpuPercent, &[letter('c')], "sort by time on GPUs"),
    sort_gpus(Column::GpuMemory, &[letter('M')], "sort by memory of GPUs"),
    sort_gpus(Column::GpuWatts, &[letter('w')], "sort by power of GPUs"),
    sort_gpus(Column::GpuJoules, &[letter('E')], "sort by energy of GPUs"),
    sort(Column::Pid, &[letter('P')], "sort by PID"),
    sort(Column::Job, &[letter('B')], "sort by job"),
    sort(Column::Name, &[letter('N')], "sort by name"),
    bind(Action::Pause, &[letter(' ')], Some("pause"), "pause the picture", looking),
    bind(Action::Earlier, &[letter(',')], Some("back"), EARLIER, looking_on),
    bind(Action::Later, &[letter('.')], None, EARLIER, |app| looking_on(app) && app.is_paused()),
    bind(Action::MinuteEarlier, &[letter('{')], None, "a minute back, forth", looking),
    bind(Action::MinuteLater, &[letter('}')], None, "a minute back, forth", |app| {
        looking(app) && app.is_paused()
    }),
    bind(Action::AskTime, &[letter('t')], Some("time"), "go to 14:05, or -5m", seeing),
    bind(Action::Accept, &[key(KeyCode::Enter)], Some("go"), "", asking),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("stay"), "", asking),
    bind(Action::Ended, &[letter('e')], Some("ended"), "fold ended processes", sorting),
    bind(Action::Gpus, &[letter('d')], Some("GPUs"), "show or hide the GPUs", seeing_gpus),
    bind(Action::Units, &[letter('U')], Some("units"), "next unit: J, Wh, mJ", looking),
    bind(Action::Slower, &[letter('+')], Some("interval"), "slower, faster", browsing),
    bind(Action::Faster, &[letter('-')], Some("interval"), "slower, faster", browsing),
    bind(Action::Up, &[key(KeyCode::Up)], None, "row above, below", not_asked),
    bind(Action::Down, &[key(KeyCode::Down)], None, "row above, below", not_asked),
    bind(Action::Up, &[letter('k')], None, "row above, below", not_typing),
    bind(Action::Down, &[letter('j')], None, "row above, below", not_typing),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], Some("scroll"), PAGE, App::is_beside),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], Some("scroll"), PAGE, App::is_beside),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], None, PAGE, alone),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], None, PAGE, alone),
    bind(Action::First, &[key(KeyCode::Home)], None, "first, last row", always),
    bind(Action::Last, &[key(KeyCode::End)], None, "first, last row", always),
    bind(Action::First, &[letter('g')], None, "first, last row", not_typing),
    bind(Action::Last, &[letter('G')], None, "first, last row", not_typing),
    bind(Action::Suspend, &[ctrl('z')], None, "suspend; fg comes back", always),
];

/// What a key means now.
pub fn action(event: KeyEvent, app: &App) -> Option<Action> {
    let bound = BINDINGS
        .iter()
        .find(|binding| (binding.valid)(app) && binding.keys.iter().any(|key| key.matches(event)));
    if let Some(binding) = bound {
        return Some(binding.action);
    }
    let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match event.code {
        KeyCode::Char(letter) if plain && (typing(app) || asked(app)) => Some(Action::Type(letter)),
        _ => None,
    }
}

impl Action {
    /// What a configuration calls it. It is a contract: it never changes.
    pub fn name(self) -> String {
        let name = match self {
            Self::Sort(column) => return format!("sort_{}", column.name()),
            Self::Tab(tab) => return format!("tab_{}", tab.title()),
            Self::Help => "help",
            Self::Detail => "open",
            Self::Quit => "quit",
            Self::Suspend => "suspend",
            Self::Back => "back",
            Self::Pause => "pause",
            Self::Units => "units",
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::Filter => "filter",
            Self::Users => "users",
            Self::Pick => "pick",
            Self::Type(_) => "type",
            Self::Erase => "erase",
            Self::Accept => "accept",
            Self::SortLeft => "sort_left",
            Self::SortRight => "sort_right",
            Self::Reverse => "reverse",
            Self::Ended => "ended",
            Self::NextTab => "next_tab",
            Self::PreviousTab => "previous_tab",
            Self::Fold => "fold",
            Self::Unfold => "unfold",
            Self::FoldAll => "fold_all",
            Self::Gpus => "gpus",
            Self::Up => "up",
            Self::Down => "down",
            Self::PageUp => "page_up",
            Self::PageDown => "page_down",
            Self::Earlier => "earlier",
            Self::Later => "later",
            Self::MinuteEarlier => "minute_earlier",
            Self::MinuteLater => "minute_later",
            Self::AskTime => "ask_time",
            Self::Signal => "signal",
            Self::Nice(by) if by < 0 => "less_nice",
            Self::Nice(_) => "nicer",
            Self::Io => "ionice",
            Self::Measure => "measure",
            Self::Card => "close_card",
            Self::Export => "export",
            Self::Zoom => "zoom",
            Self::First => "first",
            Self::Last => "last",
            Self::Select(_) => "select",
            Self::Choose(_) => "choose",
            Self::Scroll(_) => "scroll",
            Self::ScrollRows(_) => "scroll_rows",
            Self::Divide(_) => "divide",
        };
        name.into()
    }

    /// There is something here that it could do.
    pub(super) fn exists(self, app: &App) -> bool {
        match self {
            Self::Gpus => app.has_gpus(),
            Self::Sort(column) => app.has_gpus() || !column.is_gpu(),
            Self::Signal | Self::Nice(_) | Self::Io => app.has_hands(),
            _ => true,
        }
    }
}

/// A word of the footer, and the keys that do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Each with what it does; at least one.
    pub keys: Vec<(String, Action)>,
    /// What they do, in a word.
    pub word: &'static str,
}

/// The keys that are valid now, for the footer: first keys, and a word.
pub fn hints(app: &App) -> Vec<Hint> {
    let mut hints: Vec<Hint> = Vec::new();
    for binding in BINDINGS.iter().filter(|binding| (binding.valid)(app)) {
        let (Some(word), Some(key)) = (binding.hint, binding.keys.first()) else { continue };
        let key = (key.label(), binding.action);
        match hints.last_mut() {
            Some(hint) if hint.word == word => hint.keys.push(key),
            _ => hints.push(Hint { keys: vec![key], word }),
        }
    }
    hints
}
