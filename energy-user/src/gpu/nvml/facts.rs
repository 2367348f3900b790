//! What never changes about a device, and what that means for its figures.
//!
//! It is asked once, when the device is first seen awake.

use nvml_wrapper::{
    Device, enum_wrappers::device::Clock, enums::device::DeviceArchitecture, error::NvmlError,
};

use super::{
    energy, sleep,
    words::{self, Kind},
};

/// What never changes.
#[derive(Debug)]
pub struct Facts {
    /// What its maker calls it.
    pub name: String,
    /// Its name over restarts.
    pub uuid: Option<String>,
    /// Its address.
    pub bus: Option<String>,
    /// Its chip's generation.
    pub architecture: Option<DeviceArchitecture>,
    /// The most that it may be set to draw, milliwatts.
    pub limit: Option<u32>,
    /// The highest clock of its processors, MHz.
    pub clock_max: Option<u32>,
    /// Its instances count their own activity.
    pub gpm: bool,
    /// Why its driver samples no processes; none if it does.
    pub unsampled: Option<String>,
    /// The driver stays when nobody holds it.
    pub persistent: Option<bool>,
    /// Nothing failed that may be told another time.
    pub complete: bool,
}

impl Facts {
    /// Asks for them.
    pub fn of(device: &Device<'_>) -> Self {
        let mut complete = true;
        let name = known(device.name(), &mut complete);
        // A chip that is newer than the library's table is new.
        let architecture = match device.architecture() {
            Err(NvmlError::UnexpectedVariant(_)) => Ok(DeviceArchitecture::Unknown),
            told => told,
        };
        let unsampled = match device.process_utilization_stats(0) {
            Ok(_) | Err(NvmlError::NotFound | NvmlError::InsufficientSize(_)) => None,
            Err(error) => {
                complete &= matches!(words::kind(&error), Kind::Unsupported | Kind::Forbidden);
                Some(words::why(&error))
            }
        };
        Self {
            name: name.unwrap_or_else(|| "NVIDIA GPU".into()),
            uuid: known(device.uuid(), &mut complete),
            bus: known(device.pci_info(), &mut complete).map(|pci| sleep::address(&pci.bus_id)),
            architecture: known(architecture, &mut complete),
            limit: known(device.power_management_limit_constraints(), &mut complete)
                .map(|limits| limits.max_limit),
            clock_max: known(device.max_clock_info(Clock::SM), &mut complete),
            gpm: known(device.gpm_support(), &mut complete).unwrap_or(false),
            unsampled,
            persistent: known(device.is_in_persistent_mode(), &mut complete),
            complete,
        }
    }

    /// How it tells who used it, in words.
    pub fn use_told_by(&self, divided: bool) -> String {
        match (divided, self.gpm, &self.unsampled) {
            (true, true, _) => "activity of each instance (GPM), and who holds it".into(),
            (true, false, _) => "who holds each instance, and no more".into(),
            (false, _, None) => "utilisation of each process, sampled by the driver".into(),
            (false, _, Some(_)) => "who holds it, and no more".into(),
        }
    }

    /// What it cannot tell, what that means, and the remedy.
    pub fn lacks(&self, energy: Option<&str>, divided: bool, may_sleep: bool) -> Vec<String> {
        let mut lacks = Vec::new();
        if energy.is_none() {
            lacks.push("it tells neither energy nor power; its energy is not counted".into());
        }
        if energy.is_some() && energy::samples_in_part(self.architecture.as_ref(), &self.name) {
            lacks.push(
                "its sensor looks about a quarter of the time (arXiv 2312.02741): no better than \
                 about 5 %"
                    .into(),
            );
        }
        match (divided, &self.unsampled) {
            (true, _) if !self.gpm => lacks.push(
                "MIG without GPM (before Hopper): device level only, what several processes use \
                 is unattributed"
                    .into(),
            ),
            (false, Some(why)) => lacks.push(format!(
                "use of each process is not told, those who hold it share equally: {why}"
            )),
            (true, _) | (false, None) => {}
        }
        if self.persistent == Some(false) && !may_sleep {
            lacks.push(
                "persistence mode is off: the driver unloads when nobody holds the GPU, and its \
                 counters restart; `nvidia-smi -pm 1`"
                    .into(),
            );
        }
        if may_sleep {
            lacks.push("it may sleep when idle, and being read keeps it awake".into());
        }
        lacks
    }
}

/// What was told; what failed, and not for good, is to be asked again.
fn known<T>(answer: Result<T, NvmlError>, complete: &mut bool) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(error) => {
            *complete &= matches!(words::kind(&error), Kind::Unsupported | Kind::Forbidden);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            name: "NVIDIA L40S".into(),
            uuid: None,
            bus: None,
            architecture: Some(DeviceArchitecture::Ada),
            limit: None,
            clock_max: None,
            gpm: false,
            unsampled: None,
            persistent: Some(true),
            complete: true,
        }
    }

    #[test]
    fn a_device_that_tells_all_lacks_nothing() {
        assert_eq!(facts().lacks(Some("total-energy counter"), false, false), [""; 0]);
        assert!(facts().use_told_by(false).contains("utilisation of each process"));
    }

    #[test]
    fn what_is_missing_is_told_with_what_it_means() {
        let lacks = |facts: Facts, energy, divided, may_sleep| {
            let all = facts.lacks(energy, divided, may_sleep);
            assert_eq!(all.len(), 1, "{all:?}");
            all[0].clone()
        };
        let route = Some("total-energy counter");
        assert!(lacks(facts(), None, false, false).contains("not counted"));
        assert!(lacks(facts(), route, true, false).contains("MIG without GPM (before Hopper)"));
        let unsampled = Facts { unsampled: Some("no".into()), ..facts() };
        assert!(lacks(unsampled, route, false, false).ends_with("share equally: no"));
        let hopper = Facts { architecture: Some(DeviceArchitecture::Hopper), ..facts() };
        assert!(lacks(hopper, route, false, false).contains("5 %"));
        let off = || Facts { persistent: Some(false), ..facts() };
        assert!(lacks(off(), route, false, false).ends_with("`nvidia-smi -pm 1`"));
        assert!(lacks(off(), route, false, true).contains("keeps it awake"));
    }
}
