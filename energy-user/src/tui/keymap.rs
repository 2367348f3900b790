//! The keys in force: the usual ones of [`BINDINGS`], and those that a user gives in their place.
//!
//! A value that is made once, from the configuration. What is pressed, the help, the footer and
//! every word of the screen that names a key ask it, so that none of them can tell another key
//! than the one that works.

use std::collections::BTreeMap;

use super::{
    action::{Action, BINDINGS, Binding, Key},
    app::App,
    scene::Scene,
};
use crate::config::names;

/// Keys by bindings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    /// Those of each binding, in the order of the table.
    keys: Vec<Vec<Key>>,
}

/// A key that two actions would have in one scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The key.
    pub key: Key,
    /// The action that a user gave it to.
    pub action: String,
    /// The other one.
    pub other: String,
    /// Where they would meet.
    pub scene: Scene,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: BINDINGS.iter().map(|binding| binding.keys.into()).collect() }
    }
}

impl Keymap {
    /// The usual keys, but for those of the actions that are named here; all that would mean two
    /// things if there is any.
    ///
    /// A usual key that is named again does what it does, where it does it; another one does all
    /// that its action can do. What is no key is left out: whoever reads a configuration has
    /// refused it.
    pub fn of(said: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<Clash>> {
        let mut keymap = Self::default();
        for (binding, keys) in BINDINGS.iter().zip(&mut keymap.keys) {
            let Some(said) = said.get(&binding.action.name()) else { continue };
            let wanted = said.iter().filter_map(|key| names::key(key));
            // Whatever is configured, there is a way out.
            let out = keys.contains(&Key::ALWAYS_QUITS).then_some(Key::ALWAYS_QUITS);
            *keys = wanted.filter(|key| belongs(*key, binding)).collect();
            keys.extend(out.filter(|key| !keys.contains(key)));
        }
        let clashes = keymap.clashes(said);
        if clashes.is_empty() { Ok(keymap) } else { Err(clashes) }
    }

    /// Each binding with its keys, in the order of the table.
    pub fn bound(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// What a key does now, if it is one of a binding that is valid.
    pub fn action(&self, key: Key, app: &App) -> Option<Action> {
        if key.is_text() && Scene::of(app).is_typed() {
            return None;
        }
        let mut bound = self.bound();
        let found = bound.find(|(binding, keys)| keys.contains(&key) && binding.when.holds(app));
        found.map(|(binding, _)| binding.action)
    }

    /// How the first key of an action in a scene is written, for words in which it is named; none
    /// where the action has no key there.
    pub fn label(&self, action: Action, scene: Scene) -> Option<String> {
        let here = |binding: &Binding| binding.action == action && binding.when.scenes.has(scene);
        let mut bound = self.bound().filter(|(binding, _)| here(binding));
        let works = |key: &&Key| !(key.is_text() && scene.is_typed());
        bound.find_map(|(_, keys)| keys.iter().find(works)).map(|key| key.label())
    }

    /// A usual key of an action that something is done with where letters are text, and only there.
    pub fn usual_where_typed(action: &str) -> Option<Key> {
        let typed =
            |binding: &&Binding| binding.action.name() == action && binding.when.scenes.are_typed();
        BINDINGS.iter().filter(typed).find_map(|binding| binding.keys.first()).copied()
    }

    /// Every key that two actions would have in a scene, each pair of them once.
    fn clashes(&self, said: &BTreeMap<String, Vec<String>>) -> Vec<Clash> {
        let mut clashes: Vec<Clash> = Vec::new();
        let within =
            |scene| self.bound().filter(move |(binding, _)| binding.when.scenes.has(scene));
        for scene in Scene::ALL {
            for (one, keys) in within(scene) {
                let action = one.action.name();
                for (other, others) in within(scene).filter(|(it, _)| it.action != one.action) {
                    let other = other.action.name();
                    for &key in keys.iter().filter(|key| others.contains(key)) {
                        let pair = [action.as_str(), other.as_str()];
                        let told = |it: &Clash| {
                            it.key == key
                                && pair.contains(&&*it.action)
                                && pair.contains(&&*it.other)
                        };
                        let text = key.is_text() && scene.is_typed();
                        if text || !said.contains_key(&action) || clashes.iter().any(told) {
                            continue;
                        }
                        let (action, other) = (action.clone(), other.clone());
                        clashes.push(Clash { key, action, other, scene });
                    }
                }
            }
        }
        clashes
    }
}

/// A key of a binding's action is one of this binding too: a usual key where it is usual, any
/// other one everywhere.
fn belongs(key: Key, binding: &Binding) -> bool {
    let same = || BINDINGS.iter().filter(|other| other.action == binding.action);
    binding.keys.contains(&key) || !same().any(|other| other.keys.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(all: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let keys = |keys: &[&str]| keys.iter().map(ToString::to_string).collect();
        all.iter().map(|(action, them)| ((*action).into(), keys(them))).collect()
    }

    fn clashes(all: &[(&str, &[&str])]) -> Vec<(String, String, String)> {
        let clashes = Keymap::of(&said(all)).err().unwrap_or_default();
        clashes.into_iter().map(|it| (it.key.label(), it.action, it.other)).collect()
    }

    fn labels(keymap: &Keymap, action: Action) -> Vec<Vec<String>> {
        let of = keymap.bound().filter(|(binding, _)| binding.action == action);
        of.map(|(_, keys)| keys.iter().map(|key| key.label()).collect()).collect()
    }

    #[test]
    fn the_usual_keys_clash_nowhere_even_where_somebody_says_them() {
        assert_eq!(Keymap::of(&BTreeMap::new()), Ok(Keymap::default()));
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for binding in BINDINGS.iter().filter(|binding| !matches!(binding.action, Action::Type(_)))
        {
            let keys = all.entry(binding.action.name()).or_default();
            for key in binding.keys.iter().map(|key| key.label()) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let keymap = Keymap::of(&all).unwrap();
        for ((binding, keys), usual) in keymap.bound().zip(BINDINGS) {
            assert_eq!(keys.len(), usual.keys.len(), "{:?}", binding.action);
            assert!(usual.keys.iter().all(|key| keys.contains(key)), "{:?}", binding.action);
        }
    }

    #[test]
    fn a_new_key_stands_for_all_usual_ones_and_a_usual_one_stays_where_it_was() {
        let keymap = Keymap::of(&said(&[("quit", &["Q"]), ("help", &["H", "?"])])).unwrap();
        assert_eq!(labels(&keymap, Action::Quit), [vec!["Q"], vec!["Q", "Ctrl-C"]]);
        assert_eq!(labels(&keymap, Action::Help), [["H", "?"], ["H", "?"]]);
        let keymap = Keymap::of(&said(&[("quit", &["q", "F10"]), ("up", &["Up", "k"])])).unwrap();
        assert_eq!(labels(&keymap, Action::Quit), [vec!["q"], vec!["F10", "Ctrl-C"]]);
        assert_eq!(labels(&keymap, Action::Up), [["↑"], ["↑"], ["k"]]);
        assert_eq!(keymap.label(Action::Quit, Scene::Table).unwrap(), "q");
    }

    #[test]
    fn an_action_without_keys_is_off_but_for_the_way_out() {
        let keymap = Keymap::of(&said(&[("measure", &[]), ("quit", &[])])).unwrap();
        assert_eq!(labels(&keymap, Action::Measure), [Vec::<String>::new()]);
        assert_eq!(keymap.label(Action::Measure, Scene::Table), None);
        assert_eq!(labels(&keymap, Action::Quit), [vec![], vec!["Ctrl-C"]]);
    }

    #[test]
    fn a_key_of_two_actions_is_a_clash_where_they_can_meet() {
        let pair = |key: &str, one: &str, other: &str| (key.into(), one.into(), other.into());
        assert_eq!(clashes(&[("quit", &["x"])]), [pair("x", "quit", "export")]);
        let both: &[(&str, &[&str])] = &[("gpus", &["F3"]), ("units", &["F4", "F3"])];
        assert_eq!(clashes(both), [pair("F3", "gpus", "units")]);
        // Where the other one has gone, there is room.
        assert_eq!(clashes(&[("quit", &["x"]), ("export", &["X"])]), []);
        assert_eq!(clashes(&[("quit", &["x"]), ("export", &[])]), []);
        // They never meet: the card is not open while the list of users is.
        assert_eq!(clashes(&[("close_card", &["F3"]), ("pick", &["F3"])]), []);
        // A letter is text there, and meets nobody.
        assert_eq!(clashes(&[("erase", &["F3"]), ("accept", &["F4"])]), []);
        assert_eq!(clashes(&[("accept", &["Esc"])])[0], pair("Esc", "accept", "back"));
    }
}
