//! Utilisation of devices, now and in samples.

use std::ffi::{c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::*;

use super::{
    arguments::{List, Out},
    device_calls,
};
use crate::{
    code::{Code, Outcome},
    device::Share,
    library::On,
    process,
};

device_calls! {
    nvmlDeviceGetUtilizationRates(utilization: Out<nvmlUtilization_t>) |on| {
        let activity = &undivided(on)?.activity;
        let percent = |share: &Share| share.percent(on.now, activity.sample_period);
        let (gpu, memory) = (percent(&activity.gpu), percent(&activity.memory));
        utilization.put(nvmlUtilization_t { gpu, memory })
    };
    nvmlDeviceGetEncoderUtilization(utilization: Out<c_uint>, period: Out<c_uint>) |on| {
        let activity = &undivided(on)?.activity;
        engine(on, &activity.encoder, utilization, period)
    };
    nvmlDeviceGetDecoderUtilization(utilization: Out<c_uint>, period: Out<c_uint>) |on| {
        let activity = &undivided(on)?.activity;
        engine(on, &activity.decoder, utilization, period)
    };
    nvmlDeviceGetSamples(
        kind: nvmlSamplingType_t,
        seen: c_ulonglong,
        value_type: Out<nvmlValueType_t>,
        count: Out<c_uint>,
        samples: List<nvmlSample_t>
    ) |on| {
        let (device, period) = (on.whole()?, on.device.activity.sample_period);
        let share = match kind {
            nvmlSamplingType_enum_NVML_TOTAL_POWER_SAMPLES => None,
            nvmlSamplingType_enum_NVML_GPU_UTILIZATION_SAMPLES => Some(&device.activity.gpu),
            nvmlSamplingType_enum_NVML_MEMORY_UTILIZATION_SAMPLES => Some(&device.activity.memory),
            nvmlSamplingType_enum_NVML_ENC_UTILIZATION_SAMPLES => Some(&device.activity.encoder),
            nvmlSamplingType_enum_NVML_DEC_UTILIZATION_SAMPLES => Some(&device.activity.decoder),
            _ => return Err(Code::NOT_SUPPORTED),
        };
        if share.is_some() {
            undivided(on)?;
        }
        value_type.put(nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT)?;
        // Here, unlike elsewhere, asking for the size succeeds.
        if samples.is_null() {
            return count.put(process::RING as c_uint);
        }
        let ends = process::ends(period, on.now, on.library.clock.since_start(seen));
        if ends.clone().next().is_none() {
            return Err(Code::NOT_FOUND);
        }
        samples.fill(count, ends.map(|at| {
            let mut value = nvmlValue_t { ullVal: 0 };
            value.uiVal = match share {
                None => device.power.instant(at),
                Some(share) => share.percent(at, period),
            };
            nvmlSample_t { timeStamp: on.library.clock.wall_us(at), sampleValue: value }
        }))
    };
}

/// The device, for what one that is divided does not tell.
pub(super) fn undivided<'a>(on: &'a On<'_>) -> Outcome<&'a crate::device::Device> {
    if on.device.divided() { Err(Code::NOT_SUPPORTED) } else { on.whole() }
}

fn engine(on: &On<'_>, share: &Share, value: Out<c_uint>, period: Out<c_uint>) -> Outcome {
    let sample_period = on.device.activity.sample_period;
    value.put(share.percent(on.now, sample_period))?;
    period.put((sample_period / 1000) as c_uint)
}
