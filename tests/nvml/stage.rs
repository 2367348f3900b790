//! A reader on the stage of a scenario, whose time a test steps.
//!
//! The library is the fake one, loaded as the real one would be. It plays one scenario in a
//! process and is told of it by the environment, so each test runs in a process of its own.

use std::{
    collections::HashMap,
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use jouletop::{
    attribute::{Method, attribute},
    clock::Moment,
    frame::{Frame, Share},
    gpu::{Directory, Gpus, Person, Scope},
    sample::{
        Activity, CpuTime, GpuReading, Identity, Machine, ProbeKind, ProcessActivity, ProcessId,
        Reading, Sample,
    },
};

/// Names the folder of a test to the process that plays it.
const FOLDER: &str = "JOULETOP_NVML_TEST";

/// A microjoule is one, a joule a million.
pub const JOULE: u64 = 1_000_000;

/// Runs a test in a process of its own: true there, and false in the first one, for which it
/// has then passed.
pub fn apart(name: &str, scenario: &str) -> bool {
    if env::var_os(FOLDER).is_some() {
        return true;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |file: &str| folder.path().join(file);
    fs::write(path("scenario.toml"), scenario).unwrap();
    fs::write(path("clock"), "0").unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .env("FAKE_NVML_SCENARIO", path("scenario.toml"))
        .env("FAKE_NVML_CLOCK", path("clock"))
        .env("FAKE_NVML_CALLS", path("calls"))
        .env("FAKE_NVML_WOKEN", path("woken"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{words}");
    false
}

/// The folder of this test.
pub fn folder() -> PathBuf {
    env::var_os(FOLDER).unwrap().into()
}

/// The fake library, which cargo puts beside this test.
pub fn library() -> PathBuf {
    let library = env::current_exe().unwrap().with_file_name("libfake_nvml.so");
    assert!(library.exists(), "{} is missing; cargo build -p fake-nvml", library.display());
    library
}

/// Everybody who lives, by number: when they began, and what they are called.
#[derive(Default)]
pub struct Book(pub HashMap<u32, (u64, &'static str)>);

impl Directory for Book {
    fn who(&mut self, pid: u32) -> Option<Person> {
        let &(start, name) = self.0.get(&pid)?;
        let identity = Identity { name: name.into(), ..Identity::default() };
        Some((ProcessId { pid, start }, Arc::new(identity)))
    }
}

/// A reader and the sample before.
pub struct Stage {
    pub gpus: Gpus,
    pub book: Book,
    pub method: Method,
    /// Who ended since the sample before.
    pub ended: Vec<u32>,
    before: Option<Sample>,
}

impl Stage {
    /// With these processes alive.
    pub fn new(pids: &[u32]) -> Self {
        let scope = scope();
        Self::with(Gpus::open(&scope).unwrap(), pids)
    }

    pub fn with(gpus: Gpus, pids: &[u32]) -> Self {
        let book = Book(pids.iter().map(|&pid| (pid, (1, "job"))).collect());
        Self { gpus, book, method: Method::default(), ended: Vec::new(), before: None }
    }

    /// The sample at so many milliseconds.
    pub fn sample(&mut self, ms: u64) -> Sample {
        step(ms);
        let moment = moment(ms);
        let meters = self.gpus.energies(moment);
        let mut activity = Activity::default();
        for pid in self.ended.drain(..) {
            let (id, identity) = self.book.who(pid).unwrap();
            self.book.0.remove(&pid);
            activity.processes.push(ProcessActivity::new(id, identity, true, CpuTime::default()));
        }
        let gpus = self.gpus.readings(moment, &mut self.book, &activity.processes);
        let Moment { time, monotonic, boottime } = moment;
        let (machine, probe) = (Arc::new(Machine::default()), ProbeKind::Simulated);
        Sample { time, monotonic, boottime, machine, probe, meters, clocks: None, gpus, activity }
    }

    /// The frame of the interval up to so many milliseconds; none with the first sample.
    pub fn frame(&mut self, ms: u64) -> Option<Frame> {
        let next = self.sample(ms);
        let before = self.before.replace(next.clone())?;
        let frame = attribute(&before, &next, &self.method);
        balances(&frame);
        Some(frame)
    }

    /// What the frame up to so many milliseconds says of some processes, of nobody, and of the
    /// devices at rest: microjoules.
    pub fn shares<const N: usize>(&mut self, ms: u64, pids: [u32; N]) -> ([u64; N], u64, u64) {
        let frame = self.frame(ms).unwrap();
        let [idle, unattributed] = [&frame.idle, &frame.unattributed].map(gpu);
        (pids.map(|pid| of(&frame, pid)), unattributed, idle)
    }

    /// The last sample of the first device.
    pub fn first(&self) -> &GpuReading {
        &self.before.as_ref().unwrap().gpus[0]
    }

    /// Why the first meter said nothing in the last sample.
    pub fn absence(&self) -> Option<&str> {
        match &self.before.as_ref().unwrap().meters[0].reading {
            Reading::Absent(why) => Some(why),
            _ => None,
        }
    }
}

/// Where the reader looks: nothing but the fake library.
pub fn scope() -> Scope {
    let root = folder();
    Scope { sysfs: root.join("sys"), proc: root.join("proc"), nvml: Some(library()), own: false }
}

/// Sets the scenario's clock, whole: the library must not read it while it is written.
pub fn step(ms: u64) {
    let (new, clock) = (folder().join("clock.new"), folder().join("clock"));
    fs::write(&new, (ms * 1_000_000).to_string()).unwrap();
    fs::rename(&new, &clock).unwrap();
}

/// The same moment on our clocks. The machine is up for a hundred seconds at the start.
pub fn moment(ms: u64) -> Moment {
    let time = Timestamp::from_millisecond(1_800_000_000_000 + ms.cast_signed()).unwrap();
    let monotonic = Duration::from_millis(100_000 + ms);
    Moment { time, monotonic, boottime: monotonic }
}

/// A device of NVIDIA's on the bus.
pub fn on_bus(address: &str, status: &str) {
    let path = folder().join("sys/bus/pci/devices").join(address);
    fs::create_dir_all(path.join("power")).unwrap();
    fs::write(path.join("vendor"), "0x10de\n").unwrap();
    fs::write(path.join("class"), "0x030200\n").unwrap();
    fs::write(path.join("power/runtime_status"), format!("{status}\n")).unwrap();
    let driver = path.join("driver");
    if !driver.is_symlink() {
        symlink("../../../bus/pci/drivers/nvidia", driver).unwrap();
    }
}

/// We are in this PID namespace, and these have a GPU open.
pub fn namespace(inode: u64, open: &[u32]) {
    let proc = folder().join("proc");
    fs::create_dir_all(proc.join("self/ns")).unwrap();
    symlink(format!("pid:[{inode}]"), proc.join("self/ns/pid")).unwrap();
    for pid in open {
        let descriptors = proc.join(pid.to_string()).join("fd");
        fs::create_dir_all(&descriptors).unwrap();
        symlink(Path::new("/dev/nvidia0"), descriptors.join("5")).unwrap();
    }
}

/// What a share has of the GPUs.
pub fn gpu(share: &Share) -> u64 {
    share.energy.gpu.map_or(0, |energy| energy.0)
}

/// What a process has of the GPUs.
pub fn of(frame: &Frame, pid: u32) -> u64 {
    let rows = frame.processes.iter().filter(|process| process.id.pid == pid);
    rows.map(|process| gpu(&process.share)).sum()
}

/// All rows are the whole, to the microjoule.
pub fn balances(frame: &Frame) {
    let processes: u64 = frame.processes.iter().map(|process| gpu(&process.share)).sum();
    let others: u64 = frame.other_rows().iter().filter_map(|(_, row)| row.map(gpu)).sum();
    let whole: u64 = frame.meters.iter().filter_map(|meter| meter.energy).map(|of| of.0).sum();
    assert_eq!(processes + others, whole, "{frame:#?}");
}
