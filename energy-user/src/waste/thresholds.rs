//! From when on something counts as waste: the defaults, and what a configuration may say.
//!
//! Every time is how long it must have lasted without a break, written like `5m` or `100us`.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Those of every rule: `[waste]` in a configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// A GPU is held and nobody uses it.
    pub held_gpu: HeldGpu,
    /// A GPU waits for data.
    pub starved_gpu: StarvedGpu,
    /// A process is busy and gets nowhere.
    pub spinning: Spinning,
    /// More threads want to run than there are CPUs.
    pub oversubscribed: Oversubscribed,
    /// Processes outlive the launcher of their job.
    pub orphans: Orphans,
    /// A notebook that nobody uses.
    pub idle_notebook: IdleNotebook,
    /// A dirty grid that will be clean.
    pub dirty_hour: DirtyHour,
}

/// A GPU is held and nobody uses it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeldGpu {
    /// For how long.
    #[serde(with = "time")]
    pub after: Duration,
}

/// A GPU waits for data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StarvedGpu {
    /// For how long.
    #[serde(with = "time")]
    pub after: Duration,
    /// The job uses its GPU for less of the time, per cent.
    #[serde(deserialize_with = "percent")]
    pub utilization_percent: f64,
    /// A loader is saturated from this part of one CPU, per cent.
    #[serde(deserialize_with = "percent")]
    pub saturated_percent: f64,
    /// So many CPUs are idle meanwhile, on average: more loaders would find room.
    #[serde(deserialize_with = "number")]
    pub idle_cpus: f64,
}

/// A process is busy and gets nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spinning {
    /// For how long.
    #[serde(with = "time")]
    pub after: Duration,
    /// It uses this much of one CPU, per cent.
    #[serde(deserialize_with = "number")]
    pub cpu_percent: f64,
    /// A storm of futexes or yields: so many switches a second.
    #[serde(deserialize_with = "number")]
    pub switches_per_second: f64,
    /// With slices no longer than this.
    #[serde(with = "time")]
    pub slice: Duration,
    /// And at least this part of its time in the kernel, per cent.
    #[serde(deserialize_with = "percent")]
    pub storm_system_percent: f64,
    /// A storm of polls: at least this part of its time in the kernel, per cent.
    #[serde(deserialize_with = "percent")]
    pub poll_system_percent: f64,
    /// In any storm, no more bytes are read and written a second.
    #[serde(deserialize_with = "number")]
    pub bytes_per_second: f64,
    /// And no more pages come a second.
    #[serde(deserialize_with = "number")]
    pub faults_per_second: f64,
    /// Where cycles are counted: fewer instructions for each.
    #[serde(deserialize_with = "number")]
    pub instructions_per_cycle: f64,
    /// And fewer misses of the cache for each thousand instructions: it does not wait for memory.
    #[serde(deserialize_with = "number")]
    pub misses_per_kilo: f64,
}

/// More threads want to run than there are CPUs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oversubscribed {
    /// For how long.
    #[serde(with = "time")]
    pub after: Duration,
    /// Waiting for a CPU, as a part of the time on one, per cent.
    #[serde(deserialize_with = "number")]
    pub wait_percent: f64,
    /// Threads that want to run, for each CPU that they may use: more than this.
    #[serde(deserialize_with = "number")]
    pub threads_per_cpu: f64,
}

/// Processes outlive the launcher of their job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Orphans {
    /// For how long.
    #[serde(with = "time")]
    pub after: Duration,
    /// They use this much of one CPU, per cent, or hold a GPU.
    #[serde(deserialize_with = "number")]
    pub cpu_percent: f64,
    /// The launcher lived so long beside them: who forks and ends at once makes a daemon.
    #[serde(with = "time")]
    pub together: Duration,
}

/// A notebook that nobody uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdleNotebook {
    /// For how long.
    #[serde(with = "time")]
    pub after: Duration,
    /// It uses no more of one CPU on average, per cent; ten times this for moments.
    #[serde(deserialize_with = "percent")]
    pub cpu_percent: f64,
}

