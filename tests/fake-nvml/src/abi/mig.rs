//! Devices that are divided into instances.

use std::ffi::c_uint;

use nvml_wrapper_sys::bindings::*;

use super::{arguments::Out, device_calls};
use crate::{
    code::{Code, Outcome},
    device::Instance,
    library::{On, handle},
};

/// How many instances a device can have.
const MOST: c_uint = 7;

device_calls! {
    nvmlDeviceGetMigMode(current: Out<c_uint>, pending: Out<c_uint>) |on| {
        let mode = on.whole()?.mig.ok_or(Code::NOT_SUPPORTED)?.into();
        current.put(mode)?;
        pending.put(mode)
    };
    nvmlDeviceGetMaxMigDeviceCount(count: Out<c_uint>) |on|
        count.put(on.whole()?.mig.map_or(0, |_| MOST));
    nvmlDeviceGetMigDeviceHandleByIndex(index: c_uint, device: Out<nvmlDevice_t>) |on| {
        let whole = on.whole()?;
        if whole.mig.is_none() {
            return Err(Code::NOT_SUPPORTED);
        }
        if index >= MOST {
            return Err(Code::INVALID_ARGUMENT);
        }
        let part = index as usize;
        whole.instances.get(part).ok_or(Code::NOT_FOUND)?;
        device.put(handle(on.index, Some(part)))
    };
    nvmlDeviceIsMigDeviceHandle(is: Out<c_uint>) |on| is.put(on.instance.is_some().into());
    nvmlDeviceGetGpuInstanceId(id: Out<c_uint>) |on| id.put(instance(on)?.id);
    nvmlDeviceGetComputeInstanceId(id: Out<c_uint>) |on| instance(on).and_then(|_| id.put(0));
    nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device: Out<nvmlDevice_t>) |on|
        instance(on).and_then(|_| device.put(handle(on.index, None)));
    nvmlDeviceGetAttributes_v2(attributes: Out<nvmlDeviceAttributes_t>) |on| {
        let part = instance(on)?;
        attributes.put(nvmlDeviceAttributes_t {
            multiprocessorCount: part.multiprocessors,
            sharedCopyEngineCount: part.slices,
            sharedDecoderCount: part.slices,
            sharedEncoderCount: 0,
            sharedJpegCount: part.slices,
            sharedOfaCount: 0,
            gpuInstanceSliceCount: part.slices,
            computeInstanceSliceCount: part.slices,
            memorySizeMB: part.memory >> 20,
        })
    };
}

fn instance<'a>(on: &On<'a>) -> Outcome<&'a Instance> {
    on.instance.map(|(_, part)| part).ok_or(Code::INVALID_ARGUMENT)
}
