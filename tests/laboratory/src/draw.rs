//! Chance, by a seed and a label.
//!
//! Every use has a stream of its own, so that one draw more in the schedule does not change
//! the machine that it runs on.

use fastrand::Rng;

/// One stream of chance.
#[derive(Clone, Debug)]
pub struct Draw(Rng);

impl Draw {
    /// The stream of a seed for one use; the same again for the same two.
    pub fn new(seed: u64, label: &str) -> Self {
        // FNV-1a, whose constants are published; any hash that never changes would do.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let bytes = seed.to_le_bytes().into_iter().chain(label.bytes());
        let mut rng = Rng::with_seed(bytes.fold(0xcbf2_9ce4_8422_2325, mix));
        rng.u64(..); // the first number of two near seeds is alike
        Self(rng)
    }

    /// Uniform in a range.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.f64()
    }

    /// Uniform in a range, but not nearer than `gap` to a value: what a tool assumes.
    pub fn between_but(&mut self, low: f64, high: f64, value: f64, gap: f64) -> f64 {
        loop {
            let drawn = self.between(low, high);
            if (drawn - value).abs() >= gap {
                return drawn;
            }
        }
    }

    /// True in so many of 1 cases.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// Below a number, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    /// Normal with mean 0 and deviation 1, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.f64()).cos()
    }

    /// Puts a list in a random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        self.0.shuffle(list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_its_seed_and_its_label() {
        let first = |seed, label| Draw::new(seed, label).below(usize::MAX);
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
    }

    #[test]
    fn normal_has_mean_0_and_deviation_1() {
        let mut draw = Draw::new(1, "normal");
        let drawn: Vec<f64> = (0..20_000).map(|_| draw.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
