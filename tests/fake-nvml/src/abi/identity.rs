//! What a device is called and where it sits.

use std::ffi::{c_int, c_uint};

use nvml_wrapper_sys::bindings::*;

use super::{
    arguments::{Buffer, Out, array},
    device_calls,
};
use crate::{
    code::{Code, Outcome},
    device::Device,
    library::On,
};

device_calls! {
    nvmlDeviceGetName(name: Buffer, length: c_uint) |on| match on.instance {
        None => name.put(&on.device.identity.name, length),
        Some((_, part)) => {
            name.put(&format!("{} MIG {}", on.device.identity.name, part.profile), length)
        }
    };
    nvmlDeviceGetUUID(uuid: Buffer, length: c_uint) |on| {
        let part = on.instance.map(|(_, part)| &part.uuid);
        uuid.put(part.unwrap_or(&on.device.identity.uuid), length)
    };
    nvmlDeviceGetSerial(serial: Buffer, length: c_uint) |on|
        serial.put(&on.device.identity.serial, length);
    nvmlDeviceGetIndex(index: Out<c_uint>) |on|
        index.put(on.instance.map_or(on.index, |(part, _)| part) as c_uint);
    nvmlDeviceGetMinorNumber(minor: Out<c_uint>) |on| minor.put(on.whole()?.identity.minor);
    nvmlDeviceGetBoardId(board: Out<c_uint>) |on| {
        let (_, bus, _) = on.device.identity.bus;
        board.put(bus << 8)
    };
    nvmlDeviceGetPciInfo_v3(info: Out<nvmlPciInfo_t>) |on| info.put(pci(on.device));
    nvmlDeviceGetArchitecture(architecture: Out<nvmlDeviceArchitecture_t>) |on|
        architecture.put(on.device.identity.architecture.number());
    nvmlDeviceGetBrand(brand: Out<nvmlBrandType_t>) |on| brand.put(on.device.identity.brand);
    nvmlDeviceGetCudaComputeCapability(major: Out<c_int>, minor: Out<c_int>) |on| {
        let (first, second) = on.device.identity.architecture.compute_capability();
        major.put(first)?;
        minor.put(second)
    };
    nvmlDeviceGetVbiosVersion(version: Buffer, length: c_uint) |_on|
        version.put("96.00.00.00.01", length);
    nvmlDeviceGetMultiGpuBoard(multiple: Out<c_uint>) |_on| multiple.put(0);
    nvmlDeviceGetNumGpuCores(cores: Out<c_uint>) |on| cores.put(cores_of(on)?);
    nvmlDeviceGetVirtualizationMode(mode: Out<nvmlGpuVirtualizationMode_t>) |_on| mode.put(0);
    nvmlDeviceGetDriverModel(_current: Out<c_uint>, _pending: Out<c_uint>) |_on|
        Err(Code::NOT_SUPPORTED);
    nvmlDeviceGetDriverModel_v2(_current: Out<c_uint>, _pending: Out<c_uint>) |_on|
        Err(Code::NOT_SUPPORTED);
}

fn cores_of(on: &On<'_>) -> Outcome<c_uint> {
    Ok(on.whole()?.identity.multiprocessors * 128)
}

fn pci(device: &Device) -> nvmlPciInfo_t {
    let (domain, bus, slot) = device.identity.bus;
    nvmlPciInfo_t {
        busIdLegacy: array(&format!("{domain:04X}:{bus:02X}:{slot:02X}.0")),
        domain,
        bus,
        device: slot,
        pciDeviceId: 0x2330_10de,
        pciSubSystemId: 0x16c1_10de,
        busId: array(&format!("{domain:08X}:{bus:02X}:{slot:02X}.0")),
    }
}
