//! The state of the screen: what has been measured, and how the user looks at it.
//!
//! A plain value. Actions, ticks and sizes come in, [`view`](super::view()) reads it;
//! so every situation of the screen can be made in a test.

mod act;
mod books;
mod desk;
mod detail;
mod export;
mod facts;
mod filter;
mod findings;
mod forest;
mod lives;
mod measure;
mod pace;
mod past;
mod picker;
mod pointed;
mod rows;
mod setup;
mod shown;
mod time;
mod trail;
mod zoom;

use std::{sync::Arc, time::Duration};

pub use act::{Dialog, Hands, Io, Order, Orders, Target};
pub use desk::Notice;
pub use detail::{Body, Detail, Entry, Section, Stress};
pub use export::{Draft, Export, Place};
pub use filter::Filter;
pub use measure::{Card, Measurement};
pub use pace::Pace;
pub use picker::Choice;
use ratatui::layout::Rect;
pub use setup::Listed;
pub use shown::{Shown, Twig};
pub use time::Moment;
pub use trail::{History, POOLS, Point};

use self::{
    books::Books,
    desk::Desk,
    findings::Chosen,
    past::Past,
    rows::{Arrangement, Wanted},
    time::Stand,
};
use super::{
    action::Action,
    column::{Column, Look, Stage},
    keymap::Keymap,
    life::Lives,
    scene::Scene,
    settings::{Palette, Settings},
    tab::Tab,
    theme::Theme,
    view,
};
use crate::{
    config::Screen,
    frame::{Frame, Quality},
    ledger::{Ledger, Row, RowKey, Tick},
    present::figure::Units,
    session::Description,
    units::Tariff,
};

/// What the keys mean at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Looking at the table.
    #[default]
    Browse,
    /// Typing a filter.
    Filter,
    /// Typing a time to go to.
    Time,
    /// Reading the help.
    Help {
        /// Its first visible line.
        scroll: usize,
    },
    /// Reading what there is to know of a row.
    Detail {
        /// Which row, also after it went.
        row: RowKey,
        /// The first visible line.
        scroll: usize,
    },
    /// Picking a user.
    Users {
        /// The line of the list.
        index: usize,
    },
    /// Reading a finding.
    Finding {
        /// The first visible line.
        scroll: usize,
    },
    /// Asked what to do to processes, before it is done.
    Act,
    /// Asked how to write down what is shown.
    Export,
    /// Changing settings.
    Settings {
        /// The line of the list.
        index: usize,
    },
    /// Choosing columns.
    Columns {
        /// The line of the list.
        index: usize,
    },
    /// Reading what a measurement came to.
    Card {
        /// The first visible line.
        scroll: usize,
    },
}

impl Mode {
    /// What lies over the table, if anything does, by its first visible line.
    fn scroll(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help { scroll }
            | Self::Detail { scroll, .. }
            | Self::Finding { scroll }
            | Self::Card { scroll } => Some(scroll),
            Self::Browse
            | Self::Filter
            | Self::Time
            | Self::Act
            | Self::Export
            | Self::Settings { .. }
            | Self::Columns { .. }
            | Self::Users { .. } => None,
        }
    }
}

/// What only the loop around the state can do.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Leave the screen.
    Quit,
    /// Stop until the shell brings us back.
    Suspend,
    /// Do this to these processes, and tell what came of it.
    Act(Orders),
    /// Write this down, and tell what came of it.
    Export(Export),
    /// Write these keys into the user's own configuration, and tell what came of it.
    Save(Vec<(String, toml::Value)>),
}

/// The intervals that `+` and `-` step through, in milliseconds.
pub const INTERVALS: [u64; 10] = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000];

