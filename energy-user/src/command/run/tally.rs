//! What adds up over a run, tick by tick, and the report that it becomes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use super::{grid::Grid, phases::Phases, pools::Pools};
use crate::{
    attribute::IdlePolicy,
    budget::{Purse, Spent, Used},
    carbon::embodied::{self, Assumed, Reserved},
    frame::{Basis, Energy, Quality, Share},
    ledger::{Sum, Tick},
    present::{
        figure,
        report::{Footprint, Gpus, Place, Report, Watched},
    },
    sample::{Domain, Lost},
    session::Session,
    subject::Subject,
    units::{Microjoules, Money, Tariff, Watts},
    waste::Account,
};

/// What was measured, and how it ended.
#[derive(Debug, Default)]
pub struct About {
    /// The command that was run, if one was.
    pub command: Vec<String>,
    /// As `jouletop run` will exit.
    pub exit_code: Option<u8>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The job that was watched, if one was.
    pub watched: Option<Watched>,
}

/// What adds up over the run.
pub struct Tally {
    subject: Subject,
    waste: Account,
    nominal: Duration,
    sum: Sum,
    machine: Energy,
    /// The least and the most that the energy can be.
    range: (Microjoules, Microjoules),
    idle_policy: IdlePolicy,
    basis: Option<Basis>,
    peak: Option<Watts>,
    quality: Option<Quality>,
    lost: Lost,
    missed: Duration,
    grid: Grid,
    /// What a kWh costs.
    pub tariff: Option<Tariff>,
    cost: Option<Money>,
    /// What is assumed of making the hardware.
    pub assumed: Option<Assumed>,
    /// What it may use.
    pub purse: Option<Purse>,
    /// That was used up and ended it; how many processes by force.
    pub stopped: Option<usize>,
    phases: Phases,
    /// Where it runs.
    pub place: Place,
    cpus: usize,
    /// Models of the machine's GPUs, and how many there were at once.
    gpus: BTreeMap<String, usize>,
    /// Static power that its processes were charged with.
    fixed: Microjoules,
    pools: Pools,
    /// Time without any reading of power.
    gap: Duration,
    /// The same of each meter, and whether it counted at all.
    gaps: BTreeMap<String, (Duration, bool)>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(subject: Subject, nominal: Duration, idle_policy: IdlePolicy) -> Self {
        Self {
            subject,
            waste: Account::default(),
            nominal,
            sum: Sum::default(),
            machine: Energy::default(),
            range: (Microjoules::ZERO, Microjoules::ZERO),
            idle_policy,
            basis: None,
            peak: None,
            quality: None,
            lost: Lost::default(),
            missed: Duration::ZERO,
            grid: Grid::default(),
            tariff: None,
            cost: None,
            assumed: None,
            phases: Phases::default(),
            purse: None,
            stopped: None,
            place: Place::default(),
            cpus: 0,
            gpus: BTreeMap::new(),
            fixed: Microjoules::ZERO,
            pools: Pools::default(),
            gap: Duration::ZERO,
            gaps: BTreeMap::new(),
        }
    }

    /// Adds an interval; the first sample of a session has none.
    pub fn add(&mut self, tick: Option<Tick>) {
        let Some(Tick { frame, intensity, placed, findings, .. }) = tick else { return };
        let own = self.subject.own(&frame, &placed);
        let mut share = Share::default();
        for process in &own {
            share.add(&process.share);
        }
        self.fixed += own.iter().flat_map(|it| &it.parts).map(|part| part.fixed).sum();
        self.waste.add(&frame, &own, &findings, |id| self.subject.has(id));
        // Where it did not run, its energy is zero, which is a measurement.
        share.energy.add_all(&frame.total.zeroed());
        self.sum.add(&share, &intensity);
        self.phases.add(&share, &intensity);
        self.machine.add_all(&frame.total);
        let (least, most) = frame.range_of(share.energy.total().unwrap_or_default());
        self.range = (self.range.0 + least, self.range.1 + most);
        self.grid.add(&intensity, frame.interval, share.energy.total(), (least, most));
        if let Some((tariff, energy)) = self.tariff.zip(share.energy.total()) {
            let Money { amount, currency } = energy * tariff;
            let before = self.cost.map_or(0.0, |cost| cost.amount);
            let amount = before + amount * intensity.factors.product();
            self.cost = Some(Money { amount, currency });
        }
        self.cpus = self.cpus.max(frame.machine.cpus());
        let mut now = BTreeMap::<&str, usize>::new();
        for gpu in &frame.gpus {
            *now.entry(&gpu.gpu.name).or_default() += 1;
        }
        for (name, count) in now {
            let most = self.gpus.entry(name.into()).or_default();
            *most = count.max(*most);
        }
        self.place.host = Some(frame.machine.host.clone());
        self.pools.add(&frame);
        // That of a core is in its package's, and nothing tells who uses the rest.
        let own = |domain| !matches!(domain, Domain::Core | Domain::Rest);
        let pools = frame.pools.iter().filter(|pool| own(pool.domain));
        // What a free GPU draws is static by itself.
        let pools = pools.filter(|pool| !pool.tenancy.is_some_and(|tenancy| tenancy.free));
        self.basis = self.basis.max(pools.map(|pool| pool.basis).max());
        for meter in &frame.meters {
            let (gap, counted) = self.gaps.entry(meter.id.clone()).or_default();
            match meter.energy {
                Some(_) => *counted = true,
                None => *gap += frame.interval,
            }
        }
        if frame.quality == Quality::Absent {
            self.gap += frame.interval;
        } else {
            // One gap does not make the rest unknown; it is told beside it.
            self.quality = self.quality.max(Some(frame.quality));
        }
        self.lost.add(&frame.lost);
        self.missed += frame.unattributed.cpu_time;
        // A sliver of an interval says little about power.
        if frame.interval * 2 >= self.nominal {
            let watts = share.energy.total().and_then(|energy| energy.over(frame.interval));
            let higher = |watts: &Watts| self.peak.is_none_or(|peak| watts.0 > peak.0);
            self.peak = watts.filter(higher).or(self.peak);
        }
    }

