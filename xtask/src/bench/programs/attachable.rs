//! How a row is loaded, attached, seeded and read.

use std::{fs, io::Read as _, ops::AddAssign, time::Duration};

use anyhow::{Context as _, ensure};
use aya::{
    Btf, Ebpf, EbpfLoader,
    maps::{Map, MapData, PerCpuArray, Queue, RingBuf},
    programs::{BtfTracePoint, Iter, tp_btf::BtfTracePointLinkId},
};
use jouletop::{
    probe::bpf::{Counters, kernel_offsets, load_for},
    topology::Topology,
};

use super::{Hook, Object, Program};
use crate::{ebpf, shell};

const OBJECT: &str = "jouletop-bench";
/// Processes that the candidates have room for: as in energy-ebpf/src/bench/slice.rs.
const PROCESSES: u32 = 1 << 14;

/// A row's programs in the kernel, with an instance of their maps.
pub struct Attachable {
    row: &'static Program,
    ebpf: Ebpf,
    /// Held open, so that they count.
    _counters: Option<Counters>,
    links: Vec<(&'static str, BtfTracePointLinkId)>,
}

/// Time that was spent, and on how many switches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub time: Duration,
    pub switches: u64,
}

impl Cost {
    pub fn since(self, before: Self) -> Self {
        Self {
            time: self.time.saturating_sub(before.time),
            switches: self.switches.saturating_sub(before.switches),
        }
    }

    pub fn ns_a_switch(self) -> f64 {
        self.time.as_nanos() as f64 / self.switches.max(1) as f64
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.time += more.time;
        self.switches += more.switches;
    }
}

impl Attachable {
    pub fn load(row: &'static Program, btf: &Btf) -> anyhow::Result<Self> {
        let (ebpf, counters) = match row.object {
            Object::Bench => (load_bench(btf)?, None),
            Object::Jouletop(options) => {
                let (loaded, counters) = load_for(options(), &one_core()?)?;
                (loaded.ebpf, counters)
            }
        };
        let mut loaded = Self { row, ebpf, links: Vec::new(), _counters: counters };
        for (name, tracepoint) in row.hooks {
            let program = loaded.program(name)?;
            if let Object::Jouletop(_) = row.object {
                // It came attached; here everybody is attached anew in each round.
                program.unload()?;
            }
            program.load(tracepoint, btf)?;
        }
        if let Some(name) = row.seed {
            loaded.load_iterator(name, btf)?;
        }
        Ok(loaded)
    }

    pub fn attach(&mut self) -> anyhow::Result<()> {
        for (name, _) in self.row.hooks {
            let link = self.program(name)?.attach()?;
            self.links.push((name, link));
        }
        if let Some(name) = self.row.seed {
            self.iterate(name)?;
        }
        Ok(())
    }

    pub fn detach(&mut self) -> anyhow::Result<()> {
        for (name, link) in std::mem::take(&mut self.links) {
            self.program(name)?.detach(link)?;
        }
        Ok(())
    }

    /// Spent since it was loaded.
    pub fn cost(&self) -> anyhow::Result<Cost> {
        let mut cost = Cost::default();
        for (index, hook) in self.row.hooks.iter().enumerate() {
            let (time, runs) = self.spent(hook)?;
            if index == 0 {
                cost.switches = runs;
            }
            if index != 0 || !self.row.only_counts {
                cost.time += time;
            }
        }
        Ok(cost)
    }

    fn spent(&self, (name, _): &Hook) -> anyhow::Result<(Duration, u64)> {
        let info = self.ebpf.program(name).with_context(|| missing(name))?.info()?;
        Ok((info.run_time(), info.run_count()))
    }

    /// Its ring buffers, to be emptied.
    pub fn buffers(&mut self) -> Vec<RingBuf<&mut MapData>> {
        let maps = self.ebpf.maps_mut();
        let rings = maps.filter(|(_, map)| matches!(map, Map::RingBuf(_)));
        rings.filter_map(|(_, map)| map.try_into().ok()).collect()
    }

