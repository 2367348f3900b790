//! What a user can do: one table of actions, their keys and their help.
//!
//! Bindings, the [help](super::help) and the footer all read [`BINDINGS`], so that a key
//! cannot exist without its explanation, nor the other way round. These are the usual keys; those in
//! force are in the [keymap](super::keymap).

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    app::{App, Mode},
    column::Column,
    scene::{Scene, Scenes, When},
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
    /// Opens or closes the settings.
    Settings,
    /// The value before, of a setting; a column to the left.
    PreviousValue,
    /// The next value; a column to the right.
    NextValue,
    /// A setting as it was at the start.
    Undo,
    /// Writes what was changed of the settings into the user's configuration.
    Save,
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
    /// Nobody can take this one.
    pub const ALWAYS_QUITS: Self = ctrl('c');

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

    /// The one that was pressed; none with Alt held.
    fn of(event: KeyEvent) -> Option<Self> {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        (!alt).then_some(Self { code: event.code, ctrl })
    }

    /// It is text where something is typed.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.ctrl
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
    /// When they do it.
    pub when: When,
}

/// Nothing lies over the table or stands beside it.
const BROWSING: When = When::at(Scenes::of(&[Scene::Table]));
/// The same, with rows that have an order.
const CHOOSING: When = BROWSING.and(ordered);
/// There may be rows, and a row in detail may stand beside them.
const BOTH: When = When::at(Scenes::of(&[Scene::Table, Scene::Beside]));
/// There is a table to do something with; a row in detail may stand beside it.
const SEEING: When = BOTH.and(measured);
/// There are rows that have an order; what looks like waste has its own.
const SORTING: When = BOTH.and(ordered);
/// There are rows that have an order, with columns of GPUs.
const SORTING_GPUS: When = BOTH.and(|app| ordered(app) && app.has_gpus());
/// There is a machine with GPUs.
const SEEING_GPUS: When = BOTH.and(|app| measured(app) && app.has_gpus());
/// The table is there, as a tree.
const CLIMBING: When = BOTH.and(|app| measured(app) && app.tab() == Tab::Tree);
/// There are processes to act on, and this screen may.
const ACTING: When = BOTH.and(acting);
/// The same, or it is asked already how nice they shall be.
const RENICING: When = When::at(Scenes::of(&[Scene::Table, Scene::Beside, Scene::Act]))
    .and(|app| if app.mode() == Mode::Act { app.asks_nice() } else { acting(app) });
/// There is something to write down.
const EXPORTING: When =
    When::at(Scenes::of(&[Scene::Table, Scene::Beside, Scene::Card])).and(measured);
/// A filter is typed.
const FILTERING: When = When::at(Scenes::of(&[Scene::Filter]));
/// A time is typed.
const ASKING: When = When::at(Scenes::of(&[Scene::Time]));
/// One of both.
const TYPING: When = When::at(Scenes::of(&[Scene::Filter, Scene::Time]));
/// A question is open that letters are typed into.
const ASKED: When = When::at(Scenes::of(&[Scene::Act, Scene::Export]));
/// Something is typed.
const ERASING: When =
    When::at(Scenes::of(&[Scene::Filter, Scene::Time, Scene::Act, Scene::Export]));
/// There are figures to see, of all rows or of one.
const LOOKING: When =
    When::at(Scenes::of(&[Scene::Table, Scene::Beside, Scene::Row, Scene::Finding])).and(measured);
/// An earlier moment is shown.
const LOOKING_BACK: When = LOOKING.and(|app| measured(app) && app.is_back());
/// What is now is shown, or was when the picture stopped.
const LOOKING_ON: When = LOOKING.and(|app| measured(app) && !app.is_back());
/// The help is open.
const READING: When = When::at(Scenes::of(&[Scene::Help]));
/// The list of users is open.
const PICKING: When = When::at(Scenes::of(&[Scene::Users]));
/// A row in detail or a finding is open.
const OPENED: When = When::at(Scenes::of(&[Scene::Beside, Scene::Row, Scene::Finding]));
/// The settings are open.
const SETTING: When = When::at(Scenes::of(&[Scene::Settings]));
/// The list of columns is open.
const ARRANGING: When = When::at(Scenes::of(&[Scene::Columns]));
/// One of both.
const CHANGING: When = When::at(Scenes::of(&[Scene::Settings, Scene::Columns]));
/// The same, on a screen that may do more than look.
const SAVING: When = CHANGING.and(App::has_hands);
/// A card is open.
const CARDING: When = When::at(Scenes::of(&[Scene::Card]));
/// A row in detail stands beside the table.
const BESIDE: When = When::at(Scenes::of(&[Scene::Beside]));
/// Nothing stands beside the table.
const ALONE: When = When::at(Scenes::but(&[Scene::Beside]));
/// No question is open.
const NOT_ASKED: When = When::at(Scenes::but(&[Scene::Act, Scene::Export]));
/// Nothing is typed.
const NOT_TYPING: When =
    When::at(Scenes::but(&[Scene::Filter, Scene::Time, Scene::Act, Scene::Export]));
