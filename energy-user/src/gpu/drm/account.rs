//! What each process did on a GPU since the look before: every client once, however often seen.
//!
//! A descriptor may be inherited or passed on, so that several processes show one client. It is
//! then one process's: an heir does not use what its parent opened (no GPU context outlives a
//! fork), but who was handed a descriptor does (a login manager opens the card for the
//! compositor, a display server for its programs). So it is not a child's whose parent shows
//! it too, and of the others it is the one's that began last. No order of looking matters, and
//! what a client did is counted once whoever has it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::fdinfo::{Busy, Client, ClientId};

/// Engines that compute, by amdgpu's and i915's word and by xe's.
const COMPUTE: [&str; 2] = ["compute", "ccs"];

/// Engines that copy, by amdgpu's, i915's and xe's word.
const COPY: [&str; 3] = ["dma", "copy", "bcs"];

/// One descriptor of a GPU, as one process shows it.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Whose.
    pub pid: u32,
    /// `renderD128`.
    pub node: String,
    /// It was asleep at the look before: what its clients did until then was not read.
    pub woken: bool,
    /// Which client, and its counts.
    pub client: (ClientId, Client),
}

/// What is known of a process that has descriptors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its start, nanoseconds from boot; none of one that nobody can name.
    pub start: Option<u64>,
    /// The number of its parent.
    pub parent: Option<u32>,
    /// When it was last seen without what is new now; none where nobody looked.
    pub without: Option<Duration>,
}

/// What one process did on one device since the look before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Time on each engine, as a part of all that are alike; none where that is not known yet.
    pub engines: BTreeMap<String, Duration>,
    /// Memory of the device, bytes.
    pub memory: Option<u64>,
    /// Engines that have ever worked for its clients.
    pub worked: BTreeSet<String>,
    /// Its nodes.
    pub nodes: BTreeSet<String>,
}

impl Use {
    /// It is there to compute: it had work for an engine that computes, and for no other but
    /// those that copy.
    pub fn computes(&self) -> bool {
        let is = |names: &[&str], engine: &String| names.contains(&engine.as_str());
        self.worked.iter().any(|engine| is(&COMPUTE, engine))
            && self.worked.iter().all(|engine| is(&COMPUTE, engine) || is(&COPY, engine))
    }

    /// Time on all of its engines together; none where that is not known. A second that copies
    /// draws less than one that computes: nobody tells how much, so each counts the same.
    pub fn busy(&self) -> Option<Duration> {
        let sum = || self.engines.values().fold(Duration::ZERO, |sum, busy| sum + *busy);
        (!self.engines.is_empty()).then(sum)
    }
}

/// By the device's name in `fdinfo` and the process.
pub type Uses = BTreeMap<(String, u32), Use>;

/// One client, of all descriptors that show it.
#[derive(Default)]
struct Seen {
    client: Client,
    pids: BTreeSet<u32>,
    nodes: BTreeSet<String>,
    woken: bool,
}

/// The highest counts of every client.
#[derive(Debug, Default)]
pub struct Account {
    known: BTreeMap<ClientId, (Client, BTreeSet<u32>)>,
    /// Cycles that an engine of a device had at the look before.
    totals: BTreeMap<(String, String), u64>,
    at: Option<Duration>,
}

impl Account {
    /// When it was last looked.
    pub fn looked(&self) -> Option<Duration> {
        self.at
    }