/// A dirty grid that will be clean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirtyHour {
    /// A time is clean if the grid emits no more of what it emits now, per cent.
    #[serde(deserialize_with = "percent")]
    pub clean_percent: f64,
    /// How far ahead: the rest of a day.
    #[serde(with = "time")]
    pub ahead: Duration,
    /// The job has drawn power for so long.
    #[serde(with = "time")]
    pub after: Duration,
    /// And at least this much, watts.
    #[serde(deserialize_with = "number")]
    pub watts: f64,
}

impl Default for HeldGpu {
    fn default() -> Self {
        Self { after: Duration::from_mins(5) }
    }
}

impl Default for StarvedGpu {
    fn default() -> Self {
        Self {
            after: Duration::from_mins(2),
            utilization_percent: 50.0,
            saturated_percent: 95.0,
            idle_cpus: 1.0,
        }
    }
}

impl Default for Spinning {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(30),
            cpu_percent: 80.0,
            switches_per_second: 5000.0,
            slice: Duration::from_micros(100),
            storm_system_percent: 30.0,
            // A bare loop around poll(0) was measured to spend 48 to 65 % there.
            poll_system_percent: 40.0,
            bytes_per_second: 10_000.0,
            faults_per_second: 100.0,
            instructions_per_cycle: 0.1,
            misses_per_kilo: 1.0,
        }
    }
}

impl Default for Oversubscribed {
    fn default() -> Self {
        Self { after: Duration::from_mins(1), wait_percent: 50.0, threads_per_cpu: 1.1 }
    }
}

impl Default for Orphans {
    fn default() -> Self {
        Self { after: Duration::from_mins(2), cpu_percent: 5.0, together: Duration::from_mins(1) }
    }
}

impl Default for IdleNotebook {
    fn default() -> Self {
        Self { after: Duration::from_hours(2), cpu_percent: 0.1 }
    }
}

impl Default for DirtyHour {
    fn default() -> Self {
        Self {
            clean_percent: 60.0,
            ahead: Duration::from_hours(12),
            after: Duration::from_mins(5),
            watts: 20.0,
        }
    }
}

/// A part of something, 0 to 100.
fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let percent = number(from)?;
    if percent <= 100.0 {
        return Ok(percent);
    }
    Err(D::Error::custom(format!("{percent} per cent is more than all of it; write 0 to 100")))
}

/// A number that is not negative.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(from)?;
    if number.is_finite() && number >= 0.0 {
        return Ok(number);
    }
    Err(D::Error::custom(format!("{number} is no threshold; write a number from 0")))
}

/// A time as people write it.
mod time {
    use serde::ser::Error as _;

    use super::{Deserialize, Deserializer, Duration, Serializer, SignedDuration};

    pub fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        let time = SignedDuration::try_from(*time).map_err(S::Error::custom)?;
        to.serialize_str(&format!("{time:#}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        use serde::de::Error as _;

        let text = String::deserialize(from)?;
        let time = text.parse::<SignedDuration>().ok().and_then(|time| time.try_into().ok());
        time.ok_or_else(|| D::Error::custom(format!("{text:?} is not a time; write it like 5m")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_the_default_and_what_is_misspelt_is_refused() {
        let read = |text: &str| toml::from_str::<Thresholds>(text).map_err(|why| why.to_string());
        assert_eq!(read(""), Ok(Thresholds::default()));
        let mine = read("[idle_notebook]\nafter = \"90m\"").unwrap();
        assert_eq!(mine.idle_notebook.after, Duration::from_mins(90));
        assert!((mine.idle_notebook.cpu_percent - 0.1).abs() < 1e-12);
        assert_eq!(mine.held_gpu, HeldGpu::default());
        for (text, why) in [
            ("[held_gpu]\nafterr = \"5m\"", "unknown field"),
            ("[heldgpu]\nafter = \"5m\"", "unknown field"),
            ("[held_gpu]\nafter = \"soon\"", "is not a time"),
            ("[held_gpu]\nafter = \"-5m\"", "is not a time"),
            ("[starved_gpu]\nutilization_percent = 101", "more than all"),
            ("[spinning]\nswitches_per_second = -1", "is no threshold"),
            ("[spinning]\nswitches_per_second = nan", "is no threshold"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let text = toml::to_string(&Thresholds::default()).unwrap();
        assert!(text.contains("after = \"2h\"") && text.contains("slice = \"100"), "{text}");
        assert_eq!(toml::from_str::<Thresholds>(&text).unwrap(), Thresholds::default());
    }
}
