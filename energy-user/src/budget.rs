//! A budget of energy, emissions or money, and how far a run is with it.
//!
//! Energy is that of the report: what the meters show. Grams and money have in them what is drawn
//! beyond, as theirs in the report have. A forecast is the mean of the run so far, carried on.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cli::run::OnBudget,
    units::{Currency, Tariff},
};

/// How much may be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// As the user wrote it.
    pub text: String,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Joules(f64),
    Grams(f64),
    Money(f64, Currency),
}

/// What a run has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Energy; none where no meter counted.
    pub joules: Option<f64>,
    /// Emissions.
    pub grams: Option<f64>,
    /// Money, in the tariff's currency.
    pub money: Option<f64>,
}

/// How far a run came with its budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// As the user wrote it.
    pub limit: String,
    /// What happens at its end.
    pub on_budget: OnBudget,
    /// The part that is used: 1 is all of it; none where nothing tells.
    pub used: Option<f64>,
    /// It ended the run.
    pub stopped: bool,
    /// Mean power of the run so far.
    pub pace_watts: Option<f64>,
    /// When all of it was used, or will be at this pace.
    pub budget_reached_at: Option<Timestamp>,
}

impl Budget {
    /// `2kWh`, `500 J`, `1.2kg`, `3EUR`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let help = "use an amount above zero with its unit: J, kJ, MJ, Wh, kWh, MWh; g, kg, t; or \
                    a currency's three letters, such as 2kWh, 500g or 3EUR";
        let text = text.trim();
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let (number, unit) = text.split_at(text.find(|c| !digits(c)).ok_or(help)?);
        let number: f64 = number.parse().map_err(|_| help)?;
        let limit = match unit.trim() {
            "J" => Limit::Joules(number),
            "kJ" => Limit::Joules(number * 1e3),
            "MJ" => Limit::Joules(number * 1e6),
            "Wh" => Limit::Joules(number * 3.6e3),
            "kWh" => Limit::Joules(number * 3.6e6),
            "MWh" => Limit::Joules(number * 3.6e9),
            "g" => Limit::Grams(number),
            "kg" => Limit::Grams(number * 1e3),
            "t" => Limit::Grams(number * 1e6),
            letters => {
                // `KWH` is no money.
                let odd = ["KWH", "MWH", "WH", "KG"].contains(&letters.to_uppercase().as_str());
                let currency = Currency::parse(letters).filter(|_| !odd);
                Limit::Money(number, currency.ok_or(help)?)
            }
        };
        if number <= 0.0 || !number.is_finite() {
            return Err(help.into());
        }
        Ok(Self { text: text.into(), limit })
    }

    /// Money needs a tariff in the same currency; if it lacks it, the remedy.
    pub fn check(&self, tariff: Option<Tariff>) -> Result<(), String> {
        let Limit::Money(_, currency) = self.limit else { return Ok(()) };
        let code = currency.code();
        match tariff.map(|tariff| tariff.per_kwh.currency) {
            Some(other) if other == currency => Ok(()),
            Some(other) => {
                let other = other.code();
                Err(format!("--budget is in {code} and --tariff in {other}; use one currency"))
            }
            None => {
                Err(format!("--budget in {code} needs a price, such as --tariff \"0.32 {code}\""))
            }
        }
    }

    /// The part of it that is used; none where nothing tells.
    pub fn part(&self, used: &Used) -> Option<f64> {
        Some(match self.limit {
            Limit::Joules(limit) => used.joules? / limit,
            Limit::Grams(limit) => used.grams? / limit,
            Limit::Money(limit, _) => used.money? / limit,
        })
    }
}

/// A budget, watched.
#[derive(Clone, Debug)]
pub struct Purse {
    budget: Budget,
    on_budget: OnBudget,
    spent: Spent,
    /// The highest step that was told, in per cent.
    told: u8,
}

impl Purse {
    /// A full one.
    pub fn new(budget: Budget, on_budget: OnBudget) -> Self {
        let spent = Spent {
            limit: budget.text.clone(),
            on_budget,
            used: None,
            stopped: false,
            pace_watts: None,
            budget_reached_at: None,
        };
        Self { budget, on_budget, spent, told: 0 }
    }

