//! Thresholds of waste as a recording has them, of which a later version may know others.
//!
//! Each that is known here holds; of the others, a reader is told that the defaults hold.

use serde_json::{Value, json};

use crate::{present::figure::printable, waste::Thresholds};

/// Of more, a user would read no more.
const MOST_NAMED: usize = 3;

/// The thresholds, and the names of those that are not known here: `held_gpu.after`.
pub(super) fn known(said: &Value) -> (Thresholds, Vec<String>) {
    let mut thresholds = Thresholds::default();
    let mut unknown = Vec::new();
    let Value::Object(rules) = said else {
        // An older version had none.
        unknown.extend((!said.is_null()).then(|| "all".into()));
        return (thresholds, unknown);
    };
    for (rule, said) in rules {
        let Value::Object(values) = said else {
            unknown.push(rule.clone());
            continue;
        };
        for (name, value) in values {
            match with(&thresholds, rule, name, value) {
                Some(more) => thresholds = more,
                None => unknown.push(format!("{rule}.{name}")),
            }
        }
    }
    (thresholds, unknown)
}

/// The same thresholds but for one; none where there is no such one.
fn with(thresholds: &Thresholds, rule: &str, name: &str, value: &Value) -> Option<Thresholds> {
    let mut all = json!(thresholds);
    *all.get_mut(rule)?.get_mut(name)? = value.clone();
    serde_json::from_value(all).ok()
}

/// What a reader is to know of them, if there are any.
pub(super) fn remedy(unknown: &[String], made_by: &str) -> Option<String> {
    let named: Vec<&str> = unknown.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = match unknown.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let words = format!(
        "thresholds of waste of this recording are not known here, and the defaults hold: {}{more}; \
         replay it with the version that recorded it, {made_by}",
        named.join(", ")
    );
    (!unknown.is_empty()).then(|| printable(&words))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_that_is_known_holds_and_each_other_is_named() {
        let mut full = Thresholds::default();
        full.held_gpu.after = Duration::from_secs(7);
        full.spinning.cpu_percent = 12.0;
        assert_eq!(known(&json!(full)), (full.clone(), vec![]));
        assert_eq!(known(&Value::Null), (Thresholds::default(), vec![]));

        let mut said = json!(full);
        said["held_gpu"]["invented"] = 1.into();
        said["invention"] = json!({"after": "1m"});
        said["orphans"] = 5.into();
        said["dirty_hour"]["watts"] = "NaN".into();
        let (thresholds, unknown) = known(&said);
        assert_eq!(thresholds, full, "what is known holds beside what is not");
        let expected = ["dirty_hour.watts", "held_gpu.invented", "invention.after", "orphans"];
        assert_eq!(
            unknown.iter().collect::<std::collections::BTreeSet<_>>(),
            expected.map(String::from).iter().collect()
        );
        let words = remedy(&unknown, "jouletop 9\u{1b}[2J").unwrap();
        assert!(
            words.contains(" and 1 more; ") && words.ends_with("it, jouletop 9?[2J"),
            "{words}"
        );
        assert_eq!((known(&json!(5)).1, remedy(&[], "")), (vec!["all".to_string()], None));
    }
}
