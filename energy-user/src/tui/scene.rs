//! The states between which keys mean different things, and when a key is valid.
//!
//! A scene is known without a screen that is in it: so that whoever gives keys to actions knows
//! before the start which of them would meet.

use super::app::{App, Mode};

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// The table alone.
    Table,
    /// The table, with a row in detail beside or below it.
    Beside,
    /// A row in detail, over the table.
    Row,
    /// A finding.
    Finding,
    /// The help.
    Help,
    /// The list of users.
    Users,
    /// The settings.
    Settings,
    /// The list of columns.
    Columns,
    /// What a measurement came to.
    Card,
    /// A filter that is typed.
    Filter,
    /// A time that is typed.
    Time,
    /// What is to be done to processes.
    Act,
    /// How to write down what is shown.
    Export,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Table,
        Self::Beside,
        Self::Row,
        Self::Finding,
        Self::Help,
        Self::Users,
        Self::Settings,
        Self::Columns,
        Self::Card,
        Self::Filter,
        Self::Time,
        Self::Act,
        Self::Export,
    ];

    /// Where a screen is.
    pub fn of(app: &App) -> Self {
        match app.mode() {
            Mode::Browse => Self::Table,
            Mode::Detail { .. } if app.is_beside() => Self::Beside,
            Mode::Detail { .. } => Self::Row,
            Mode::Finding { .. } => Self::Finding,
            Mode::Help { .. } => Self::Help,
            Mode::Users { .. } => Self::Users,
            Mode::Settings { .. } => Self::Settings,
            Mode::Columns { .. } => Self::Columns,
            Mode::Card { .. } => Self::Card,
            Mode::Filter => Self::Filter,
            Mode::Time => Self::Time,
            Mode::Act => Self::Act,
            Mode::Export => Self::Export,
        }
    }

    /// Letters are text here.
    pub fn is_typed(self) -> bool {
        matches!(self, Self::Filter | Self::Time | Self::Act | Self::Export)
    }

    /// Where that is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Table => "in the table",
            Self::Beside => "in the table beside a row that is open",
            Self::Row => "in a row that is open",
            Self::Finding => "in a finding that is open",
            Self::Help => "in the help",
            Self::Users => "in the list of users",
            Self::Settings => "in the settings",
            Self::Columns => "in the list of columns",
            Self::Card => "in the card of a measurement",
            Self::Filter => "while a filter is typed",
            Self::Time => "while a time is typed",
            Self::Act => "while it is asked what to do",
            Self::Export => "while it is asked what to export",
        }
    }
}

/// A set of scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenes(u16);

impl Scenes {
    /// All there are.
    pub const ALL: Self = Self::of(&Scene::ALL);

    /// These.
    pub const fn of(scenes: &[Scene]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < scenes.len() {
            set |= 1 << scenes[at] as u16;
            at += 1;
        }
        Self(set)
    }

    /// All but these.
    pub const fn but(scenes: &[Scene]) -> Self {
        Self(Self::ALL.0 & !Self::of(scenes).0)
    }

    /// It is one of them.
    pub const fn has(self, scene: Scene) -> bool {
        self.0 & (1 << scene as u16) != 0
    }

    /// Letters are text in each of them.
    pub fn are_typed(self) -> bool {
        Scene::ALL.into_iter().all(|scene| scene.is_typed() || !self.has(scene))
    }
}

/// When a key is valid: in some scenes, and there if something else holds.
#[derive(Clone, Copy)]
pub struct When {
    /// The scenes.
    pub scenes: Scenes,
    also: fn(&App) -> bool,
}

impl When {
    /// Whenever one is in one of these.
    pub const fn at(scenes: Scenes) -> Self {
        Self { scenes, also: |_| true }
    }

    /// There, if this holds too. It stands for what held before.
    pub const fn and(self, also: fn(&App) -> bool) -> Self {
        Self { also, ..self }
    }

    /// Now.
    pub fn holds(&self, app: &App) -> bool {
        self.scenes.has(Scene::of(app)) && (self.also)(app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_it_was_made_of() {
        let some = Scenes::of(&[Scene::Table, Scene::Export]);
        let others = Scenes::but(&[Scene::Table, Scene::Export]);
        for scene in Scene::ALL {
            assert_eq!(some.has(scene), matches!(scene, Scene::Table | Scene::Export));
            assert_ne!(some.has(scene), others.has(scene));
            assert!(Scenes::ALL.has(scene));
        }
        assert!(Scenes::of(&[Scene::Filter, Scene::Act]).are_typed());
        assert!(!some.are_typed() && !Scenes::ALL.are_typed());
    }
}
