//! Processes on a device, and what each of them did.

use std::ffi::{c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::*;

use super::{
    activity::undivided,
    arguments::{List, Out, version},
    device_calls,
};
use crate::{
    code::{Code, Outcome},
    library::On,
    process::{self, List as Which, Sample},
};

/// An instance id where there is none, and memory that the driver does not know.
const NONE: c_uint = c_uint::MAX;
const UNKNOWN: c_ulonglong = c_ulonglong::MAX;

device_calls! {
    nvmlDeviceGetComputeRunningProcesses_v2(
        count: Out<c_uint>, infos: List<nvmlProcessInfo_v2_t>
    ) |on| running(on, Which::Compute, count, infos);
    nvmlDeviceGetComputeRunningProcesses_v3(
        count: Out<c_uint>, infos: List<nvmlProcessInfo_t>
    ) |on| running(on, Which::Compute, count, infos);
    nvmlDeviceGetGraphicsRunningProcesses_v2(
        count: Out<c_uint>, infos: List<nvmlProcessInfo_v2_t>
    ) |on| running(on, Which::Graphics, count, infos);
    nvmlDeviceGetGraphicsRunningProcesses_v3(
        count: Out<c_uint>, infos: List<nvmlProcessInfo_t>
    ) |on| running(on, Which::Graphics, count, infos);
    nvmlDeviceGetMPSComputeRunningProcesses_v2(
        count: Out<c_uint>, infos: List<nvmlProcessInfo_v2_t>
    ) |on| running(on, Which::Mps, count, infos);
    nvmlDeviceGetMPSComputeRunningProcesses_v3(
        count: Out<c_uint>, infos: List<nvmlProcessInfo_t>
    ) |on| running(on, Which::Mps, count, infos);

    nvmlDeviceGetProcessUtilization(
        samples: List<nvmlProcessUtilizationSample_t>, count: Out<c_uint>, seen: c_ulonglong
    ) |on| samples.fill(count, newer(on, seen)?.map(|sample| nvmlProcessUtilizationSample_t {
        pid: sample.pid,
        timeStamp: on.library.clock.wall_us(sample.at),
        smUtil: sample.sm,
        memUtil: sample.bandwidth,
        encUtil: sample.encoder,
        decUtil: sample.decoder,
    }));
    nvmlDeviceGetProcessesUtilizationInfo(request: Out<nvmlProcessesUtilizationInfo_t>) |on| {
        let mut info = request.get()?;
        if info.version != version::<nvmlProcessesUtilizationInfo_t>(1) {
            return Err(Code::ARGUMENT_VERSION_MISMATCH);
        }
        let samples = newer(on, info.lastSeenTimeStamp)?;
        // SAFETY: the list is the caller's, who promises room for as many as the structure
        // says, and the count is a local variable.
        let (list, count) = unsafe {
            (List::new(info.procUtilArray), Out::new(&raw mut info.processSamplesCount))
        };
        let outcome = list.fill(count, samples.map(|sample| nvmlProcessUtilizationInfo_v1_t {
            timeStamp: on.library.clock.wall_us(sample.at),
            pid: sample.pid,
            smUtil: sample.sm,
            memUtil: sample.bandwidth,
            encUtil: sample.encoder,
            decUtil: sample.decoder,
            jpgUtil: 0,
            ofaUtil: 0,
        }));
        request.put(info)?;
        outcome
    };

    nvmlDeviceGetAccountingMode(mode: Out<nvmlEnableState_t>) |_on| mode.put(0);
    nvmlDeviceGetAccountingBufferSize(size: Out<c_uint>) |_on| size.put(4000);
    nvmlDeviceGetAccountingPids(count: Out<c_uint>, _pids: List<c_uint>) |_on| count.put(0);
    nvmlDeviceGetAccountingStats(_pid: c_uint, _stats: Out<nvmlAccountingStats_t>) |_on|
        Err(Code::NOT_FOUND);
}

fn running(
    on: &On<'_>,
    list: Which,
    count: Out<c_uint>,
    infos: List<nvmlProcessInfo_v2_t>,
) -> Outcome {
    let process = |process: &process::Process| nvmlProcessInfo_v2_t {
        pid: process.pid,
        usedGpuMemory: process.memory.unwrap_or(UNKNOWN),
        gpuInstanceId: process.instance.unwrap_or(NONE),
        computeInstanceId: process.instance.map_or(NONE, |_| 0),
    };
    let (now, part) = (on.now, on.part());
    let listed = on.device.processes.iter().filter(move |process| {
        process.kind.is_in(list)
            && process.lives.contains(now)
            && (part.is_none() || process.instance == part)
    });
    infos.fill(count, listed.map(process))
}

/// Samples newer than that time, of which there is at least one.
fn newer<'a>(
    on: &'a On<'_>,
    seen: c_ulonglong,
) -> Outcome<impl Iterator<Item = Sample> + Clone + 'a> {
    let device = undivided(on)?;
    if !device.activity.processes {
        return Err(Code::NOT_SUPPORTED);
    }
    let seen = on.library.clock.since_start(seen);
    let period = device.activity.sample_period;
    let samples = process::samples(&device.processes, period, on.now, seen);
    // Nothing newer means idle; the driver says it like this.
    if samples.clone().next().is_none() { Err(Code::NOT_FOUND) } else { Ok(samples) }
}
