//! The one table of keys: what can be said, and what it does.
//!
//! What is built in is not in it: an option's default and words are the command line's, those of
//! the sections are their types'. A test holds both against this table, so that there is no key
//! without words, and no field without a key. What the screen does not heed yet says so in its
//! words.

use clap::{Arg, Command};
use toml::{Table, Value};

use super::Screen;
use crate::waste::Thresholds;

/// A key of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name with that of its section: `waste.held_gpu.after`.
    pub name: &'static str,
    /// What it does. Empty for an option of the command line, which has its own words.
    pub words: &'static str,
    /// A value in TOML, of a key that has none built in.
    pub example: Option<&'static str>,
}

const fn option(name: &'static str) -> Key {
    Key { name, words: "", example: None }
}

const fn unset(name: &'static str, example: &'static str) -> Key {
    Key { name, words: "", example: Some(example) }
}

const fn said(name: &'static str, words: &'static str) -> Key {
    Key { name, words, example: None }
}

/// Section of the actions' keys, whose names are the screen's.
pub const KEYS_SECTION: &str = "keys";
/// What that section does.
pub const KEYS_WORDS: &str = "Keys of the keyboard by what they do on the screen; they replace the \
                              usual ones, and [] takes them away (not those of accept, back and \
                              close_card). A key is a letter, F1 to F12, \
                              Enter, Esc, Space, Tab, Backspace, Insert, Delete, Home, End, PgUp, \
                              PgDn, Up, Down, Left or Right, with Ctrl- before it if need be. Letters \
                              are text where something is typed, and Ctrl-C always quits.";
/// And how it is written.
pub const KEYS_EXAMPLE: (&str, &str) = ("quit", r#"["q", "F10", "Ctrl-C"]"#);

/// All of them, section by section.
pub const KEYS: &[Key] = &[
    option("interval"),
    unset("zone", "\"FR\""),
    unset("carbon_intensity", "56"),
    unset("carbon_source", "\"neso\""),
    unset("carbon_zone", "\"RG10\""),
    unset("carbon_url", "\"https://proxy.example/neso\""),
    option("pue"),
    option("overhead"),
    unset("tariff", "\"0.32 EUR\""),
    option("embodied"),
    option("lifetime"),
    option("weight"),
    option("idle_policy"),
    option("gpu_share"),
    option("learn"),
    unset("calibration", "\"/var/lib/jouletop/calibration.toml\""),
    option("whole"),
    unset("nvml_lib", "\"/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1\""),
    said(
        "screen.theme",
        "Colours: auto (what suits the terminal), dark, light, 16, high-contrast, colour-blind or \
         none. NO_COLOR wins.",
    ),
    said("screen.ascii", "Draw with letters and marks of ASCII alone."),
    said("screen.units", "How energy and power are scaled: J (and W), Wh (and W) or mJ (and mW)."),
    said(
        "screen.view",
        "What makes a row: process, tree, job, user, container, unit, command or findings.",
    ),
    Key {
        name: "screen.columns",
        words: "Columns from left to right, each with a width if you like. If none are named, the screen \
                chooses those that fit.",
        example: Some(r#"["pid", "watts", "joules", "name:30"]"#),
    },
    Key {
        name: "screen.sort",
        words: "The column that sorts; by default the power of now.",
        example: Some("\"joules\""),
    },
    said("screen.reverse", "Turn the order round."),
    said("screen.fold_ended", "Fold ended processes into one row."),
    said("screen.mouse", "Listen to the mouse."),
    said("screen.readonly", "Let nothing be done to a process from the screen."),
    said("screen.panels.meters", "Show a line for each meter, where there is room."),
    said("screen.panels.graph", "Show power over time."),
    said("screen.panels.gpus", "Show a line for each GPU."),
    said("screen.panels.own", "Show what jouletop uses itself."),
    said("waste.held_gpu.after", "A GPU is held and nobody uses it, for so long."),
    said("waste.starved_gpu.after", "A GPU waits for data, for so long."),
    said(
        "waste.starved_gpu.utilization_percent",
        "The job uses its GPU for less of the time, per cent.",
    ),
    said(
        "waste.starved_gpu.saturated_percent",
        "A loader is saturated from this part of one CPU, per cent.",
    ),
    said(
        "waste.starved_gpu.idle_cpus",
        "So many CPUs are idle meanwhile, on average: more loaders would find room.",
    ),
    said("waste.spinning.after", "A process is busy and gets nowhere, for so long."),
    said("waste.spinning.cpu_percent", "It uses this much of one CPU, per cent."),
    said(
        "waste.spinning.switches_per_second",
        "A storm of futexes or yields: so many switches a second,",
    ),
    said("waste.spinning.slice", "with slices no longer than this,"),
    said(
        "waste.spinning.storm_system_percent",
        "and at least this part of its time in the kernel, per cent.",
    ),
    said(
        "waste.spinning.poll_system_percent",
        "A storm of polls: at least this part of its time in the kernel, per cent.",
    ),
    said(
        "waste.spinning.bytes_per_second",
        "In any storm, no more bytes are read and written a second.",
    ),
    said("waste.spinning.faults_per_second", "And no more pages come a second."),
    said(
        "waste.spinning.instructions_per_cycle",
        "Where cycles are counted: fewer instructions for each.",
    ),
    said(
        "waste.spinning.misses_per_kilo",
        "And fewer misses of the cache for each thousand instructions: it does not wait for \
         memory.",
    ),
    said(
        "waste.oversubscribed.after",
        "More threads want to run than there are CPUs, for so long.",
    ),
    said(
        "waste.oversubscribed.wait_percent",
        "Waiting for a CPU, as a part of the time on one, per cent.",
    ),
    said(
        "waste.oversubscribed.threads_per_cpu",
        "Threads that want to run, for each CPU that they may use: more than this.",
    ),
    said("waste.orphans.after", "Processes outlive the launcher of their job, for so long."),
    said("waste.orphans.cpu_percent", "They use this much of one CPU, per cent, or hold a GPU."),
    said(
        "waste.orphans.together",
        "The launcher lived so long beside them: who forks and ends at once makes a daemon.",
    ),
    said("waste.idle_notebook.after", "Nobody uses a notebook, for so long."),
    said(
        "waste.idle_notebook.cpu_percent",
        "It uses no more of one CPU on average, per cent; ten times this for moments.",
    ),
    said(
        "waste.dirty_hour.clean_percent",
        "A time is clean if the grid emits no more of what it emits now, per cent.",
    ),
    said("waste.dirty_hour.ahead", "How far ahead a cleaner time is looked for."),
    said("waste.dirty_hour.after", "The job has drawn power for so long,"),
    said("waste.dirty_hour.watts", "and at least this much, watts."),
];

/// A key of the table by its name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// `carbon_zone` is `--carbon-zone`.
pub fn long(name: &str) -> String {
    name.replace('_', "-")
}

/// A name's section, empty at the first level, and its last part.
pub fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

impl Key {
    /// It is an option of the command line.
    pub fn is_option(&self) -> bool {
        !self.name.contains('.')
    }

    /// The option.
    pub fn arg<'a>(&self, command: &'a Command) -> Option<&'a Arg> {
        command.get_arguments().find(|arg| arg.get_id().as_str() == self.name)
    }

    /// What it does, as far as that needs no command line.
    pub fn on_screen(&self) -> &'static str {
        // The one option that the screen changes.
        if self.words.is_empty() { "Length of an interval." } else { self.words }
    }

    /// What it does, for people.
    pub fn explanation(&self, command: &Command) -> String {
        let Some(arg) = self.arg(command).filter(|_| self.is_option()) else {
            return self.words.into();
        };
        let help = arg.get_long_help().or(arg.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let values = arg.get_possible_values();
        let values: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
        if values.is_empty() || self.is_switch(command) {
            format!("{help}.")
        } else {
            format!("{help}: {}.", values.join(", "))
        }
    }

    fn is_switch(&self, command: &Command) -> bool {
        matches!(self.built_in(command), Some(Value::Boolean(_)))
    }

    /// What holds if nobody says anything.
    pub fn built_in(&self, command: &Command) -> Option<Value> {
        if self.is_option() {
            let said = self.arg(command)?.get_default_values().first()?.to_str()?;
            return Some(value(said));
        }
        let (section, rest) = self.name.split_once('.')?;
        let all = match section {
            "screen" => Table::try_from(Screen::default()),
            _ => Table::try_from(Thresholds::default()),
        };
        at(&all.ok()?, rest).cloned()
    }

    /// A value of its kind: the one that is built in, or the example.
    pub fn model(&self, command: &Command) -> Option<Value> {
        let example = || super::show::literal(self.example?);
        self.built_in(command).or_else(example)
    }
}

