//! What a sample costs user space: jouletop's reader, beside an iterator over all tasks.
//!
//! The design that does nothing on a switch pays here, and at each migration.

use std::path::Path;

use anyhow::Context as _;
use aya::{
    Btf,
    sys::{Stats, enable_stats},
};
use jouletop::{
    clock,
    probe::{
        Probe as _,
        bpf::{BpfProbe, Options},
    },
    topology::Topology,
};

use crate::bench::{
    cpu::migrate,
    programs::{Attachable, RECORDS, SAMPLE},
    spread::Spread,
    switches::Ring,
};

/// Seconds a sample.
pub struct Samples {
    /// All that jouletop does between the kernel's memory and who ran.
    pub reader: Spread,
    /// The kernel's walk alone, without what user space would make of it.
    pub iterator: Spread,
}

/// Samples while the ring's processes live, each after all of them ran.
pub fn measure(ring: &mut Ring, btf: &Btf, rounds: usize) -> anyhow::Result<Samples> {
    let cpus = aya::util::nr_cpus().map_err(|(path, error)| anyhow::anyhow!("{path}: {error}"))?;
    let topology = Topology::read(Path::new("/sys"), cpus);
    let mut reader = BpfProbe::open(Path::new("/proc"), topology, Options::default())?;
    let mut iterator = Attachable::load(&RECORDS, btf)?;
    iterator.load_iterator(SAMPLE, btf)?;
    // The first sample looks up everybody's name.
    ring.stir()?;
    reader.activity()?;
    let (mut readers, mut iterators) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ring.stir()?;
        readers.push(seconds(|| reader.activity().map(drop))?);
        iterators.push(seconds(|| iterator.iterate(SAMPLE))?);
    }
    let spread = |series: &[f64]| Spread::of(series).context("no rounds; raise --rounds");
    Ok(Samples { reader: spread(&readers)?, iterator: spread(&iterators)? })
}

fn seconds(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = clock::now().monotonic;
    work()?;
    Ok(clock::now().monotonic.saturating_sub(before).as_secs_f64())
}

/// Nanoseconds a migration of the hooks that record them; none where there is one CPU.
pub fn migrations(rounds: usize) -> anyhow::Result<Option<Spread>> {
    const MIGRATIONS: usize = 500;
    let _statistics = enable_stats(Stats::RunTime)?;
    let mut hooks = Attachable::load(&RECORDS, &Btf::from_sys_fs()?)?;
    let mut costs = Vec::new();
    for _ in 0..rounds {
        let before = hooks.cost()?;
        hooks.attach()?;
        migrate(MIGRATIONS)?;
        hooks.detach()?;
        let cost = hooks.cost()?.since(before);
        if cost.switches != 0 {
            costs.push(cost.ns_a_switch());
        }
        hooks.buffers().iter_mut().for_each(|buffer| while buffer.next().is_some() {});
    }
    Ok(Spread::of(&costs))
}
