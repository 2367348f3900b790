//! A machine by hand: samples from a few lines of who ran, made to ticks by the
//! real attribution.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use jouletop::{
    attribute::{Method, attribute},
    carbon::{Basis, Intensity},
    job::resolve::Jobs,
    ledger::Tick,
    sample::{
        Activity, CpuTime, Domain, Gpu, GpuActivity, GpuReading, GpuState, Identity, Kind, Line,
        Lost, Machine, Meter, MeterReading, Package, PowerModel, ProbeKind, ProcessActivity,
        ProcessId, Reading, Role, Sample, ThreadActivity, Vendor,
    },
    session::Description,
    units::{GramsPerKwh, Watts},
};

/// What the meters of the machine are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meters {
    /// A package and its memory.
    Measured,
    /// A model of the CPU; no meter of memory.
    Estimated,
    /// Nothing can be read.
    None,
}

/// Somebody who runs.
#[derive(Clone, Debug)]
pub struct Work {
    pub pid: u32,
    pub name: &'static str,
    pub command: Option<&'static str>,
    pub user: Option<&'static str>,
    pub kind: Kind,
    /// Part of one CPU.
    pub load: f64,
    pub ended: bool,
    /// Its threads' numbers and parts of one CPU, which add up to its own.
    pub threads: &'static [(u32, f64)],
}

/// A process of alice's.
pub fn work(pid: u32, name: &'static str, load: f64) -> Work {
    let user = Some("alice");
    Work { pid, name, command: None, user, kind: Kind::Process, load, ended: false, threads: &[] }
}

/// A machine of eight CPUs.
pub struct Bench {
    meters: Meters,
    previous: Sample,
    /// The next sample finds the package's meter unreadable.
    pub gap: bool,
    /// What the next sample says was lost.
    pub lost: Lost,
    /// What GPUs tell with the next samples; each has a meter of 100 W.
    pub gpus: Vec<GpuReading>,
    /// How energy is divided.
    pub method: Method,
    jobs: Jobs,
}

const CPUS: u32 = 8;

impl Bench {
    pub fn new(meters: Meters) -> Self {
        let packages = vec![Package { id: 0, cpus: (0..CPUS).collect() }];
        let previous = Sample {
            time: Timestamp::from_second(1_790_000_000).unwrap(),
            monotonic: Duration::from_secs(1000),
            boottime: Duration::from_secs(1000),
            machine: Arc::new(Machine::of_packages("web-1".into(), packages)),
            probe: if meters == Meters::Measured { ProbeKind::Bpf } else { ProbeKind::Proc },
            meters: Vec::new(),
            clocks: None,
            gpus: Vec::new(),
            activity: Activity::default(),
        };
        let mut bench = Self {
            meters,
            previous,
            gap: false,
            lost: Lost::default(),
            gpus: Vec::new(),
            method: Method::default(),
            jobs: Jobs::new(),
        };
        bench.previous.meters = bench.read(Duration::ZERO, 0.0);
        bench
    }

    pub fn describe(&self) -> Description {
        let probe = self.previous.probe;
        let (meters, remedies) = match self.meters {
            Meters::Measured => ("RAPL through powercap", vec![]),
            Meters::Estimated => (
                "estimate from the CPU model",
                vec![
                    "processes shorter than an interval are missed: /proc is read instead of the \
                     kernel; run as root",
                ],
            ),
            Meters::None => (
                "no meter",
                vec!["no power: /sys/class/powercap is only for root; run sudo jouletop"],
            ),
        };
        let remedies = remedies.into_iter().map(String::from).collect();
        Description {
            host: "web-1".into(),
            probe,
            notes: Vec::new(),
            meters: meters.into(),
            remedies,
        }
    }

    /// Time passes, and these ran.
    pub fn tick(&mut self, time: Duration, work: &[Work]) -> Tick {
        let load: f64 = work.iter().map(|work| work.load).sum();
        let process = |work: &Work| {
            let id = ProcessId { pid: work.pid, start: u64::from(work.pid) * 1_000_000 };
            let identity = Identity {
                name: work.name.into(),
                cmdline: work.command.map(String::from),
                user: work.user.map(String::from),
                kind: work.kind,
                ..Identity::default()
            };
            let cpu = CpuTime(vec![time.mul_f64(work.load).as_nanos() as u64]);
            let thread = |(pid, load): &(u32, f64)| ThreadActivity {
                id: ProcessId { pid: *pid, ..id },
                name: format!("t{pid}").into(),
                ended: false,
                cpu: CpuTime(vec![time.mul_f64(*load).as_nanos() as u64]),
            };
            ProcessActivity {
                threads: work.threads.iter().map(thread).collect(),
                ..ProcessActivity::new(id, Arc::new(identity), work.ended, cpu)
            }
        };
        let next = Sample {
            time: self.previous.time + time,
            monotonic: self.previous.monotonic + time,
            boottime: self.previous.boottime + time,
            meters: self.read(time, load),
            gpus: self.gpus.clone(),
            activity: Activity {
                processes: work.iter().map(process).collect(),
                missed: CpuTime(vec![time.mul_f64(0.01).as_nanos() as u64]),
                lost: std::mem::take(&mut self.lost),
                ..Activity::default()
            },
            ..self.previous.clone()
        };
        self.gap = false;
        let frame = attribute(&self.previous, &next, &self.method);
        self.previous = next;
        let placed = self.jobs.frame(&frame);
        Tick { frame, intensity: Arc::new(intensity()), placed, findings: Vec::new() }
    }

