//! `[keys]` of all files together: whether each key means one thing.
//!
//! Each file was read alone; who has which key is known only of all of them, and the usual keys.

use std::collections::BTreeMap;

use super::{
    Problem, Problems,
    key::KEYS_SECTION,
    layers::{Merged, Placed},
};
use crate::{
    present::figure::printable,
    tui::keymap::{Clash, Keymap},
};

/// The keys in force, or every key that would mean two things, each with its line.
pub fn keymap(said: &BTreeMap<String, Vec<String>>, merged: &Merged) -> Result<Keymap, Problems> {
    Keymap::of(said).map_err(|clashes| {
        let told = clashes.iter().filter_map(|clash| problem(clash, merged));
        let mut problems: Vec<Problem> = told.collect();
        problems.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
        Problems(problems)
    })
}

fn problem(clash: &Clash, merged: &Merged) -> Option<Problem> {
    let placed = |action: &str| merged.0.get(&format!("{KEYS_SECTION}.{action}"));
    let (mut action, mut other) = (clash.action.as_str(), clash.other.as_str());
    let (mut here, mut there) = (placed(action)?, placed(other));
    // Of two lines of a file, the second one is one too many.
    if let Some(later) = there.filter(|it| it.path == here.path && it.line > here.line) {
        (action, other) = (other, action);
        (here, there) = (later, Some(here));
    }
    let key = clash.key.label();
    let (whose, remedy) = match there {
        Some(Placed { path, line, .. }) => {
            let of = printable(&path.display().to_string());
            let at =
                if *path == here.path { format!("line {line}") } else { format!("{of}:{line}") };
            (format!("the key of {other} too ({at})"), "give one of them another key".into())
        }
        None => (
            format!("the usual key of {other}"),
            format!("use another key, or give {other} one: {other} = [\"F12\"]"),
        ),
    };
    let (value, scene) = (&here.value, clash.scene.words());
    let words = format!("{action} = {value}: {scene}, {key} is {whose}; {remedy}");
    Some(Problem { path: here.path.clone(), line: Some(here.line), words })
}
