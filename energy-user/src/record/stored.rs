//! How values of the program become values of a file and back.
//!
//! One line for each field, in both directions: a field that the program gains and a recording
//! does not keep is an error of the compiler, not a figure that is silently lost.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    attribute::IdlePolicy,
    carbon::footprint::Factors,
    sample::{
        Context, CpuTime, Domain, GpuShare, Kind, ProbeKind, ProcessId, Role, Vendor, Weight,
    },
    units::Watts,
};

/// A file's own form of a value.
pub(super) trait Stored<Of>: Sized {
    /// To the file.
    fn store(of: &Of) -> Self;
    /// From the file.
    fn restore(self) -> Of;
}

/// Values that are the same in both: numbers, texts, and words that JSON has too and which are
/// promised to scripts.
macro_rules! same {
    ($($kind:ty),+ $(,)?) => {
        $(impl Stored<$kind> for $kind {
            fn store(of: &$kind) -> Self {
                of.clone()
            }
            fn restore(self) -> $kind {
                self
            }
        })+
    };
}

same!(bool, u8, u32, u64, usize, String);
same!(Context, Domain, GpuShare, IdlePolicy, Kind, ProbeKind, Role, Vendor, Weight);
same!(std::collections::BTreeMap<String, String>);

impl<Of, S: Stored<Of>> Stored<Option<Of>> for Option<S> {
    fn store(of: &Option<Of>) -> Self {
        of.as_ref().map(S::store)
    }
    fn restore(self) -> Option<Of> {
        self.map(S::restore)
    }
}

impl<Of, S: Stored<Of>> Stored<Vec<Of>> for Vec<S> {
    fn store(of: &Vec<Of>) -> Self {
        of.iter().map(S::store).collect()
    }
    fn restore(self) -> Vec<Of> {
        self.into_iter().map(S::restore).collect()
    }
}

impl Stored<Arc<str>> for String {
    fn store(of: &Arc<str>) -> Self {
        of.as_ref().into()
    }
    fn restore(self) -> Arc<str> {
        self.into()
    }
}

impl Stored<CpuTime> for Vec<Count> {
    fn store(of: &CpuTime) -> Self {
        Stored::store(&of.0)
    }
    fn restore(self) -> CpuTime {
        CpuTime(self.restore())
    }
}

/// No count or time of a sample is larger: 36 years in nanoseconds. Sums do not overflow then.
pub(super) const MOST: u64 = 1 << 60;

/// A number that is no larger than [`MOST`]: the arithmetic adds them up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub(super) struct Count(pub u64);

impl TryFrom<u64> for Count {
    type Error = String;
    fn try_from(count: u64) -> Result<Self, String> {
        let bounded = count <= MOST;
        bounded.then_some(Self(count)).ok_or_else(|| format!("{count} is more than there can be"))
    }
}

impl From<Count> for u64 {
    fn from(count: Count) -> Self {
        count.0
    }
}

impl Stored<u64> for Count {
    fn store(of: &u64) -> Self {
        Self((*of).min(MOST))
    }
    fn restore(self) -> u64 {
        self.0
    }
}

/// The same with a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub(super) struct Signed(i64);

impl TryFrom<i64> for Signed {
    type Error = String;
    fn try_from(count: i64) -> Result<Self, String> {
        let bounded = count.unsigned_abs() <= MOST;
        bounded.then_some(Self(count)).ok_or_else(|| format!("{count} is more than there can be"))
    }
}

impl From<Signed> for i64 {
    fn from(count: Signed) -> Self {
        count.0
    }
}

impl Stored<i64> for Signed {
    fn store(of: &i64) -> Self {
        Self((*of).clamp(-MOST.cast_signed(), MOST.cast_signed()))
    }
    fn restore(self) -> i64 {
        self.0
    }
}

/// A time, as whole nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Nanos(pub Count);

impl Stored<Duration> for Nanos {
    fn store(of: &Duration) -> Self {
        Self(Stored::store(&u64::try_from(of.as_nanos()).unwrap_or(u64::MAX)))
    }
    fn restore(self) -> Duration {
        Duration::from_nanos(self.0.0)
    }
}