/// The state of the screen.
pub struct App {
    description: Description,
    interval: Duration,
    settings: Settings,
    tariff: Option<Tariff>,
    live: Books,
    /// The books as of the moment at which the picture stands still.
    frozen: Option<Box<Books>>,
    past: Past,
    stand: Stand,
    mode: Mode,
    tab: Tab,
    filter: Filter,
    arrangement: Arrangement,
    units: Units,
    rows: Vec<Shown>,
    /// What processes were at in the last picture.
    lives: Lives,
    /// How many there are without a filter and without folding.
    all: usize,
    /// The finding that is selected.
    chosen: Chosen,
    /// The row that is looked at closely.
    detail: Option<Box<Detail>>,
    /// There are newer rows than those in order.
    stale: bool,
    selected: Option<RowKey>,
    /// Where the selection was, for when its row goes.
    index: usize,
    /// The first row that is visible, and how many are.
    top: usize,
    page: usize,
    /// The table was scrolled away from what is selected.
    strays: bool,
    /// The part of a row in detail, in thousandths, where it is not the usual one.
    share: Option<u16>,
    area: Rect,
    /// What is to be said of the samples themselves: in full, and in a word.
    told: Option<(String, &'static str)>,
    /// What the user is in the middle of.
    desk: Desk,
}

impl App {
    /// A screen that has not seen anything yet.
    pub fn new(description: Description, interval: Duration, theme: Theme) -> Self {
        Self {
            description,
            interval,
            settings: Settings::of(&Screen::default(), Palette::only(theme)),
            tariff: None,
            live: Books::default(),
            frozen: None,
            past: Past::default(),
            stand: Stand::default(),
            mode: Mode::default(),
            tab: Tab::default(),
            filter: Filter::default(),
            arrangement: Arrangement::default(),
            units: Units::default(),
            rows: Vec::new(),
            lives: Lives::default(),
            all: 0,
            chosen: Chosen::default(),
            detail: None,
            stale: false,
            selected: None,
            index: 0,
            top: 0,
            page: 1,
            strays: false,
            share: None,
            area: Rect::default(),
            told: None,
            desk: Desk::default(),
        }
    }

    /// The same, knowing what a kWh costs.
    pub fn with_tariff(self, tariff: Option<Tariff>) -> Self {
        Self { tariff, ..self }
    }

    /// The same, as a configuration wants it at the start.
    pub fn with_screen(mut self, screen: &Screen, palette: Palette) -> Self {
        self.take_screen(screen, palette);
        self.tab = screen.view;
        self
    }

    /// Looks so, but for the kind of rows.
    fn take_screen(&mut self, screen: &Screen, palette: Palette) {
        let keys = std::mem::take(&mut self.settings.keys);
        self.settings = Settings { keys, ..Settings::of(screen, palette) };
        self.units = screen.units;
        let sort = screen.sort.as_deref().and_then(Column::named);
        self.arrangement.sort(sort.unwrap_or_default());
        self.arrangement.reverse = screen.reverse;
        self.arrangement.fold_ended = screen.fold_ended;
    }

    /// The same, with these keys.
    pub fn with_keys(mut self, keys: Keymap) -> Self {
        self.settings.keys = keys;
        self
    }

    /// The first key of an action in the table, for words that name it; none where it has none.
    pub fn key(&self, action: Action) -> Option<String> {
        self.settings.keys.label(action, Scene::Table)
    }

    /// Takes in what the title is to say of the samples themselves, in full and in a word; true
    /// if that is new.
    pub fn tell(&mut self, words: String, word: &'static str) -> bool {
        let told = Some((words, word));
        let new = self.told != told;
        self.told = told;
        new
    }

    /// What the title is to say of the samples themselves, in full and in a word.
    pub fn told(&self) -> Option<(&str, &'static str)> {
        self.told.as_ref().map(|(words, word)| (words.as_str(), *word))
    }

    /// Takes the size of the screen, which decides how far a page is.
    pub fn fit(&mut self, area: Rect) {
        self.freshen();
        let beside = self.is_beside();
        self.area = area;
        if self.is_beside() != beside {
            self.look_closer();
        }
        self.page = view::page(self, area).max(1);
        let last = view::last_scroll(self, area);
        if let Some(scroll) = self.mode.scroll() {
            *scroll = last.min(*scroll);
        }
        self.scroll();
    }

    /// Adds an interval. A paused screen shows it later, but nothing is lost.
    pub fn tick(&mut self, tick: Tick) {
        self.count(tick);
        self.freshen();
    }

    /// Adds an interval that is not drawn by itself: its rows are put in order when they are.
    pub fn count(&mut self, tick: Tick) {
        let tick = Arc::new(tick);
        self.desk.leaders.learn(&tick.frame);
        self.past.push(Arc::clone(&tick), &self.live.ledger);
        self.live.push(tick);
        self.measure();
        self.stale |= self.frozen.is_none();
    }

    /// Puts the rows in order, if there are new ones.
    fn freshen(&mut self) {
        if std::mem::take(&mut self.stale) {
            self.refresh();
        }
    }

