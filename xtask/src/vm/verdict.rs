//! One kernel's checks, and the table of all.

use std::fmt;

use super::results::{Results, Stream};

/// How far a CPU time may be from the kernel's own, in percent.
const TOLERANCE: f64 = 2.0;

/// Heads of the columns: what is checked.
const CHECKS: [&str; 11] = [
    "booted",
    "BTF",
    "probe",
    "busy %",
    "duty %",
    "threads %",
    "storm %",
    "run %",
    "names",
    "unpaired",
    "lost",
];

/// The section of each workload, and what its command line holds.
const WORKLOADS: [(&str, &str); 4] = [
    ("busy", "workload busy 3.01"),
    ("duty", "workload duty 3.02"),
    ("threads", "workload threads 3.03"),
    ("storm", "workload storm 3.04"),
];

/// What came of a kernel.
pub struct Verdict {
    kernel: String,
    release: String,
    cells: Vec<Cell>,
    remarks: Vec<String>,
}

/// One check: what to show, and whether it passed.
struct Cell {
    shown: String,
    passed: bool,
}

impl Verdict {
    /// A kernel that was not booted at all.
    pub fn failed(kernel: &str, why: &str) -> Self {
        let cells = vec![Cell { shown: "no".into(), passed: false }];
        Self { kernel: kernel.into(), release: "-".into(), cells, remarks: vec![why.into()] }
    }

    /// Judges what a machine said.
    pub fn of(kernel: &str, results: &Results, trouble: Option<String>) -> Self {
        let yes = |passed: bool| Cell { shown: if passed { "yes" } else { "no" }.into(), passed };
        let stream = results.stream();
        let mut cells = vec![
            yes(results.has("done") && trouble.is_none()),
            yes(results.text("btf") == "/sys/kernel/btf/vmlinux"),
            yes(stream.is_some()),
        ];
        let counted = |words| stream.as_ref().map(|stream| stream.counted(words));
        cells.extend(WORKLOADS.map(|(section, words)| {
            compared(counted(words).map(|(seconds, _)| seconds), results.truth(section, "cpu"))
        }));
        cells.push(compared(results.report(), results.truth("inner", "tree")));
        // The parent of the storm is one of those seen.
        let seen = counted("workload storm 3.04").map(|(_, seen)| seen.saturating_sub(1));
        cells.push(match (seen, results.children("storm")) {
            (Some(seen), Some(all)) => Cell { shown: format!("{seen}/{all}"), passed: seen == all },
            _ => unknown(),
        });
        // One for each CPU is who was there before the probe.
        cells.push(none_of(stream.as_ref(), &["slices"], 2));
        cells.push(none_of(stream.as_ref(), &["events", "malformed"], 0));
        let said = results.text("words").lines().next().unwrap_or_default();
        let remarks = trouble.into_iter().chain((!said.is_empty()).then(|| said.into()));
        Self {
            kernel: kernel.into(),
            release: results.text("kernel").into(),
            cells,
            remarks: remarks.collect(),
        }
    }

    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.cells.iter().all(|cell| cell.passed)
    }
}

fn unknown() -> Cell {
    Cell { shown: "-".into(), passed: false }
}

/// By how many percent a CPU time is off.
fn compared(counted: Option<f64>, truth: Option<f64>) -> Cell {
    let (Some(counted), Some(truth)) = (counted, truth) else { return unknown() };
    let error = (counted / truth - 1.0) * 100.0;
    Cell { shown: format!("{error:+.2}"), passed: error.abs() <= TOLERANCE }
}

/// A sum of losses, with how many are well.
fn none_of(stream: Option<&Stream>, losses: &[&str], allowed: u64) -> Cell {
    let Some(stream) = stream else { return unknown() };
    let lost: u64 = losses.iter().map(|what| stream.lost(what)).sum();
    Cell { shown: lost.to_string(), passed: lost <= allowed }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = CHECKS.iter().zip(&self.cells).filter(|(_, cell)| !cell.passed);
        let failed: Vec<_> =
            failed.map(|(check, cell)| format!("{check}: {}", cell.shown)).collect();
        let all = if failed.is_empty() { "all checks pass".into() } else { failed.join(", ") };
        write!(f, "{} ({}): {all}", self.kernel, self.release)?;
        self.remarks.iter().try_for_each(|remark| write!(f, "\n  {remark}"))
    }
}

/// All kernels by all checks, as Markdown; what failed carries an exclamation mark.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut rows = vec![format!("| kernel | release | {} |", CHECKS.join(" | "))];
    rows.push("|---".repeat(CHECKS.len() + 2) + "|");
    for verdict in verdicts {
        let mut cells: Vec<String> = verdict.cells.iter().map(shown).collect();
        cells.resize(CHECKS.len(), "-".into());
        rows.push(format!("| {} | {} | {} |", verdict.kernel, verdict.release, cells.join(" | ")));
    }
    rows.join("\n")
}

fn shown(cell: &Cell) -> String {
    let mark = if cell.passed { "" } else { " !" };
    format!("{}{mark}", cell.shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_off_or_unknown_fails() {
        assert!(compared(Some(1.01), Some(1.0)).passed);
        assert!(!compared(Some(0.97), Some(1.0)).passed);
        assert!(!compared(None, Some(1.0)).passed && !compared(Some(1.0), None).passed);
        assert!(!compared(Some(0.0), Some(0.0)).passed, "nothing over nothing is no proof");
    }

    #[test]
    fn a_kernel_without_the_probe_fails_and_says_why() {
        let said = "== kernel\n5.10\n== btf\n/sys/kernel/btf/vmlinux\n== words\nrefused\n== done\n";
        let verdict = Verdict::of("5.10", &Results::parse(said), None);
        assert!(!verdict.passed());
        assert!(verdict.to_string().ends_with("refused"));
        let table = table(&[verdict, Verdict::failed("newest", "no network")]);
        assert!(table.contains("| 5.10 | 5.10 | yes | yes | no ! | - ! |"), "{table}");
        assert!(table.contains("| newest | - | no ! | - | - |"), "{table}");
    }
}
