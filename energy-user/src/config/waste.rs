//! `[waste]`: the thresholds that a file names, laid over whatever else says some.

use toml::{Table, Value};

use crate::waste::Thresholds;

/// The thresholds that somebody wrote into a file, and no others: a made-up machine's own stand
/// for the rest of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waste(pub(super) Table);

impl Waste {
    /// These, where they say something, else those of `base`.
    pub fn over(&self, base: Thresholds) -> anyhow::Result<Thresholds> {
        if self.0.is_empty() {
            return Ok(base);
        }
        let mut all = Table::try_from(base)?;
        lay(&mut all, &self.0);
        Ok(all.try_into()?)
    }
}

fn lay(base: &mut Table, over: &Table) {
    for (name, value) in over {
        match (base.get_mut(name), value) {
            (Some(Value::Table(base)), Value::Table(over)) => lay(base, over),
            _ => drop(base.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_file_names_wins_and_the_rest_stays_the_scenarios() {
        let mut scenario = Thresholds::default();
        scenario.held_gpu.after = Duration::from_secs(7);
        scenario.spinning.cpu_percent = 12.0;
        let waste = Waste(toml::from_str("[spinning]\nslice = \"3us\"\ncpu_percent = 60").unwrap());
        let mut expected = scenario.clone();
        expected.spinning.cpu_percent = 60.0;
        expected.spinning.slice = Duration::from_micros(3);
        assert_eq!(waste.over(scenario.clone()).unwrap(), expected);
        assert_eq!(Waste::default().over(scenario.clone()).unwrap(), scenario);
    }
}
