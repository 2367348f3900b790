//! A GPU of a scenario, and what it is like at a moment.
//!
//! Everything here is a pure lookup: the same device at the same time says the same.

use crate::{
    architecture::Architecture,
    code::{Code, Outcome},
    file::{Clocks, Pcie},
    notation::Span,
    process::Process,
    steps::Steps,
};

/// Nanojoules and the like: milliwatts times nanoseconds of one millijoule.
const MILLIJOULE: u128 = 1_000_000_000;

/// What never changes about a device.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Identity {
    pub name: String,
    pub uuid: String,
    pub serial: String,
    /// Domain, bus, device.
    pub bus: (u32, u32, u32),
    pub minor: u32,
    pub architecture: Architecture,
    pub brand: u32,
    pub multiprocessors: u32,
}

/// What it draws, and how it tells.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Power {
    /// Milliwatts.
    pub watts: Steps,
    /// Nanoseconds that the usual reading averages over; zero means the moment.
    pub average: u64,
    /// Milliwatts with what is beside the GPU on its module.
    pub module: Option<Steps>,
    /// Milliwatts.
    pub limit: u32,
    pub limit_min: u32,
    pub limit_max: u32,
    pub limit_default: u32,
    /// Whether it has a counter of energy.
    pub counter: bool,
    /// Millijoules at the start.
    pub counted: u64,
    /// When the counter restarts at zero, in order.
    pub resets: Vec<u64>,
    /// Nanoseconds between two changes of counter and power; zero means none.
    pub refresh: u64,
}

/// What it does, besides its processes.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Activity {
    /// Nanoseconds.
    pub sample_period: u64,
    pub processes: bool,
    pub gpu: Share,
    pub memory: Share,
    pub encoder: Share,
    pub decoder: Share,
    pub gpm: bool,
}

/// A share of the whole device.
#[derive(Debug)]
pub enum Share {
    /// As the scenario says at each moment.
    Told(Steps),
    /// The sum of its processes, as the mean of the last sample period.
    Summed(Steps),
}

/// What else there is to read, always the same.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Health {
    pub temperature: u32,
    pub slowdown: u32,
    pub shutdown: u32,
    pub fan: Option<u32>,
    pub clocks: Clocks,
    pub max_clocks: Clocks,
    pub throttle: u64,
    pub performance_state: u32,
    pub persistence: bool,
    pub display: bool,
    pub ecc: bool,
    pub compute_mode: u32,
    pub pcie: Pcie,
}

/// A part of a divided device, with one compute instance in it, number 0.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Instance {
    pub id: u32,
    pub profile: String,
    pub slices: u32,
    pub multiprocessors: u32,
    pub memory: u64,
    pub uuid: String,
    pub activity: Steps,
}

/// A `[[device]]`.
#[expect(missing_docs, reason = "the README describes the keys")]
#[derive(Debug)]
pub struct Device {
    pub identity: Identity,
    pub power: Power,
    pub activity: Activity,
    pub health: Health,
    /// Bytes.
    pub memory: u64,
    /// Bytes used by nobody in particular.
    pub memory_used: u64,
    /// Whether it is divided; none if it cannot be.
    pub mig: Option<bool>,
    pub asleep: bool,
    pub lost: Vec<Span>,
    pub processes: Vec<Process>,
    pub instances: Vec<Instance>,
}

impl Power {
    /// When counter and power changed last.
    fn refreshed(&self, now: u64) -> u64 {
        now.checked_rem(self.refresh).map_or(now, |since| now - since)
    }

    /// Millijoules on the counter.
    pub fn energy(&self, now: u64) -> Outcome<u64> {
        if !self.counter {
            return Err(Code::NOT_SUPPORTED);
        }
        let reset = self.resets[..self.resets.partition_point(|&at| at <= now)].last();
        let began = reset.copied().unwrap_or(0);
        let counted = if reset.is_some() { 0 } else { self.counted };
        let until = self.refreshed(now).max(began);
        Ok(counted.saturating_add((self.watts.between(began, until) / MILLIJOULE) as u64))
    }

