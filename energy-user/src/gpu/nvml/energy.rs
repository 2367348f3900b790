//! What a device has drawn: its own counter, or the integral of its power.
//!
//! The counter of total energy (millijoules, Volta and later) is read as it is. Where there is
//! none, power is integrated. Since Ampere, except GA100, power is a mean over the past second
//! (`nvmlDeviceGetPowerUsage`, `NVML_FI_DEV_POWER_AVERAGE`): such a figure stands for the middle
//! of that second, so it is put half a second back, and the last one holds since then. Read once
//! a second, that makes each interval's energy exactly its mean. Fields are asked for the GPU
//! alone (scope 0): that of a Grace Hopper's module is more than the GPU.

use std::{sync::Arc, time::Duration};

use nvml_wrapper::{
    Device,
    enums::device::{DeviceArchitecture, SampleValue},
    error::NvmlError,
    structs::device::FieldId,
    sys_exports::field_id::NVML_FI_DEV_POWER_AVERAGE,
};

use super::words::{self, Kind};
use crate::{
    meter::gauge::{self, Gauge},
    sample::{Domain, Meter, Reading, Role},
    units::Watts,
};

/// A power that was read longer ago tells nothing about now; `poll` is to come more often.
const STALE: Duration = Duration::from_secs(15);

/// Half of the second over which a device takes a mean.
const HALF: Duration = Duration::from_millis(500);

/// Power changes ten times a second at most, in the driver.
const BETWEEN_LOOKS: Duration = Duration::from_millis(90);

/// What is taken for a mean of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    /// Over the past second.
    Second,
    /// None: power at the moment.
    Moment,
}

/// By which way energy is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    /// The counter of total energy.
    Counter,
    /// The field of mean power.
    Average,
    /// The power.
    Usage,
}

/// A device's energy.
pub struct Energy {
    id: String,
    route: Option<Route>,
    /// How it was read before.
    before: Option<Route>,
    /// The last reading said something.
    told: bool,
    /// What was told last and what comes next are not of one counter.
    broken: bool,
    window: Window,
    limit: Watts,
    gauge: Gauge,
    looked: Option<Duration>,
    meter: Arc<Meter>,
}

/// What a power tells by the architecture and the name of its device.
fn window(route: Route, architecture: Option<&DeviceArchitecture>, name: &str) -> Window {
    use DeviceArchitecture::{Kepler, Maxwell, Pascal, Turing, Volta};
    match architecture {
        _ if route == Route::Average => Window::Second,
        Some(Kepler | Maxwell | Pascal | Volta | Turing) | None => Window::Moment,
        Some(DeviceArchitecture::Ampere) if is_ga100(name) => Window::Moment,
        Some(_) => Window::Second,
    }
}

/// By the names of the products that have this chip.
fn is_ga100(name: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| matches!(word, "A100" | "A100X" | "A800" | "A30" | "A30X"))
}

/// Its sensor looks a quarter of the time: the chips GA100 and GH100 (arXiv 2312.02741).
pub fn samples_in_part(architecture: Option<&DeviceArchitecture>, name: &str) -> bool {
    match architecture {
        Some(DeviceArchitecture::Ampere) => is_ga100(name),
        Some(DeviceArchitecture::Hopper) => true,
        _ => false,
    }
}

impl Energy {
    /// Of a device that was not read yet.
    pub fn new(id: &str) -> Self {
        let mut this = Self {
            id: id.to_string(),
            route: None,
            before: None,
            told: false,
            broken: false,
            window: Window::Moment,
            limit: gauge::MOST,
            gauge: Gauge::new(STALE),
            looked: None,
            meter: Arc::new(Meter {
                id: id.to_string(),
                domain: Domain::Gpu,
                source: String::new(),
                cells: Vec::new(),
                role: Role::Part,
                includes: String::new(),
            }),
        };
        this.describe();
        this
    }

    /// No honest advance is faster: twice what the device may be set to.
    pub fn set_limit(&mut self, milliwatts: Option<u32>) {
        let watts = milliwatts.filter(|&mw| mw > 0).map(|mw| Watts(f64::from(mw) * 2e-3));
        self.limit = watts.unwrap_or(gauge::MOST);
    }

