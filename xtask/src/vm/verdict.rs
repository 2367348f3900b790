//! One kernel's checks, and the table of all.

use std::fmt;

use super::{
    results::{Results, Stream},
    shape::Shape,
    special,
};

/// How far a CPU time may be from the kernel's own, in percent.
const TOLERANCE: f64 = 2.0;

/// How much of a CPU's time may not add up, in percent.
const RESIDUE: f64 = 0.01;

/// Heads of the columns: what is checked.
const CHECKS: [&str; 16] = [
    "booted",
    "BTF",
    "CPUs",
    "probe",
    "busy %",
    "duty %",
    "threads %",
    "storm %",
    "rt %",
    "reuse %",
    "run %",
    "names",
    "unpaired",
    "lost",
    "residue %",
    "degrades",
];

/// The section of each workload, and what its command line holds.
const WORKLOADS: [(&str, &str); 6] = [
    ("busy", "workload busy 3.01"),
    ("duty", "workload duty 3.02"),
    ("threads", "workload threads 3.03"),
    ("storm", "workload storm 3.04"),
    ("rt", "workload fifo 3.06"),
    ("reuse", "workload storm 1.07"),
];

/// What came of a kernel.
pub struct Verdict {
    kernel: String,
    shape: &'static str,
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
    pub fn failed(kernel: &str, shape: Shape, why: &str) -> Self {
        let cells = vec![Cell { shown: "no".into(), passed: false }];
        let (kernel, shape) = (kernel.into(), shape.name);
        Self { kernel, shape, release: "-".into(), cells, remarks: vec![why.into()] }
    }

    /// Judges what a machine said.
    pub fn of(kernel: &str, shape: Shape, results: &Results, trouble: Option<String>) -> Self {
        let stream = results.stream();
        let cpus = results.cpus();
        let mut cells = vec![
            yes(results.has("done") && trouble.is_none()),
            yes(results.text("btf") == "/sys/kernel/btf/vmlinux"),
            Cell {
                shown: cpus.map_or_else(|| "-".into(), |cpus| cpus.to_string()),
                passed: cpus == Some(shape.cpus),
            },
            yes(stream.is_some()),
        ];
        let counted = |words| stream.as_ref().map(|stream| stream.counted(words));
        cells.extend(WORKLOADS.map(|(section, words)| {
            compared(counted(words).map(|(seconds, _)| seconds), results.truth(section, "cpu"))
        }));
        cells.push(compared(results.report(), results.truth("inner", "tree")));
        let storms = [
            ("workload storm 3.04", results.children("storm")),
            ("workload storm 1.07", results.children("reuse")),
        ];
        cells.push(names(stream.as_ref(), storms));
        // One for each CPU is who was there before the probe.
        cells.push(none_of(stream.as_ref(), &["slices"], shape.cpus));
        cells.push(none_of(stream.as_ref(), &["events", "malformed"], 0));
        let residue = stream.as_ref().and_then(|stream| stream.residue(shape.cpus));
        cells.push(residue.map_or_else(unknown, |part| Cell {
            shown: format!("{:.4}", part * 100.0),
            passed: part * 100.0 <= RESIDUE,
        }));
        cells.push(yes(results.degrades()));
        let mut remarks: Vec<String> = trouble.into_iter().collect();
        let said = results.text("words").lines().next().unwrap_or_default();
        remarks.extend((!said.is_empty()).then(|| said.into()));
        remarks.extend(special::of(shape, results, stream.as_ref()));
        Self {
            kernel: kernel.into(),
            shape: shape.name,
            release: results.text("kernel").into(),
            cells,
            remarks,
        }
    }

    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.cells.iter().all(|cell| cell.passed)
            && !self.remarks.iter().any(|remark| remark.starts_with(special::FAILED))
    }
}

fn yes(passed: bool) -> Cell {
    Cell { shown: if passed { "yes" } else { "no" }.into(), passed }
}

/// Children of storms that were seen with their name, of all there were. The parent of a
/// storm is one of those seen.
fn names(stream: Option<&Stream>, storms: [(&str, Option<usize>); 2]) -> Cell {
    let (mut seen, mut all) = (0, 0);
    for (words, children) in storms {
        let (Some(stream), Some(children)) = (stream, children) else { return unknown() };
        seen += stream.counted(words).1.saturating_sub(1);
        all += children;
    }
    Cell { shown: format!("{seen}/{all}"), passed: seen == all }
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
        write!(f, "{}, {} ({}): {all}", self.kernel, self.shape, self.release)?;
        self.remarks.iter().try_for_each(|remark| write!(f, "\n  {remark}"))
    }
}

/// All kernels by all checks, as Markdown; what failed carries an exclamation mark.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut rows = vec![format!("| kernel | machine | release | {} |", CHECKS.join(" | "))];
    rows.push("|---".repeat(CHECKS.len() + 3) + "|");
    for verdict in verdicts {
        let mut cells: Vec<String> = verdict.cells.iter().map(shown).collect();
        cells.resize(CHECKS.len(), "-".into());
        let Verdict { kernel, shape, release, .. } = verdict;
        rows.push(format!("| {kernel} | {shape} | {release} | {} |", cells.join(" | ")));
    }
    rows.join("\n")
}

fn shown(cell: &Cell) -> String {
    let mark = if cell.passed { "" } else { " !" };
    format!("{}{mark}", cell.shown)
}

#[cfg(test)]
mod tests {
    use super::{super::shape::SHAPES, *};

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
        let [shape, ..] = SHAPES;
        let verdict = Verdict::of("5.10", shape, &Results::parse(said), None);
        assert!(!verdict.passed());
        assert!(verdict.to_string().ends_with("refused"));
        let table = table(&[verdict, Verdict::failed("newest", shape, "no network")]);
        assert!(table.contains("| 5.10 | 2-cpus | 5.10 | yes | yes | - ! | no ! |"), "{table}");
        assert!(table.contains("| newest | 2-cpus | - | no ! | - | - |"), "{table}");
    }
}
