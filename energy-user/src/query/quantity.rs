//! A number with its unit, as it was written and as it is compared.

use std::fmt;

use super::{
    error::QueryError,
    field::{Field, Unit},
};

/// A number of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantity {
    /// As it was written.
    number: f64,
    /// The unit, or none where the field has no units.
    unit: Option<&'static Unit>,
}

impl Quantity {
    /// Reads a word without spaces, such as `1.5kW`, that begins at a byte. `after` is the next
    /// word where a space is between them: it may be the unit. `last` says that nothing comes
    /// behind the word. It tells as well whether the next word was the unit.
    pub fn read(
        field: &Field,
        (at, word): (usize, &str),
        after: &str,
        last: bool,
    ) -> Result<(Self, bool), QueryError> {
        let signs = word.len() - word.trim_start_matches(['+', '-']).len();
        let is_digit = |letter: char| letter.is_ascii_digit() || letter == '.';
        let digits = word[signs..].trim_start_matches(is_digit);
        let (number, symbol) = word.split_at(word.len() - digits.len());
        let Ok(value) = number.parse() else {
            let words = format!("{} is compared with a number{}", field.name, such(field));
            let begun = last && matches!(word, "+" | "-" | "." | "+." | "-.");
            let error = if begun { QueryError::incomplete } else { QueryError::wrong };
            return Err(error(at, words));
        };
        let of = |unit| Self { number: value, unit };
        if symbol.is_empty() {
            let next = field.units().iter().find(|unit| spells(unit, after));
            return Ok((of(next.or(field.units().first())), next.is_some()));
        }
        if let Some(unit) = field.units().iter().find(|unit| spells(unit, symbol)) {
            return Ok((of(Some(unit)), false));
        }
        let mut names = field.units().iter().flat_map(names);
        let begun = last && names.any(|name| name.starts_with(symbol));
        let error = if begun { QueryError::incomplete } else { QueryError::wrong };
        let words = match field.units() {
            [] => format!("{} has no unit: write the number alone", field.name),
            units => format!("{symbol} is no unit of {}: use {}", field.name, listed(units)),
        };
        Err(error(at + number.len(), words))
    }

    /// In the base unit.
    pub fn value(self) -> f64 {
        self.unit
            .map_or(self.number, |unit| self.number * f64::from(unit.times) / f64::from(unit.per))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.map_or("", |unit| unit.symbol))
    }
}

fn names(unit: &'static Unit) -> impl Iterator<Item = &'static str> {
    std::iter::once(unit.symbol).chain(unit.also.iter().copied())
}

fn spells(unit: &'static Unit, word: &str) -> bool {
    names(unit).any(|name| name == word)
}

fn listed(units: &[Unit]) -> String {
    units.iter().map(|unit| unit.symbol).collect::<Vec<_>>().join(", ")
}

fn such(field: &Field) -> String {
    field.units().first().map_or_else(String::new, |unit| format!(", such as 5{}", unit.symbol))
}
