//! What an energy counter does: count in steps, wrap, and now and then misbehave.
//!
//! As the kernel's RAPL driver shows it: 32 bits of 2^-14 J in the hardware, turned into
//! microjoules by a whole number of nanojoules (`drivers/powercap/intel_rapl_common.c`). The
//! counter falls by one unit more than `max_energy_range_uj` when it wraps.

/// One unit of the hardware in nanojoules: 1e9 / 2^14, cut.
pub const UNIT_NJ: u64 = 61_035;
/// The same of AMD's: 1e9 / 2^16, cut.
pub const AMD_UNIT_NJ: u64 = 15_258;
/// `max_energy_range_uj` of a package: 2^32 - 1 units.
pub const RANGE_UJ: u64 = range_uj(UNIT_NJ);
/// How often the hardware counts, in nanoseconds (Khan et al. 2018; "every 1ms" by AMD).
pub const CADENCE_NS: u64 = 1_000_000;

/// `max_energy_range_uj` of a counter of such units: 2^32 - 1 of them.
pub const fn range_uj(unit_nj: u64) -> u64 {
    u32::MAX as u64 * unit_nj / 1000
}

/// A counter and the energy that went through it.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    unit_nj: u64,
    begin_uj: u64,
    /// Since the beginning; a double holds 262 kJ to better than a nanojoule.
    counted_uj: f64,
}

impl Counter {
    /// A counter that shows so much.
    pub fn new(begin_uj: u64) -> Self {
        Self::of_unit(UNIT_NJ, begin_uj)
    }

    /// The same of another unit.
    pub fn of_unit(unit_nj: u64, begin_uj: u64) -> Self {
        Self { unit_nj, begin_uj, counted_uj: 0.0 }
    }

    /// Lets energy through.
    pub fn add(&mut self, microjoules: f64) {
        self.counted_uj += microjoules;
    }

    /// What a reader sees.
    pub fn read(&self) -> u64 {
        self.read_before(0.0)
    }

    /// What a reader sees if the hardware has not counted the last microjoules yet.
    pub fn read_before(&self, microjoules: f64) -> u64 {
        let counted_uj = (self.counted_uj - microjoules).max(0.0);
        let units = (self.begin_uj as f64 + counted_uj) * 1000.0 / self.unit_nj as f64;
        (units as u64 % (1 << 32)) * self.unit_nj / 1000
    }
}

/// Microjoules between two values of a counter that wrapped at most once.
pub fn between(before: u64, after: u64) -> u64 {
    after.checked_sub(before).unwrap_or_else(|| (RANGE_UJ - before).saturating_add(after))
}

/// What a reader gets in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `CLOCK_MONOTONIC`, which stands still in a suspend, in nanoseconds.
    pub monotonic_ns: u64,
    /// `CLOCK_BOOTTIME`, which does not, in nanoseconds.
    pub boottime_ns: u64,
    /// The counter in microjoules; none while its file is gone.
    pub energy_uj: Option<u64>,
}

/// A counter with the two clocks that a reader holds against it, and its misfortunes.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    counter: Counter,
    monotonic_ns: u64,
    boottime_ns: u64,
    gone: bool,
}

impl Meter {
    /// A meter that shows so much, as the machine starts.
    pub fn new(begin_uj: u64) -> Self {
        Self::of_unit(UNIT_NJ, begin_uj)
    }

    /// The same of another unit.
    pub fn of_unit(unit_nj: u64, begin_uj: u64) -> Self {
        let counter = Counter::of_unit(unit_nj, begin_uj);
        Self { counter, monotonic_ns: 0, boottime_ns: 0, gone: false }
    }

    /// Time goes by at some power.
    pub fn run(&mut self, nanoseconds: u64, watts: f64) {
        self.monotonic_ns += nanoseconds;
        self.boottime_ns += nanoseconds;
        self.counter.add(watts * nanoseconds as f64 / 1e3);
    }

    /// The counter starts over, as after kexec or when its driver is loaded anew.
    pub fn reset(&mut self) {
        self.counter = Counter::of_unit(self.counter.unit_nj, 0);
    }

    /// The machine sleeps; the counter loses what it had, as in S3.
    pub fn suspend(&mut self, nanoseconds: u64) {
        self.boottime_ns += nanoseconds;
        self.reset();
    }

    /// The file goes away, as when the last CPU of the package does; energy is still counted.
    pub fn vanish(&mut self) {
        self.gone = true;
    }

    /// The file is there again.
    pub fn come_back(&mut self) {
        self.gone = false;
    }

    /// What a reader gets now.
    pub fn read(&self) -> Reading {
        Reading {
            monotonic_ns: self.monotonic_ns,
            boottime_ns: self.boottime_ns,
            energy_uj: (!self.gone).then(|| self.counter.read()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_range_is_that_of_32_bits() {
        assert_eq!(RANGE_UJ, 262_143_328_850);
        assert_eq!(range_uj(AMD_UNIT_NJ), 65_532_610_987);
    }

    proptest! {
        #[test]
        fn a_wrap_loses_two_units_at_most(begin in 0..=RANGE_UJ, added in 0..RANGE_UJ) {
            let mut counter = Counter::new(begin);
            let before = counter.read();
            counter.add(added as f64);
            let after = counter.read();
            prop_assert!(after <= RANGE_UJ);
            prop_assert!(between(before, after).abs_diff(added) <= 2 * UNIT_NJ.div_ceil(1000));
        }
    }

    #[test]
    fn a_counter_shows_whole_units() {
        let mut counter = Counter::new(0);
        counter.add(61.0);
        assert_eq!(counter.read(), 0);
        counter.add(0.1);
        assert_eq!(counter.read(), 61);
        assert_eq!(counter.read_before(1.0), 0);
    }

    #[test]
    fn a_reset_looks_like_a_wrap_of_absurd_power() {
        let mut meter = Meter::new(1_000_000_000);
        meter.run(SECOND, 50.0);
        let before = meter.read().energy_uj.unwrap();
        meter.reset();
        meter.run(SECOND, 50.0);
        let after = meter.read().energy_uj.unwrap();
        assert!(after < before && between(before, after) > 200_000_000_000);
    }

    #[test]
    fn in_a_suspend_one_clock_outruns_the_other() {
        let mut meter = Meter::new(5_000_000);
        meter.run(SECOND, 50.0);
        meter.suspend(3600 * SECOND);
        let reading = meter.read();
        assert_eq!(reading.boottime_ns - reading.monotonic_ns, 3600 * SECOND);
        assert_eq!(reading.energy_uj, Some(0));
    }

    #[test]
    fn a_file_that_returns_has_counted_on() {
        let mut meter = Meter::new(0);
        meter.vanish();
        meter.run(SECOND, 50.0);
        assert_eq!(meter.read().energy_uj, None);
        meter.come_back();
        assert!(meter.read().energy_uj.unwrap().abs_diff(50_000_000) < 100);
    }
}