    /// Begins phases after so much time; false if no more of them are told apart.
    pub fn mark(&mut self, names: Vec<String>, since: Duration) -> bool {
        names.into_iter().all(|name| self.phases.begin(name, since))
    }

    /// Everybody who belongs to it.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The same, to tell it who is there.
    pub fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    /// Looks at the budget after so much time; gives what is to be told.
    pub fn watch(&mut self, since: Duration, now: Timestamp) -> Option<String> {
        let energy = self.sum.share.energy.total();
        let used = Used {
            joules: energy.map(Microjoules::joules),
            grams: energy.map(|_| self.sum.grams.0),
            money: self.cost.map(|cost| cost.amount),
        };
        self.purse.as_mut()?.watch(&used, since, now)
    }

    /// The report of what was measured, over so much time.
    pub fn report(self, session: &Session, about: About, wall: Duration) -> Report {
        let About { command, exit_code, signal, watched } = about;
        let description = session.describe();
        let mut warnings = description.remedies.clone();
        if !self.gap.is_zero() {
            let gap = figure::duration(self.gap);
            warnings.push(format!("{gap} without a reading of power are not in the energy"));
        }
        for (meter, (gap, counted)) in &self.gaps {
            // What was missing all the time is told by the remedies.
            if *counted && *gap > self.gap {
                let gap = figure::duration(*gap);
                warnings
                    .push(format!("{gap} of {meter} had no reading, and are not in the energy"));
            }
        }
        if self.lost.events > 0 {
            let lost = self.lost.events;
            warnings.push(format!(
                "{lost} births, names or ends were lost: part of the tree may be missing; use a \
                 shorter --interval"
            ));
        }
        warnings.extend(self.grid.warnings());
        let budget = self.purse.map(|purse| purse.spent(self.stopped.is_some()));
        if let Some(budget) = &budget {
            warnings.extend(on_budget(budget, self.stopped));
        }
        warnings.extend(self.phases.warning());
        warnings.extend(self.waste.warning());
        let models: BTreeSet<String> = self.gpus.keys().cloned().collect();
        let reserved = Reserved {
            cpu_time: self.sum.share.cpu_time,
            cpus: self.cpus,
            gpu_time: self.sum.share.gpu_time.map(|time| time + self.sum.share.held.time),
            gpus: &models,
        };
        let embodied = self.assumed.map(|assumed| (embodied::share(&assumed, &reserved), assumed));
        let estimated = self.range.0 != self.range.1;
        let footprint = Footprint {
            range: Some(self.grid.range()).filter(|_| estimated),
            intensities: self.grid.intensities(),
            cost: self.cost,
            embodied,
        };
        let gpus = self.gpus.into_iter().map(|(model, count)| Gpus { model, count });
        let place = Place {
            cpus: Some(self.cpus).filter(|cpus| *cpus > 0),
            gpus: gpus.collect(),
            ..self.place
        };
        let mean = self.sum.share.energy.total().and_then(|energy| energy.over(wall));
        Report {
            command,
            exit_code,
            signal,
            watched,
            wall,
            sum: self.sum,
            range: Some(self.range).filter(|(least, most)| least != most),
            idle_policy: self.idle_policy,
            basis: self.basis,
            fixed: self.basis.map(|_| self.fixed),
            pools: self.pools.told(),
            place,
            budget,
            phases: self.phases.told(wall),
            findings: self.waste.told(),
            machine: self.machine.total(),
            peak: highest(self.peak, mean),
            processes: self.subject.count(),
            probe: description.probe,
            quality: self.quality.unwrap_or(Quality::Absent),
            meters: description.meters.clone(),
            intensity: self.grid.mean(),
            footprint,
            lost: self.lost,
            missed: self.missed,
            warnings,
        }
    }
}

/// What a reader should know of the budget.
fn on_budget(spent: &Spent, stopped: Option<usize>) -> Option<String> {
    let limit = &spent.limit;
    if let Some(killed) = stopped {
        let force = match killed {
            0 => String::new(),
            killed => format!(", and {killed} of them with SIGKILL"),
        };
        return Some(format!(
            "the budget of {limit} was used up, and all processes were ended with SIGTERM{force}; \
             a larger --budget lets it run on"
        ));
    }
    spent.used.is_none().then(|| {
        format!("the budget of {limit} was not watched, as nothing tells what was used; see doctor")
    })
}

/// The highest power of an interval. Slivers of one are left out, but all that there was gives the
/// mean: no peak is below it, and a run shorter than an interval has only that.
fn highest(peak: Option<Watts>, mean: Option<Watts>) -> Option<Watts> {
    let above = |peak: &Watts| mean.is_none_or(|mean| peak.0 >= mean.0);
    peak.filter(above).or(mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_peak_is_below_the_mean() {
        let watts = |watts| Some(Watts(watts));
        assert_eq!(highest(watts(3.0), watts(2.0)), watts(3.0));
        // The sliver at the end drew more than the whole intervals.
        assert_eq!(highest(watts(2.0), watts(2.5)), watts(2.5));
        assert_eq!(highest(None, watts(2.0)), watts(2.0));
        assert_eq!(highest(watts(2.0), None), watts(2.0));
        assert_eq!(highest(None, None), None);
    }
}
