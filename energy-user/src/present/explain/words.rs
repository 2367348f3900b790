//! The arithmetic as lines for people: a name, a figure, and what it means.

use super::{Explanation, Term};
use crate::{
    frame::{Basis, Quality},
    present::{
        columns::Line,
        figure::{self, Units, printable},
        fixed,
    },
    units::{Microjoules, Watts},
};

impl Explanation {
    /// Who it is about: `python3 (pid 4001, anna)`.
    pub fn title(&self) -> String {
        let user = self.user.as_deref().map_or_else(String::new, |user| format!(", {user}"));
        printable(&format!("{} (pid {}{user})", self.name, self.pid))
    }

    /// What it is charged, and the power that is over the interval.
    pub fn sum(&self, units: Units) -> [String; 2] {
        let energy = self.energy_joules.map(Microjoules::from_joules);
        let watts = self.energy_joules.map(|joules| Watts(joules / self.interval_seconds));
        let mark = mark(self.quality);
        [
            with(mark, units.energy(energy), units.energy_symbol()),
            with(mark, units.power(watts), units.power_symbol()),
        ]
    }

    /// The terms, each pool's below its name, and the sum.
    pub fn lines(&self, units: Units) -> Vec<Line> {
        let mut lines = Vec::new();
        for term in &self.terms {
            self.add_term(term, units, &mut lines);
            lines.push(Line::default());
        }
        if self.terms.is_empty() {
            let why = match self.energy_joules {
                Some(_) if !self.idle_gpus.is_empty() => {
                    "it used no CPU time and no GPU in this interval, and is charged nothing"
                }
                Some(_) => "it used no CPU time in this interval, and is charged nothing",
                None => "no meter counted in this interval, so its energy is not known",
            };
            lines.extend([Line::words(why), Line::default()]);
        }
        for idle in &self.idle_gpus {
            let words = idle.words();
            lines.push(Line::new(printable(&idle.id), "nothing".into(), words));
        }
        if !self.idle_gpus.is_empty() {
            lines.push(Line::default());
        }
        let [energy, power] = self.sum(units);
        let power = if self.energy_joules.is_some() { &power } else { "not known," };
        let words = format!("{power} over {:.3} s, {}", self.interval_seconds, self.quality);
        lines.push(Line::new("sum", energy, words).strong());
        lines
    }

    fn add_term(&self, term: &Term, units: Units, lines: &mut Vec<Line>) {
        let mark = mark(term.quality);
        let energy = |joules: f64| {
            let energy = units.energy(Some(Microjoules::from_joules(joules)));
            with(mark, energy, units.energy_symbol())
        };
        let share = term.weight / term.weight_of_all * 100.0;
        let share = if share.is_finite() { format!("{share:.2} %") } else { "none".into() };
        let held_idle = term.gpu.as_ref().is_some_and(|gpu| gpu.held_idle);
        let name = term.gpu.as_ref().map_or_else(String::new, |gpu| format!("; {}", gpu.name));
        let whole = format!("{}, {}{name}", term.quality, term.source);
        let load = term.load * 100.0;
        let (moving, load) = match &term.gpu {
            None => ("= moving", format!("what depends on who runs; load {load:.0} %")),
            Some(gpu) if gpu.held_idle => {
                ("= above", "what it drew beyond that, though nobody used it".into())
            }
            Some(gpu) if gpu.busy_is_told => {
                ("= moving", format!("what depends on who uses it; busy {load:.0} % of the time"))
            }
            Some(_) => ("= moving", "what depends on who uses it".into()),
        };
        let confidence = if held_idle {
            term.because.into()
        } else {
            format!("{} confidence: {}", term.confidence, term.because)
        };
        lines.extend([
            Line::new(printable(&term.pool), energy(term.energy_joules), printable(&whole))
                .strong(),
            Line::new("- static", energy(term.static_joules), self.of_static(term, units)),
            Line::new(moving, energy(term.moving_joules), load),
            Line::new("* share", share, term.of_weights()),
            Line::new("= charged", energy(term.charged_joules), confidence),
        ]);
        if term.charged_static_joules > 0.0 {
            let words = if held_idle {
                "the same share of static power, whatever the idle policy".into()
            } else {
                format!("of static power, by the {} policy", self.idle_policy)
            };
            lines.push(Line::new("+ static", energy(term.charged_static_joules), words));
        }
        if let Some(gpu) = &term.gpu {
            lines.push(Line::new("  on it", String::new(), gpu.words()));
        }
    }

    fn of_static(&self, term: &Term, units: Units) -> String {
        let unused = (1.0 - term.load) * 100.0;
        match (term.basis, term.static_watts) {
            (basis, Some(watts)) => {
                let power = fixed::power(Watts(watts), basis, units);
                format!("{power} for {:.3} s, {}", self.interval_seconds, fixed::source(basis))
            }
            (Basis::Capacity, None) if unused < 0.5 => {
                "not known; hardly any capacity was unused, which stands in".into()
            }
            (Basis::Capacity, None) => {
                format!("not known; the {unused:.0} % of capacity that nobody used stands in")
            }
            (_, None) if term.gpu.as_ref().is_some_and(|gpu| gpu.held_idle) => {
                "not known, and no matter here".into()
            }
            (_, None) if term.static_joules > 0.0 => "its part of the package's".into(),
            (_, None) => "not known; nothing is taken off".into(),
        }
    }
}

impl Term {
    fn of_weights(&self) -> String {
        let Self { weight, weight_of_all: all, unit, .. } = self;
        let figures = if unit.contains("seconds") {
            format!("{weight:.4} of {all:.4} {unit}")
        } else {
            format!("{weight:.0} of {all:.0} {unit}")
        };
        match self.intensity {
            Some(times) => format!("{figures}; its own is {times:.2} of the mean"),
            None => figures,
        }
    }
}

fn mark(quality: &str) -> &'static str {
    if quality == Quality::Estimated.as_str() { Quality::Estimated.mark() } else { "" }
}

fn with(mark: &str, number: String, unit: &str) -> String {
    if number == figure::ABSENT { number } else { format!("{mark}{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(unit: &'static str, intensity: Option<f64>) -> Term {
        Term {
            pool: "package-0".into(),
            source: "powercap".into(),
            quality: "measured",
            energy_joules: 10.0,
            static_watts: None,
            static_basis: "capacity",
            basis: Basis::Capacity,
            static_joules: 4.0,
            moving_joules: 6.0,
            signal: "time",
            weight: 1.5,
            weight_of_all: 3.0,
            unit,
            intensity,
            load: 0.6,
            charged_joules: 3.0,
            charged_static_joules: 0.0,
            confidence: "medium",
            because: "a test says so",
            gpu: None,
        }
    }

    #[test]
    fn weights_are_told_in_their_own_unit() {
        let plain = term("seconds of CPU time", None).of_weights();
        assert_eq!(plain, "1.5000 of 3.0000 seconds of CPU time");
        let learned = term("seconds times learned draw", Some(1.25)).of_weights();
        let expected = "1.5000 of 3.0000 seconds times learned draw; its own is 1.25 of the mean";
        assert_eq!(learned, expected);
        assert_eq!(term("cycles", None).of_weights(), "2 of 3 cycles");
    }
}
