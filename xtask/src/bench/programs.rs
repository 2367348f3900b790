//! What is measured: the rows, and how a row is loaded, attached and read.

use std::{fs, time::Duration};

use anyhow::Context as _;
use aya::{
    Btf, Ebpf,
    maps::{Map, MapData, RingBuf},
    programs::{BtfTracePoint, tp_btf::BtfTracePointLinkId},
};
use jouletop::probe::bpf::{Options, load};

use crate::ebpf;

/// A row of the table.
pub struct Program {
    pub label: &'static str,
    object: Object,
    /// Programs of the object and their tracepoints, first the one that sees each switch.
    /// The time of all of them counts.
    hooks: &'static [(&'static str, &'static str)],
}

/// Where the programs come from.
enum Object {
    /// `energy-ebpf/prebuilt`, loaded as it is.
    Committed(&'static str),
    /// The probe, loaded by jouletop. What is not among the hooks stays attached throughout.
    Jouletop,
}

/// What the probe's row is called.
pub const PROBE: &str = "jouletop's probe";

/// The first two are the yardsticks that the others are compared with.
pub const PROGRAMS: [Program; 3] = [
    Program {
        label: "empty",
        object: Object::Committed("jouletop-bench"),
        hooks: &[("empty", "sched_switch")],
    },
    Program {
        label: "clock, difference, counter",
        object: Object::Committed("jouletop-bench"),
        hooks: &[("clock", "sched_switch")],
    },
    Program { label: PROBE, object: Object::Jouletop, hooks: &[("sched_switch", "sched_switch")] },
];

/// A row's programs in the kernel, with an instance of their maps.
pub struct Attachable {
    ebpf: Ebpf,
    hooks: &'static [(&'static str, &'static str)],
    links: Vec<(&'static str, BtfTracePointLinkId)>,
}

impl Attachable {
    pub fn load(row: &'static Program, btf: &Btf) -> anyhow::Result<Self> {
        let ebpf = match row.object {
            Object::Committed(name) => {
                let bytes = fs::read(ebpf::committed(name))
                    .with_context(|| format!("{name}.o; build it: cargo xtask ebpf build"))?;
                Ebpf::load(&bytes)?
            }
            Object::Jouletop => load(Options::default())?.ebpf,
        };
        let mut loaded = Self { ebpf, hooks: row.hooks, links: Vec::new() };
        for (name, tracepoint) in row.hooks {
            let program = loaded.program(name)?;
            if let Object::Jouletop = row.object {
                // It came attached; here everybody is attached anew in each round.
                program.unload()?;
            }
            program.load(tracepoint, btf)?;
        }
        Ok(loaded)
    }

    pub fn attach(&mut self) -> anyhow::Result<()> {
        for (name, _) in self.hooks {
            let link = self.program(name)?.attach()?;
            self.links.push((name, link));
        }
        Ok(())
    }

    pub fn detach(&mut self) -> anyhow::Result<()> {
        for (name, link) in std::mem::take(&mut self.links) {
            self.program(name)?.detach(link)?;
        }
        Ok(())
    }

    /// Time in all hooks, and runs of the first, since they were loaded.
    pub fn spent(&self) -> anyhow::Result<(Duration, u64)> {
        let mut time = Duration::ZERO;
        let mut switches = None;
        for (name, _) in self.hooks {
            let program = self.ebpf.program(name).with_context(|| missing(name))?;
            let info = program.info()?;
            time += info.run_time();
            switches.get_or_insert(info.run_count());
        }
        Ok((time, switches.unwrap_or(0)))
    }

    /// Its ring buffers, to be emptied.
    pub fn buffers(&mut self) -> Vec<RingBuf<&mut MapData>> {
        let rings = self.ebpf.maps_mut().filter(|(_, map)| matches!(map, Map::RingBuf(_)));
        rings.filter_map(|(_, map)| map.try_into().ok()).collect()
    }

    fn program(&mut self, name: &str) -> anyhow::Result<&mut BtfTracePoint> {
        let program = self.ebpf.program_mut(name).with_context(|| missing(name))?;
        Ok(program.try_into()?)
    }
}

fn missing(name: &str) -> String {
    format!("the object has no program {name}; rebuild it: cargo xtask ebpf build")
}
