//! What the rows are that are not processes, in a few honest words each.

use super::{
    columns::Line,
    figure::{Units, printable},
    fixed,
};
use crate::{
    attribute::IdlePolicy,
    frame::{Basis, Frame, PoolFrame, Quality},
    ledger::RowKey,
};

/// One short paragraph on a row; none of a process.
pub fn paragraph(key: RowKey, frame: &Frame) -> Option<String> {
    let policy = frame.idle_policy;
    Some(match key {
        RowKey::Process(_) | RowKey::Group(..) => return None,
        RowKey::Idle if frame.pools.iter().any(|pool| pool.basis == Basis::Capacity) => {
            format!("{IDLE} {STAND_IN} {}", payer(policy))
        }
        RowKey::Idle => format!("{IDLE} {}", payer(policy)),
        RowKey::Kernel => KERNEL.into(),
        RowKey::Irq => IRQ.into(),
        RowKey::Unattributed if frame.gpus.iter().any(|gpu| gpu.strangers > 0) => {
            format!("{UNATTRIBUTED} {STRANGERS}")
        }
        RowKey::Unattributed => UNATTRIBUTED.into(),
        RowKey::Rest => format!("{REST} {}", payer(policy)),
        RowKey::Tool => TOOL.into(),
        RowKey::Folded => FOLDED.into(),
    })
}

const IDLE: &str = "Static power, which flows whether anybody runs or not, and the CPU time that \
                    nobody used.";
const STAND_IN: &str = "Where static power is not known, the share of energy that matches the \
                        unused capacity stands in.";
const KERNEL: &str = "Kernel threads: work that the kernel does for itself or for everybody, such \
                      as writing files back. For whom is not known, so no process is charged.";
const IRQ: &str = "Time in interrupts, kept apart from whoever was interrupted. Which process \
                   caused them is not known, so none is charged.";
const UNATTRIBUTED: &str = "CPU time whose process was not seen, and energy that meters counted \
                            while nobody was seen to run. The less, the better the other rows \
                            can be believed.";
const STRANGERS: &str = "What processes of another PID namespace, such as a container's, used of \
                         GPUs is here too: jouletop outside of the container can name them.";
const REST: &str = "What the meter of the whole machine counts beyond its metered parts: disks, \
                    fans, network, losses of the power supply. Nothing tells who uses it.";
const TOOL: &str = "jouletop itself: what this measurement costs. It is charged as any process \
                    is; a longer interval costs less.";
const FOLDED: &str = "Processes that have ended, counted together. Nothing of them is lost; the \
                      largest keep rows of their own.";

fn payer(policy: IdlePolicy) -> &'static str {
    match policy {
        IdlePolicy::None => "No process is charged for it.",
        IdlePolicy::Proportional => {
            "By the proportional policy, whoever ran pays for it; what stays here is from where \
             nobody did."
        }
        IdlePolicy::Equal => {
            "By the equal policy, every process that ran pays the same for it; what stays here is \
             from where none did."
        }
    }
}

/// What static power each meter is taken to have: its energy, and from where that is known.
pub fn pools(frame: &Frame, units: Units) -> Vec<Line> {
    let line = |pool: &PoolFrame| {
        let number = units.energy(Some(pool.fixed));
        let mark = if pool.quality == Quality::Estimated { "~" } else { "" };
        let figure = format!("{mark}{number} {}", units.energy_symbol());
        Line::new(printable(&pool.id), figure, fixed::words(pool, units))
    };
    frame.pools.iter().map(line).collect()
}
