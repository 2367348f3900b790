//! What is measured: the rows, each with the programs that make it up.

mod attachable;

pub use attachable::{Attachable, Cost};
use jouletop::{
    probe::bpf::{Events, Options},
    sample::Weight,
};

/// A row of the table.
pub struct Program {
    pub label: &'static str,
    object: Object,
    /// The first sees each switch. The time of all of them counts.
    hooks: &'static [Hook],
    /// The first does nothing but count the switches, and its own time is left out.
    only_counts: bool,
    /// An iterator over tasks that must have run when the hooks are attached.
    seed: Option<&'static str>,
}

/// A program of the object, and its tracepoint.
type Hook = (&'static str, &'static str);

/// Where the programs come from.
enum Object {
    /// `energy-ebpf/prebuilt/jouletop-bench.o`.
    Bench,
    /// The probe, loaded by jouletop. What is not among the hooks stays attached throughout.
    Jouletop(fn() -> Options),
}

const fn bench(label: &'static str, hooks: &'static [Hook]) -> Program {
    Program { label, object: Object::Bench, hooks, only_counts: false, seed: None }
}

const fn probe(label: &'static str, options: fn() -> Options) -> Program {
    const HOOKS: &[Hook] = &[("sched_switch", "sched_switch")];
    Program { object: Object::Jouletop(options), ..bench(label, HOOKS) }
}

/// What the probe's row is called: as it is on a kernel that hides no switch.
pub const PROBE: &str = "jouletop's probe";

/// The first two are the yardsticks that the others are compared with.
pub static PROGRAMS: &[Program] = &[
    bench("empty", &[("empty", "sched_switch")]),
    bench("clock, difference, counter", &[("clock", "sched_switch")]),
    probe(PROBE, || Options { sound: true, ..Options::default() }),
    probe("... where switches are hidden", Options::default),
    probe("... threads told apart", || Options {
        sound: true,
        threads: true,
        ..Options::default()
    }),
    probe("... overlap on a core", || Options {
        sound: true,
        weight: Weight::Smt,
        ..Options::default()
    }),
    probe("... cycles (a software clock here)", || Options {
        sound: true,
        weight: Weight::Cycles,
        events: Events::Software,
        ..Options::default()
    }),
];

/// What the probe might have been.
static REJECTED: &[Program] = &[
    bench("rejected: per-CPU hash", &[("hash", "sched_switch")]),
    bench("rejected: clock and per-CPU hash", &[("clock_hash", "sched_switch")]),
    bench("rejected: slots found by hash", &[("slots_by_hash", "sched_switch")]),
    Program {
        seed: Some("slots_seed"),
        ..bench(
            "rejected: slots found by storage",
            &[("slots_by_storage", "sched_switch"), ("slots_fork", "sched_process_fork")],
        )
    },
    bench("rejected: per-CPU hash, by runs", &[("run_of_tgid", "sched_switch")]),
    Program { only_counts: true, ..bench("rejected: iterator, migrations", ITERATOR) },
];

const ITERATOR: &[Hook] = &[
    ("empty", "sched_switch"),
    ("migrated", "sched_migrate_task"),
    ("ended", "sched_process_exit"),
];

/// The rejected design that reads all tasks at each sample, by this iterator.
pub const SAMPLE: &str = "sample";

/// It alone, without what counts switches.
pub static RECORDS: Program = bench("records", ITERATOR.split_at(1).1);

/// Every row of the table, in its order.
pub fn all() -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().chain(REJECTED)
}
