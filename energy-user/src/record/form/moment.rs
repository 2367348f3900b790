//! A sample, without what seldom changes.

use serde::{Deserialize, Serialize};

use super::{GpuMoment, Said};
use crate::{
    record::{
        roll::{Names, Numbers},
        stored::{Count, MOST, Nanos, Process, Signed, Stored, Time, is_default, stored},
    },
    sample::{
        self, Birth, Books, CpuTime, Io, Lost, ProbeKind, ProcessActivity, Progress,
        ThreadActivity, Weight, Work,
    },
};

stored! {
    /// What was counted beside time.
    Counted of Work {
        must {}
        may {
            shared "shared": Vec<Count>,
            cycles "cycles": Vec<Count>,
            instructions "instructions": Count,
            misses "misses": Vec<Count>,
        }
    }
}

stored! {
    /// What it read and wrote.
    Data of Io { must {} may { bytes "bytes": Count, calls "calls": Count } }
}

stored! {
    /// Whether it gets anywhere.
    Advance of Progress {
        must {}
        may {
            over "over": Nanos,
            user "user": Nanos,
            system "system": Nanos,
            voluntary "voluntary": Count,
            involuntary "involuntary": Count,
            faults "faults": Count,
            io "io": Option<Data>,
            waited "waited": Option<Nanos>,
            threads "threads": u32,
            partial "partial": bool,
            cpus "cpus": Option<u32>,
            uncounted "uncounted": Option<u32>,
        }
    }
}

stored! {
    /// A thread.
    Thread of ThreadActivity {
        must { id "id": Process, name "name": String }
        may { ended "ended": bool, cpu "cpu": Vec<Count> }
    }
}

stored! {
    /// What was not seen.
    Unseen of Lost {
        must {}
        may { events "events": Count, slices "slices": Count, malformed "malformed": Count }
    }
}

impl Default for Counted {
    fn default() -> Self {
        Self::store(&Work::default())
    }
}

impl Default for Unseen {
    fn default() -> Self {
        Self::store(&Lost::default())
    }
}

stored! {
    /// Whether the time of the CPUs adds up.
    Account of Books {
        must {}
        may {
            elapsed_ns "elapsed": Signed,
            tasks_ns "tasks": Count,
            idle_ns "idle": Signed,
            scheduler_ns "scheduler": Signed,
            missed_ns "missed": Count,
            irq_ns "irq": Count,
            stolen_ns "stolen": Count,
            residue_ns "residue": Signed,
            worst_ns "worst": Signed,
        }
    }
}

/// A process came to be: child, then parent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Born(Process, Process);

impl Stored<Birth> for Born {
    fn store(of: &Birth) -> Self {
        Self(Stored::store(&of.child), Stored::store(&of.parent))
    }
    fn restore(self) -> Birth {
        Birth { child: self.0.restore(), parent: self.1.restore() }
    }
}

/// What one process did: short words, as there are many of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::record) struct Ran {
    pub who: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub ended: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    cpu: Vec<Count>,
    #[serde(default, skip_serializing_if = "is_default")]
    work: Option<Counted>,
    #[serde(default, skip_serializing_if = "is_default")]
    progress: Option<Advance>,
    #[serde(default, skip_serializing_if = "is_default")]
    threads: Vec<Thread>,
}

impl Ran {
    fn new(of: &ProcessActivity, who: &mut dyn Numbers) -> Self {
        let ProcessActivity { id, identity, ended, cpu, work, progress, threads } = of;
        Self {
            who: who.number(*id, identity),
            ended: *ended,
            cpu: Stored::store(cpu),
            work: Stored::store(work),
            progress: Stored::store(progress),
            threads: Stored::store(threads),
        }
    }

    fn restore(self, who: &dyn Names) -> Option<ProcessActivity> {
        let Self { who: number, ended, cpu, work, progress, threads } = self;
        let (id, identity) = who.named(number)?;
        Some(ProcessActivity {
            id,
            identity,
            ended,
            cpu: cpu.restore(),
            work: work.restore(),
            progress: progress.restore(),
            threads: threads.restore(),
        })
    }
}

/// Who ran since the sample before.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::record) struct Activity {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ran: Vec<Ran>,
    #[serde(default, skip_serializing_if = "is_default")]
    weight: Weight,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    births: Vec<Born>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kin: Vec<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    missed: Vec<Count>,
    /// None is not the same as an empty list.
    #[serde(default, skip_serializing_if = "is_default")]
    irq: Option<Vec<Count>>,
    #[serde(default, skip_serializing_if = "is_default")]
    lost: Unseen,
    #[serde(default, skip_serializing_if = "is_default")]
    books: Option<Account>,
}

impl Activity {
    /// To the file.
    pub fn new(of: &sample::Activity, who: &mut dyn Numbers) -> Self {
        let sample::Activity { processes, weight, births, kin, missed, irq, lost, books } = of;
        Self {
            ran: processes.iter().map(|process| Ran::new(process, who)).collect(),
            weight: *weight,
            births: Stored::store(births),
            kin: kin.iter().map(|(id, identity)| who.number(*id, identity)).collect(),
            missed: Stored::store(missed),
            irq: irq.as_ref().map(<Vec<Count> as Stored<CpuTime>>::store),
            lost: Stored::store(lost),
            books: Stored::store(books),
        }
    }

    /// All time of all CPUs is no more than there can be.
    pub fn bounded(&self) -> bool {
        let sum =
            |counts: &[Count]| counts.iter().fold(0_u64, |sum, one| sum.saturating_add(one.0));
        let ran = |ran: &Ran| {
            let Counted { shared, cycles, instructions, misses } =
                ran.work.clone().unwrap_or_default();
            let threads = ran.threads.iter().map(|thread| sum(&thread.cpu));
            let all = [&ran.cpu, &shared, &cycles, &misses].map(|counts| sum(counts));
            all.into_iter().chain(threads).fold(instructions.0, u64::saturating_add)
        };
        let others = [&self.missed, self.irq.as_ref().unwrap_or(&self.missed)];
        let others = others.map(|counts| sum(counts));
        self.ran.iter().map(ran).chain(others).fold(0, u64::saturating_add) <= MOST
    }

    /// From the file; none if it names a process that the file does not tell of.
    pub fn restore(self, who: &dyn Names) -> Option<sample::Activity> {
        let Self { ran, weight, births, kin, missed, irq, lost, books } = self;
        let processes = ran.into_iter().map(|ran| ran.restore(who)).collect::<Option<_>>()?;
        let kin = kin.into_iter().map(|number| who.named(number)).collect::<Option<_>>()?;
        Some(sample::Activity {
            processes,
            weight,
            births: births.restore(),
            kin,
            missed: missed.restore(),
            irq: irq.map(Stored::restore),
            lost: lost.restore(),
            books: books.restore(),
        })
    }
}

/// A sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::record) struct Moment {
    pub time: Time,
    pub monotonic: Nanos,
    pub boottime: Nanos,
    pub probe: ProbeKind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Said>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub clocks: Option<Vec<u32>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<GpuMoment>,
    #[serde(default)]
    pub activity: Activity,
    /// Processes that are not named again by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forget: Vec<u64>,
}