    /// Does what the user wants; returns what only the loop can do.
    pub fn update(&mut self, action: Action) -> Option<Request> {
        self.freshen();
        match action {
            Action::Quit => return Some(Request::Quit),
            Action::Suspend => return Some(Request::Suspend),
            Action::Help => self.toggle_help(),
            Action::Detail => self.toggle_detail(),
            Action::Back => self.back(),
            Action::Pause => self.pause(),
            Action::Earlier => self.earlier(),
            Action::Later => self.later(),
            Action::MinuteEarlier => self.minute_earlier(),
            Action::MinuteLater => self.minute_later(),
            Action::AskTime => self.ask_time(),
            Action::Accept if self.mode == Mode::Time => self.jump(),
            Action::Type(letter) if self.mode == Mode::Time => self.type_time(letter),
            Action::Erase if self.mode == Mode::Time => self.erase_time(),
            Action::Units => self.units = self.units.next(),
            Action::Slower => self.change_interval(true),
            Action::Faster => self.change_interval(false),
            Action::Filter => self.mode = Mode::Filter,
            Action::Users => self.open_users(),
            Action::Pick if matches!(self.mode, Mode::Users { .. }) => self.pick_user(),
            Action::Pick => self.pick_setting(),
            Action::Settings => self.toggle_settings(),
            Action::PreviousValue => self.change(true),
            Action::NextValue => self.change(false),
            Action::Undo => self.undo_setting(),
            Action::Save => return self.save(),
            Action::Accept => match self.mode {
                Mode::Act => return self.confirm(),
                Mode::Export => return self.export(),
                // What is not understood is mended or cleared, and not kept.
                _ if self.filter.error().is_some() => {}
                _ => self.mode = Mode::Browse,
            },
            Action::Type(letter) => self.type_in(Some(letter)),
            Action::Erase => self.type_in(None),
            Action::Signal => self.ask_signal(),
            Action::Nice(by) => self.ask_nice(by),
            Action::Io => self.ask_io(),
            Action::Measure => self.toggle_measurement(),
            Action::Card => self.mode = Mode::Browse,
            Action::Export => self.ask_export(),
            Action::Zoom => self.zoom_in(),
            Action::SortLeft => self.shift(false),
            Action::SortRight => self.shift(true),
            Action::Sort(column) => self.arrangement.sort(column),
            Action::Reverse => self.arrangement.reverse ^= true,
            Action::Ended => self.arrangement.fold_ended ^= true,
            Action::Tab(tab) => self.turn_to(tab),
            Action::NextTab => self.turn_to(self.tab.step(false)),
            Action::PreviousTab => self.turn_to(self.tab.step(true)),
            Action::Fold => self.fold(true),
            Action::Unfold => self.fold(false),
            Action::FoldAll => self.fold_all(),
            Action::Gpus => self.settings.panels.gpus ^= true,
            Action::Up => self.step(-1),
            Action::Down => self.step(1),
            Action::PageUp => self.step(-view::leaf(self, self.area).cast_signed()),
            Action::PageDown => self.step(view::leaf(self, self.area).cast_signed()),
            Action::First => self.step(isize::MIN),
            Action::Last => self.step(isize::MAX),
            Action::Select(row) => self.select(row),
            Action::Choose(entry) => self.choose_entry(entry),
            Action::Scroll(lines) => self.scroll_over(lines),
            Action::ScrollRows(lines) => self.scroll_rows(lines),
            Action::Divide(share) => self.share = Some(share),
        }
        self.refresh();
        None
    }

    /// Adds a letter to what is being typed, or takes the last one away.
    fn type_in(&mut self, letter: Option<char>) {
        match (self.mode, letter) {
            (Mode::Act, letter) => self.type_choice(letter),
            (Mode::Export, letter) => self.type_name(letter),
            (_, None) => self.filter.pop(),
            (_, Some(letter)) => self.filter.push(letter),
        }
    }

    fn shift(&mut self, right: bool) {
        // Those that can be seen, once there is a screen.
        let all: Vec<Column> = match self.area.width {
            0 => Column::fitting(Column::VAST - 1, self.stage()),
            _ => {
                self.fitting(view::table_width(self, self.area)).map(|(column, _)| column).collect()
            }
        };
        let all: Vec<Column> = all.into_iter().filter(|column| column.has_order()).collect();
        self.arrangement.shift(right, &all);
    }

