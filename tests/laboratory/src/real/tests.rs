//! Against the kernel of this machine, as root.

use std::process::Child;

use super::*;
use crate::{
    hidden::{Hidden, Options},
    machine::Shape,
    meter::between,
};

/// CPU seconds of a process and its children, by `wait4`.
fn charged(child: Child) -> f64 {
    let mut status = 0;
    // SAFETY: plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to whole values of ours.
    let waited =
        unsafe { libc::wait4(child.id().cast_signed(), &raw mut status, 0, &raw mut usage) };
    assert_eq!(waited, child.id().cast_signed());
    drop(child);
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// A shell that spins until its limit of so many seconds of CPU time, however busy the machine.
fn busy(group: &Group, seconds: u32) -> Child {
    let spin = format!("ulimit -t {seconds}; while :; do :; done");
    group.command("sh").args(["-c", &spin]).spawn().unwrap()
}

#[test]
fn a_busy_second_is_charged_and_metered_by_the_model() {
    let dir = tempfile::tempdir().unwrap();
    let shape = Shape { packages: 1, cores: machine_usage().unwrap().len(), threads: 1 };
    let hidden = Hidden::new(11, 1, Options::default());
    let (core, still) = (hidden.core_watts * hidden.intensity("spin"), hidden.packages[0]);
    let groups = vec![Group::new("spin").unwrap(), Group::new("idle").unwrap()];
    let bench = Bench::start(Model::new(shape, hidden), dir.path(), groups, POLL).unwrap();
    let counter = || -> u64 {
        let file = dir.path().join("class/powercap/intel-rapl:0/energy_uj");
        std::fs::read_to_string(file).unwrap().trim().parse().unwrap()
    };

    let before = bench.account().unwrap();
    let shown = counter();
    let seconds = charged(busy(bench.group("spin").unwrap(), 1));
    // The last tick of the workload is in the books only now.
    let account = bench.stop().unwrap();
    let (truth, shown) = (account.since(&before), between(shown, counter()) as f64);

    let spin = &truth.usages["spin"];
    let cgroup = spin.cpu_ns as f64 / 1e9;
    println!("wait4 {seconds:.4} s, cgroup {cgroup:.4} s, {:.0} uJ", spin.package_uj[0]);
    // The limit goes by the clock's ticks, which are a coarse measure on a loaded machine.
    assert!(seconds > 0.5, "{seconds}");
    assert!((cgroup / seconds - 1.0).abs() < 0.02, "{cgroup} of {seconds}");
    assert!((spin.package_uj[0] / (cgroup * core * 1e6) - 1.0).abs() < 1e-9);
    let elapsed = (account.at_ns - before.at_ns) as f64 / 1e9;
    assert!((truth.static_uj[0] / (elapsed * still.static_watts * 1e6) - 1.0).abs() < 1e-6);
    let all = truth.static_uj[0] + truth.dynamic_uj().values().sum::<f64>();
    // Between the books and the file lie two units, and what a poll adds in between.
    assert!((shown / all - 1.0).abs() < 0.02, "{shown} of {all}");
    assert_eq!(truth.usages["idle"].cpu_ns, 0);
}

#[test]
fn children_that_died_are_charged_to_their_workload() {
    let dir = tempfile::tempdir().unwrap();
    let shape = Shape { packages: machine_usage().unwrap().len(), cores: 1, threads: 1 };
    let hidden = Hidden::new(12, shape.packages, Options::default());
    let groups = vec![Group::new("storm").unwrap()];
    let bench = Bench::start(Model::new(shape, hidden), dir.path(), groups, POLL).unwrap();
    let storm = "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done";
    let child = bench.group("storm").unwrap().command("sh").args(["-c", storm]).spawn().unwrap();
    let seconds = charged(child);
    let account = bench.stop().unwrap();
    let cgroup = account.usages["storm"].cpu_ns as f64 / 1e9;
    println!("wait4 {seconds:.4} s, cgroup {cgroup:.4} s");
    // The shell that joins the group, before it does, is the difference.
    assert!((cgroup - seconds).abs() < 0.02 * seconds + 0.005, "{cgroup} of {seconds}");
}

#[test]
fn a_shape_with_second_threads_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let shape = Shape { packages: 1, cores: 1, threads: 2 };
    let model = Model::new(shape, Hidden::new(1, 1, Options::default()));
    let error = Bench::start(model, dir.path(), Vec::new(), POLL).unwrap_err();
    assert!(matches!(error, Error::Shape { threads: 2, .. }));
}
