//! The settings of the screen: seen, changed at once, and saved.
//!
//! What is changed is how the screen is; what is to be saved is how that differs from how it
//! was at its start, or when it was saved last. Writing is left to the loop.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use toml::Value;

use super::{App, Mode, Notice, Request};
use crate::{
    config::{Config, Origin, Screen, own::Lines},
    present::figure::printable,
    tui::{
        column::{Column, Stage},
        setting::{Looks, Setting, beside},
        tab::Tab,
    },
};

/// What there is to know of settings beside their values.
#[derive(Clone, Debug, Default)]
pub(super) struct Setup {
    /// How the screen was at its start, or when it was saved last.
    base: Option<Looks>,
    /// Who said it, by key; who is not there said nothing.
    origins: BTreeMap<String, Origin>,
    file: Option<PathBuf>,
    /// A recording is played: its pace is no setting.
    replay: bool,
    /// What came of the last saving.
    told: Option<Notice>,
    /// The list of columns while it is open.
    columns: Vec<Listed>,
}

/// A column in the list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub column: Column,
    /// It is shown.
    pub on: bool,
}

impl App {
    /// The same, knowing where the values of a configuration are from and where they are kept.
    /// `said` are the keys in whose place an option of the command line stands, and that.
    pub fn with_origins(mut self, config: &Config, said: &[(&str, &str)]) -> Self {
        let origins = config.effective.iter().map(|one| (one.name.clone(), one.origin.clone()));
        let option =
            |(name, option): &(&str, &str)| ((*name).into(), Origin::CommandLine((*option).into()));
        self.desk.setup.origins = origins.chain(said.iter().map(option)).collect();
        self.desk.setup.file = config.own.path().map(Into::into);
        self.desk.setup.base = Some(self.looks());
        self
    }

    /// The same, where a recording is played.
    pub fn of_a_recording(mut self) -> Self {
        self.desk.setup.replay = true;
        self
    }

    /// A setting has nothing to do with what is shown.
    pub fn is_played(&self, setting: Setting) -> bool {
        self.desk.setup.replay && setting.is_interval()
    }

    /// The settings as they are.
    pub fn looks(&self) -> Looks {
        let settings = &self.settings;
        let screen = Screen {
            theme: settings.theme,
            ascii: settings.ascii,
            units: self.units,
            // Who looks into a group goes back to where they came from.
            view: self.desk.zoom.as_ref().map_or(self.tab, |zoom| zoom.tab),
            columns: settings.columns.names(),
            sort: Some(self.arrangement.column.name().into()),
            reverse: self.arrangement.reverse,
            fold_ended: self.arrangement.fold_ended,
            mouse: settings.mouse,
            readonly: settings.readonly,
            panels: settings.panels.clone(),
        };
        Looks { interval: self.interval, screen }
    }

    /// Makes the screen so.
    fn wear(&mut self, looks: Looks) {
        let (mode, palette) = (self.mode, self.settings.palette);
        let Looks { interval, screen } = looks;
        if screen.view != self.looks().screen.view {
            self.turn_to(screen.view);
        }
        self.take_screen(&screen, palette);
        self.interval = interval;
        self.mode = mode;
        self.desk.setup.told = None;
    }

    /// What a setting was at the start, or when it was saved last, if it is something else now.
    pub fn before(&self, setting: Setting) -> Option<String> {
        if self.is_played(setting) {
            return None;
        }
        let changed = |base: &&Looks| setting.value(base) != setting.value(&self.looks());
        self.desk.setup.base.as_ref().filter(changed).map(|base| setting.words(base))
    }

    /// A setting is not what it was.
    pub fn is_changed(&self, setting: Setting) -> bool {
        self.before(setting).is_some()
    }

    /// Who said the value that a setting had at the start.
    pub fn origin(&self, setting: Setting) -> &Origin {
        self.desk.setup.origins.get(setting.name()).unwrap_or(&Origin::Default)
    }

    /// The file that settings are saved into.
    pub fn settings_file(&self) -> Option<&Path> {
        self.desk.setup.file.as_deref()
    }

    /// What came of saving, until something changes.
    pub fn told_of_saving(&self) -> Option<&Notice> {
        self.desk.setup.told.as_ref()
    }

    /// Every column: those that are shown first, in their order.
    pub fn listed(&self) -> &[Listed] {
        &self.desk.setup.columns
    }

    pub(super) fn toggle_settings(&mut self) {
        if matches!(self.mode, Mode::Settings { .. } | Mode::Columns { .. }) {
            self.mode = Mode::Browse;
            return;
        }
        self.hush();
        let now = self.looks();
        self.desk.setup.base.get_or_insert(now);
        self.desk.setup.told = None;
        self.mode = Mode::Settings { index: 0 };
    }

    /// From the list of columns back to the settings.
    pub(super) fn leave_columns(&mut self) {
        let index = Setting::all().position(Setting::is_columns).unwrap_or(0);
        self.mode = Mode::Settings { index };
    }

    /// Goes through settings or columns.
    pub(super) fn step_settings(&mut self, by: isize) {
        let last = match self.mode {
            Mode::Columns { .. } => self.listed().len(),
            _ => Setting::all().count(),
        };
        if let Mode::Settings { index } | Mode::Columns { index } = &mut self.mode {
            *index = index.saturating_add_signed(by).min(last.saturating_sub(1));
        }
    }

