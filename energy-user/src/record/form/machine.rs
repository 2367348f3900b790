//! The machine, its meters, and what they said.

use serde::{Deserialize, Serialize};

use crate::{
    record::stored::{Real, Stored, stored},
    sample::{Cell, Domain, Line, Machine, Meter, Package, PowerModel, Reading, Role},
};

stored! {
    /// A package.
    Socket of Package { must { id "id": u32, cpus "cpus": Vec<u32> } may {} }
}

stored! {
    /// CPUs whose time is kept together.
    Part of Cell { must { package "package": usize, cpus "cpus": Vec<u32> } may {} }
}

stored! {
    /// The machine.
    Place of Machine {
        must { host "host": String, packages "packages": Vec<Socket>, cells "cells": Vec<Part> }
        may {}
    }
}

stored! {
    /// A meter.
    Gauge of Meter {
        must { id "id": String, domain "domain": Domain, source "source": String }
        may { cells "cells": Vec<usize>, role "role": Role, includes "includes": String }
    }
}

stored! {
    /// Power over load.
    Slope of Line { must { idle "idle": Real, full "full": Real } may {} }
}

stored! {
    /// Three of them.
    Model of PowerModel {
        must { likely "likely": Slope, least "least": Slope, most "most": Slope }
        may {}
    }
}

/// What a meter said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::record) enum Said {
    /// Microjoules, the largest value, and the highest honest power.
    Counter(u64, u64, Real),
    Model(Model),
    Absent(String),
}

impl Stored<Reading> for Said {
    fn store(of: &Reading) -> Self {
        match of {
            Reading::Counter { microjoules, range, limit } => {
                Self::Counter(*microjoules, *range, Stored::store(limit))
            }
            Reading::Model(model) => Self::Model(Stored::store(model)),
            Reading::Absent(why) => Self::Absent(why.clone()),
        }
    }

    fn restore(self) -> Reading {
        match self {
            Self::Counter(microjoules, range, limit) => {
                Reading::Counter { microjoules, range, limit: limit.restore() }
            }
            Self::Model(model) => Reading::Model(model.restore()),
            Self::Absent(why) => Reading::Absent(why),
        }
    }
}