/// There is something to take back.
const CLEARING: When =
    When::at(Scenes::of(&[Scene::Filter, Scene::Users, Scene::Table])).and(|app| {
        let on = !app.filter().is_empty() || app.selected().is_some();
        app.mode() != Mode::Browse || on && !app.is_back() && !zoomed(app)
    });
/// In any state.
const ALWAYS: When = When::at(Scenes::ALL);

fn measured(app: &App) -> bool {
    app.ledger().latest().is_some()
}

fn ordered(app: &App) -> bool {
    measured(app) && app.tab() != Tab::Findings
}

fn acting(app: &App) -> bool {
    ordered(app) && app.has_hands()
}

/// A group is looked into, and there is no filter to clear before.
fn zoomed(app: &App) -> bool {
    app.filter().is_empty() && app.zoomed().is_some()
}

const fn bind(
    action: Action,
    keys: &'static [Key],
    hint: Option<&'static str>,
    help: &'static str,
    when: When,
) -> Binding {
    Binding { action, keys, hint, help, when }
}

const fn tab(tab: Tab, key: &'static [Key]) -> Binding {
    bind(Action::Tab(tab), key, None, "this kind of rows", BOTH)
}

const fn sort(column: Column, key: &'static [Key], help: &'static str) -> Binding {
    bind(Action::Sort(column), key, None, help, SORTING)
}

/// The small letter, where the capital one sorts by the like of CPUs.
const fn sort_gpus(column: Column, key: &'static [Key], help: &'static str) -> Binding {
    bind(Action::Sort(column), key, None, help, SORTING_GPUS)
}

/// What both keys of a page say: of the table, or of the row that stands beside it.
const PAGE: &str = "page up, down";
/// What both keys of a step say; they stand where they are of most use.
const EARLIER: &str = "an interval back, forth";

