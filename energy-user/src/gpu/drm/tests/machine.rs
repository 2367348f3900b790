//! A machine with GPUs, as sysfs and `/proc` show it, that goes on from second to second.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tempfile::TempDir;

use super::super::*;
use crate::{
    attribute::{Method, attribute},
    frame::Frame,
    gpu::{Acquaintances, Directory, Gpus, Person},
    sample::{CpuTime, Identity, ProcessActivity, ProcessId, Reading, Sample},
};

const SECOND: Duration = Duration::from_secs(1);

/// The tree, the processes in it, and the reader under test.
pub struct World {
    root: TempDir,
    people: Book,
    known: Acquaintances,
    driver: Option<Box<dyn Driver>>,
    now: Duration,
    last: Option<Sample>,
    ran: Vec<u32>,
}

#[derive(Default)]
struct Book(HashMap<u32, Person>);

impl Directory for Book {
    fn who(&mut self, pid: u32) -> Option<Person> {
        self.0.get(&pid).cloned()
    }
}

impl World {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["sys/class/drm", "proc"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        Self {
            root,
            people: Book::default(),
            known: Acquaintances::default(),
            driver: None,
            // Long after the start of the machine and of everybody.
            now: SECOND * 1000,
            last: None,
            ran: Vec::new(),
        }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A card with its device and its sensors: files of the device by their path.
    pub fn card(&self, number: u32, bus: &str, driver: &str, model: &str, files: &[(&str, &str)]) {
        let device = format!("sys/devices/{bus}");
        let uevent =
            format!("DRIVER={driver}\nPCI_CLASS=30000\nPCI_ID={model}\nPCI_SLOT_NAME={bus}\n");
        self.write(&format!("{device}/uevent"), uevent);
        for node in [format!("card{number}"), format!("renderD{}", 128 + number)] {
            let own = format!("{device}/drm/{node}");
            fs::create_dir_all(self.path(&own)).unwrap();
            symlink("../..", self.path(&own).join("device")).unwrap();
            let class = self.path("sys/class/drm").join(&node);
            symlink(format!("../../devices/{bus}/drm/{node}"), class).unwrap();
        }
        fs::create_dir_all(self.path(&format!("{device}/drm/card{number}/card{number}-DP-1")))
            .unwrap();
        let connector = self.path(&format!("sys/class/drm/card{number}-DP-1"));
        symlink(format!("../../devices/{bus}/drm/card{number}/card{number}-DP-1"), connector)
            .unwrap();
        self.write(&format!("{device}/hwmon/hwmon{number}/name"), format!("{driver}\n"));
        for (file, text) in files {
            self.write(&format!("{device}/{file}"), format!("{text}\n"));
        }
    }

    pub fn remove_card(&self, number: u32, bus: &str) {
        for node in [
            format!("card{number}"),
            format!("renderD{}", 128 + number),
            format!("card{number}-DP-1"),
        ] {
            fs::remove_file(self.path("sys/class/drm").join(node)).unwrap();
        }
        fs::remove_dir_all(self.path(&format!("sys/devices/{bus}"))).unwrap();
    }

    /// A process that began at a second after the machine.
    pub fn process(&mut self, pid: u32, start: u64, parent: Option<u32>) {
        let id = |pid, start| ProcessId { pid, start: start * 1_000_000_000 };
        let parent = parent.map(|pid| id(pid, 1));
        let identity = Identity { name: format!("p{pid}"), parent, ..Identity::default() };
        self.people.0.insert(pid, (id(pid, start), Arc::new(identity)));
        for directory in ["fd", "fdinfo"] {
            fs::create_dir_all(self.path(&format!("proc/{pid}/{directory}"))).unwrap();
        }
    }

    pub fn end(&mut self, pid: u32) {
        self.people.0.remove(&pid);
        fs::remove_dir_all(self.path(&format!("proc/{pid}"))).unwrap();
    }

    /// A descriptor of a node, as its driver tells of it.
    pub fn open(&self, pid: u32, number: u32, node: &str, text: &str) {
        let link = self.path(&format!("proc/{pid}/fd/{number}"));
        if link.symlink_metadata().is_err() {
            symlink(Path::new("/dev/dri").join(node), link).unwrap();
        }
        self.write(&format!("proc/{pid}/fdinfo/{number}"), format!("pos:\t0\nflags:\t02\n{text}"));
    }

    pub fn close(&self, pid: u32, number: u32) {
        for directory in ["fd", "fdinfo"] {
            fs::remove_file(self.path(&format!("proc/{pid}/{directory}/{number}"))).unwrap();
        }
    }

    /// Who runs until the next sample.
    pub fn run(&mut self, pids: &[u32]) {
        self.ran = pids.to_vec();
    }

    fn moment(&self) -> Moment {
        Moment { time: Timestamp::UNIX_EPOCH, monotonic: self.now, boottime: self.now }
    }

    pub fn driver(&mut self) -> &mut Box<dyn Driver> {
        let scope =
            Scope { sysfs: self.path("sys"), proc: self.path("proc"), nvml: None, own: false };
        self.driver.get_or_insert_with(|| open(&scope).unwrap())
    }

    /// So many seconds later: a look between samples.
    pub fn poll(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
        let now = self.now;
        self.driver().poll(now);
    }

    /// So many seconds later: a sample.
    pub fn sample(&mut self, seconds: f64) -> Sample {
        self.now += Duration::from_secs_f64(seconds);
        let at = self.moment();
        let meters = self.driver().energies(at);
        let ran: Vec<_> = std::mem::take(&mut self.ran)
            .into_iter()
            .map(|pid| {
                let (id, identity) = self.people.0[&pid].clone();
                ProcessActivity::new(id, identity, false, CpuTime::default())
            })
            .collect();
        let Self { known, people, driver, .. } = self;
        let mut people = People::new(known, people, &ran, at.monotonic);
        let gpus = driver.as_mut().unwrap().readings(at, &mut people);
        people.bury();
        Sample {
            monotonic: at.monotonic,
            boottime: at.boottime,
            meters,
            gpus,
            ..Sample::nothing(1)
        }
    }

    /// So many seconds later: the frame since the call before.
    pub fn frame(&mut self, seconds: f64) -> Frame {
        let next = self.sample(seconds);
        let prev = self.last.replace(next.clone()).expect("a first sample");
        attribute(&prev, &next, &Method::default())
    }

    /// The first sample.
    pub fn begin(&mut self) -> Sample {
        let first = self.sample(0.0);
        self.last = Some(first.clone());
        first
    }
}

/// Microjoules of GPUs: of each process, and of nobody.
pub fn paid(frame: &Frame) -> (Vec<(u32, u64)>, u64, u64) {
    let gpu = |energy: &crate::frame::Energy| energy.gpu.unwrap_or_default().0;
    let mut all: Vec<_> =
        frame.processes.iter().map(|one| (one.id.pid, gpu(&one.share.energy))).collect();
    all.retain(|(_, energy)| *energy > 0);
    all.sort_unstable();
    let (nobody, idle) = (gpu(&frame.unattributed.energy), gpu(&frame.idle.energy));
    let rows = all.iter().map(|(_, energy)| energy).sum::<u64>() + nobody + idle;
    assert_eq!(rows, gpu(&frame.total), "rows are the total");
    (all, nobody, idle)
}

/// What the only meter said.
pub fn counter(sample: &Sample) -> Option<u64> {
    match &sample.meters.first()?.reading {
        Reading::Counter { microjoules, .. } => Some(*microjoules),
        _ => None,
    }
}

/// Both vendors' readers find nothing to trip over.
pub fn gpus(world: &World) -> Gpus {
    let scope =
        Scope { sysfs: world.path("sys"), proc: world.path("proc"), nvml: None, own: false };
    Gpus::open(&scope).unwrap()
}
