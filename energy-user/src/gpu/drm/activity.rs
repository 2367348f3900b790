//! Who used one device: what its descriptors, its `kfd` and the device itself say, together.
//!
//! Engine time is the best word. ROCm's queues have none: if one process has queues, its time is
//! what the device worked beyond its engines; of several, only who they are is known. Where
//! somebody's use cannot be read, what the device worked beyond what can be read is nobody's
//! here, and not a gift to those who are seen.

use std::{collections::BTreeMap, time::Duration};

use super::account::Use;
use crate::sample::{Context, GpuActivity, GpuClient, Told};

/// What one device and its holders say of an interval.
#[derive(Debug, Default)]
pub struct Words {
    /// How long it was.
    pub interval: Duration,
    /// Time for which the device says that it worked.
    pub active: Option<Duration>,
    /// Time for which it was powered.
    pub awake: Option<Duration>,
    /// By process.
    pub uses: BTreeMap<u32, Use>,
    /// Who holds it through ROCm, with memory.
    pub computing: BTreeMap<u32, u64>,
    /// Who has it open with a driver that does not count.
    pub mute: Vec<u32>,
    /// Somebody's use cannot be read.
    pub hidden: bool,
}

impl Words {
    /// What is made of it; nobody has a name yet.
    pub fn activity(&self) -> GpuActivity {
        let engines = self.longest_engine();
        let mut clients: BTreeMap<u32, GpuClient> = BTreeMap::new();
        for (&pid, used) in &self.uses {
            let context = if used.computes() { Context::Compute } else { Context::Graphics };
            let client = GpuClient { memory: used.memory, busy: used.busy(), ..held(pid, context) };
            clients.insert(pid, client);
        }
        for &pid in &self.mute {
            clients.entry(pid).or_insert_with(|| held(pid, Context::Graphics));
        }
        for (&pid, &memory) in &self.computing {
            let client = clients.entry(pid).or_insert_with(|| held(pid, Context::Compute));
            client.context = Some(Context::Compute);
            client.memory = client.memory.max(Some(memory));
        }
        let seen = |clients: &BTreeMap<u32, GpuClient>| {
            clients.values().filter_map(|client| client.busy).fold(Duration::ZERO, |a, b| a + b)
        };
        let mut told = Told::Engine;
        let silent = self.mute.iter().find(|pid| !self.uses.contains_key(pid));
        if silent.is_some() {
            told = Told::Holders(
                "its driver does not count what each process does; amdgpu and i915 do from Linux \
                 5.19 on"
                    .into(),
            );
        } else if let (1, Some(active), false) = (self.computing.len(), self.active, self.hidden) {
            let beyond = active.saturating_sub(seen(&clients));
            let one = self.computing.keys().next();
            if let Some(client) = one.and_then(|pid| clients.get_mut(pid)) {
                client.busy = Some(client.busy.unwrap_or_default() + beyond);
            }
        } else if !self.computing.is_empty() {
            told = Told::Holders(
                "the kernel does not count what each process does through ROCm; its holders \
                 share alike"
                    .into(),
            );
            // Whoever draws a desktop meanwhile and did nothing has no share of it.
            let idle = |client: &GpuClient| client.busy.is_some_and(|busy| busy.is_zero());
            clients.retain(|pid, client| self.computing.contains_key(pid) || !idle(client));
        }
        let mut busy = self.active.max(engines);
        if self.hidden {
            busy = self.active.or(self.awake).max(engines.filter(|_| self.knows_the_most()));
            let most = self.active.or(self.awake).unwrap_or(self.interval);
            let beyond = most.saturating_sub(seen(&clients));
            if told == Told::Engine && !beyond.is_zero() {
                let nobody =
                    GpuClient { context: None, busy: Some(beyond), ..held(0, Context::Graphics) };
                clients.insert(0, nobody);
            }
        }
        GpuActivity { told, busy, instances: Vec::new(), clients: clients.into_values().collect() }
    }

    /// The device itself says how long it can have worked.
    fn knows_the_most(&self) -> bool {
        self.active.is_some() || self.awake.is_some()
    }

    /// Time of the engine that worked longest for all of its clients together; none where there
    /// are none whose time is known.
    fn longest_engine(&self) -> Option<Duration> {
        let mut sums: BTreeMap<&str, Duration> = BTreeMap::new();
        for (engine, busy) in self.uses.values().flat_map(|used| &used.engines) {
            *sums.entry(engine).or_default() += *busy;
        }
        let silent = self.uses.is_empty() && self.mute.is_empty() && self.computing.is_empty();
        let longest = sums.into_values().max().map(|longest| longest.min(self.interval));
        // Nobody has it open: nobody used it.
        longest.or(silent.then_some(Duration::ZERO))
    }
}

fn held(pid: u32, context: Context) -> GpuClient {
    GpuClient {
        pid,
        process: None,
        context: Some(context),
        instance: None,
        memory: None,
        busy: None,
    }
}