    /// The library begins anew: the driver may have, too, and how the device is read is found
    /// out again.
    pub fn forget(&mut self) {
        self.broken |= self.told;
        self.before = self.route.or(self.before);
        self.route = None;
    }

    /// Nothing is known for a while.
    pub fn pause(&mut self, why: String) {
        self.gauge.take(self.looked.unwrap_or_default(), Err(why));
        self.looked = None;
    }

    /// A reading without energy, and why.
    pub fn absent(&mut self, why: &str) -> Reading {
        (self.told, self.broken) = (false, false);
        Reading::Absent(why.into())
    }

    /// Which meter it is.
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    /// The way in words; none if there is none.
    pub fn route(&self) -> Option<&'static str> {
        Some(match (self.route.or(self.before)?, self.window) {
            (Route::Counter, _) => "total-energy counter",
            (_, Window::Second) => "integral of power, a mean over the past second",
            (_, Window::Moment) => "integral of power at each reading",
        })
    }

    /// Finds out how the device tells its energy.
    pub fn find(
        &mut self,
        device: &Device<'_>,
        architecture: Option<&DeviceArchitecture>,
        name: &str,
    ) -> Result<(), NvmlError> {
        if self.route.is_some() {
            return Ok(());
        }
        let absent = |error: &NvmlError| words::kind(error) == Kind::Unsupported;
        let route = match device.total_energy_consumption() {
            Ok(_) => Route::Counter,
            Err(error) if absent(&error) => match average(device) {
                Ok(_) => Route::Average,
                // Old drivers call a field that they do not know invalid.
                Err(error) if absent(&error) || matches!(error, NvmlError::InvalidArg) => {
                    device.power_usage()?;
                    Route::Usage
                }
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        };
        self.window = window(route, architecture, name);
        self.route = Some(route);
        self.describe();
        Ok(())
    }

    /// Looks at the power, if that is what is read.
    pub fn look(&mut self, device: &Device<'_>, at: Duration) -> Result<(), NvmlError> {
        let found = match self.route {
            Some(Route::Average) => average(device),
            Some(Route::Usage) => device.power_usage().map(f64::from),
            Some(Route::Counter) | None => return Ok(()),
        };
        if self.looked.is_some_and(|looked| at < looked) {
            return Ok(());
        }
        self.looked = Some(at);
        match found {
            Ok(milliwatts) => {
                let back = if self.window == Window::Second { HALF } else { Duration::ZERO };
                self.gauge.take(at.saturating_sub(back), Ok(Watts(milliwatts * 1e-3)));
                Ok(())
            }
            Err(error) => {
                self.gauge.take(at, Err(words::why(&error)));
                Err(error)
            }
        }
    }

    /// Looks at the power between two readings, if it is time.
    pub fn poll(&mut self, device: &Device<'_>, at: Duration) {
        if self.looked.is_none_or(|looked| at >= looked + BETWEEN_LOOKS) {
            // What fails is told with the next reading.
            let _ = self.look(device, at);
        }
    }

    /// What it has drawn up to now, and the error if that cannot be told.
    pub fn read(&mut self, device: &Device<'_>, at: Duration) -> (Reading, Option<NvmlError>) {
        let Some(route) = self.route else {
            return (self.absent("it was not read yet; the next reading tells"), None);
        };
        let (reading, error) = match route {
            Route::Counter => match device.total_energy_consumption() {
                Ok(millijoules) => (self.counter(millijoules), None),
                Err(error) => (Reading::Absent(words::why(&error)), Some(error)),
            },
            Route::Average | Route::Usage => {
                let error = self.look(device, at).err();
                (self.gauge.reading(at), error)
            }
        };
        if error.is_none() {
            self.before = Some(route);
        }
        self.told = !matches!(reading, Reading::Absent(_));
        if std::mem::take(&mut self.broken) && self.told {
            return (
                self.absent("its driver began anew; energy follows with the next reading"),
                None,
            );
        }
        (reading, error)
    }

    fn counter(&self, millijoules: u64) -> Reading {
        match millijoules.checked_mul(1000) {
            // It does not wrap: 64 bits of millijoules. A step back is a reset.
            Some(microjoules) => {
                Reading::Counter { microjoules, range: u64::MAX, limit: self.limit }
            }
            None => Reading::Absent(format!(
                "its counter says {millijoules} mJ, which nothing has drawn; update the driver"
            )),
        }
    }

    fn describe(&mut self) {
        let (source, how) = match (self.route, self.window) {
            (None | Some(Route::Counter), _) => ("nvml", "by its own counter"),
            (_, Window::Second) => {
                ("nvml-power", "by its power, each a mean over the second before")
            }
            (_, Window::Moment) => ("nvml-power", "by its power at the moment of each reading"),
        };
        self.meter = Arc::new(Meter {
            id: self.id.clone(),
            domain: Domain::Gpu,
            source: source.into(),
            cells: Vec::new(),
            role: Role::Part,
            includes: format!("the GPU's board with its memory, {how}"),
        });
    }
}