    /// The columns that fit, with their cells.
    fn fitting(&self, width: u16) -> impl Iterator<Item = (Column, u16)> {
        self.settings.columns.fitting(width, self.stage()).into_iter()
    }

    fn turn_to(&mut self, tab: Tab) {
        if tab == self.tab {
            return;
        }
        // A process is the same in both of its tabs; no other rows are.
        if !(tab.of_processes() && self.tab.of_processes()) {
            self.selected = None;
            self.top = 0;
        }
        if !self.is_beside() {
            self.mode = Mode::Browse;
        }
        self.tab = tab;
        self.leave_zoom(tab);
    }

    /// Folds the selected row, or the one that it hangs on.
    fn fold(&mut self, fold: bool) {
        let Some(key) = self.selected else { return };
        if !fold {
            self.arrangement.folded.remove(&key);
            return;
        }
        let Some(here) = self.rows.get(self.index) else { return };
        let Some(twig) = &here.twig else { return };
        if twig.bears && twig.hidden == 0 {
            self.arrangement.folded.insert(key);
            return;
        }
        let depth = twig.above.len();
        let above = |row: &&Shown| row.twig.as_ref().is_some_and(|twig| twig.above.len() < depth);
        if let Some(row) = self.rows[..self.index].iter().rev().find(above) {
            self.selected = Some(row.key);
        }
    }

    /// Folds every row that something hangs on, or unfolds them all.
    fn fold_all(&mut self) {
        let folded = &mut self.arrangement.folded;
        if folded.is_empty() {
            let bears = |row: &&Shown| row.twig.as_ref().is_some_and(|twig| twig.bears);
            folded.extend(self.rows.iter().filter(bears).map(|row| row.key));
        } else {
            folded.clear();
        }
    }

    fn toggle_help(&mut self) {
        self.mode = match self.mode {
            Mode::Help { .. } => Mode::Browse,
            _ => Mode::Help { scroll: 0 },
        };
    }

    fn back(&mut self) {
        match self.mode {
            Mode::Act => self.drop_dialog(),
            Mode::Time | Mode::Users { .. } => self.mode = Mode::Browse,
            Mode::Export => self.drop_draft(),
            Mode::Columns { .. } => self.leave_columns(),
            _ => self.take_back(),
        }
    }

    fn take_back(&mut self) {
        if self.mode == Mode::Browse && self.is_back() {
            self.resume();
        } else if self.mode == Mode::Filter || !self.filter.is_empty() {
            self.filter = Filter::default();
        } else if !self.zoom_out() {
            self.selected = None;
            self.top = 0;
        }
        self.mode = Mode::Browse;
    }

    /// Moves the selection, or what lies over the table.
    fn step(&mut self, by: isize) {
        let furthest = view::last_scroll(self, self.area);
        // Beside the table, rows are gone through one by one, and what is said of one by pages.
        let row_by_row = self.is_beside() && by.unsigned_abs() == 1;
        if let Some(scroll) = self.mode.scroll().filter(|_| !row_by_row) {
            *scroll = scroll.saturating_add_signed(by).min(furthest);
            return;
        }
        match self.mode {
            Mode::Act => return self.choose(by),
            Mode::Export => return self.step_draft(by),
            Mode::Users { .. } => return self.step_users(by),
            Mode::Settings { .. } | Mode::Columns { .. } => return self.step_settings(by),
            _ => {}
        }
        if self.tab == Tab::Findings {
            self.step_findings(by);
            return;
        }
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        self.strays = false;
        // The first move selects the row at the top of what is visible.
        let one_at_most = by.unsigned_abs() <= 1;
        let index = match self.selected {
            None if one_at_most => self.top,
            None => self.top.saturating_add_signed(by),
            Some(_) => self.index.saturating_add_signed(by),
        };
        self.index = index.min(last);
        self.selected = self.rows.get(self.index).map(|row| row.key);
    }

