//! The instances of a divided device (MIG), and how active each is.
//!
//! A divided device tells no use of its processes, and power only of its board. Since Hopper
//! each instance counts its own activity (GPM): the difference of two samples is the share of
//! the time between them. Before Hopper nobody says which instance did what.

use std::{collections::HashMap, sync::Arc, time::Duration};

use nvml_wrapper::{
    Device, GpmSample, Nvml,
    enums::gpm::GpmMetricId,
    error::{NvmlError, nvml_sym, nvml_try},
    gpm::gpm_metrics_get,
};
use nvml_wrapper_sys::bindings::nvmlGpmSample_t;

use super::{
    clients::{self, Listing},
    words::{self, Kind},
};
use crate::sample::Instance;

/// How a device is divided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Its instances, by the driver's number.
    pub instances: Vec<Instance>,
    /// The number under which each was found, and its instance's.
    handles: Vec<(u32, u32)>,
}

/// How a device is divided; none if it is not.
pub fn layout(device: &Device<'_>) -> Result<Option<Layout>, NvmlError> {
    match device.mig_mode() {
        Ok(mode) if mode.current == 1 => {}
        Ok(_) => return Ok(None),
        Err(error) if words::kind(&error) == Kind::Unsupported => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut layout = Layout::default();
    for index in 0..device.mig_device_count()? {
        let part = match device.mig_device_by_index(index) {
            Ok(part) => part,
            // There may be holes.
            Err(NvmlError::NotFound) => continue,
            Err(error) => return Err(error),
        };
        let number = instance_of(&part)?;
        layout.handles.push((index, number));
        // Several compute instances may be in one.
        if layout.instances.iter().any(|instance| instance.number == number) {
            continue;
        }
        let attributes = part.attributes()?;
        let slices = attributes.gpu_instance_slice_count;
        let name = part.name().ok().and_then(|name| profile(&name));
        let name = name
            .unwrap_or_else(|| format!("{slices}g.{}gb", attributes.memory_size_mb.div_ceil(1024)));
        layout.instances.push(Instance { number, name, slices });
    }
    layout.instances.sort_by_key(|instance| instance.number);
    Ok(Some(layout))
}

impl Layout {
    /// The place of an instance, by the driver's number.
    pub fn index(&self, number: u32) -> Option<usize> {
        self.instances.iter().position(|instance| instance.number == number)
    }

    /// Who holds the device, and on which instance: at once, or of each instance where that is
    /// not told or not permitted.
    pub fn list(&self, device: &Device<'_>) -> Listing {
        let whole = clients::list(device);
        let placed = whole.all.iter().all(|client| client.instance.is_some());
        if whole.lacks.is_none() && placed && !whole.all.is_empty() {
            return whole;
        }
        let mut listing = Listing::default();
        for &(index, number) in &self.handles {
            let of = match device.mig_device_by_index(index) {
                Ok(part) => clients::list(&part),
                Err(error) => Listing { lacks: Some(words::why(&error)), ..Listing::default() },
            };
            for mut client in of.all {
                client.instance = Some(number);
                if !listing.all.contains(&client) {
                    listing.all.push(client);
                }
            }
            listing.lacks = listing.lacks.or(of.lacks);
        }
        listing
    }
}

/// The number of the GPU instance that a part is in.
fn instance_of(part: &Device<'_>) -> Result<u32, NvmlError> {
    let function = nvml_sym(part.nvml().lib().nvmlDeviceGetGpuInstanceId.as_ref())?;
    let mut number = 0;
    // SAFETY: the handle is of this library, which is begun; `number` outlives the call.
    let code = unsafe { function(part.handle(), &raw mut number) };
    nvml_try(code)?;
    Ok(number)
}

/// `3g.40gb` of `NVIDIA H100 80GB HBM3 MIG 1c.3g.40gb`.
fn profile(name: &str) -> Option<String> {
    let (_, profile) = name.rsplit_once("MIG ")?;
    let is_of_compute = |part: &str| {
        part.strip_suffix('c').is_some_and(|number| number.bytes().all(|c| c.is_ascii_digit()))
    };
    let rest = profile.split_once('.').filter(|(first, _)| is_of_compute(first));
    Some(rest.map_or(profile, |(_, rest)| rest).trim().to_string())
}

/// The last look at each instance.
#[derive(Default)]
pub struct Gauges {
    last: HashMap<u32, Look>,
}

impl Gauges {
    /// The time that each instance was active of an interval; none where that is not told, as
    /// with the first look.
    pub fn read(
        &mut self,
        nvml: &Arc<Nvml>,
        device: &Device<'_>,
        layout: &Layout,
        interval: Option<Duration>,
    ) -> Vec<Option<Duration>> {
        let mut last = std::mem::take(&mut self.last);
        let mut busy = Vec::new();
        for instance in &layout.instances {
            let before = last.remove(&instance.number);
            let now = Look::of(nvml, device, instance.number).ok();
            let share = before.as_ref().zip(now.as_ref()).and_then(|(a, b)| b.since(a));
            busy.push(share.zip(interval).map(|(share, interval)| interval.mul_f64(share)));
            if let Some(now) = now {
                self.last.insert(instance.number, now);
            }
        }
        busy
    }
}

/// A sample of an instance's counters. The driver allots it, and it goes back to the library
/// that it is of.
struct Look {
    sample: nvmlGpmSample_t,
    nvml: Arc<Nvml>,
}

impl Look {
    fn of(nvml: &Arc<Nvml>, device: &Device<'_>, instance: u32) -> Result<Self, NvmlError> {
        let sample = device.gpm_mig_sample(instance)?.into_handle();
        Ok(Self { sample, nvml: Arc::clone(nvml) })
    }

    /// The share of the time since another that it was active.
    fn since(&self, other: &Self) -> Option<f64> {
        const METRICS: [GpmMetricId; 2] = [GpmMetricId::GraphicsUtil, GpmMetricId::SmUtil];
        if !Arc::ptr_eq(&self.nvml, &other.nvml) {
            return None;
        }
        let results = {
            let [before, now] = [other, self].map(Self::borrow);
            let results = gpm_metrics_get(&self.nvml, &before, &now, &METRICS);
            // They stay ours.
            let _ = (before.into_handle(), now.into_handle());
            results
        };
        let mut values =
            results.ok()?.into_iter().filter_map(Result::ok).map(|result| result.value);
        let share = |percent: f64| (percent.is_finite() && percent >= 0.0).then_some(percent);
        values.find_map(share).map(|percent| (percent / 100.0).min(1.0))
    }

    fn borrow(&self) -> GpmSample<'_> {
        // SAFETY: the sample was allotted by this library, which lives as long as `self`, and
        // is freed once, in `drop`: whoever borrows gives the handle back with `into_handle`.
        unsafe { GpmSample::from_handle(&self.nvml, self.sample) }
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        drop(self.borrow());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_of_the_gpu_instance() {
        let of = |name| profile(name).unwrap();
        assert_eq!(of("NVIDIA H100 80GB HBM3 MIG 1g.10gb"), "1g.10gb");
        assert_eq!(of("NVIDIA A100-SXM4-80GB MIG 1c.3g.40gb"), "3g.40gb");
        assert_eq!(of("NVIDIA A100-SXM4-40GB MIG 1g.5gb+me"), "1g.5gb+me");
        assert_eq!(profile("NVIDIA H100"), None);
    }
}