/// The mean power of the past second in milliwatts, of the GPU alone.
fn average(device: &Device<'_>) -> Result<f64, NvmlError> {
    let field = FieldId(NVML_FI_DEV_POWER_AVERAGE);
    let sample = device.field_values_for(&[field])?.pop().ok_or(NvmlError::NoData)??;
    number(&sample.value?)
}

/// What a field says.
pub fn number(value: &SampleValue) -> Result<f64, NvmlError> {
    match *value {
        SampleValue::F64(value) if value.is_finite() => Ok(value),
        SampleValue::F64(_) => Err(NvmlError::NoData),
        SampleValue::U32(value) => Ok(value.into()),
        SampleValue::U64(value) => Ok(value as f64),
        SampleValue::I64(value) => Ok(value as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_power_is_goes_by_the_chip() {
        use DeviceArchitecture::{Ada, Ampere, Hopper, Unknown, Volta};
        let of = |route, architecture: DeviceArchitecture, name| {
            window(route, Some(&architecture), name)
        };
        assert_eq!(of(Route::Usage, Ampere, "NVIDIA A100-SXM4-80GB"), Window::Moment);
        assert_eq!(of(Route::Average, Ampere, "NVIDIA A100-SXM4-80GB"), Window::Second);
        assert_eq!(of(Route::Usage, Ampere, "NVIDIA RTX A1000"), Window::Second);
        assert_eq!(of(Route::Usage, Ampere, "NVIDIA A10"), Window::Second);
        assert_eq!(of(Route::Usage, Volta, "Tesla V100"), Window::Moment);
        assert_eq!(of(Route::Usage, Hopper, "NVIDIA H100"), Window::Second);
        assert_eq!(of(Route::Usage, Unknown, "NVIDIA X"), Window::Second);
        assert!(samples_in_part(Some(&Hopper), "NVIDIA H200"));
        assert!(samples_in_part(Some(&Ampere), "NVIDIA A30"));
        assert!(!samples_in_part(Some(&Ampere), "NVIDIA A40"));
        assert!(!samples_in_part(Some(&Ada), "NVIDIA L40S"));
        assert!(!samples_in_part(None, "NVIDIA A100"));
    }

    #[test]
    fn a_counter_is_microjoules_or_nonsense() {
        let mut energy = Energy::new("gpu-0");
        energy.set_limit(Some(700_000));
        let limit = Watts(1400.0);
        let expected = Reading::Counter { microjoules: 5_000, range: u64::MAX, limit };
        assert_eq!(energy.counter(5), expected);
        let Reading::Absent(why) = energy.counter(u64::MAX) else { panic!() };
        assert!(why.contains("nothing has drawn"), "{why}");
        energy.set_limit(None);
        assert!(matches!(energy.counter(5), Reading::Counter { limit: gauge::MOST, .. }));
    }

    #[test]
    fn a_mean_stands_for_the_middle_of_its_second() {
        let mut gauge = Gauge::new(STALE);
        let at = |seconds: u64| Duration::from_secs(seconds);
        let mut told = Vec::new();
        for (second, watts) in [(10, 100.0), (11, 100.0), (12, 300.0), (13, 300.0)] {
            gauge.take(at(second).saturating_sub(HALF), Ok(Watts(watts)));
            let Reading::Counter { microjoules, .. } = gauge.reading(at(second)) else { panic!() };
            told.push(microjoules);
        }
        // Each second has drawn its own mean.
        let drawn: Vec<_> = told.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(drawn, [100_000_000, 300_000_000, 300_000_000]);
    }
}
