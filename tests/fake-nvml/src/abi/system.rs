//! Versions, and how to find a device.

use std::ffi::{c_int, c_uint};

use nvml_wrapper_sys::bindings::nvmlDevice_t;

use super::{
    arguments::{Buffer, Out, Text},
    system_calls,
};
use crate::{
    code::{Code, Outcome},
    library::{Library, handle},
    notation,
};

system_calls! {
    nvmlSystemGetDriverVersion(version: Buffer, length: c_uint) |library, _now|
        version.put(&library.scenario.driver, length);
    nvmlSystemGetNVMLVersion(version: Buffer, length: c_uint) |library, _now|
        version.put(&library.scenario.nvml, length);
    nvmlSystemGetCudaDriverVersion(version: Out<c_int>) |library, _now|
        version.put(library.scenario.cuda);
    nvmlSystemGetCudaDriverVersion_v2(version: Out<c_int>) |library, _now|
        version.put(library.scenario.cuda);
    nvmlSystemGetProcessName(pid: c_uint, name: Buffer, length: c_uint) |_library, _now|
        name.put(process_name(pid)?.trim(), length);

    nvmlDeviceGetCount(count: Out<c_uint>) |library, _now|
        count.put(library.scenario.devices.len() as c_uint);
    nvmlDeviceGetCount_v2(count: Out<c_uint>) |library, _now|
        count.put(library.scenario.devices.len() as c_uint);
    nvmlDeviceGetHandleByIndex(index: c_uint, device: Out<nvmlDevice_t>) |library, now|
        by_index(library, "nvmlDeviceGetHandleByIndex", index, now, device);
    nvmlDeviceGetHandleByIndex_v2(index: c_uint, device: Out<nvmlDevice_t>) |library, now|
        by_index(library, "nvmlDeviceGetHandleByIndex_v2", index, now, device);
    nvmlDeviceGetHandleByUUID(uuid: Text, device: Out<nvmlDevice_t>) |library, now| {
        let (index, part) = with_uuid(library, uuid.get()?).ok_or(Code::NOT_FOUND)?;
        library.touch("nvmlDeviceGetHandleByUUID", index, now)?;
        device.put(handle(index, part))
    };
    nvmlDeviceGetHandleBySerial(serial: Text, device: Out<nvmlDevice_t>) |library, now| {
        let serial = serial.get()?;
        let mut devices = library.scenario.devices.iter();
        let index = devices.position(|device| device.identity.serial == serial);
        let index = index.ok_or(Code::NOT_FOUND)?;
        library.touch("nvmlDeviceGetHandleBySerial", index, now)?;
        device.put(handle(index, None))
    };
    nvmlDeviceGetHandleByPciBusId(bus: Text, device: Out<nvmlDevice_t>) |library, now|
        by_bus(library, "nvmlDeviceGetHandleByPciBusId", bus, now, device);
    nvmlDeviceGetHandleByPciBusId_v2(bus: Text, device: Out<nvmlDevice_t>) |library, now|
        by_bus(library, "nvmlDeviceGetHandleByPciBusId_v2", bus, now, device);
}

fn by_index(
    library: &Library,
    call: &'static str,
    index: c_uint,
    now: u64,
    device: Out<nvmlDevice_t>,
) -> Outcome {
    library.touch(call, index as usize, now)?;
    device.put(handle(index as usize, None))
}

fn by_bus(
    library: &Library,
    call: &'static str,
    bus: Text,
    now: u64,
    device: Out<nvmlDevice_t>,
) -> Outcome {
    let bus = notation::bus(bus.get()?).map_err(|_| Code::INVALID_ARGUMENT)?;
    let mut devices = library.scenario.devices.iter();
    let index = devices.position(|device| device.identity.bus == bus).ok_or(Code::NOT_FOUND)?;
    library.touch(call, index, now)?;
    device.put(handle(index, None))
}

fn with_uuid(library: &Library, uuid: &str) -> Option<(usize, Option<usize>)> {
    library.scenario.devices.iter().enumerate().find_map(|(index, device)| {
        if device.identity.uuid == uuid {
            return Some((index, None));
        }
        let part = device.instances.iter().position(|instance| instance.uuid == uuid)?;
        Some((index, Some(part)))
    })
}

fn process_name(pid: c_uint) -> Outcome<String> {
    let read = std::fs::read_to_string(format!("/proc/{pid}/comm"));
    read.map_err(|_| Code::NOT_FOUND)
}
