//! A finding in words and as data: never without its evidence.

use serde::{Deserialize, Serialize};

use super::figure::{self, Units};
use crate::{
    units::Microjoules,
    waste::{Evidence, Figure, Finding, Rule, Severity, Subject},
};

/// A finding, as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// The rule.
    pub rule: Rule,
    /// The same in words.
    pub title: String,
    /// Whose.
    pub subject: SubjectRecord,
    /// Since when, as far as the history reaches.
    pub since: String,
    /// `low`, `medium`, `high`.
    pub severity: Severity,
    /// The facts.
    pub evidence: Vec<EvidenceRecord>,
    /// What was wasted; null where that is not known.
    pub joules: Option<f64>,
    /// What the joules are, and what they are not.
    pub joules_words: String,
    /// What to do, and what the facts cannot tell.
    pub remedy: String,
}

/// Whose finding it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// A kind of job, `tree` or `process`.
    pub kind: String,
    /// Unique on the machine while it lives.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The processes that are meant.
    pub pids: Vec<u32>,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    /// What scripts know it by.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of which unit: `s`, `1` (a part, a ratio or a count), `1/s`, `B`, `B/s`, `W`, `gCO2e/kWh`, `gCO2e`.
    pub unit: String,
    /// What it is a figure of.
    pub words: String,
    /// Both, as people read it.
    pub sentence: String,
}

impl FindingRecord {
    /// A finding as data.
    pub fn of(finding: &Finding) -> Self {
        let Subject { kind, id, name, processes } = &finding.subject;
        Self {
            rule: finding.rule,
            title: finding.rule.title().into(),
            subject: SubjectRecord {
                kind: kind.as_str().into(),
                id: id.clone(),
                name: name.clone(),
                pids: processes.iter().map(|id| id.pid).collect(),
            },
            since: finding.since.to_string(),
            severity: finding.severity,
            evidence: finding.evidence.iter().map(EvidenceRecord::of).collect(),
            joules: finding.joules().map(Microjoules::joules),
            joules_words: finding.rule.joules_are().into(),
            remedy: finding.remedy.clone(),
        }
    }

    /// For people, in lines: what and whose, the evidence, the cost, the remedy.
    pub fn lines(&self) -> Vec<String> {
        let mut lines =
            vec![format!("{}: {}", figure::printable(&self.title), self.subject.whose())];
        lines.extend(self.evidence.iter().map(|one| figure::printable(&one.sentence)));
        let are = figure::printable(&self.joules_words);
        lines.push(match self.joules.map(Microjoules::from_joules) {
            Some(energy) => format!("{} J, {are}", Units::Joules.energy(Some(energy))),
            None if self.rule.has_joules() => "energy not known: no meter counted".into(),
            None => format!("energy {are}"),
        });
        lines.push(figure::printable(&self.remedy));
        if self.subject.pids.len() > 1 && !self.remedy.starts_with("kill") {
            let pids: Vec<_> = self.subject.pids.iter().map(ToString::to_string).collect();
            lines.push(format!("processes {}", pids.join(" ")));
        }
        lines
    }
}

impl SubjectRecord {
    /// Name, kind and number, nothing of it twice.
    pub fn whose(&self) -> String {
        let Self { kind, id, name, .. } = self;
        let (kind, name) = (figure::printable(kind), figure::printable(name));
        // The id of a process or a tree holds its number; a job's may be its name.
        let id = figure::printable(id);
        let whose = if id.ends_with(&name) { id } else { format!("{name} ({id})") };
        match kind.as_str() {
            "process" | "tree" => whose,
            kind if whose.starts_with(kind) => whose,
            kind => format!("{kind} {whose}"),
        }
    }
}

impl EvidenceRecord {
    fn of(evidence: &Evidence) -> Self {
        let (value, unit) = value(evidence.figure);
        let sentence = sentence(evidence);
        let (name, words) = (evidence.name.into(), evidence.words.clone());
        Self { name, value, unit: unit.into(), words, sentence }
    }
}

/// A figure in SI units, and the unit.
fn value(figure: Figure) -> (f64, &'static str) {
    match figure {
        Figure::Time(time) => (time.as_secs_f64(), "s"),
        Figure::Part(part) => (part, "1"),
        Figure::Count(count) => (count, "1"),
        Figure::Rate(rate) => (rate, "1/s"),
        Figure::ByteRate(rate) => (rate, "B/s"),
        Figure::Bytes(bytes) => (bytes as f64, "B"),
        Figure::Power(watts) => (watts.0, "W"),
        Figure::Intensity(intensity) => (intensity.0, "gCO2e/kWh"),
        Figure::Mass(grams) => (grams.0, "gCO2e"),
    }
}

