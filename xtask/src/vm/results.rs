//! What a machine said, taken apart: sections that begin with `== NAME`.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

/// Sections, by name.
#[derive(Default)]
pub struct Results(BTreeMap<String, String>);

impl Results {
    /// Takes what came over the wire apart.
    pub fn parse(said: &str) -> Self {
        let mut sections: BTreeMap<String, String> = BTreeMap::new();
        let mut current: Option<&mut String> = None;
        for line in said.lines() {
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("== ") {
                current = Some(sections.entry(name.into()).or_default());
            } else if let Some(text) = &mut current {
                text.push_str(line);
                text.push('\n');
            }
        }
        Self(sections)
    }

    /// A section's text; empty if it never came.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }

    /// Whether the machine came to this section.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// CPU seconds by the kernel, which a measured workload says in its section: `cpu` of
    /// itself and its children, `tree` with who measured it.
    pub fn truth(&self, name: &str, of: &str) -> Option<f64> {
        let line = self.text(name).lines().find_map(|line| line.strip_prefix(of));
        line?.trim().parse().ok()
    }

    /// Children that a storm says it had.
    pub fn children(&self, name: &str) -> Option<usize> {
        self.text(name).lines().find_map(|line| line.parse().ok())
    }

    /// CPUs that `jouletop doctor` counts.
    pub fn cpus(&self) -> Option<u64> {
        // What the shell says of its jobs may follow.
        let first = self.text("doctor").lines().next()?;
        let doctor: Value = serde_json::from_str(first).ok()?;
        doctor["host"]["cpus"].as_u64()
    }

    /// Whether a person without rights is measured from `/proc`, and told what is missing.
    pub fn degrades(&self) -> bool {
        let Ok(frame) = serde_json::from_str::<Value>(self.text("nobody")) else { return false };
        frame["probe"] == "proc" && frame["warnings"].to_string().contains("setcap cap_bpf")
    }

    /// CPU seconds that `jouletop run` gives in its report.
    pub fn report(&self) -> Option<f64> {
        let report: Value = serde_json::from_str(self.text("run")).ok()?;
        report["cpu_seconds"].as_f64()
    }

    /// What the stream of intervals adds up to; nothing if there was none.
    pub fn stream(&self) -> Option<Stream> {
        self.intervals("stream")
    }

    /// The intervals in a section.
    pub fn intervals(&self, name: &str) -> Option<Stream> {
        let lines = self.text(name).lines().map(serde_json::from_str);
        let intervals: Vec<Value> = lines.collect::<Result<_, _>>().ok()?;
        (!intervals.is_empty()).then_some(Stream(intervals))
    }
}

/// Intervals, as jouletop printed them.
pub struct Stream(Vec<Value>);

impl Stream {
    /// CPU seconds of the processes whose command line holds `words`, and how many they were,
    /// counting only those that have the right name.
    pub fn counted(&self, words: &str) -> (f64, usize) {
        let mut seconds = 0.0;
        let mut named = HashSet::new();
        for process in self.0.iter().filter_map(|line| line["processes"].as_array()).flatten() {
            if process["cmdline"].as_str().is_some_and(|cmdline| cmdline.contains(words)) {
                seconds += process["cpu_seconds"].as_f64().unwrap_or_default();
                if process["name"] == "workload" {
                    named.insert(format!("{} {}", process["pid"], process["start_time"]));
                }
            }
        }
        (seconds, named.len())
    }

    /// A sum over the processes whose command line holds `words`.
    pub fn sum(&self, words: &str, what: &str) -> f64 {
        let processes = self.0.iter().filter_map(|line| line["processes"].as_array()).flatten();
        let named = processes.filter(|p| p["cmdline"].as_str().is_some_and(|c| c.contains(words)));
        named.filter_map(|process| process[what].as_f64()).sum()
    }

    /// Intervals without time of a process, between its first and its last.
    pub fn holes(&self, words: &str) -> usize {
        let ran = |line: &Value| Self(vec![line.clone()]).sum(words, "cpu_seconds") > 0.0;
        let ran: Vec<bool> = self.0.iter().map(ran).collect();
        let first = ran.iter().position(|&ran| ran).unwrap_or(0);
        let last = ran.iter().rposition(|&ran| ran).unwrap_or(0);
        ran[first..=last].iter().filter(|&&ran| !ran).count()
    }

    /// The worst residue of a CPU, as a part of the time that one CPU had.
    pub fn residue(&self, cpus: u64) -> Option<f64> {
        let worst = self.0.last()?["books"]["worst_residue_seconds"].as_f64()?;
        let elapsed: f64 =
            self.0.iter().filter_map(|line| line["books"]["elapsed_seconds"].as_f64()).sum();
        Some(worst.abs() / (elapsed / cpus as f64))
    }

    /// The sum of one of the counts of what was lost.
    pub fn lost(&self, what: &str) -> u64 {
        self.0.iter().filter_map(|line| line["lost"][what].as_u64()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "noise\r\n== storm\r\n124\r\ncpu 0.5\r\n== run\n{\"cpu_seconds\":1.5}\n\
        == stream\n{\"processes\":[{\"pid\":1,\"start_time\":2.0,\"name\":\"workload\",\
        \"cmdline\":\"workload storm 3\",\"cpu_seconds\":0.25}],\"lost\":{\"slices\":1}}\n\
        {\"processes\":[{\"pid\":1,\"start_time\":2.0,\"name\":\"workload\",\
        \"cmdline\":\"workload storm 3\",\"cpu_seconds\":0.25},{\"pid\":2,\"start_time\":2.5,\
        \"name\":\"\",\"cmdline\":\"workload storm 3\",\"cpu_seconds\":0.5}],\
        \"lost\":{\"slices\":2}}\n== done\n";

    #[test]
    fn sections_and_what_they_say() {
        let results = Results::parse(SAID);
        assert!(results.has("done") && !results.has("noise"));
        assert_eq!(
            (results.children("storm"), results.truth("storm", "cpu")),
            (Some(124), Some(0.5))
        );
        assert_eq!(results.report(), Some(1.5));
    }

    #[test]
    fn a_stream_adds_up_and_a_process_without_a_name_is_not_seen() {
        let stream = Results::parse(SAID).stream().unwrap();
        assert_eq!(stream.counted("workload storm 3"), (1.0, 1));
        assert_eq!(stream.lost("slices"), 3);
        assert_eq!(stream.lost("events"), 0);
    }

    #[test]
    fn a_machine_that_died_early_has_nothing_to_say() {
        let results = Results::parse("== kernel\n6.1\n== stre");
        assert!(results.stream().is_none() && results.report().is_none());
        assert_eq!(results.truth("busy", "cpu"), None);
    }
}