    /// Milliwatts at the moment.
    pub fn instant(&self, now: u64) -> u32 {
        self.watts.at(self.refreshed(now)) as u32
    }

    /// Milliwatts as `nvmlDeviceGetPowerUsage` tells them.
    pub fn usage(&self, now: u64) -> u32 {
        let now = self.refreshed(now);
        self.watts.mean(now.saturating_sub(self.average), now) as u32
    }

    /// Milliwatts of the module.
    pub fn module(&self, now: u64) -> Option<u32> {
        Some(self.module.as_ref()?.at(self.refreshed(now)) as u32)
    }
}

impl Share {
    /// In whole per cent.
    pub fn percent(&self, now: u64, period: u64) -> u32 {
        match self {
            Self::Told(steps) => steps.percent(now, now),
            Self::Summed(steps) => {
                let end = now - now % period;
                if end == 0 { 0 } else { steps.percent(end - period, end) }
            }
        }
    }

    /// Over time.
    pub fn steps(&self) -> &Steps {
        let (Self::Told(steps) | Self::Summed(steps)) = self;
        steps
    }
}

impl Device {
    /// Whether it is divided into instances.
    pub fn divided(&self) -> bool {
        self.mig == Some(true)
    }

    /// Whether it has fallen off the bus.
    pub fn is_lost(&self, now: u64) -> bool {
        self.lost.iter().any(|span| span.contains(now))
    }

    /// Those that have a context on it, of an instance if one is asked for.
    pub fn living(&self, now: u64, instance: Option<u32>) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(move |process| {
            process.lives.contains(now) && (instance.is_none() || process.instance == instance)
        })
    }

    /// Bytes used, of an instance if one is asked for.
    pub fn used(&self, now: u64, instance: Option<u32>) -> u64 {
        let shared = if instance.is_none() { self.memory_used } else { 0 };
        let own = self.living(now, instance).filter_map(|process| process.memory);
        own.fold(shared, u64::saturating_add)
    }

    /// The instance with that number.
    pub fn instance(&self, id: u32) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn power() -> Power {
        Power {
            watts: Steps::new(&[(0, 70_000), (10 * SECOND, 400_000)]).unwrap(),
            average: 0,
            module: None,
            limit: 0,
            limit_min: 0,
            limit_max: 0,
            limit_default: 0,
            counter: true,
            counted: 5000,
            resets: vec![],
            refresh: 0,
        }
    }

    #[test]
    fn the_counter_is_the_exact_integral() {
        let power = power();
        assert_eq!(power.energy(0), Ok(5000));
        assert_eq!(power.energy(10 * SECOND), Ok(705_000));
        assert_eq!(power.energy(10 * SECOND + 2_500_000), Ok(706_000));
        assert_eq!(Power { counter: false, ..power }.energy(0), Err(Code::NOT_SUPPORTED));
    }

    #[test]
    fn a_reset_restarts_at_zero() {
        let power = Power { resets: vec![5 * SECOND, 8 * SECOND], ..power() };
        let energies = [4, 5, 6, 8, 9].map(|second| power.energy(second * SECOND).unwrap());
        assert_eq!(energies, [285_000, 0, 70_000, 0, 70_000]);
    }

    #[test]
    fn a_refresh_holds_counter_and_power() {
        let power = Power { refresh: 100_000_000, ..power() };
        assert_eq!(power.energy(1_099_999_999), power.energy(SECOND));
        assert_eq!(power.instant(10 * SECOND + 50_000_000), 400_000);
        assert_eq!(power.instant(10 * SECOND - 1), 70_000);
    }

    #[test]
    fn a_reading_may_be_an_average() {
        let power = Power { average: SECOND, ..power() };
        assert_eq!(power.usage(10 * SECOND + SECOND / 2), 235_000);
        assert_eq!(power.instant(10 * SECOND + SECOND / 2), 400_000);
        assert_eq!(power.usage(0), 70_000);
    }
}
