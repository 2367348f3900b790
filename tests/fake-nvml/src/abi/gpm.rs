//! GPM: how busy a device or an instance was between two samples.

use std::{
    ffi::c_uint,
    mem::offset_of,
    ptr,
    sync::{MutexGuard, PoisonError},
};

use nvml_wrapper_sys::bindings::*;

use super::{
    arguments::{List, Out},
    device_calls, system_calls,
};
use crate::{
    code::{Code, Outcome, returned},
    gpm::{Sample, Samples, activity},
    library::{Library, On},
};

/// More metrics than any version of the structure has room for.
const MOST: c_uint = 1000;

system_calls! {
    nvmlGpmSampleAlloc(sample: Out<nvmlGpmSample_t>) |library, _now| {
        let number = samples(library).allocate();
        sample.put(ptr::without_provenance_mut(number))
    };
    nvmlGpmSampleFree(sample: nvmlGpmSample_t) |library, _now| samples(library).free(sample.addr());
    nvmlGpmMetricsGet(request: Out<nvmlGpmMetricsGet_t>) |library, _now| {
        // The structure grew with every version of NVML: only what is asked for is there.
        let head: Out<Head> = {
            // SAFETY: the caller promises the whole structure, of which this is the beginning.
            unsafe { Out::new(request.pointer().cast()) }
        };
        let asked = head.get()?;
        if asked.version != NVML_GPM_METRICS_GET_VERSION {
            return Err(Code::ARGUMENT_VERSION_MISMATCH);
        }
        if asked.count > MOST {
            return Err(Code::INVALID_ARGUMENT);
        }
        let (first, second) = {
            let mut samples = samples(library);
            (samples.get(asked.first.addr())?, samples.get(asked.second.addr())?)
        };
        if (first.device, first.instance) != (second.device, second.instance) {
            return Err(Code::INVALID_ARGUMENT);
        }
        let device = library.scenario.devices.get(first.device).ok_or(Code::INVALID_ARGUMENT)?;
        let busy = activity(device, first, second);
        let list: List<nvmlGpmMetric_t> = {
            let metrics = offset_of!(nvmlGpmMetricsGet_t, metrics);
            // SAFETY: the caller promises so many metrics there.
            unsafe { List::new(request.pointer().byte_add(metrics).cast()) }
        };
        list.change(asked.count as usize, |metric| {
            let value = match metric.metricId {
                nvmlGpmMetricId_t_NVML_GPM_METRIC_GRAPHICS_UTIL
                | nvmlGpmMetricId_t_NVML_GPM_METRIC_SM_UTIL => busy,
                _ => Err(Code::NOT_SUPPORTED),
            };
            metric.nvmlReturn = returned(value.map(|_| ()));
            metric.value = value.unwrap_or(0.0);
        })
    };
}

device_calls! {
    nvmlGpmQueryDeviceSupport(support: Out<nvmlGpmSupport_t>) |on| {
        let info = support.get()?;
        if info.version != NVML_GPM_SUPPORT_VERSION {
            return Err(Code::ARGUMENT_VERSION_MISMATCH);
        }
        support.put(nvmlGpmSupport_t { isSupportedDevice: on.device.activity.gpm.into(), ..info })
    };
    nvmlGpmQueryIfStreamingEnabled(state: Out<c_uint>) |on| {
        if on.device.activity.gpm { state.put(0) } else { Err(Code::NOT_SUPPORTED) }
    };
    nvmlGpmSampleGet(sample: nvmlGpmSample_t) |on| take(on, sample, None);
    nvmlGpmMigSampleGet(instance: c_uint, sample: nvmlGpmSample_t) |on| {
        if !on.device.divided() || on.device.instance(instance).is_none() {
            return Err(Code::INVALID_ARGUMENT);
        }
        take(on, sample, Some(instance))
    };
}

/// The beginning of a request.
#[repr(C)]
#[derive(Clone, Copy)]
struct Head {
    version: c_uint,
    count: c_uint,
    first: nvmlGpmSample_t,
    second: nvmlGpmSample_t,
}

fn samples(library: &Library) -> MutexGuard<'_, Samples> {
    library.samples.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(on: &On<'_>, sample: nvmlGpmSample_t, instance: Option<u32>) -> Outcome {
    if !on.whole()?.activity.gpm {
        return Err(Code::NOT_SUPPORTED);
    }
    let taken = Sample { device: on.index, instance, at: on.now };
    samples(on.library).take(sample.addr(), taken)
}
