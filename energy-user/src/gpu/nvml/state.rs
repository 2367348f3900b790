//! What a device shows at one instant.
//!
//! Each figure is asked for itself: one that a device does not tell is none, and the others
//! stand. Only a device that answers nothing has no state.

use nvml_wrapper::{
    Device,
    bitmasks::device::ThrottleReasons,
    enum_wrappers::device::{Clock, TemperatureSensor},
    error::NvmlError,
    structs::device::FieldId,
    sys_exports::field_id::NVML_FI_DEV_POWER_INSTANT,
};

use super::{energy, words};
use crate::{sample::GpuState, units::Watts};

/// Reasons that hold a clock down, in the words of NVIDIA's tools; that it idles, or was set
/// so, is none (`nvmlClocksEventReason*`).
const REASONS: [(ThrottleReasons, &str); 6] = [
    (ThrottleReasons::SW_POWER_CAP, "software power cap"),
    (ThrottleReasons::HW_SLOWDOWN, "hardware slowdown"),
    (ThrottleReasons::SYNC_BOOST, "sync boost"),
    (ThrottleReasons::SW_THERMAL_SLOWDOWN, "software thermal slowdown"),
    (ThrottleReasons::HW_THERMAL_SLOWDOWN, "hardware thermal slowdown"),
    (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, "hardware power brake"),
];

/// What NVML calls a number that is not to be had (`NVML_VALUE_NOT_AVAILABLE`, -1).
const NO_VALUE: u32 = u32::MAX;

/// Counts answers, and keeps the first error.
#[derive(Default)]
struct Asked {
    answered: bool,
    error: Option<NvmlError>,
}

impl Asked {
    fn ask<T>(&mut self, answer: Result<T, NvmlError>) -> Option<T> {
        match answer {
            Ok(value) => {
                self.answered = true;
                Some(value)
            }
            Err(error) => {
                // What is lost says more than what is not supported.
                let says = |error: &NvmlError| words::kind(error) != words::Kind::Unsupported;
                if self.error.as_ref().is_none_or(|before| !says(before) && says(&error)) {
                    self.error = Some(error);
                }
                None
            }
        }
    }
}

/// Asks a device for everything that changes; what it can clock at most is known.
pub fn look(device: &Device<'_>, clock_max: Option<u32>) -> Result<GpuState, String> {
    let mut asked = Asked::default();
    let milliwatts = asked.ask(power(device));
    let limit = asked.ask(device.enforced_power_limit()).and_then(told);
    let utilization = asked.ask(device.utilization_rates());
    let memory = asked.ask(memory(device));
    let temperature = asked.ask(device.temperature(TemperatureSensor::Gpu));
    let clock = asked.ask(device.clock_info(Clock::SM));
    let reasons = asked.ask(device.current_throttle_reasons());
    if let (false, Some(error)) = (asked.answered, asked.error) {
        return Err(words::why(&error));
    }
    Ok(GpuState {
        power: milliwatts.map(|milliwatts| Watts(milliwatts * 1e-3)),
        limit: limit.map(|milliwatts| Watts(f64::from(milliwatts) * 1e-3)),
        utilization: utilization.as_ref().and_then(|rates| percent(rates.gpu)),
        memory_utilization: utilization.as_ref().and_then(|rates| percent(rates.memory)),
        memory_used: memory.map(|(used, _)| used),
        memory_total: memory.map(|(_, total)| total),
        temperature: temperature.and_then(told),
        clock: clock.and_then(told),
        clock_max: clock_max.and_then(told),
        throttle: reasons.map(throttle).unwrap_or_default(),
    })
}

fn told(value: u32) -> Option<u32> {
    Some(value).filter(|&value| value != NO_VALUE)
}

fn percent(value: u32) -> Option<u8> {
    u8::try_from(value).ok().filter(|&value| value <= 100)
}

/// Its own use in its last period, per cent.
pub fn utilization(device: &Device<'_>) -> Option<u8> {
    device.utilization_rates().ok().and_then(|rates| percent(rates.gpu))
}

/// Power at the moment where it is told, of the GPU alone; milliwatts.
fn power(device: &Device<'_>) -> Result<f64, NvmlError> {
    let instant = || -> Result<f64, NvmlError> {
        let field = FieldId(NVML_FI_DEV_POWER_INSTANT);
        let sample = device.field_values_for(&[field])?.pop().ok_or(NvmlError::NoData)??;
        energy::number(&sample.value?)
    };
    instant().or_else(|_| device.power_usage().map(f64::from))
}

/// Used and total memory. Old drivers count what they keep for themselves as used.
fn memory(device: &Device<'_>) -> Result<(u64, u64), NvmlError> {
    match device.memory_info() {
        Ok(info) => Ok((info.used, info.total)),
        Err(error) => {
            let Ok(function) = device.nvml().lib().nvmlDeviceGetMemoryInfo.as_ref() else {
                return Err(error);
            };
            // SAFETY: the structure is of integers, for which zero is a value.
            let mut info = unsafe { std::mem::zeroed() };
            // SAFETY: the handle is of this library, which is begun; `info` is as the
            // function's type has it, and outlives the call.
            let code = unsafe { function(device.handle(), &raw mut info) };
            nvml_wrapper::error::nvml_try(code)?;
            Ok((info.used, info.total))
        }
    }
}

fn throttle(reasons: ThrottleReasons) -> Vec<String> {
    let held = REASONS.iter().filter(|(reason, _)| reasons.contains(*reason));
    held.map(|(_, words)| (*words).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_holds_a_clock_down_is_told() {
        let idle = ThrottleReasons::GPU_IDLE | ThrottleReasons::APPLICATIONS_CLOCKS_SETTING;
        assert_eq!(throttle(idle), [""; 0]);
        let held = idle | ThrottleReasons::SW_POWER_CAP | ThrottleReasons::HW_THERMAL_SLOWDOWN;
        assert_eq!(throttle(held), ["software power cap", "hardware thermal slowdown"]);
    }

    #[test]
    fn what_is_no_value_is_not_shown() {
        assert_eq!((told(u32::MAX), told(0), told(45)), (None, Some(0), Some(45)));
        assert_eq!((percent(101), percent(u32::MAX), percent(100)), (None, None, Some(100)));
    }

    #[test]
    fn the_error_that_says_most_is_kept() {
        let mut asked = Asked::default();
        assert_eq!(asked.ask::<u32>(Err(NvmlError::NotSupported)), None);
        assert_eq!(asked.ask::<u32>(Err(NvmlError::GpuLost)), None);
        assert_eq!(asked.ask::<u32>(Err(NvmlError::Unknown)), None);
        assert!(!asked.answered && matches!(asked.error, Some(NvmlError::GpuLost)));
        assert_eq!(asked.ask(Ok(0)), Some(0));
        assert!(asked.answered);
    }
}
