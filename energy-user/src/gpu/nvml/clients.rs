//! Who holds a device, by the lists that its driver keeps.
//!
//! There are three: for computing, for graphics, and for computing through the multi-process
//! service. A process may be on several; it is one client, and holds its memory once. A list
//! that could not be read is not an empty one.

use std::collections::BTreeMap;

use nvml_wrapper::{
    Device, enums::device::UsedGpuMemory, error::NvmlError, struct_wrappers::device::ProcessInfo,
};

use super::words::{self, Kind};
use crate::sample::Context;

/// A process on the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The number that the driver gives.
    pub pid: u32,
    /// The strongest of what it holds.
    pub context: Context,
    /// Memory that it holds, bytes.
    pub memory: Option<u64>,
    /// The GPU instance that it is on, by the driver's number.
    pub instance: Option<u32>,
}

/// What the lists say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Who is on them.
    pub all: Vec<Listed>,
    /// Why they are not all that there is; none if they are.
    pub lacks: Option<String>,
}

/// Reads the lists of a device, or of an instance of it.
pub fn list(device: &Device<'_>) -> Listing {
    let lists = [
        (Context::Compute, again(|| device.running_compute_processes())),
        (Context::Graphics, again(|| device.running_graphics_processes())),
        (Context::Mps, again(|| device.mps_running_compute_processes())),
    ];
    merge(lists)
}

/// Whoever came between the question for the number and the list made it too long.
fn again<T>(read: impl Fn() -> Result<T, NvmlError>) -> Result<T, NvmlError> {
    match read() {
        Err(NvmlError::InsufficientSize(_)) => read(),
        other => other,
    }
}

/// One client for each process and instance.
fn merge(
    lists: impl IntoIterator<Item = (Context, Result<Vec<ProcessInfo>, NvmlError>)>,
) -> Listing {
    let mut all: BTreeMap<(u32, Option<u32>), Listed> = BTreeMap::new();
    let mut lacks = None;
    for (context, list) in lists {
        let list = match list {
            Ok(list) => list,
            // A device without graphics has no list of it, an old one none of the service; every
            // one computes.
            Err(error)
                if context != Context::Compute && words::kind(&error) == Kind::Unsupported =>
            {
                continue;
            }
            Err(error) => {
                lacks.get_or_insert_with(|| words::why(&error));
                continue;
            }
        };
        for process in list {
            let memory = match process.used_gpu_memory {
                UsedGpuMemory::Used(bytes) => Some(bytes),
                UsedGpuMemory::Unavailable => None,
            };
            let (pid, instance) = (process.pid, process.gpu_instance_id);
            let new = Listed { pid, context, memory, instance };
            let client = all.entry((pid, instance)).or_insert_with(|| new.clone());
            client.memory = client.memory.max(memory);
            client.context = strongest(client.context, context);
        }
    }
    Listing { all: all.into_values().collect(), lacks }
}

fn strongest(a: Context, b: Context) -> Context {
    let strength = |context| match context {
        Context::Graphics => 0,
        Context::Compute => 1,
        Context::Mps => 2,
    };
    if strength(b) > strength(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(pid: u32, memory: UsedGpuMemory) -> ProcessInfo {
        let (gpu_instance_id, compute_instance_id) = (None, None);
        ProcessInfo { pid, used_gpu_memory: memory, gpu_instance_id, compute_instance_id }
    }

    fn used(pid: u32, bytes: u64) -> ProcessInfo {
        info(pid, UsedGpuMemory::Used(bytes))
    }

    #[test]
    fn one_client_for_each_process() {
        let lists = [
            (Context::Compute, Ok(vec![used(7, 5), info(8, UsedGpuMemory::Unavailable)])),
            (Context::Graphics, Ok(vec![used(7, 5), used(9, 1)])),
            (Context::Mps, Ok(vec![used(8, 3)])),
        ];
        let listing = merge(lists);
        let told: Vec<_> =
            listing.all.iter().map(|one| (one.pid, one.context, one.memory)).collect();
        let expected = [
            (7, Context::Compute, Some(5)),
            (8, Context::Mps, Some(3)),
            (9, Context::Graphics, Some(1)),
        ];
        assert_eq!(told, expected);
        assert_eq!(listing.lacks, None);
    }

    #[test]
    fn a_list_that_grew_is_read_again_once() {
        let times = std::cell::Cell::new(0);
        let grows = |until| {
            times.set(0);
            again(|| {
                times.set(times.get() + 1);
                if times.get() > until { Ok(times.get()) } else { Err(0) }
                    .map_err(|_: u32| NvmlError::InsufficientSize(None))
            })
        };
        assert_eq!(grows(1).unwrap(), 2);
        assert!(matches!(grows(5), Err(NvmlError::InsufficientSize(_))));
        assert_eq!(times.get(), 2);
    }

    #[test]
    fn instances_are_apart() {
        let on = |instance| ProcessInfo { gpu_instance_id: Some(instance), ..used(7, 5) };
        let listing = merge([(Context::Compute, Ok(vec![on(1), on(2), on(2)]))]);
        let told: Vec<_> = listing.all.iter().map(|one| one.instance).collect();
        assert_eq!(told, [Some(1), Some(2)]);
    }

    #[test]
    fn a_list_that_failed_is_not_empty_and_one_that_is_none_is() {
        let none = || Err(NvmlError::NotSupported);
        let some = [(Context::Compute, Ok(vec![used(7, 5)])), (Context::Graphics, none())];
        assert_eq!(merge(some).lacks, None);
        let failed = [(Context::Compute, Ok(Vec::new())), (Context::Mps, Err(NvmlError::Timeout))];
        assert!(merge(failed).lacks.unwrap().contains("in time"));
        let all = merge([(Context::Compute, none()), (Context::Graphics, Ok(Vec::new()))]);
        assert!(all.lacks.unwrap().contains("does not tell"));
    }
}