/// A moment of some thousand years, from which and to which times can be added.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Timestamp", into = "Timestamp")]
pub(super) struct Time(Timestamp);

impl TryFrom<Timestamp> for Time {
    type Error = String;
    fn try_from(time: Timestamp) -> Result<Self, String> {
        /// Seconds before and after 1970: until the year 5138.
        const FARTHEST: u64 = 100_000_000_000;
        let bounded = time.as_second().unsigned_abs() <= FARTHEST;
        bounded.then_some(Self(time)).ok_or_else(|| format!("{time} is not in our times"))
    }
}

impl From<Time> for Timestamp {
    fn from(time: Time) -> Self {
        time.0
    }
}

impl Stored<Timestamp> for Time {
    fn store(of: &Timestamp) -> Self {
        Self(*of)
    }
    fn restore(self) -> Timestamp {
        self.0
    }
}

/// A process's number and its start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Process(pub u32, pub Count);

impl Stored<ProcessId> for Process {
    fn store(of: &ProcessId) -> Self {
        Self(of.pid, Stored::store(&of.start))
    }
    fn restore(self) -> ProcessId {
        ProcessId { pid: self.0, start: self.1.restore() }
    }
}

/// Watts or grams: no more than a thousand million power stations, and never less than nothing. A
/// sum vouches for the way from a writer to a reader, not for the writer; what comes of a number
/// that is none would be shown as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub(super) struct Real(pub f64);

impl TryFrom<f64> for Real {
    type Error = String;
    fn try_from(number: f64) -> Result<Self, String> {
        const MOST: f64 = 1e18;
        let sound = (0.0..=MOST).contains(&number);
        sound.then_some(Self(number)).ok_or_else(|| format!("{number:e} is no amount of anything"))
    }
}

impl From<Real> for f64 {
    fn from(real: Real) -> Self {
        real.0
    }
}

/// What lies beyond the meters, by the rule of the option.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub(super) struct Factor(pub f64);

impl TryFrom<f64> for Factor {
    type Error = String;
    fn try_from(number: f64) -> Result<Self, String> {
        let sound = (1.0..=Factors::MOST).contains(&number);
        let words = || format!("{number:e} is no factor from 1 to {}", Factors::MOST);
        sound.then_some(Self(number)).ok_or_else(words)
    }
}

impl From<Factor> for f64 {
    fn from(factor: Factor) -> Self {
        factor.0
    }
}

impl Stored<f64> for Real {
    fn store(of: &f64) -> Self {
        Self(*of)
    }
    fn restore(self) -> f64 {
        self.0
    }
}

impl Stored<Watts> for Real {
    fn store(of: &Watts) -> Self {
        Self(of.0)
    }
    fn restore(self) -> Watts {
        Watts(self.0)
    }
}

/// What is not there says the same.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The file's form of a struct: the fields that it must have, and those that are left out where
/// they are zero, empty or none. `"name"` is what the file calls a field.
macro_rules! stored {
    (
        $(#[$meta:meta])*
        $name:ident of $of:ident {
            must { $($need:ident $word:literal: $needed:ty),* $(,)? }
            may { $($field:ident $key:literal: $kept:ty),* $(,)? }
        }
    ) => {
        $(#[$meta])*
        #[allow(clippy::struct_field_names, reason = "the program's names; a file has its own")]
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(in crate::record) struct $name {
            $(#[serde(rename = $word)] $need: $needed,)*
            $(#[serde(rename = $key, default)]
            #[serde(skip_serializing_if = "crate::record::stored::is_default")]
            $field: $kept,)*
        }

        impl $crate::record::stored::Stored<$of> for $name {
            fn store(of: &$of) -> Self {
                let $of { $($need,)* $($field),* } = of;
                Self {
                    $($need: $crate::record::stored::Stored::store($need),)*
                    $($field: $crate::record::stored::Stored::store($field),)*
                }
            }
            fn restore(self) -> $of {
                let Self { $($need,)* $($field),* } = self;
                $of {
                    $($need: $crate::record::stored::Stored::restore($need),)*
                    $($field: $crate::record::stored::Stored::restore($field),)*
                }
            }
        }
    };
}

pub(super) use stored;