    fn read(&self, time: Duration, load: f64) -> Vec<MeterReading> {
        let before = |id: &str| {
            self.previous.meters.iter().find(|meter| meter.meter.id == id).map_or(0, |meter| {
                match meter.reading {
                    Reading::Counter { microjoules, .. } => microjoules,
                    _ => 0,
                }
            })
        };
        let counter = |id: &str, watts: f64| Reading::Counter {
            microjoules: before(id) + (watts * time.as_secs_f64() * 1e6) as u64,
            range: 262_143_328_850,
            limit: Watts(1000.0),
        };
        let absent = |why: &str| Reading::Absent(why.into());
        let meter = |id: &str, domain, source: &str, reading| MeterReading {
            meter: Arc::new(Meter {
                id: id.into(),
                domain,
                source: source.into(),
                cells: vec![0],
                role: Role::Part,
                includes: String::new(),
            }),
            reading,
        };
        let package = |reading| meter("package-0", Domain::Package, "powercap", reading);
        let dram = |reading| meter("dram-0", Domain::Dram, "powercap", reading);
        let gpus = self.gpus.iter().map(|reading| MeterReading {
            meter: Arc::new(Meter {
                id: reading.gpu.id.clone(),
                domain: Domain::Gpu,
                source: "test".into(),
                cells: Vec::new(),
                role: Role::Part,
                includes: String::new(),
            }),
            reading: match &reading.state {
                Err(why) => absent(why),
                Ok(_) => counter(&reading.gpu.id, 100.0),
            },
        });
        let mut all = match self.meters {
            Meters::Measured if self.gap => vec![
                package(absent("went away while it was read")),
                dram(absent("went away while it was read")),
            ],
            Meters::Measured => vec![
                package(counter("package-0", 9.3 + 7.1 * load)),
                dram(counter("dram-0", 2.2 + 0.6 * load)),
            ],
            Meters::Estimated => vec![
                package(Reading::Model(PowerModel::half_to_twice(Line {
                    idle: Watts(10.0),
                    full: Watts(65.0),
                }))),
                dram(absent("this CPU has no meter for its memory")),
            ],
            Meters::None => vec![
                package(absent("only root may read intel-rapl:0/energy_uj; run sudo jouletop")),
                dram(absent("only root may read intel-rapl:0:0/energy_uj; run sudo jouletop")),
            ],
        };
        all.extend(gpus);
        all
    }
}

/// A GPU that shows this, and that nobody is on.
pub fn gpu(number: usize, state: Result<GpuState, String>) -> GpuReading {
    let gpu = Gpu {
        id: format!("gpu-{number}"),
        name: "NVIDIA L4".into(),
        vendor: Vendor::Nvidia,
        uuid: None,
        bus: None,
        instances: Vec::new(),
        lacks: Vec::new(),
    };
    GpuReading { gpu: Arc::new(gpu), state, activity: GpuActivity::default() }
}

/// The world's mean.
pub fn intensity() -> Intensity {
    Intensity {
        value: GramsPerKwh::of_grams_per_kwh(473.0),
        zone: Some("WORLD".into()),
        basis: Basis::WorldAverage { year: 2024, source: "a table".into() },
        ..Intensity::world()
    }
}

/// An afternoon: a build, a browser, a database, and what tries a terminal's patience.
pub fn afternoon(minute: usize) -> Vec<Work> {
    let wave = |period: usize, phase: usize| {
        let at = (minute + phase) % period;
        at as f64 / period as f64
    };
    let root = |mut work: Work| {
        work.user = Some("root");
        work
    };
    let mut all = vec![
        Work {
            command: Some("/usr/lib/firefox/firefox -contentproc -isForBrowser tab 14"),
            ..work(2101, "firefox", 0.3 + 0.5 * wave(9, 0))
        },
        Work { user: Some("postgres"), ..work(911, "postgres", 0.12) },
        Work {
            command: Some("rust-analyzer --log-file /home/alice/.cache/ra.log"),
            ..work(30_412, "rust-analyzer", 0.9 * wave(13, 4))
        },
        work(4_194_303, "日本語の長い名前のプロセス", 0.03),
        work(2950, "a\u{1b}[2Jb\u{202e}c", 0.002),
        Work { user: Some("systemd-timesync"), ..work(640, "systemd-timesyncd", 0.000_01) },
        root(Work { kind: Kind::Kernel, ..work(17, "kworker/0:1", 0.02) }),
        root(Work { kind: Kind::Tool, ..work(5000, "jouletop", 0.004) }),
        root(work(1, "systemd", 0.0004)),
    ];
    if minute.is_multiple_of(3) {
        let pid = 31_000 + minute as u32;
        let command = Some("/usr/libexec/gcc/x86_64-linux-gnu/12/cc1 -quiet main.c -o main.s");
        all.push(Work { command, ended: true, ..work(pid, "cc1", 0.95) });
    }
    for job in 0..3 {
        let command = Some("rustc --crate-name jouletop --edition=2024 src/lib.rs");
        let load = 0.5 + 0.5 * wave(5, job as usize);
        all.push(Work { command, ..work(40_001 + job, "rustc", load) });
    }
    all
}