    /// The next value, or the one before; a column goes to the right, or to the left.
    pub(super) fn change(&mut self, back: bool) {
        match self.mode {
            Mode::Settings { index } => {
                let Some(setting) = Setting::all().nth(index) else { return };
                if setting.is_columns() {
                    self.open_columns();
                    return;
                }
                let all = Column::all(self.stage());
                let sorts: Vec<Column> = all.filter(|column| column.has_order()).collect();
                self.wear(setting.step(&self.looks(), back, &sorts));
            }
            Mode::Columns { index } => self.move_column(index, back),
            _ => {}
        }
    }

    /// Changes a setting, or opens the list of columns; adds a column, or takes it out.
    pub(super) fn pick_setting(&mut self) {
        match self.mode {
            Mode::Columns { index } => self.toggle_column(index),
            _ => self.change(false),
        }
    }

    /// The setting as it was at the start.
    pub(super) fn undo_setting(&mut self) {
        let Some(base) = self.desk.setup.base.clone() else { return };
        let setting = match self.mode {
            Mode::Settings { index } => Setting::all().nth(index),
            _ => Setting::all().find(|setting| setting.is_columns()),
        };
        let Some(setting) = setting else { return };
        self.wear(setting.take(&self.looks(), &base));
        if matches!(self.mode, Mode::Columns { .. }) {
            self.list_columns();
        }
    }

    fn open_columns(&mut self) {
        self.list_columns();
        self.mode = Mode::Columns { index: 0 };
    }

    fn list_columns(&mut self) {
        let mut on = self.settings.columns.chosen().to_vec();
        if on.is_empty() {
            // Those that the screen chooses where it has room.
            // What is chosen is chosen for all tabs, where it says something.
            let stage = |tab| Stage { tab, ..self.stage() };
            let of = |tab| Column::fitting(Column::VAST - 1, stage(tab));
            let all: Vec<_> =
                [Tab::Processes, Tab::Jobs, Tab::Users].into_iter().flat_map(of).collect();
            on = Column::ALL.into_iter().filter(|column| all.contains(column)).collect();
        }
        let others = Column::ALL.into_iter().filter(|column| !on.contains(column));
        let others = others.map(|column| Listed { column, on: false });
        let shown = on.iter().map(|column| Listed { column: *column, on: true });
        self.desk.setup.columns = shown.chain(others).collect();
    }

    /// A column that comes stands behind the others; one that goes, where it is to be found.
    fn toggle_column(&mut self, index: usize) {
        let list = &mut self.desk.setup.columns;
        if index >= list.len() {
            return;
        }
        let one = list.remove(index);
        let shown = list.iter().filter(|one| one.on).count();
        list.insert(shown, Listed { on: !one.on, ..one });
        self.take_columns();
        // Who takes several out stays where they are; what came is followed.
        let index = if one.on { index } else { shown };
        self.mode = Mode::Columns { index };
    }

    fn move_column(&mut self, index: usize, left: bool) {
        let list = &mut self.desk.setup.columns;
        let to = if left { index.checked_sub(1) } else { Some(index + 1) };
        let on = |at: usize| list.get(at).is_some_and(|one| one.on);
        let Some(to) = to.filter(|to| on(index) && on(*to)) else { return };
        list.swap(index, to);
        self.take_columns();
        self.mode = Mode::Columns { index: to };
    }

    fn take_columns(&mut self) {
        let on = self.desk.setup.columns.iter().filter(|one| one.on);
        let chosen = on.map(|one| one.column).collect();
        self.settings.columns.choose(chosen);
        self.desk.setup.told = None;
    }

    /// What is to be written.
    pub(super) fn save(&mut self) -> Option<Request> {
        let looks = self.looks();
        let changed = Setting::all().filter(|setting| self.is_changed(*setting));
        let value = |setting: Setting| Some((setting.name().to_owned(), setting.value(&looks)?));
        let keys: Vec<(String, Value)> = changed.filter_map(value).collect();
        if keys.is_empty() {
            self.tell_of_saving("nothing has changed, so nothing is saved".into(), false);
            return None;
        }
        Some(Request::Save(keys))
    }

    /// These keys were saved, and stand at these lines now; or were not, and why.
    pub fn saved(&mut self, keys: &[(String, Value)], result: Result<Lines, String>) {
        let lines = match result {
            Ok(lines) => lines,
            Err(words) => return self.tell_of_saving(format!("not saved: {words}"), true),
        };
        let now = self.looks();
        let setup = &mut self.desk.setup;
        let file = setup.file.clone().unwrap_or_default();
        for setting in Setting::all().filter(|it| keys.iter().any(|(name, _)| name == it.name())) {
            setup.base = setup.base.take().map(|base| setting.take(&base, &now));
        }
        for (name, line) in lines {
            let here = |origin: &Origin| matches!(origin, Origin::File(path, _) if *path == file);
            if keys.iter().any(|(key, _)| *key == name)
                || setup.origins.get(&name).is_some_and(here)
            {
                setup.origins.insert(name, Origin::File(file.clone(), line));
            }
        }
        let names = keys.iter().map(|(name, _)| name.strip_prefix("screen.").unwrap_or(name));
        let names = names.collect::<Vec<_>>().join(", ");
        let file = printable(&file.display().to_string());
        self.tell_of_saving(format!("saved {names} to {file}"), false);
    }

    fn tell_of_saving(&mut self, words: String, bad: bool) {
        self.desk.setup.told = Some(Notice { words, bad });
    }

    pub(super) fn change_interval(&mut self, longer: bool) {
        self.interval = beside(self.interval, !longer);
    }
}
