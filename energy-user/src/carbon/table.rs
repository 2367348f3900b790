//! The bundled table of yearly mean carbon intensities by country.
//!
//! A placeholder of two lines until the data file lands.
use crate::units::GramsPerKwh;
/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// code
    pub zone: String,
    /// alpha3
    pub zone3: String,
    /// name
    pub name: String,
    /// g
    pub value: GramsPerKwh,
    /// y
    pub year: u16,
    /// s
    pub source: String,
}
/// u
#[derive(Debug, thiserror::Error)]
#[error("unknown zone")]
pub struct UnknownZone;
/// e
pub fn entries() -> &'static [Entry] {
    &[]
}
/// l
pub fn lookup(_c: &str) -> Result<&'static Entry, UnknownZone> {
    Err(UnknownZone)
}
/// w
pub fn world() -> &'static Entry {
    static E: std::sync::OnceLock<Entry> = std::sync::OnceLock::new();
    E.get_or_init(|| Entry {
        zone: "WORLD".into(),
        zone3: "WORLD".into(),
        name: "World".into(),
        value: GramsPerKwh(473.0),
        year: 2024,
        source: "x".into(),
    })
}