    /// Fails if it is cheap because it gives many slices to nobody.
    pub fn check(&self) -> anyhow::Result<()> {
        let Object::Bench = self.row.object else { return Ok(()) };
        let map = self.ebpf.map("CURRENT").with_context(|| missing("CURRENT"))?;
        let current = PerCpuArray::<_, [u64; 3]>::try_from(map)?.get(&0, 0)?;
        let missed = current.iter().map(|[.., missed]| missed).sum::<u64>();
        let switches = self.cost()?.switches;
        ensure!(
            missed <= switches / 50,
            "{}: {missed} of {switches} slices were given to nobody, so its cost says nothing; \
             ask for fewer processes with --live",
            self.row.label
        );
        Ok(())
    }

    pub fn load_iterator(&mut self, name: &'static str, btf: &Btf) -> anyhow::Result<()> {
        Ok(self.iterator(name)?.load("task", btf)?)
    }

    /// Lets an iterator go over all tasks; what it gives is dropped.
    pub fn iterate(&mut self, name: &'static str) -> anyhow::Result<()> {
        let iterator = self.iterator(name)?;
        let link = iterator.attach()?;
        let mut file = iterator.take_link(link)?.into_file()?;
        let mut buffer = vec![0; 1 << 20];
        while file.read(&mut buffer)? != 0 {}
        Ok(())
    }

    fn program(&mut self, name: &str) -> anyhow::Result<&mut BtfTracePoint> {
        let program = self.ebpf.program_mut(name).with_context(|| missing(name))?;
        Ok(program.try_into()?)
    }

    fn iterator(&mut self, name: &str) -> anyhow::Result<&mut Iter> {
        let program = self.ebpf.program_mut(name).with_context(|| missing(name))?;
        Ok(program.try_into()?)
    }
}

/// The yardsticks and candidates, told where this kernel keeps what they read.
fn load_bench(btf: &Btf) -> anyhow::Result<Ebpf> {
    let bytes = fs::read(ebpf::committed(OBJECT))
        .with_context(|| format!("{OBJECT}.o; build it: cargo xtask ebpf build"))?;
    let cpus = aya::util::nr_cpus().map_err(|(path, error)| anyhow::anyhow!("{path}: {error}"))?;
    let offsets = kernel_offsets()?;
    let mut loader = EbpfLoader::new();
    // Storage of tasks is unknown to aya, which need not do anything with it.
    loader.btf(Some(btf)).allow_unsupported_maps();
    loader.map_max_entries("SLOTS", PROCESSES * cpus as u32);
    for (name, offset) in &offsets {
        loader.override_global(name, offset, true);
    }
    let mut ebpf = loader.load(&bytes)?;
    let free = ebpf.map_mut("FREE").with_context(|| missing("FREE"))?;
    let mut free = Queue::<_, u32>::try_from(free)?;
    for slot in 0..PROCESSES {
        free.push(slot, 0)?;
    }
    Ok(ebpf)
}

fn missing(name: &str) -> String {
    format!("the object has nothing named {name}; rebuild it: cargo xtask ebpf build")
}

/// A made-up machine whose first two CPUs share a core, so that overlap has to be counted.
fn one_core() -> anyhow::Result<Topology> {
    let root = shell::target().join("bench-sysfs");
    let cpus = root.join("devices/system/cpu");
    for cpu in ["cpu0", "cpu1"] {
        let topology = cpus.join(cpu).join("topology");
        fs::create_dir_all(&topology)?;
        fs::write(topology.join("physical_package_id"), "0\n")?;
        fs::write(topology.join("thread_siblings_list"), "0-1\n")?;
    }
    fs::write(cpus.join("online"), "0-1\n")?;
    Ok(Topology::read(&root, 2))
}
