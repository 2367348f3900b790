//! Memory of devices and instances.

use nvml_wrapper_sys::bindings::*;

use super::{
    arguments::{Out, version},
    device_calls,
};
use crate::{code::Code, library::On};

device_calls! {
    nvmlDeviceGetMemoryInfo(memory: Out<nvmlMemory_t>) |on| {
        let (total, used) = amounts(on);
        memory.put(nvmlMemory_t { total, free: total - used, used })
    };
    nvmlDeviceGetMemoryInfo_v2(memory: Out<nvmlMemory_v2_t>) |on| {
        let info = memory.get()?;
        if info.version != version::<nvmlMemory_v2_t>(2) {
            return Err(Code::ARGUMENT_VERSION_MISMATCH);
        }
        let (total, used) = amounts(on);
        memory.put(nvmlMemory_v2_t { total, reserved: 0, free: total - used, used, ..info })
    };
    nvmlDeviceGetBAR1MemoryInfo(memory: Out<nvmlBAR1Memory_t>) |on| {
        let (total, _) = amounts(on);
        memory.put(nvmlBAR1Memory_t { bar1Total: total, bar1Free: total, bar1Used: 0 })
    };
}

fn amounts(on: &On<'_>) -> (u64, u64) {
    let total = on.instance.map_or(on.device.memory, |(_, part)| part.memory);
    (total, on.device.used(on.now, on.part()).min(total))
}
