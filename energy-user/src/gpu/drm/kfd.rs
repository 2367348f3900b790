//! Who computes on AMD's GPUs through ROCm, as the kernel's `kfd` tells it.
//!
//! Queues of ROCm bypass the engines that `fdinfo` counts: their holders are named here, with
//! their memory, and not their time. Its topology also tells a GPU that is part of a CPU.

use std::{fs, path::Path};

use super::{card::Found, state::number};
use crate::files;

/// A node of the topology that is a GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// By which its files are named.
    id: u64,
    /// It has cores of a CPU, too.
    pub is_apu: bool,
}

/// The nodes of a device; a device in partitions has several.
pub fn nodes(sysfs: &Path, found: &Found) -> Vec<Node> {
    let root = sysfs.join("class/kfd/kfd/topology/nodes");
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut nodes: Vec<_> = entries
        .filter_map(|entry| {
            let text = files::read(&entry.path().join("properties")).ok()?;
            let property = |key: &str| {
                let lines = text.lines().filter_map(|line| line.split_once(' '));
                let value = lines.filter(|(found, _)| *found == key).map(|(_, value)| value).next();
                value?.trim().parse::<u64>().ok()
            };
            let minor = property("drm_render_minor").filter(|&minor| minor > 0)?;
            let at = property("location_id").zip(property("domain"));
            let same = at.is_some_and(|(location, domain)| found.bus == bus(domain, location));
            (same || found.nodes.contains(&format!("renderD{minor}"))).then_some(())?;
            let id = number(&entry.path().join("gpu_id")).filter(|&id| id > 0)?;
            Some(Node { id, is_apu: property("cpu_cores_count").is_some_and(|cores| cores > 0) })
        })
        .collect();
    nodes.sort_by_key(|node| node.id);
    nodes
}

/// `0000:03:00.0`, of a number whose upper half is a partition's.
fn bus(domain: u64, location: u64) -> String {
    let [bus, device, function] = [location >> 8 & 0xff, location >> 3 & 0x1f, location & 7];
    format!("{domain:04x}:{bus:02x}:{device:02x}.{function}")
}

/// The processes that hold memory of these nodes, with how much, bytes.
pub fn holders(sysfs: &Path, nodes: &[Node]) -> Vec<(u32, u64)> {
    if nodes.is_empty() {
        return Vec::new();
    }
    let entries = fs::read_dir(sysfs.join("class/kfd/kfd/proc")).into_iter().flatten().flatten();
    let mut holders: Vec<_> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let memory = |node: &Node| number(&entry.path().join(format!("vram_{}", node.id)));
            let memory = nodes.iter().filter_map(memory).fold(0, u64::saturating_add);
            // Whoever opens `/dev/kfd` is listed for every GPU, also for those it leaves alone.
            (memory > 0).then_some((pid, memory))
        })
        .collect();
    holders.sort_unstable();
    holders
}