/// A finding for people: what and whose, and indented below it the evidence, the cost, the remedy.
pub fn lines(finding: &Finding) -> Vec<String> {
    let lines = FindingRecord::of(finding).lines().into_iter().enumerate();
    lines.map(|(at, line)| if at == 0 { line } else { format!("  {line}") }).collect()
}

/// Figure and words: `92 % of its time was in the kernel`, `lasted for 2m05s`.
fn sentence(evidence: &Evidence) -> String {
    let words = figure::printable(&evidence.words);
    let number = |value: f64| figure::figure(Some(value));
    match evidence.figure {
        Figure::Time(time) if time.as_millis() < 100 => {
            format!("{} µs {words}", number(time.as_secs_f64() * 1e6))
        }
        Figure::Time(time) => format!("{words} {}", figure::duration(time)),
        Figure::Part(part) => format!("{} % {words}", number(part * 100.0)),
        // What is counted, and not a mean, has no decimals.
        Figure::Count(count) if count.fract() == 0.0 => format!("{count} {words}"),
        Figure::Count(count) => format!("{} {words}", number(count)),
        Figure::Rate(rate) => format!("{} {words} each second", number(rate)),
        Figure::ByteRate(rate) => format!("{} bytes {words} each second", number(rate)),
        Figure::Bytes(bytes) => format!("{} {words}", binary(bytes)),
        Figure::Power(watts) => format!("{words} {} W", number(watts.0)),
        Figure::Intensity(intensity) => format!("{words} {} g/kWh", number(intensity.0)),
        Figure::Mass(grams) => format!("{} {words}", figure::mass(Some(grams))),
    }
}

/// Memory as people say it.
fn binary(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.iter().find(|(_, size)| bytes >= *size);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, size)| format!("{} {unit}", figure::figure(Some(bytes as f64 / *size as f64))),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        job,
        sample::ProcessId,
        waste::{Charge, Pool, SubjectKind},
    };

    fn finding(rule: Rule, charges: Vec<Charge>) -> Finding {
        let process = ProcessId { pid: 42, start: 1 };
        Finding {
            rule,
            subject: Subject {
                kind: SubjectKind::Job(job::Kind::Notebook),
                id: "notebook 1f2e".into(),
                name: "analysis\u{1b}[2J".into(),
                processes: vec![process],
            },
            since: Timestamp::UNIX_EPOCH,
            evidence: vec![
                Evidence::new("unused", Figure::Time(Duration::from_secs(754)), "unused for"),
                Evidence::new("memory", Figure::Bytes(30 << 30), "of memory held"),
                Evidence::new("slice", Figure::Time(Duration::from_micros(3)), "at a stretch"),
            ],
            charges,
            remedy: "shut it down".into(),
            severity: Severity::Medium,
        }
    }

    #[test]
    fn words_name_whose_why_what_and_the_remedy_and_nothing_harmful() {
        let process = ProcessId { pid: 42, start: 1 };
        let charge = Charge { process, pool: Pool::Cpu, energy: Microjoules(37_700_000) };
        let shown = lines(&finding(Rule::HeldGpu, vec![charge]));
        let expected = [
            "looks like a GPU held for nothing: notebook analysis?[2J (notebook 1f2e)",
            "  unused for 12m34s",
            "  30.00 GiB of memory held",
            "  3.000 µs at a stretch",
            "  37.70 J, what the GPU drew for its holders while nobody used it",
            "  shut it down",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn energy_that_is_not_known_is_null_and_says_why() {
        let unknown = finding(Rule::Oversubscribed, Vec::new());
        assert!(lines(&unknown)[4].starts_with("  energy not known: its work"));
        let unmetered = finding(Rule::HeldGpu, Vec::new());
        assert_eq!(lines(&unmetered)[4], "  energy not known: no meter counted");
        let json = serde_json::to_value(FindingRecord::of(&unknown)).unwrap();
        assert_eq!(json["joules"], serde_json::Value::Null);
        assert_eq!(json["rule"], "oversubscribed");
        assert_eq!(json["subject"]["pids"], serde_json::json!([42]));
        assert_eq!(json["evidence"][0]["value"], 754.0);
        assert_eq!(json["evidence"][0]["unit"], "s");
        assert_eq!(json["since"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_counted_has_no_decimals() {
        let said = |count| sentence(&Evidence::new("n", Figure::Count(count), "of its processes"));
        assert_eq!(said(2.0), "2 of its processes");
        assert_eq!(said(2.5), "2.500 of its processes");
    }
}