    /// Takes what is seen at a moment; `facts` are of everybody in `sights`.
    pub fn take(&mut self, at: Duration, sights: &[Sight], facts: &BTreeMap<u32, Facts>) -> Uses {
        let interval = self.at.map(|before| at.saturating_sub(before));
        self.at = Some(at);
        let mut seen: BTreeMap<&ClientId, Seen> = BTreeMap::new();
        for Sight { pid, node, woken, client: (id, client) } in sights {
            let seen = seen.entry(id).or_default();
            seen.client.join(client);
            seen.pids.insert(*pid);
            seen.nodes.insert(node.clone());
            seen.woken |= woken;
        }
        let mut uses = Uses::new();
        let mut totals = BTreeMap::new();
        for (id, Seen { client, pids, nodes, woken }) in seen {
            for (engine, busy) in &client.engines {
                let total = totals.entry((id.0.clone(), engine.clone())).or_insert(0);
                *total = busy.total.unwrap_or(0).max(*total);
            }
            let fact = |pid: &u32| facts.get(pid).copied().unwrap_or_default();
            let Some(owner) = owner(&pids, fact) else { continue };
            let before = self.known.get(id).map(|(client, _)| client.clone());
            let without = pids.iter().map(|pid| fact(pid).without).min().flatten();
            let without = without.filter(|_| !woken);
            let known = self.known.entry(id.clone()).or_default();
            known.0.raise(&client);
            known.1 = pids;
            let one = uses.entry((id.0.clone(), owner)).or_default();
            if let Some(interval) = interval {
                let done = if let Some(before) = before {
                    since(&known.0, &before, interval)
                } else {
                    let span = without.map(|without| at.saturating_sub(without));
                    span.map_or_else(BTreeMap::new, |span| {
                        newcomer(&self.totals, &id.0, &client, interval, span)
                    })
                };
                for (engine, busy) in done {
                    let sum = one.engines.entry(engine).or_default();
                    *sum = sum.saturating_add(busy).min(interval);
                }
            }
            one.memory = match (one.memory, client.memory) {
                (Some(a), Some(b)) => Some(a.saturating_add(b)),
                (a, b) => a.or(b),
            };
            let worked = client.engines.into_iter().filter(|(_, busy)| busy.has_worked());
            one.worked.extend(worked.map(|(engine, _)| engine));
            one.nodes.extend(nodes);
        }
        self.totals = totals;
        uses
    }

    /// Forgets the clients of those who have no descriptors any more.
    pub fn forget(&mut self, has: impl Fn(u32) -> bool) {
        self.known.retain(|_, (_, pids)| pids.iter().any(|&pid| has(pid)));
    }
}

/// Whose a client is that several processes show.
fn owner(pids: &BTreeSet<u32>, fact: impl Fn(&u32) -> Facts) -> Option<u32> {
    let inherits = |pid: &&u32| {
        fact(pid).parent.is_some_and(|parent| parent != **pid && pids.contains(&parent))
    };
    let own = pids.iter().filter(|pid| !inherits(pid));
    // Parents that go in a circle are nobody's invention but a hostile tree's.
    let all = || pids.iter().max_by_key(|pid| (fact(pid).start, **pid));
    own.max_by_key(|pid| (fact(pid).start, **pid)).or_else(all).copied()
}

/// What a client did since an earlier look.
fn since(now: &Client, before: &Client, interval: Duration) -> BTreeMap<String, Duration> {
    let engines = now.engines.iter().filter_map(|(engine, busy)| {
        let before = before.engines.get(engine).copied().unwrap_or_default();
        Some((engine.clone(), busy.since(before, interval)?))
    });
    engines.collect()
}

/// What a client did in an interval that came within a longer time: all of what it did, or the
/// mean of it. `totals` are the cycles that there were at the interval's begin.
fn newcomer(
    totals: &BTreeMap<(String, String), u64>,
    device: &str,
    client: &Client,
    interval: Duration,
    span: Duration,
) -> BTreeMap<String, Duration> {
    let [interval_ns, span_ns] = [interval, span].map(|time| time.as_nanos().max(1));
    let engines = client.engines.iter().filter_map(|(engine, busy)| {
        let total = || {
            let now = busy.total?;
            let before = totals.get(&(device.to_string(), engine.clone()))?;
            let passed = u128::from(now.checked_sub(*before)?) * span_ns / interval_ns;
            now.checked_sub(u64::try_from(passed).ok()?)
        };
        let begin = Busy { total: total(), ns: None, cycles: None, capacity: None };
        let all = busy.since(begin, span)?;
        let part = all.as_nanos() * interval_ns.min(span_ns) / span_ns;
        Some((engine.clone(), Duration::from_nanos(part as u64)))
    });
    engines.collect()
}
