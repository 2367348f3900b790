//! What is drawn beyond what the meters of the parts show, as two factors kept apart.
//!
//! Overhead is the machine's own: losses of the power supply, fans, disks. PUE is the building's:
//! cooling and distribution (ISO/IEC 30134-2), and holds of energy at the wall. Both are 1 until
//! somebody says otherwise: then the figure is energy of the metered components alone.

use serde::Serialize;

/// Both factors, at least 1 each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Factors {
    /// Energy of the site over that of its computers.
    pub pue: f64,
    /// Energy of the computer over that of its metered parts.
    pub overhead: f64,
}

impl Default for Factors {
    fn default() -> Self {
        Self::NONE
    }
}

impl Factors {
    /// Only what is metered.
    pub const NONE: Self = Self { pue: 1.0, overhead: 1.0 };

    /// More than ten times the energy is a slip of the pen.
    pub const MOST: f64 = 10.0;

    /// Energy is multiplied by this.
    pub fn product(self) -> f64 {
        self.pue * self.overhead
    }

    /// Where the whole machine is metered its losses are in that, and would be counted twice.
    pub fn of_whole(self) -> Self {
        Self { overhead: 1.0, ..self }
    }

    /// `, x 1.5 PUE`; nothing of a factor of 1.
    pub fn words(self) -> String {
        let one = |factor: f64, name: &str| {
            if factor > 1.0 { format!(", x {factor} {name}") } else { String::new() }
        };
        one(self.overhead, "overhead") + &one(self.pue, "PUE")
    }

    /// A factor from text.
    pub fn parse(text: &str) -> Result<f64, String> {
        let factor = text.trim().parse::<f64>().ok();
        factor
            .filter(|factor| (1.0..=Self::MOST).contains(factor))
            .ok_or_else(|| "use a factor from 1 (nothing beyond) to 10, such as 1.2".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_at_least_one() {
        assert_eq!(Factors::parse("1"), Ok(1.0));
        assert_eq!(Factors::parse(" 1.56"), Ok(1.56));
        for bad in ["0.9", "0", "-1", "11", "nan", "inf", "", "half"] {
            assert!(Factors::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn of_a_whole_machine_only_the_building_is_beyond() {
        let factors = Factors { pue: 1.5, overhead: 1.2 };
        assert!((factors.product() - 1.8).abs() < 1e-12);
        assert_eq!(factors.of_whole(), Factors { pue: 1.5, overhead: 1.0 });
        assert_eq!(factors.words(), ", x 1.2 overhead, x 1.5 PUE");
        assert_eq!(Factors::default().words(), "");
    }
}