/// The text of an option as TOML has it: a number and a switch without quotes.
pub fn value(text: &str) -> Value {
    let trimmed = text.trim();
    let whole = trimmed.parse().map(Value::Integer).ok();
    let number = || trimmed.parse().ok().filter(|it: &f64| it.is_finite()).map(Value::Float);
    let switch = || trimmed.parse().map(Value::Boolean).ok();
    whole.or_else(number).or_else(switch).unwrap_or_else(|| Value::String(text.into()))
}

/// What a dotted name stands for.
pub fn at<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    match name.split_once('.') {
        None => table.get(name),
        Some((section, rest)) => at(table.get(section)?.as_table()?, rest),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn names(table: &Table, before: &str, all: &mut BTreeSet<String>) {
        for (name, value) in table {
            let name = format!("{before}.{name}");
            match value {
                Value::Table(table) => names(table, &name, all),
                _ => drop(all.insert(name)),
            }
        }
    }

    #[test]
    fn the_table_is_what_the_types_have_and_every_key_has_words() {
        let mut typed = BTreeSet::new();
        names(&Table::try_from(Thresholds::default()).unwrap(), "waste", &mut typed);
        let full =
            Screen { columns: vec!["pid".into()], sort: Some("pid".into()), ..Screen::default() };
        names(&Table::try_from(full).unwrap(), "screen", &mut typed);
        let sections = KEYS.iter().filter(|key| !key.is_option());
        let listed: Vec<String> = sections.map(|key| key.name.into()).collect();
        assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), typed);
        assert_eq!(listed.len(), typed.len(), "a key stands there twice");

        let command = Cli::command();
        for key in KEYS {
            assert!(key.explanation(&command).len() > 12, "{} has no words", key.name);
            assert!(key.model(&command).is_some(), "{} has neither default nor example", key.name);
            assert_eq!(key.built_in(&command).is_none(), key.example.is_some(), "{}", key.name);
            if key.is_option() {
                let arg = key.arg(&command).expect(key.name);
                assert_eq!(arg.get_long(), Some(long(key.name).as_str()));
                assert!(arg.is_global_set(), "{}", key.name);
            }
        }
    }

    #[test]
    fn the_keys_of_a_section_stand_together() {
        let mut seen = Vec::new();
        for key in KEYS {
            let section = split(key.name).0;
            if seen.last() != Some(&section) {
                assert!(!seen.contains(&section), "{section}");
                seen.push(section);
            }
        }
    }
}
