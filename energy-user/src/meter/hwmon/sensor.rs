//! Reads one sensor: a counter as it is, a power as its integral.

use std::{io, path::Path, time::Duration};

use super::scan::Files;
use crate::{
    files,
    meter::{
        gauge::Gauge,
        instrument::{Facts, Instrument},
    },
    sample::Reading,
    units::Watts,
};

/// A package's counter is not faster: twice the limit of the largest package known.
pub const CPU_LIMIT: Watts = Watts(1000.0);

/// A power that was read longer ago tells nothing about now; `poll` is to come more often.
const STALE: Duration = Duration::from_secs(15);

/// The instrument for a sensor.
pub fn open(facts: Facts, files: Files, limit: Watts) -> Box<dyn Instrument> {
    match files {
        Files::Energy(path) => Box::new(Counter { facts, path, limit }),
        files => Box::new(Power { facts, files, gauge: Gauge::new(STALE) }),
    }
}

/// A sensor that counts energy itself.
struct Counter {
    facts: Facts,
    path: std::path::PathBuf,
    limit: Watts,
}

impl Instrument for Counter {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn read(&mut self, _at: Duration) -> Reading {
        match number(&self.path, "microjoules") {
            // 64 bits in the driver: it never wraps, a step back is a reset.
            Ok(microjoules) => Reading::Counter { microjoules, range: u64::MAX, limit: self.limit },
            Err(why) => Reading::Absent(why),
        }
    }
}

/// A sensor that tells power.
struct Power {
    facts: Facts,
    files: Files,
    gauge: Gauge,
}

impl Instrument for Power {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn read(&mut self, at: Duration) -> Reading {
        self.poll(at);
        self.gauge.reading(at)
    }

    fn poll(&mut self, at: Duration) {
        let found = match &self.files {
            Files::CurrentAndVoltage(current, voltage) => number(current, "milliamperes")
                .and_then(|current| Ok(current.saturating_mul(number(voltage, "millivolts")?))),
            Files::Energy(path) | Files::Power(path) => number(path, "microwatts"),
        };
        self.gauge.take(at, found.map(|microwatts| Watts(microwatts as f64 / 1e6)));
    }
}

/// A file with one whole number, or why there is none, with the remedy.
fn number(path: &Path, unit: &str) -> Result<u64, String> {
    use nix::errno::Errno;
    let shown = path.display();
    let text = files::read(path).map_err(|error| {
        let errno = error.raw_os_error().map(Errno::from_raw);
        match (error.kind(), errno) {
            (io::ErrorKind::PermissionDenied, _) => format!(
                "permission denied: {shown} is for root only; run jouletop as root, or: sudo \
                 setcap cap_bpf,cap_perfmon,cap_dac_read_search=ep on its file"
            ),
            (io::ErrorKind::NotFound, _) | (_, Some(Errno::ENODEV | Errno::ENXIO)) => format!(
                "{shown} is gone; it counts again when it returns (was the driver unloaded or a \
                 CPU taken offline?)"
            ),
            (_, Some(Errno::EAGAIN | Errno::ENODATA | Errno::EBUSY | Errno::ETIMEDOUT)) => format!(
                "{shown} has no figure now; it counts again when its device wakes up and answers"
            ),
            _ => format!("{shown}: {error}; reload its driver"),
        }
    })?;
    text.trim().parse().map_err(|_| {
        let text: String = text.trim().chars().take(20).collect();
        format!("{shown} holds {text:?}, not a number of {unit}; reload its driver")
    })
}