/// Every action with its keys. Those with one help text are one line of the
/// help, neighbours with one hint one word of the footer, whose order this is.
pub static BINDINGS: &[Binding] = &[
    bind(Action::Accept, &[key(KeyCode::Enter)], Some("keep"), "", FILTERING),
    bind(Action::Accept, &[key(KeyCode::Enter)], Some("do it"), "", ASKED),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("cancel"), "", ASKED),
    bind(Action::Up, &[key(KeyCode::Up)], Some("choose"), "", ASKED),
    bind(Action::Down, &[key(KeyCode::Down)], Some("choose"), "", ASKED),
    bind(
        Action::Help,
        &[letter('?'), letter('h'), key(KeyCode::F(1))],
        Some("help"),
        "this help",
        BROWSING,
    ),
    bind(
        Action::Help,
        &[key(KeyCode::Esc), letter('q'), letter('?'), letter('h'), key(KeyCode::F(1))],
        Some("close"),
        "",
        READING,
    ),
    bind(
        Action::Detail,
        &[key(KeyCode::Esc), key(KeyCode::Enter), letter('q')],
        Some("close"),
        "",
        OPENED,
    ),
    bind(
        Action::Card,
        &[key(KeyCode::Esc), key(KeyCode::Enter), letter('q'), letter('m')],
        Some("close"),
        "",
        CARDING,
    ),
    bind(Action::Quit, &[letter('q')], Some("quit"), "quit", BROWSING),
    bind(Action::Quit, &[key(KeyCode::F(10)), ctrl('c')], None, "quit", ALWAYS),
    bind(
        Action::Back,
        &[key(KeyCode::Esc)],
        Some("now"),
        "back to now",
        BROWSING.and(App::is_back),
    ),
    bind(Action::Earlier, &[letter(',')], Some("step"), EARLIER, LOOKING_BACK),
    bind(Action::Later, &[letter('.')], Some("step"), EARLIER, LOOKING_BACK),
    bind(
        Action::Back,
        &[key(KeyCode::Esc)],
        Some("back"),
        "back from a group",
        BROWSING.and(|app| zoomed(app) && !app.is_back()),
    ),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("back"), "clear filter, selection", CLEARING),
    bind(
        Action::Detail,
        &[key(KeyCode::Enter)],
        Some("open"),
        "open the row",
        BROWSING.and(|app| {
            measured(app)
                && if app.tab() == Tab::Findings {
                    app.finding().is_some()
                } else {
                    !app.rows().is_empty()
                }
        }),
    ),
    bind(Action::NextTab, &[key(KeyCode::Tab)], Some("rows"), "next, previous tab", SEEING),
    bind(Action::PreviousTab, &[key(KeyCode::BackTab)], None, "next, previous tab", SEEING),
    tab(Tab::Processes, &[letter('1')]),
    tab(Tab::Tree, &[letter('2')]),
    tab(Tab::Jobs, &[letter('3')]),
    tab(Tab::Users, &[letter('4')]),
    tab(Tab::Containers, &[letter('5')]),
    tab(Tab::Units, &[letter('6')]),
    tab(Tab::Commands, &[letter('7')]),
    tab(Tab::Findings, &[letter('8')]),
    bind(Action::Fold, &[key(KeyCode::Left)], Some("fold"), "fold, unfold a branch", CLIMBING),
    bind(Action::Unfold, &[key(KeyCode::Right)], Some("fold"), "fold, unfold a branch", CLIMBING),
    bind(Action::FoldAll, &[letter('*')], None, "fold, unfold the tree", CLIMBING),
    bind(Action::Pick, &[key(KeyCode::Enter)], Some("pick"), "", PICKING),
    bind(Action::PreviousValue, &[key(KeyCode::Left)], Some("change"), "", SETTING),
    bind(Action::NextValue, &[key(KeyCode::Right)], Some("change"), "", SETTING),
    bind(Action::Pick, &[key(KeyCode::Enter), letter(' ')], Some("change"), "", SETTING),
    bind(Action::Pick, &[letter(' '), key(KeyCode::Enter)], Some("show, hide"), "", ARRANGING),
    bind(Action::PreviousValue, &[key(KeyCode::Left)], Some("move"), "", ARRANGING),
    bind(Action::NextValue, &[key(KeyCode::Right)], Some("move"), "", ARRANGING),
    bind(Action::Save, &[letter('s')], Some("save"), "", SAVING),
    bind(Action::Undo, &[key(KeyCode::Backspace)], Some("undo"), "", CHANGING),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("settings"), "", ARRANGING),
    bind(
        Action::Settings,
        &[key(KeyCode::Esc), letter('q'), key(KeyCode::F(2)), letter('S')],
        Some("close"),
        "",
        SETTING,
    ),
    bind(Action::Filter, &[letter('/')], Some("filter"), "filter: text, or w > 5", CHOOSING),
    bind(Action::Users, &[letter('u')], Some("user"), "pick a user", CHOOSING),
    bind(Action::Type(' '), &[], None, "add to what is typed", TYPING),
    bind(Action::Erase, &[key(KeyCode::Backspace)], None, "erase a letter", ERASING),
    bind(Action::Signal, &[letter('K'), key(KeyCode::F(9))], Some("kill"), "send a signal", ACTING),
    bind(Action::Nice(-1), &[key(KeyCode::F(7))], None, "renice: less, more nice", RENICING),
    bind(Action::Nice(1), &[key(KeyCode::F(8))], None, "renice: less, more nice", RENICING),
    bind(Action::Io, &[letter('i')], None, "ionice: disk order", ACTING),
    bind(Action::Measure, &[letter('m')], Some("measure"), "measure: start, stop", SEEING),
    bind(
        Action::Zoom,
        &[letter('z')],
        Some("zoom"),
        "zoom into a group",
        BOTH.and(|app| measured(app) && app.can_zoom()),
    ),
    bind(Action::Export, &[letter('x')], Some("export"), "export what is shown", EXPORTING),
    bind(Action::SortLeft, &[letter('<')], Some("sort"), "sort by a neighbour", SORTING),
    bind(Action::SortRight, &[letter('>')], Some("sort"), "sort by a neighbour", SORTING),
    bind(Action::Reverse, &[letter('I')], Some("reverse"), "reverse the order", SORTING),
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
    bind(Action::Pause, &[letter(' ')], Some("pause"), "pause the picture", LOOKING),
    bind(Action::Earlier, &[letter(',')], Some("back"), EARLIER, LOOKING_ON),
    bind(
        Action::Later,
        &[letter('.')],
        None,
        EARLIER,
        LOOKING.and(|app| measured(app) && !app.is_back() && app.is_paused()),
    ),
    bind(Action::MinuteEarlier, &[letter('{')], None, "a minute back, forth", LOOKING),
    bind(
        Action::MinuteLater,
        &[letter('}')],
        None,
        "a minute back, forth",
        LOOKING.and(|app| measured(app) && app.is_paused()),
    ),
    bind(Action::AskTime, &[letter('t')], Some("time"), "go to 14:05, or -5m", SEEING),
    bind(Action::Accept, &[key(KeyCode::Enter)], Some("go"), "", ASKING),
    bind(Action::Back, &[key(KeyCode::Esc)], Some("stay"), "", ASKING),
    bind(Action::Ended, &[letter('e')], Some("ended"), "fold ended processes", SORTING),
    bind(Action::Gpus, &[letter('d')], Some("GPUs"), "show or hide the GPUs", SEEING_GPUS),
    bind(Action::Units, &[letter('U')], Some("units"), "next unit: J, Wh, mJ", LOOKING),
    bind(
        Action::Settings,
        &[key(KeyCode::F(2)), letter('S')],
        Some("settings"),
        "settings, to save too",
        BROWSING,
    ),
    bind(Action::Slower, &[letter('+')], Some("interval"), "slower, faster", BROWSING),
    bind(Action::Faster, &[letter('-')], Some("interval"), "slower, faster", BROWSING),
    bind(Action::Up, &[key(KeyCode::Up)], None, "row above, below", NOT_ASKED),
    bind(Action::Down, &[key(KeyCode::Down)], None, "row above, below", NOT_ASKED),
    bind(Action::Up, &[letter('k')], None, "row above, below", NOT_TYPING),
    bind(Action::Down, &[letter('j')], None, "row above, below", NOT_TYPING),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], Some("scroll"), PAGE, BESIDE),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], Some("scroll"), PAGE, BESIDE),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], None, PAGE, ALONE),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], None, PAGE, ALONE),
    bind(Action::First, &[key(KeyCode::Home)], None, "first, last row", ALWAYS),
    bind(Action::Last, &[key(KeyCode::End)], None, "first, last row", ALWAYS),
    bind(Action::First, &[letter('g')], None, "first, last row", NOT_TYPING),
    bind(Action::Last, &[letter('G')], None, "first, last row", NOT_TYPING),
    bind(Action::Suspend, &[ctrl('z')], None, "suspend; fg comes back", ALWAYS),
];

/// What a key means now.
pub fn action(event: KeyEvent, app: &App) -> Option<Action> {
    let key = Key::of(event);
    let bound = key.and_then(|key| app.settings().keys.action(key, app));
    let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match event.code {
        KeyCode::Char(letter) if bound.is_none() && plain && Scene::of(app).is_typed() => {
            Some(Action::Type(letter))
        }
        _ => bound,
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
            Self::Settings => "settings",
            Self::PreviousValue => "previous_value",
            Self::NextValue => "next_value",
            Self::Undo => "undo",
            Self::Save => "save",
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
    let scene = Scene::of(app);
    for (binding, keys) in app.settings().keys.bound() {
        let here = |key: &&Key| !(key.is_text() && scene.is_typed());
        let (Some(word), Some(key)) = (binding.hint, keys.iter().find(here)) else { continue };
        if !binding.when.holds(app) {
            continue;
        }
        let key = (key.label(), binding.action);
        match hints.last_mut() {
            Some(hint) if hint.word == word => hint.keys.push(key),
            _ => hints.push(Hint { keys: vec![key], word }),
        }
    }
    hints
}
