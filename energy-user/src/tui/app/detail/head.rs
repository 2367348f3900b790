//! Who a row is, what it used, and how much that would be in a day.

use std::{fmt::Write as _, time::Duration};

use super::{Section, Subject};
use crate::{
    attribute::IdlePolicy,
    group::{self, Grouping},
    job::{Job, resolve::Placed},
    ledger::{Row, RowKey},
    present::{
        about,
        columns::Line,
        environment,
        figure::{self, printable},
        text,
    },
    sample::ProcessId,
    tui::{
        column::{marked, percent},
        life::word,
    },
    units::Microjoules,
};

/// Cells of a command line; the whole of a longer one stands at the end.
const LONGEST: usize = 300;
/// What a pace is told of.
const DAY: Duration = Duration::from_hours(24);

impl Subject<'_> {
    /// Name, number, user.
    pub(super) fn title(&self) -> String {
        let Row { key, identity, ended, .. } = self.row;
        let name = printable(&identity.name);
        let ended = if *ended { ", ended" } else { "" };
        match key {
            RowKey::Process(id) => {
                let user = identity.user.as_deref();
                let user = user.map_or_else(String::new, |user| format!(", {}", printable(user)));
                format!("{name} (pid {}{user}{ended})", id.pid)
            }
            RowKey::Group(by, _) => {
                let named = matches!(by, Grouping::Job) && self.row.job.is_none();
                let by = if named || name.starts_with('(') { "" } else { by.as_str() };
                let title = format!("{by} {name}{ended}");
                title.trim_start().to_owned()
            }
            _ => name,
        }
    }

    /// Who it is: what is known of it and is not a figure.
    pub(super) fn who(&self) -> Option<Section> {
        let mut lines = Vec::new();
        if let Some(words) = about::paragraph(self.row.key, self.frame()) {
            lines.push(Line::words(words));
        }
        if let Some(process) = self.process().filter(|process| !process.threads.is_empty()) {
            let name = printable(&process.identity.name);
            let words = format!("A thread of {name} (pid {}).", process.id.pid);
            lines.push(Line::words(words));
        }
        let mut fact = |name: &str, words: String| {
            lines.push(Line::new(name, String::new(), printable(&words)));
        };
        let Row { key, identity, job, members, .. } = self.row;
        if matches!(key, RowKey::Group(..)) {
            let words = match members {
                1 => "1 process".into(),
                many => format!("{many} processes, ended ones too"),
            };
            fact("sum of", words);
            if !matches!(key, RowKey::Group(Grouping::User, _)) {
                identity.user.iter().for_each(|user| fact("user", user.clone()));
            }
        }
        if let Some(job) = job {
            let process = matches!(key, RowKey::Process(_));
            fact("job", of_job(job, process));
        }
        if let RowKey::Process(id) = *key {
            for (by, name) in [(Grouping::Container, "container"), (Grouping::Unit, "unit")] {
                let placed = Placed { job: None, root: id, root_name: "".into() };
                let key = group::key(by, id, identity, &placed, &self.frame().machine.host);
                if !key.id.is_empty() {
                    fact(name, key.label);
                }
            }
            if let Some(command) = identity.cmdline.as_ref().filter(|line| !line.is_empty()) {
                fact("command", text::cut(command, LONGEST));
            }
            if let Some(life) = self.life {
                let word = Some(word(life.state)).filter(|word| !word.is_empty());
                let word = word.map_or_else(String::new, |word| format!(" ({word})"));
                fact("state", format!("{}{word}", life.state));
                fact("threads", life.threads.to_string());
            }
            if let Some(began) = environment::began(self.frame(), id.start) {
                fact("began", began);
            }
        }
        Section::of_lines("", lines)
    }

    /// Its command line, if it was too long for what is said first.
    pub(super) fn command(&self) -> Option<Section> {
        let command = self.row.identity.cmdline.as_ref()?;
        let long = text::width(command) > LONGEST && id(self.row).is_some();
        let line = Line::words(printable(command));
        Section::of_lines("Its whole command line", vec![line]).filter(|_| long)
    }

    /// What it used: now, since the start, and in a day.
    pub(super) fn sums(&self) -> Option<Section> {
        let row = self.row;
        let mut lines = vec![Line::new("now", self.now(), self.use_now())];
        let energy = self.with_unit(self.energy(row.energy), self.units.energy_symbol());
        lines.push(Line::new("since start", energy, self.paid()));
        let time = figure::duration;
        lines.push(Line::new("CPU time", time(row.cpu_time), ""));
        if let Some(on_gpus) = row.gpu.time {
            lines.push(Line::new("GPU time", time(on_gpus), ""));
        }
        if !row.gpu.held.time.is_zero() {
            let energy = self.energy(Some(row.gpu.held.energy));
            let energy = self.with_unit(energy, self.units.energy_symbol());
            let words = format!("of GPUs held and not used, for {}", time(row.gpu.held.time));
            lines.push(Line::new("held idle", energy, words));
        }
        let fixed: Microjoules =
            self.processes.iter().flat_map(|one| &one.parts).map(|part| part.fixed).sum();
        // A thread has a part of what its process pays, which is not told apart.
        let threads = self.processes.iter().any(|process| !process.threads.is_empty());
        if fixed > Microjoules::ZERO && !threads {
            let watts = self.power(fixed.over(self.frame().interval));
            let watts = self.with_unit(watts, self.units.power_symbol());
            let words = match self.frame().idle_policy {
                // Whoever holds a GPU that nobody uses has its power under every policy.
                IdlePolicy::None => {
                    "of it now is static power of GPUs that it holds and does not use".into()
                }
                policy => {
                    format!("of it now is static power (idle policy: {})", policy.as_str())
                }
            };
            lines.push(Line::new("static", watts, words));
        }
        lines.extend(self.pace());
        Section::of_lines("", lines)
    }

    fn use_now(&self) -> String {
        let mut words = Vec::new();
        let all = self.frame().watts().filter(|all| all.0 > 0.0);
        if let Some((own, all)) = self.row.watts.zip(all) {
            words.push(format!("{} % of all", percent(own.0 / all.0 * 100.0)));
        }
        words.push(format!("{} % of one CPU", percent(self.row.cpu_percent)));
        if let Some(gpu) = self.row.gpu.percent {
            words.push(format!("{} % of one GPU", percent(gpu)));
        }
        words.join(", ")
    }

    /// Emissions and money since the start, at which intensity and tariff.
    fn paid(&self) -> String {
        let row = self.row;
        let mut words = Vec::new();
        if row.grams.is_some() {
            let label = self.tick.intensity.label();
            let label = label.split(';').next().unwrap_or_default();
            let grams = marked(row.quality, figure::mass(row.grams));
            words.push(format!("{grams} (now {label})"));
        }
        if let Some((bought, tariff)) = row.bought.zip(self.tariff) {
            words.push(marked(row.quality, tariff.of_joules(bought).to_string()));
        }
        printable(&words.join(", "))
    }

    /// What its mean power of the last minutes makes of a day.
    fn pace(&self) -> Option<Line> {
        let live = !self.row.ended && self.row.key != RowKey::Folded;
        let (watts, time) = self.history.mean().filter(|_| live)?;
        let intensity = &self.tick.intensity;
        let energy = watts.during(DAY);
        let mark = self.row.quality.mark();
        let mut words = format!("and {mark}{}", figure::mass(Some(intensity.grams(energy))));
        if let Some(tariff) = self.tariff {
            let money = tariff.of_joules(energy.joules() * intensity.factors.product());
            let _ = write!(words, " and {mark}{money}");
        }
        let _ = write!(words, " a day, if it goes on as in the last {}", figure::duration(time));
        Some(Line::new("at this pace", format!("{mark}{}", hours(energy)), words))
    }
}

