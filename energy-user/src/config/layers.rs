//! Files over files: later wins, key by key.
//!
//! Some keys exclude each other: who says one of them in a later place has no use for what an
//! earlier place says with the other. And the place and the address of a service are those of
//! that service: they go with it.

use std::{collections::BTreeMap, path::PathBuf};

use toml::Value;

use super::{Problem, parse::Layer};

/// Keys that exclude each other, as their options do.
pub const RIVALS: &[(&str, &str)] =
    &[("carbon_intensity", "zone"), ("carbon_intensity", "carbon_source")];

/// A service, and what is said in its own words.
const SERVICE: &str = "carbon_source";
const OF_SERVICE: [&str; 2] = ["carbon_zone", "carbon_url"];

/// A value, and its file and line.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// What was said.
    pub value: Value,
    /// The file.
    pub path: PathBuf,
    /// Its line, counted from 1.
    pub line: usize,
}

/// What all files say together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged(pub BTreeMap<String, Placed>);

impl Merged {
    /// Lays a later file over these.
    pub fn lay(&mut self, path: &std::path::Path, layer: Layer) {
        for (name, given) in &layer {
            self.displace(name, given.value.as_str());
        }
        for (name, given) in layer {
            let placed = Placed { value: given.value, path: path.into(), line: given.line };
            self.0.insert(name, placed);
        }
    }

    /// Takes away what has no use beside a later word on this key. `said` is its text.
    pub fn displace(&mut self, name: &str, said: Option<&str>) {
        for (one, other) in RIVALS {
            if *one == name {
                self.forget(other);
            } else if *other == name {
                self.forget(one);
            }
        }
        let before = self.0.get(SERVICE).map(|placed| placed.value.as_str());
        if name == SERVICE && before.is_some_and(|before| before != said) {
            for name in OF_SERVICE {
                self.forget(name);
            }
        }
    }

    /// Takes a key away; with a service, what is said in its words.
    pub fn forget(&mut self, name: &str) {
        self.0.remove(name);
        if name == SERVICE {
            for name in OF_SERVICE {
                self.forget(name);
            }
        }
    }

    /// The place of a service that nobody named.
    pub fn without_service(&self, named: bool) -> Option<Problem> {
        let lonely = self.0.get("carbon_zone").filter(|_| !named && !self.0.contains_key(SERVICE));
        lonely.map(|Placed { path, line, .. }| Problem {
            path: path.clone(),
            line: Some(*line),
            words: "carbon_zone is a place in a service's own words; add carbon_source, or write \
                    zone"
                .into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{Parser as _, error::ErrorKind};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        cli::Cli,
        config::{key::KEYS, names::Names, parse::parse},
    };

    fn merged(texts: &[&str]) -> Vec<String> {
        let mut merged = Merged::default();
        for (place, text) in texts.iter().enumerate() {
            let layer = parse(text, &Names::of_screen()).unwrap();
            merged.lay(Path::new(&place.to_string()), layer);
        }
        let line = |(name, placed): (&String, &Placed)| {
            format!("{name}={} {}", placed.value, placed.path.display())
        };
        merged.0.iter().map(line).collect()
    }

    #[test]
    fn a_later_word_displaces_its_rivals_of_earlier_files() {
        let mine = "carbon_intensity = 5";
        assert_eq!(merged(&["zone = \"FR\"", mine]), ["carbon_intensity=5 1"]);
        assert_eq!(merged(&[mine, "zone = \"FR\""]), ["zone=\"FR\" 1"]);
        let live = "carbon_source = \"neso\"\ncarbon_zone = \"RG10\"";
        assert_eq!(merged(&[live, mine]), ["carbon_intensity=5 1"]);
        let other = "carbon_source = \"energi-data-service\"";
        assert_eq!(merged(&[live, other]), ["carbon_source=\"energi-data-service\" 1"]);
        // The same service again keeps its place.
        let again = ["carbon_source=\"neso\" 1", "carbon_zone=\"RG10\" 0"];
        assert_eq!(merged(&[live, "carbon_source = \"neso\""]), again);
        assert_eq!(merged(&[live, "zone = \"GB\""]).len(), 3);
    }

    #[test]
    fn the_rivals_are_those_of_the_command_line() {
        let value = |name: &str| match name {
            "carbon_intensity" => "5",
            "zone" => "FR",
            _ => "neso",
        };
        let argument = |name| format!("--{}={}", crate::config::key::long(name), value(name));
        for (one, other) in RIVALS {
            let args = ["jouletop".into(), argument(one), argument(other)];
            let error = Cli::try_parse_from(args).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{one} {other}");
        }
        assert!(Cli::try_parse_from(["jouletop", "--zone=GB", "--carbon-source=neso"]).is_ok());
    }

    proptest! {
        /// Of keys that exclude nobody, each has the value of the last file that says it.
        #[test]
        fn later_wins_key_by_key(
            files in prop::collection::vec(prop::collection::vec((0..KEYS.len(), 1..9_u8), 0..12), 1..4)
        ) {
            let mut expected = BTreeMap::new();
            let mut layers = Merged::default();
            for (place, file) in files.iter().enumerate() {
                let mut layer = Layer::new();
                for (index, value) in file {
                    let name = KEYS[*index].name;
                    let alone = RIVALS.iter().all(|(one, other)| *one != name && *other != name);
                    if alone {
                        let value = Value::Integer(i64::from(*value));
                        let given = crate::config::parse::Given { value, line: place + 1 };
                        expected.insert(name.to_string(), (given.value.clone(), place));
                        layer.insert(name.into(), given);
                    }
                }
                layers.lay(Path::new(&place.to_string()), layer);
            }
            let found: BTreeMap<String, (Value, usize)> = layers
                .0
                .into_iter()
                .map(|(name, placed)| (name, (placed.value, placed.line - 1)))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