    /// Takes the sums after so much time; gives what is to be told, each step once.
    pub fn watch(&mut self, used: &Used, since: Duration, now: Timestamp) -> Option<String> {
        let seconds = since.as_secs_f64();
        self.spent.pace_watts = used.joules.filter(|_| seconds > 0.0).map(|it| it / seconds);
        let part = self.budget.part(used)?;
        let before = self.spent.used.replace(part).unwrap_or_default();
        if before < 1.0 {
            self.spent.budget_reached_at = if part >= 1.0 {
                Some(now)
            } else {
                let left = seconds * (1.0 - part) / part;
                let left = Duration::try_from_secs_f64(left).ok();
                left.and_then(|left| now.checked_add(left).ok())
            };
        }
        let step = if part >= 1.0 {
            100
        } else if part >= 0.8 {
            80
        } else {
            0
        };
        if step <= self.told {
            return None;
        }
        self.told = step;
        Some(self.words(step))
    }

    fn words(&self, step: u8) -> String {
        let limit = &self.budget.text;
        let pace = self.spent.pace_watts.map_or_else(String::new, |watts| {
            format!(" at a mean of {} W", crate::present::figure::figure(Some(watts)))
        });
        match (step, self.on_budget) {
            (100, OnBudget::Stop) => {
                format!("the budget of {limit} is used up{pace}: its processes are ended")
            }
            (100, OnBudget::Warn) => {
                format!("the budget of {limit} is used up{pace}; it goes on (--on-budget warn)")
            }
            _ => {
                let at = self.spent.budget_reached_at.map_or_else(String::new, |at| {
                    format!("; at this pace {limit} by {}", at.strftime("%Y-%m-%d %H:%M:%SZ"))
                });
                format!("{step} % of the budget of {limit} is used{pace}{at}")
            }
        }
    }

    /// It is used up, and that ends the run.
    pub fn must_stop(&self) -> bool {
        self.on_budget == OnBudget::Stop && self.spent.used.is_some_and(|used| used >= 1.0)
    }

    /// For the report.
    pub fn spent(self, stopped: bool) -> Spent {
        Spent { stopped, ..self.spent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Option<f64> {
        let used = Used { joules: Some(1.8e6), grams: Some(600.0), money: Some(1.5) };
        Budget::parse(text).unwrap().part(&used)
    }

    #[test]
    fn amounts_have_units() {
        for (text, expected) in [
            ("2kWh", 0.25),
            ("500 Wh", 1.0),
            ("3.6MJ", 0.5),
            ("1.2kg", 0.5),
            ("500g", 1.2),
            ("3EUR", 0.5),
            ("3 usd", 0.5),
        ] {
            assert!((part(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        for bad in ["", "5", "0J", "-1J", "J", "1KWH", "1e3J", "nanJ", "1EURO", "1 J J", "1..2J"] {
            assert!(Budget::parse(bad).unwrap_err().contains("2kWh"), "{bad}");
        }
        assert_eq!(Budget::parse("1J").unwrap().part(&Used::default()), None);
    }

    #[test]
    fn money_needs_its_tariff() {
        let euros = Budget::parse("3EUR").unwrap();
        assert!(euros.check(None).unwrap_err().contains("--tariff \"0.32 EUR\""));
        assert!(euros.check(Tariff::parse("0.1 USD").ok()).unwrap_err().contains("one currency"));
        assert_eq!(euros.check(Tariff::parse("0.1 EUR").ok()), Ok(()));
        assert_eq!(Budget::parse("1J").unwrap().check(None), Ok(()));
    }

    #[test]
    fn each_step_is_told_once_with_its_pace() {
        let mut purse = Purse::new(Budget::parse("1000J").unwrap(), OnBudget::Stop);
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let mut at = |seconds: u64, joules| {
            let used = Used { joules: Some(joules), ..Used::default() };
            let since = Duration::from_secs(seconds);
            let told = purse.watch(&used, since, start + since);
            (told, purse.must_stop(), purse.spent.budget_reached_at.map(|at| at.to_string()))
        };
        assert_eq!(at(10, 0.0), (None, false, None));
        assert_eq!(at(50, 500.0), (None, false, Some("2026-03-02T09:01:40Z".into())));
        let (told, stop, _) = at(60, 800.0);
        let said = "80 % of the budget of 1000J is used at a mean of 13.33 W; at this pace 1000J \
                    by 2026-03-02 09:01:15Z";
        assert_eq!((told.as_deref(), stop), (Some(said), false));
        assert_eq!(at(61, 801.0).0, None);
        let (told, stop, reached) = at(70, 1000.0);
        assert!(told.unwrap().starts_with("the budget of 1000J is used up at a mean of 14.29 W"));
        assert_eq!((stop, reached.as_deref()), (true, Some("2026-03-02T09:01:10Z")));
        // When it was reached stays.
        assert_eq!(at(80, 1100.0), (None, true, reached));
    }
}
