//! The bundled tables: watts by kind of CPU, by CPU model, and by board.
//!
//! Sources, licences and years stand at the head of each data file. Tests read every row, so
//! that a bad row cannot be shipped.

use std::sync::OnceLock;

use serde::{Deserialize, de::DeserializeOwned};

use super::{ident::CpuIdent, name};
use crate::{sample::Line, units::Watts};

pub const KINDS: &str = include_str!("../../../data/cpu-power.csv");
pub const MODELS: &str = include_str!("../../../data/cpu-tdp.csv");
pub const BOARDS: &str = include_str!("../../../data/boards.csv");

/// The mean of server CPUs, one hardware thread: Cloud Carbon Footprint's `*_WATTS_AVG`.
pub const MEAN: Line = Line { idle: Watts(0.74), full: Watts(3.5) };

/// One kind of CPU: watts of one hardware thread.
#[derive(Debug, Deserialize)]
pub struct Kind {
    pub microarchitecture: String,
    pub vendor: String,
    pub family: u32,
    pub models: String,
    pub stepping: u32,
    idle_watts: f64,
    full_watts: f64,
}

/// One model of CPU, by its normal name.
#[derive(Debug, Deserialize)]
pub struct Model {
    pub name: String,
    /// Thermal design power of a package.
    pub watts: f64,
    /// Hardware threads of a package, where known.
    pub threads: Option<u32>,
}

/// One board, everything on it.
#[derive(Debug, Deserialize)]
pub struct Board {
    pub name: String,
    pub cores: u32,
    idle_watts: f64,
    full_watts: f64,
    pub source: String,
}

impl Kind {
    fn fits(&self, cpu: &CpuIdent) -> bool {
        let mut models = self.models.split(' ').filter_map(|model| model.parse::<u32>().ok());
        self.vendor == cpu.vendor
            && self.family == cpu.family
            && cpu.stepping >= self.stepping
            && models.any(|model| model == cpu.model)
    }

    /// Power of one hardware thread.
    pub fn line(&self) -> Line {
        Line { idle: Watts(self.idle_watts), full: Watts(self.full_watts) }
    }
}

impl Board {
    /// Power of the whole board.
    pub fn line(&self) -> Line {
        Line { idle: Watts(self.idle_watts), full: Watts(self.full_watts) }
    }
}

/// Every kind.
pub fn kinds() -> &'static [Kind] {
    static ROWS: OnceLock<Vec<Kind>> = OnceLock::new();
    ROWS.get_or_init(|| rows(KINDS))
}

/// Every model.
pub fn models() -> &'static [Model] {
    static ROWS: OnceLock<Vec<Model>> = OnceLock::new();
    ROWS.get_or_init(|| rows(MODELS))
}

/// Every board; some have two rows.
pub fn boards() -> &'static [Board] {
    static ROWS: OnceLock<Vec<Board>> = OnceLock::new();
    ROWS.get_or_init(|| rows(BOARDS))
}

fn rows<T: DeserializeOwned>(data: &str) -> Vec<T> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(data.as_bytes());
    // A row that cannot be read is left out; the tests read them all.
    reader.deserialize().filter_map(Result::ok).collect()
}

/// The kind of a CPU.
pub fn kind(cpu: &CpuIdent) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.fits(cpu))
}

/// The model of that name, and no other.
pub fn model(kernel_name: &str) -> Option<&'static Model> {
    let name = name::normal(kernel_name);
    models().iter().find(|model| model.name == name)
}

/// The rows of a board, by the device tree's `model` with or without ` Rev 1.4`.
pub fn board(name: &str) -> impl Iterator<Item = &'static Board> {
    let name = name.trim_matches(|end: char| end == '\0' || end.is_whitespace());
    let name = name.rsplit_once(" Rev ").map_or(name, |(name, _)| name).to_string();
    boards().iter().filter(move |board| board.name == name)
}
