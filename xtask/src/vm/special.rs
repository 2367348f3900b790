//! What only some machines can show: said as a remark, and a failed one fails the machine.

use super::{
    results::{Results, Stream},
    shape::Shape,
};

/// How a remark begins that says what went wrong.
pub const FAILED: &str = "FAILED: ";

/// The remarks of a machine.
pub fn of(shape: Shape, results: &Results, stream: Option<&Stream>) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut check = |passed: bool, what: String| {
        remarks.push(if passed { what } else { format!("{FAILED}{what}") });
    };
    if let Some(stream) = stream {
        for words in ["workload busy 3.01", "workload fifo 3.06"] {
            // With one CPU, whoever else is there may have to wait for a second.
            let holes = if shape.cpus == 1 { 0 } else { stream.holes(words) };
            check(holes == 0, format!("{words}: at zero in {holes} intervals"));
        }
        let (passed, what) = counters(results);
        check(passed, what);
    }
    match shape.name {
        "offline" => {
            let online = results.text("online");
            check(online == "0", format!("CPUs online while cpu1 was off: {online}"));
        }
        "nohz-full" => match results.text("isolated") {
            "1" => check(true, "cpu1 is without ticks (nohz_full)".into()),
            // The file says so, or is not there.
            text if text == "(null)" || text.contains("can't open") => {
                check(true, "skipped: this kernel has no CONFIG_NO_HZ_FULL".into());
            }
            other => check(false, format!("CPUs without ticks: {other}")),
        },
        "2x2x2" => {
            let overlap = results.intervals("overlap");
            let part = |words| {
                let ran = overlap.as_ref()?.sum(words, "cpu_seconds");
                let shared = overlap.as_ref()?.sum(words, "shared_seconds");
                (ran > 0.0).then(|| shared / ran)
            };
            let (both, alone) = (part("busy 2.08"), part("busy 2.09"));
            let passed = both.is_some_and(|both| both > 0.9) && alone.is_some_and(|a| a < 0.3);
            let shown = |part: Option<f64>| part.map_or("-".into(), |part| format!("{part:.2}"));
            check(
                passed,
                format!(
                    "shared with the other thread of the core: {} of two, {} of one alone",
                    shown(both),
                    shown(alone)
                ),
            );
        }
        _ => {}
    }
    remarks
}

/// Whether the kernel's software counters were read at each switch: a clock in place of cycles,
/// which follows CPU time, and page faults in place of misses.
fn counters(results: &Results) -> (bool, String) {
    let Some(stream) = results.intervals("counters") else {
        return (false, "counters: nothing was printed".into());
    };
    let sums = |what| ["touch 1.08", "busy 1.09"].map(|words| stream.sum(words, what));
    let ran = sums("cpu_seconds");
    let cycles = sums("cycles").map(|nanoseconds| nanoseconds / 1e9);
    let [touched, spun] = sums("misses");
    let near = |(ran, counted): (f64, f64)| ran > 0.0 && (counted / ran - 1.0).abs() < 0.05;
    let passed = ran.into_iter().zip(cycles).all(near) && touched > 1000.0 && spun < 500.0;
    let shown = format!(
        "counters: {:.3} of {:.3} s by cycles; {touched} misses touching memory, {spun} spinning",
        cycles.iter().sum::<f64>(),
        ran.iter().sum::<f64>()
    );
    (passed, shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::shape::SHAPES;

    #[test]
    fn a_cpu_that_never_went_offline_is_a_failure() {
        let offline = SHAPES.into_iter().find(|shape| shape.name == "offline").unwrap();
        let said =
            |online: &str| of(offline, &Results::parse(&format!("== online\n{online}\n")), None);
        assert!(said("0-1")[0].starts_with(FAILED));
        assert!(!said("0")[0].starts_with(FAILED));
    }

    #[test]
    fn counters_that_stand_still_are_a_failure() {
        let said = |cycles: u64, faults: u64| {
            let process = |words: &str, misses: u64| {
                format!(
                    "{{\"cmdline\":\"workload {words}\",\"cpu_seconds\":1.0,\"cycles\":{cycles},\
                     \"misses\":{misses}}}"
                )
            };
            let both = [process("touch 1.08", faults), process("busy 1.09", 80)].join(",");
            counters(&Results::parse(&format!("== counters\n{{\"processes\":[{both}]}}\n"))).0
        };
        assert!(said(1_000_000_000, 5000));
        assert!(!said(1_000_000_000, 0) && !said(0, 5000));
        assert!(!counters(&Results::parse("== counters\n")).0);
    }

    #[test]
    fn a_hole_is_an_interval_without_time_between_two_with() {
        let line = |seconds: f64| {
            format!(
                "{{\"processes\":[{{\"cmdline\":\"workload fifo 3.06\",\"cpu_seconds\":{seconds}}}]}}\n"
            )
        };
        let said = format!("== stream\n{}{}{}{}", line(0.0), line(1.0), line(0.0), line(1.0));
        let results = Results::parse(&said);
        let remarks = of(SHAPES[0], &results, results.stream().as_ref());
        assert!(remarks[1].starts_with(FAILED) && remarks[1].contains("zero in 1"), "{remarks:?}");
    }
}
