//! Temperature, fans, clocks, modes and the link to the host.

use std::ffi::{c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::*;

use super::{
    arguments::{Out, version},
    device_calls,
};
use crate::{
    code::{Code, Outcome},
    file::Clocks,
};

/// Every reason that a clock may be held down for.
const REASONS: c_ulonglong = 0x1ff;

device_calls! {
    nvmlDeviceGetTemperature(sensor: nvmlTemperatureSensors_t, value: Out<c_uint>) |on| {
        let temperature = on.whole()?.health.temperature;
        if sensor == 0 { value.put(temperature) } else { Err(Code::INVALID_ARGUMENT) }
    };
    nvmlDeviceGetTemperatureV(value: Out<nvmlTemperature_t>) |on| {
        let info = value.get()?;
        if info.version != version::<nvmlTemperature_t>(1) {
            return Err(Code::ARGUMENT_VERSION_MISMATCH);
        }
        if info.sensorType != 0 {
            return Err(Code::INVALID_ARGUMENT);
        }
        let temperature = on.whole()?.health.temperature.cast_signed();
        value.put(nvmlTemperature_t { temperature, ..info })
    };
    nvmlDeviceGetTemperatureThreshold(
        threshold: nvmlTemperatureThresholds_t, value: Out<c_uint>
    ) |on| {
        let health = &on.whole()?.health;
        match threshold {
            0 => value.put(health.shutdown),
            1 => value.put(health.slowdown),
            _ => Err(Code::NOT_SUPPORTED),
        }
    };
    nvmlDeviceGetFanSpeed(speed: Out<c_uint>) |on|
        speed.put(on.whole()?.health.fan.ok_or(Code::NOT_SUPPORTED)?);
    nvmlDeviceGetFanSpeed_v2(fan: c_uint, speed: Out<c_uint>) |on| {
        let own = on.whole()?.health.fan.ok_or(Code::NOT_SUPPORTED)?;
        if fan == 0 { speed.put(own) } else { Err(Code::INVALID_ARGUMENT) }
    };
    nvmlDeviceGetNumFans(count: Out<c_uint>) |on|
        count.put(on.whole()?.health.fan.map_or(0, |_| 1));

    nvmlDeviceGetClockInfo(kind: nvmlClockType_t, clock: Out<c_uint>) |on|
        clock.put(megahertz(on.whole()?.health.clocks, kind)?);
    nvmlDeviceGetMaxClockInfo(kind: nvmlClockType_t, clock: Out<c_uint>) |on|
        clock.put(megahertz(on.whole()?.health.max_clocks, kind)?);
    nvmlDeviceGetClock(kind: nvmlClockType_t, _id: nvmlClockId_t, clock: Out<c_uint>) |on|
        clock.put(megahertz(on.whole()?.health.clocks, kind)?);
    nvmlDeviceGetCurrentClocksThrottleReasons(reasons: Out<c_ulonglong>) |on|
        reasons.put(on.whole()?.health.throttle);
    nvmlDeviceGetCurrentClocksEventReasons(reasons: Out<c_ulonglong>) |on|
        reasons.put(on.whole()?.health.throttle);
    nvmlDeviceGetSupportedClocksThrottleReasons(reasons: Out<c_ulonglong>) |on|
        on.whole().and_then(|_| reasons.put(REASONS));
    nvmlDeviceGetSupportedClocksEventReasons(reasons: Out<c_ulonglong>) |on|
        on.whole().and_then(|_| reasons.put(REASONS));
    nvmlDeviceGetPerformanceState(state: Out<nvmlPstates_t>) |on|
        state.put(on.whole()?.health.performance_state);
    nvmlDeviceGetPowerState(state: Out<nvmlPstates_t>) |on|
        state.put(on.whole()?.health.performance_state);

    nvmlDeviceGetPersistenceMode(mode: Out<nvmlEnableState_t>) |on|
        mode.put(on.device.health.persistence.into());
    nvmlDeviceGetComputeMode(mode: Out<nvmlComputeMode_t>) |on|
        mode.put(on.device.health.compute_mode);
    nvmlDeviceGetDisplayActive(active: Out<nvmlEnableState_t>) |on|
        active.put(on.whole()?.health.display.into());
    nvmlDeviceGetDisplayMode(mode: Out<nvmlEnableState_t>) |on|
        mode.put(on.whole()?.health.display.into());
    nvmlDeviceGetEccMode(current: Out<nvmlEnableState_t>, pending: Out<nvmlEnableState_t>) |on| {
        let mode = on.whole()?.health.ecc.into();
        current.put(mode)?;
        pending.put(mode)
    };
    nvmlDeviceGetTotalEccErrors(
        _error: nvmlMemoryErrorType_t, _counter: nvmlEccCounterType_t, count: Out<c_ulonglong>
    ) |on| if on.device.health.ecc { count.put(0) } else { Err(Code::NOT_SUPPORTED) };

    nvmlDeviceGetCurrPcieLinkGeneration(generation: Out<c_uint>) |on|
        generation.put(on.whole()?.health.pcie.generation.unwrap_or(5));
    nvmlDeviceGetMaxPcieLinkGeneration(generation: Out<c_uint>) |on| {
        let pcie = on.whole()?.health.pcie;
        generation.put(pcie.max_gen.or(pcie.generation).unwrap_or(5))
    };
    nvmlDeviceGetCurrPcieLinkWidth(width: Out<c_uint>) |on|
        width.put(on.whole()?.health.pcie.width.unwrap_or(16));
    nvmlDeviceGetMaxPcieLinkWidth(width: Out<c_uint>) |on| {
        let pcie = on.whole()?.health.pcie;
        width.put(pcie.max_width.or(pcie.width).unwrap_or(16))
    };
    nvmlDeviceGetPcieThroughput(counter: nvmlPcieUtilCounter_t, value: Out<c_uint>) |on| {
        let pcie = on.whole()?.health.pcie;
        match counter {
            nvmlPcieUtilCounter_enum_NVML_PCIE_UTIL_TX_BYTES => value.put(pcie.sent.unwrap_or(0)),
            nvmlPcieUtilCounter_enum_NVML_PCIE_UTIL_RX_BYTES => {
                value.put(pcie.received.unwrap_or(0))
            }
            _ => Err(Code::INVALID_ARGUMENT),
        }
    };
}

fn megahertz(clocks: Clocks, kind: nvmlClockType_t) -> Outcome<c_uint> {
    match kind {
        nvmlClockType_enum_NVML_CLOCK_GRAPHICS => Ok(clocks.graphics),
        nvmlClockType_enum_NVML_CLOCK_SM => Ok(clocks.sm.unwrap_or(clocks.graphics)),
        nvmlClockType_enum_NVML_CLOCK_MEM => Ok(clocks.memory),
        nvmlClockType_enum_NVML_CLOCK_VIDEO => Ok(clocks.video.unwrap_or(clocks.graphics)),
        _ => Err(Code::INVALID_ARGUMENT),
    }
}
