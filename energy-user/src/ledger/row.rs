//! The rows of a ledger: one for each process, and those that are not processes.
//!
//! Every presenter that shows sums since the start (the screen, the report of a
//! run) draws these rows; their sum is the header.

use std::{sync::Arc, time::Duration};

use super::{Account, Ledger, Sum};
use crate::{
    frame::{Quality, Share},
    sample::{Identity, ProcessId},
    units::{GramsCo2e, Microjoules, Watts},
};

/// Which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    /// A process.
    Process(ProcessId),
    /// Static power, and the time nobody ran.
    Idle,
    /// Kernel threads.
    Kernel,
    /// Interrupts.
    Irq,
    /// What nobody can be named for.
    Unattributed,
    /// What is in no part of the machine that is metered.
    Rest,
    /// jouletop itself.
    Tool,
    /// Ended processes that have no row of their own any more.
    Folded,
}

/// One row: now, and since the start.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub key: RowKey,
    /// What it is called and whose it is.
    pub identity: Arc<Identity>,
    /// It is no more.
    pub ended: bool,
    /// Mean power over the last interval; none where no meter counted.
    pub watts: Option<Watts>,
    /// CPU time over the last interval, per cent of one CPU.
    pub cpu_percent: f64,
    /// Since the start; none where no meter counted.
    pub energy: Option<Microjoules>,
    /// Since the start; none where no meter counted.
    pub grams: Option<GramsCo2e>,
    /// CPU time since the start.
    pub cpu_time: Duration,
    /// How good the row's energy is.
    pub quality: Quality,
}

impl Ledger {
    /// Every row, in no particular order; their energy adds up to the totals.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self
            .accounts
            .iter()
            .map(|(id, account)| {
                let Account { identity, sum, last, ended } = account;
                self.row(RowKey::Process(*id), Arc::clone(identity), *ended, sum, last)
            })
            .collect();
        let keys = [
            (RowKey::Idle, "(idle)"),
            (RowKey::Kernel, "(kernel)"),
            (RowKey::Irq, "(irq)"),
            (RowKey::Unattributed, "(unattributed)"),
            (RowKey::Rest, "(rest of machine)"),
            (RowKey::Tool, "(jouletop)"),
        ];
        for ((key, name), other) in keys.into_iter().zip(&self.others) {
            if other.known {
                rows.push(self.row(key, named(name), false, &other.sum, &other.last));
            }
        }
        if self.folded_count > 0 {
            let name = named(&format!("({} more that ended)", self.folded_count));
            rows.push(self.row(RowKey::Folded, name, true, &self.folded, &Share::default()));
        }
        rows
    }

    fn row(
        &self,
        key: RowKey,
        identity: Arc<Identity>,
        ended: bool,
        sum: &Sum,
        last: &Share,
    ) -> Row {
        let frame = self.latest().map(|tick| &tick.frame);
        let interval = frame.map_or(Duration::ZERO, |frame| frame.interval);
        let metered = frame.is_some_and(|frame| frame.total.total().is_some());
        let watts = last.energy.total().unwrap_or_default().over(interval);
        let whole = self.totals.sum.share.energy.total();
        let energy = whole.map(|_| sum.share.energy.total().unwrap_or_default());
        let percent = last.cpu_time.as_secs_f64() / interval.as_secs_f64() * 100.0;
        Row {
            key,
            identity,
            ended,
            watts: watts.filter(|_| metered),
            cpu_percent: if percent.is_finite() { percent } else { 0.0 },
            energy,
            grams: energy.map(|_| sum.grams),
            cpu_time: sum.share.cpu_time,
            quality: self.quality().max(Quality::Attributed),
        }
    }
}

/// The identity of a row that is not a process.
fn named(name: &str) -> Arc<Identity> {
    Arc::new(Identity { name: name.into(), ..Identity::default() })
}
