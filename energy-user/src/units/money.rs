//! Money for energy: a tariff, what it makes of joules, and in which currency.
//!
//! Amounts of two currencies are never added: only a tariff makes money, and a run has one.

use std::{fmt, ops::Mul};

use serde::{Deserialize, Serialize, de::Error as _};

use super::{MICROJOULES_PER_KWH, Microjoules};

/// A currency by its three letters (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Of three letters, in any case.
    pub fn parse(letters: &str) -> Option<Self> {
        let letters = letters.trim().to_ascii_uppercase();
        let code: [u8; 3] = letters.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        // They are ASCII letters, so that this never fails.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let letters = String::deserialize(deserializer)?;
        Self::parse(&letters).ok_or_else(|| D::Error::custom("a currency has three letters"))
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// In whole units of the currency.
    pub amount: f64,
    /// Which.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.amount > 0.0 && self.amount < 1e-6 {
            return write!(f, "<0.000001 {}", self.currency.code());
        }
        // A small amount has digits that count; a large one has cents.
        let places = match self.amount {
            0.0 => 2,
            amount if amount < 0.01 => 6,
            amount if amount < 1.0 => 4,
            _ => 2,
        };
        write!(f, "{:.places$} {}", self.amount, self.currency.code())
    }
}

/// What a kilowatt hour costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tariff {
    /// Of one kilowatt hour.
    pub per_kwh: Money,
}

impl Tariff {
    /// No grid asks for more, in any currency that is in use.
    const MOST: f64 = 1e6;

    /// `0.32 EUR`, of a kilowatt hour.
    pub fn parse(text: &str) -> Result<Self, String> {
        let help = "use what a kWh costs and the currency's three letters, such as \"0.32 EUR\"";
        let (amount, currency) = text.trim().split_once(' ').ok_or(help)?;
        let amount = amount.parse::<f64>().map_err(|_| help)?;
        let currency = Currency::parse(currency).ok_or(help)?;
        if !(0.0..=Self::MOST).contains(&amount) {
            return Err(help.into());
        }
        Ok(Self { per_kwh: Money { amount, currency } })
    }
}

impl Tariff {
    /// What so many joules cost, which need not be whole microjoules.
    pub fn of_joules(self, joules: f64) -> Money {
        let Money { amount, currency } = self.per_kwh;
        Money { amount: joules * 1e6 / MICROJOULES_PER_KWH * amount, currency }
    }
}

impl Mul<Tariff> for Microjoules {
    type Output = Money;
    fn mul(self, tariff: Tariff) -> Money {
        tariff.of_joules(self.joules())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tariff_makes_money_of_energy() {
        let tariff = Tariff::parse("0.32 eur").unwrap();
        // 2.5 kWh
        let money = Microjoules(9_000_000_000_000) * tariff;
        assert!((money.amount - 0.8).abs() < 1e-12);
        assert_eq!(money.to_string(), "0.8000 EUR");
        assert_eq!(money.currency.code(), "EUR");
    }

    #[test]
    fn amounts_have_the_digits_that_count() {
        let show = |amount: f64| Money { amount, currency: Currency(*b"USD") }.to_string();
        let shown = [0.0, 1e-9, 0.000_12, 0.25, 12.346].map(show);
        let expected = ["0.00 USD", "<0.000001 USD", "0.000120 USD", "0.2500 USD", "12.35 USD"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_no_tariff() {
        for bad in ["", "0.32", "EUR", "EUR 0.32", "-1 EUR", "nan EUR", "1e9 EUR", "1 EURO", "1 €"]
        {
            assert!(Tariff::parse(bad).unwrap_err().contains("0.32 EUR"), "{bad}");
        }
    }
}