/// Watt hours of a size that people know from their bills.
fn hours(energy: Microjoules) -> String {
    let hours = energy.joules() / 3600.0;
    let (value, unit) = match hours {
        large if large >= 999.5 => (hours / 1e3, "kWh"),
        small if small < 0.9995 => (hours * 1e3, "mWh"),
        _ => (hours, "Wh"),
    };
    format!("{} {unit}", figure::figure(Some(value)))
}

/// The kind and the name of a job, and the place of a process in it.
fn of_job(job: &Job, place: bool) -> String {
    let kind = job.kind.as_str();
    let mut words =
        if job.name.starts_with(kind) { job.name.clone() } else { format!("{kind} {}", job.name) };
    if let Some(step) = job.step.as_ref().filter(|_| place) {
        let _ = write!(words, ", step {step}");
    }
    if let Some(rank) = job.rank.filter(|_| place) {
        let _ = write!(words, ", rank {rank}");
    }
    words
}

/// The process of a key.
pub(super) fn id(row: &Row) -> Option<ProcessId> {
    match row.key {
        RowKey::Process(id) => Some(id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_the_unit_of_its_size() {
        let of = |joules: f64| hours(Microjoules::from_joules(joules));
        assert_eq!(of(3.6), "1.000 mWh");
        assert_eq!(of(3600.0), "1.000 Wh");
        assert_eq!(of(4.32e6), "1.200 kWh");
        assert_eq!(of(0.0), "0 mWh");
    }
}
