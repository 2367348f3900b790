//! A GPU in one interval, in the short words that the screen and `--once` share.
//!
//! What a device does not tell is left out, and never shown as zero.

use super::figure::{self, printable};
use crate::{
    frame::{Frame, GpuFrame, MeterFrame},
    sample::GpuState,
    units::{Microjoules, Watts},
};

/// A GPU, with its meter.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// What it showed.
    pub gpu: &'a GpuFrame,
    /// Its meter; none where it has none.
    pub meter: Option<&'a MeterFrame>,
    frame: &'a Frame,
}

/// A remark on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// In full, and where there is little room; empty if it is only told where there is more.
    pub words: [String; 2],
    /// Something is wasted or amiss.
    pub warns: bool,
}

impl<'a> Device<'a> {
    /// The GPUs of a frame.
    pub fn all(frame: &'a Frame) -> impl ExactSizeIterator<Item = Self> + Clone {
        frame.gpus.iter().map(move |gpu| Self {
            gpu,
            meter: frame.meters.iter().find(|meter| meter.id == gpu.gpu.id),
            frame,
        })
    }

    /// `gpu-0`.
    pub fn id(&self) -> String {
        printable(&self.gpu.gpu.id)
    }

    /// What its maker calls it, without the maker.
    pub fn name(&self) -> String {
        let name = printable(&self.gpu.gpu.name);
        let maker = self.gpu.gpu.vendor.title();
        let model = name.strip_prefix(maker).map(str::trim_start).filter(|rest| !rest.is_empty());
        model.map_or(name.clone(), str::to_owned)
    }

    /// What it shows; none of one that shows nothing.
    pub fn state(&self) -> Option<&'a GpuState> {
        self.gpu.state.as_ref().ok()
    }

    /// Why it shows nothing: asleep, lost.
    pub fn silence(&self) -> Option<String> {
        self.gpu.state.as_ref().err().map(|why| printable(why))
    }

    /// Energy over the interval.
    pub fn energy(&self) -> Option<Microjoules> {
        self.meter.and_then(|meter| meter.energy)
    }

    /// Mean power over the interval.
    pub fn watts(&self) -> Option<Watts> {
        self.energy().and_then(|energy| energy.over(self.frame.interval))
    }

    /// The power that it holds itself to.
    pub fn limit(&self) -> Option<Watts> {
        self.state().and_then(|state| state.limit).filter(|limit| limit.0 > 0.0)
    }

    /// Per cent of the time in which it did something: of the interval where that is told, and
    /// otherwise of the device's own last period.
    pub fn busy(&self) -> Option<f64> {
        let busy = self.gpu.busy.map(|busy| busy.div_duration_f64(self.frame.interval) * 100.0);
        let busy = busy.or_else(|| self.activity());
        let shown = || self.state().and_then(|state| state.utilization).map(f64::from);
        busy.filter(|busy| busy.is_finite()).map(|busy| busy.min(100.0)).or_else(shown)
    }

    /// Of a divided one, the activity of its instances by their slices.
    fn activity(&self) -> Option<f64> {
        let gpu = self.gpu;
        let slices = || gpu.gpu.instances.iter().map(|instance| f64::from(instance.slices));
        let busy = gpu.instances.iter().copied().collect::<Option<Vec<_>>>()?;
        let parts = busy.iter().map(|busy| busy.div_duration_f64(self.frame.interval));
        let sum: f64 = parts.zip(slices()).map(|(part, slices)| part * slices).sum();
        Some(sum / slices().sum::<f64>() * 100.0)
    }

    /// `71/80 GiB`; in use, of all.
    pub fn memory(&self) -> Option<String> {
        let state = self.state()?;
        let used = figure::rough_gib(state.memory_used?);
        let total = state.memory_total.map(figure::rough_gib);
        Some(total.map_or(format!("{used} GiB"), |total| format!("{used}/{total} GiB")))
    }

    /// `64°C`.
    pub fn temperature(&self) -> Option<String> {
        self.state().and_then(|state| state.temperature).map(|degrees| format!("{degrees}°C"))
    }

    /// What is to be remarked, most important first.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = Vec::new();
        let mut mark = |long: String, short: &str, warns| {
            marks.push(Mark { words: [long, short.to_owned()], warns });
        };
        if self.gpu.held_idle {
            mark("held idle".into(), "held idle", true);
        }
        let throttle = self.state().map_or(&[][..], |state| &state.throttle);
        if !throttle.is_empty() {
            mark(format!("throttled: {}", printable(&throttle.join(", "))), "throttled", true);
        }
        if let (Some(meter), None) = (self.meter, self.energy()) {
            let why = meter.note.as_deref().unwrap_or("no reading");
            mark(printable(why), "no reading", true);
        }
        let instances = self.gpu.gpu.instances.len();
        if instances > 0 {
            let few = format!("{instances} MIG");
            mark(counted(instances, "MIG instance"), &few, false);
        }
        if self.gpu.strangers > 0 {
            mark(counted(self.gpu.strangers, "stranger"), "", false);
        }
        marks
    }
}

/// `1 stranger`, `2 strangers`.
pub fn counted(count: usize, what: &str) -> String {
    let more = if count == 1 { "" } else { "s" };
    format!("{count} {what}{more}")
}

/// Per cent without digits after the point, and no false zero.
pub fn percent(value: f64) -> String {
    if value > 0.0 && value < 0.5 { "<1%".into() } else { format!("{value:.0}%") }
}
