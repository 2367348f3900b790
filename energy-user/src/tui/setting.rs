//! What can be set on the screen: each setting, its value, and the next one.
//!
//! A setting is a key of the configuration, in the order of its table; so what is shown can be
//! saved, and what can be saved is shown.

use std::time::Duration;

use toml::{Table, Value};

use super::{app::INTERVALS, column::Column, tab::Tab};
use crate::config::{
    Screen,
    key::{self, KEYS, Key},
    screen::Theme,
};

/// All settings together, as a configuration has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// The time between two ticks.
    pub interval: Duration,
    /// `[screen]`.
    pub screen: Screen,
}

/// A key of the configuration that is set on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting(&'static Key);

/// The section whose keys are settings.
const SECTION: &str = "screen.";
/// The one key that is not in it.
const INTERVAL: &str = "interval";

impl Setting {
    /// Each key of `[screen]`, and the interval.
    pub fn all() -> impl Iterator<Item = Self> {
        let set = |key: &&Key| key.name == INTERVAL || key.name.starts_with(SECTION);
        KEYS.iter().filter(set).map(Self)
    }

    /// Its name in a configuration, with that of its section.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its name on the screen.
    pub fn short(self) -> &'static str {
        self.0.name.strip_prefix(SECTION).unwrap_or(self.0.name)
    }

    /// The length of an interval.
    pub fn is_interval(self) -> bool {
        self.name() == INTERVAL
    }

    /// The columns, which are a list.
    pub fn is_columns(self) -> bool {
        self.short() == "columns"
    }

    /// It decides what a screen begins with, and is not changed below a user's hands.
    pub fn is_of_the_start(self) -> bool {
        self.short() == "readonly"
    }

    /// Its value among others.
    pub fn value(self, looks: &Looks) -> Option<Value> {
        if self.name() == INTERVAL {
            return Some(Value::String(time(looks.interval)));
        }
        let screen = Table::try_from(&looks.screen).ok()?;
        // An empty list is left out where everything is written.
        let none = || self.is_columns().then(|| Value::Array(Vec::new()));
        key::at(&screen, self.short()).cloned().or_else(none)
    }

    /// The value for people.
    pub fn words(self, looks: &Looks) -> String {
        match self.value(looks) {
            Some(Value::String(text)) => text,
            Some(Value::Boolean(on)) => if on { "yes" } else { "no" }.into(),
            Some(Value::Array(all)) if all.is_empty() => "the screen chooses".into(),
            Some(Value::Array(all)) => {
                all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
            }
            other => other.map_or_else(|| "-".into(), |value| value.to_string()),
        }
    }

    /// The same settings with the next value of this one, or the one before; `sorts` are the
    /// columns that can sort.
    pub fn step(self, looks: &Looks, back: bool, sorts: &[Column]) -> Looks {
        let mut new = looks.clone();
        let Looks { interval, screen } = &mut new;
        let panels = &mut screen.panels;
        match self.short() {
            INTERVAL => *interval = beside(*interval, back),
            "theme" => screen.theme = next(&Theme::ALL, screen.theme, back),
            "units" => {
                screen.units = screen.units.next();
                // There are three.
                if back {
                    screen.units = screen.units.next();
                }
            }
            "view" => screen.view = next(&Tab::ALL, screen.view, back),
            "sort" => {
                let here = screen.sort.as_deref().and_then(Column::named).unwrap_or_default();
                screen.sort = Some(next(sorts, here, back).name().into());
            }
            "ascii" => screen.ascii ^= true,
            "reverse" => screen.reverse ^= true,
            "fold_ended" => screen.fold_ended ^= true,
            "mouse" => screen.mouse ^= true,
            "readonly" => screen.readonly ^= true,
            "panels.meters" => panels.meters ^= true,
            "panels.graph" => panels.graph ^= true,
            "panels.gpus" => panels.gpus ^= true,
            "panels.own" => panels.own ^= true,
            _ => {}
        }
        new
    }

    /// The same settings with the value that this one has in others.
    pub fn take(self, looks: &Looks, from: &Looks) -> Looks {
        let mut new = looks.clone();
        let mut screen = Table::try_from(&looks.screen).unwrap_or_default();
        match self.value(from) {
            _ if self.name() == INTERVAL => new.interval = from.interval,
            Some(value) => {
                put(&mut screen, self.short(), value);
                new.screen = screen.try_into().unwrap_or(new.screen);
            }
            None => {}
        }
        new
    }
}