    /// Arranges the rows again; the selection follows its process.
    fn refresh(&mut self) {
        self.turn_back(self.tab.grouping());
        let books = self.frozen.as_deref_mut().unwrap_or(&mut self.live);
        books.settle(self.tab.grouping());
        let books = self.books();
        let scope = self.scope(books);
        let wanted =
            Wanted { query: self.filter.query(), tariff: self.tariff, scope: scope.as_ref() };
        let all = scope.as_ref().map_or(books.rows.len(), |one| one.rows(&books.rows).count());
        self.rows = self.arrangement.arrange(books, wanted, self.tab);
        self.all = all;
        if !self.lives.is_empty() {
            self.show_lives();
        }
        self.follow_finding();
        if let Some(key) = self.selected {
            let found = self.rows.iter().position(|row| row.key == key);
            self.index = found.unwrap_or(self.index.min(self.rows.len().saturating_sub(1)));
            self.selected = self.rows.get(self.index).map(|row| row.key);
        }
        self.look_closer();
        self.scroll();
    }

    /// Keeps the selection visible, unless the table was scrolled away from it, and the page full.
    fn scroll(&mut self) {
        if self.selected.is_some() && !self.strays {
            let first = (self.index + 1).saturating_sub(self.page);
            self.top = self.top.clamp(first, self.index);
        }
        self.top = self.top.min(self.rows.len().saturating_sub(self.page));
    }

    fn books(&self) -> &Books {
        self.frozen.as_deref().unwrap_or(&self.live)
    }

    /// What is shown: the sums as they are, or as they were at the moment that is looked at.
    pub fn ledger(&self) -> &Ledger {
        &self.books().ledger
    }

    /// The rows as they stand in the table.
    pub fn rows(&self) -> &[Shown] {
        &self.rows
    }

    /// The sum of [`rows`](Self::rows), as a row. Without a filter it is the header.
    pub fn sum(&self) -> Shown {
        let name = match self.rows.len() {
            1 if self.filter.is_empty() => "1 row".into(),
            some if self.filter.is_empty() => format!("all {some} rows"),
            some if self.all == 1 => format!("{some} of 1 row"),
            some => format!("{some} of {} rows", self.all),
        };
        Shown::sum(RowKey::Folded, &name, self.rows.iter(), self.books().interval())
    }

    /// The row of this tool, for its own cost.
    pub fn own(&self) -> Option<&Row> {
        self.books().rows.iter().find(|row| row.key == RowKey::Tool)
    }

    /// The selected row, if one is.
    pub fn selected(&self) -> Option<RowKey> {
        self.selected
    }

    /// The first visible row.
    pub fn top(&self) -> usize {
        self.top
    }

    /// What the keys mean.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What a row of the table is.
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// What there is to have columns of.
    pub fn stage(&self) -> Stage {
        let latest = self.ledger().latest();
        Stage {
            tab: self.tab,
            gpus: self.has_gpus(),
            tariff: self.tariff.is_some(),
            jobs: latest.is_some_and(|tick| !tick.placed.is_empty()),
        }
    }

    /// The columns that can be seen, and whether command lines stand in the place of names.
    pub fn columns(&self) -> (Vec<Column>, bool) {
        let width = if self.area.width == 0 { Column::VAST - 1 } else { self.area.width };
        (self.fitting(width).map(|(column, _)| column).collect(), view::shows_commands(self, width))
    }

    /// What has been typed as a filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The machine has GPUs.
    pub fn has_gpus(&self) -> bool {
        self.ledger().latest().is_some_and(|tick| !tick.frame.gpus.is_empty())
    }

    /// The GPUs are to be shown one by one.
    pub fn shows_gpus(&self) -> bool {
        self.has_gpus() && self.settings.panels.gpus
    }

    /// The picture stands still.
    pub fn is_paused(&self) -> bool {
        self.frozen.is_some()
    }

    /// The column that sorts, and whether from its small end.
    pub fn sorted(&self) -> (Column, bool) {
        (self.arrangement.column, self.arrangement.reverse)
    }

    /// The time between two ticks.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The scale of power and energy.
    pub fn units(&self) -> Units {
        self.units
    }

    /// What a kWh costs, if that is known.
    pub fn tariff(&self) -> Option<Tariff> {
        self.tariff
    }

    /// Colours.
    pub fn theme(&self) -> Theme {
        self.settings.palette.get(self.settings.theme)
    }

    /// What the user wants of the screen.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What measures.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// How numbers and names are written in the table.
    pub fn look(&self, command: bool) -> Look {
        let frame = self.ledger().latest().map(|tick| &tick.frame);
        Look {
            units: self.units,
            now: frame.map_or(Quality::Absent, Frame::row_quality),
            command,
            names: self.settings.columns.has_names(),
            whole: frame.and_then(Frame::watts),
            tariff: self.tariff,
        }
    }
}