fn put(table: &mut Table, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(table.insert(name.into(), value)),
        Some((section, rest)) => {
            if let Some(Value::Table(inner)) = table.get_mut(section) {
                put(inner, rest, value);
            }
        }
    }
}

/// The one behind this one in a circle, or before it.
fn next<T: Copy + PartialEq>(all: &[T], here: T, back: bool) -> T {
    let at = all.iter().position(|one| *one == here);
    let at = match (at, back) {
        (None, _) => 0,
        (Some(at), false) => at + 1,
        (Some(at), true) => at + all.len() - 1,
    };
    all.get(at % all.len().max(1)).copied().unwrap_or(here)
}

/// The next longer interval, or the next shorter one.
pub fn beside(interval: Duration, shorter: bool) -> Duration {
    let mut steps = INTERVALS.into_iter().map(Duration::from_millis);
    let found = if shorter {
        steps.rfind(|step| *step < interval)
    } else {
        steps.find(|step| *step > interval)
    };
    found.unwrap_or(interval)
}

/// A time as the command line takes it.
fn time(time: Duration) -> String {
    match time.as_millis() {
        millis if millis.is_multiple_of(1000) => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{names::Names, parse::parse};

    fn looks() -> Looks {
        let screen = Screen { sort: Some("watts".into()), ..Screen::default() };
        Looks { interval: Duration::from_secs(1), screen }
    }

    #[test]
    fn each_changes_its_own_value_alone_and_comes_back() {
        let sorts: Vec<Column> = Column::ALL.into_iter().filter(|it| it.has_order()).collect();
        assert!(Setting::all().count() > 10);
        for setting in Setting::all().filter(|setting| !setting.is_columns()) {
            let before = looks();
            let after = setting.step(&before, false, &sorts);
            for other in Setting::all() {
                let same = other.value(&before) == other.value(&after);
                assert_eq!(same, other != setting, "{} by {}", other.name(), setting.name());
            }
            assert_eq!(setting.step(&after, true, &sorts), before, "{}", setting.name());
            assert_eq!(setting.take(&after, &before), before, "{}", setting.name());
        }
    }

    #[test]
    fn every_value_is_one_of_a_configuration() {
        let sorts: Vec<Column> = Column::ALL.into_iter().filter(|it| it.has_order()).collect();
        for setting in Setting::all() {
            let mut looks = looks();
            looks.screen.columns = vec!["pid".into(), "name:30".into()];
            for _ in 0..30 {
                let (section, name) = key::split(setting.name());
                let header =
                    if section.is_empty() { String::new() } else { format!("[{section}]\n") };
                let text = format!("{header}{name} = {}\n", setting.value(&looks).unwrap());
                assert_eq!(parse(&text, &Names::of_screen()).map(|it| it.len()), Ok(1), "{text}");
                looks = setting.step(&looks, false, &sorts);
            }
        }
    }

    #[test]
    fn columns_are_taken_back_to_those_that_the_screen_chooses() {
        let columns = Setting::all().find(|setting| setting.is_columns()).unwrap();
        let mut mine = looks();
        mine.screen.columns = vec!["pid".into()];
        assert_eq!(columns.words(&mine), "pid");
        assert_eq!(columns.words(&looks()), "the screen chooses");
        assert_eq!(columns.take(&mine, &looks()), looks());
        assert_eq!(columns.take(&looks(), &mine), mine);
    }
}
