//! Time of a client on the engines of a GPU, as the kernel's DRM drivers tell it.
//!
//! Every descriptor of a GPU has a `fdinfo` file (kernel: `gpu/drm-usage-stats.rst`). One client
//! may stand there many times, as descriptors are duplicated and inherited: it is known by its
//! device and number, and counts once. Values may step back for a while; the highest counts.

use std::{collections::BTreeMap, time::Duration};

/// One client of one GPU.
pub type ClientId = (String, u64);

/// What a client's file tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// By the name of the engine, or of the class of engines that are alike.
    pub engines: BTreeMap<String, Busy>,
    /// Memory of the GPU itself, bytes; none where that is not told.
    pub memory: Option<u64>,
}

/// What an engine did for somebody so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// Nanoseconds, where the driver counts time.
    pub ns: Option<u64>,
    /// Cycles, where it counts those.
    pub cycles: Option<u64>,
    /// Cycles that one engine of the class had.
    pub total: Option<u64>,
    /// Engines that are alike and counted together; one where that is not told.
    pub capacity: Option<u32>,
}

/// The client of one file; none if it is no GPU's.
pub fn client(text: &str) -> Option<(ClientId, Client)> {
    let fields = || text.lines().filter_map(|line| line.split_once(':'));
    let field = |name: &str| fields().find(|(key, _)| *key == name).map(|(_, value)| value.trim());
    let number = field("drm-client-id")?.parse().ok()?;
    // Without a bus address, the driver stands for its only device.
    let device = field("drm-pdev").or_else(|| field("drm-driver"))?;
    let mut engines: BTreeMap<String, Busy> = BTreeMap::new();
    let (mut resident, mut total) = (None, None);
    for (key, value) in fields() {
        let mut words = value.split_whitespace();
        let Some(count) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
        let unit = words.next();
        if let Some(name) = key.strip_prefix("drm-engine-capacity-") {
            engines.entry(name.to_string()).or_default().capacity =
                u32::try_from(count).ok().filter(|&engines| engines > 0);
        } else if let Some(name) = key.strip_prefix("drm-engine-") {
            if unit == Some("ns") {
                engines.entry(name.to_string()).or_default().ns = Some(count);
            }
        } else if let Some(name) = key.strip_prefix("drm-total-cycles-") {
            engines.entry(name.to_string()).or_default().total = Some(count);
        } else if let Some(name) = key.strip_prefix("drm-cycles-") {
            engines.entry(name.to_string()).or_default().cycles = Some(count);
        } else if let Some(bytes) = bytes(count, unit) {
            // `drm-memory-` is the older word for what is resident.
            let here = key.strip_prefix("drm-resident-").or(key.strip_prefix("drm-memory-"));
            if here.is_some_and(is_own) {
                resident = Some(bytes.saturating_add(resident.unwrap_or(0)));
            } else if key.strip_prefix("drm-total-").is_some_and(is_own) {
                total = Some(bytes.saturating_add(total.unwrap_or(0)));
            }
        }
    }
    engines.retain(|_, busy| busy.ns.is_some() || busy.cycles.is_some());
    Some(((device.to_string(), number), Client { engines, memory: resident.or(total) }))
}

/// A region of memory that is the GPU's: amdgpu's `vram`, xe's `vram0`, i915's `local0`.
fn is_own(region: &str) -> bool {
    region.starts_with("vram") || region.starts_with("local")
}

/// Bytes of a quantity; the documentation has no other units.
fn bytes(count: u64, unit: Option<&str>) -> Option<u64> {
    let unit = match unit {
        None => 1,
        Some("KiB") => 1 << 10,
        Some("MiB") => 1 << 20,
        Some(_) => return None,
    };
    Some(count.saturating_mul(unit))
}

impl Client {
    /// The same client, read once more: the highest of each count.
    pub fn raise(&mut self, other: &Self) {
        for (engine, busy) in &other.engines {
            let known = self.engines.entry(engine.clone()).or_default();
            known.ns = known.ns.max(busy.ns);
            known.cycles = known.cycles.max(busy.cycles);
            known.total = known.total.max(busy.total);
            known.capacity = busy.capacity.or(known.capacity);
        }
    }

    /// The same client from another descriptor at the same look.
    pub fn join(&mut self, other: &Self) {
        self.raise(other);
        self.memory = self.memory.max(other.memory);
    }
}

impl Busy {
    /// It has ever done anything.
    pub fn has_worked(self) -> bool {
        self.ns.is_some_and(|ns| ns > 0) || self.cycles.is_some_and(|cycles| cycles > 0)
    }

    /// What came since an earlier look, as time of all engines of the class; none where that
    /// cannot be said. No engine works for longer than the time there was.
    pub fn since(self, before: Self, interval: Duration) -> Option<Duration> {
        let length = interval.as_nanos() as u64;
        let engines = u64::from(self.capacity.unwrap_or(1).max(1));
        let busy = match (self.ns, self.cycles) {
            (Some(ns), _) => ns.saturating_sub(before.ns.unwrap_or(0)),
            (None, Some(cycles)) => {
                let cycles = cycles.saturating_sub(before.cycles.unwrap_or(0));
                let total = self.total?.checked_sub(before.total?).filter(|&total| total > 0)?;
                let ns = u128::from(cycles) * u128::from(length) / u128::from(total);
                u64::try_from(ns).unwrap_or(u64::MAX)
            }
            (None, None) => return None,
        };
        Some(Duration::from_nanos((busy / engines).min(length)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const I915: &str = "pos:\t0\nflags:\t02100002\ndrm-driver:\ti915\ndrm-pdev:\t0000:00:02.0\n\
                        drm-client-id:\t7\ndrm-engine-render:\t9288864723 ns\n\
                        drm-engine-video:\t4 ns\ndrm-engine-capacity-video:\t2\n";
    const XE: &str = "drm-driver:\txe\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t9\n\
                      drm-total-system:\t0\ndrm-total-vram0:\t23992 KiB\n\
                      drm-resident-vram0:\t2 MiB\ndrm-shared-vram0:\t16 MiB\n\
                      drm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\n";
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_cycles_and_memory_as_the_kernels_documentation_shows_them() {
        let (id, found) = client(I915).unwrap();
        assert_eq!(id, ("0000:00:02.0".into(), 7));
        assert_eq!(found.engines["render"].ns, Some(9_288_864_723));
        assert_eq!(
            (found.engines["video"].ns, found.engines["video"].capacity),
            (Some(4), Some(2))
        );
        assert_eq!((found.engines.len(), found.memory), (2, None));
        let (_, found) = client(XE).unwrap();
        let rcs = found.engines["rcs"];
        assert_eq!((rcs.cycles, rcs.total), (Some(28_257_900), Some(7_655_183_225)));
        assert_eq!((rcs.ns, found.memory), (None, Some(2 << 20)));
        let amd = "drm-pdev: a\ndrm-client-id: 1\ndrm-memory-vram:\t5 KiB\ndrm-memory-gtt:\t9 KiB";
        assert_eq!(client(amd).unwrap().1.memory, Some(5 << 10));
        let total = "drm-pdev: a\ndrm-client-id: 1\ndrm-total-local0:\t7\ndrm-total-vram1: 3";
        assert_eq!(client(total).unwrap().1.memory, Some(10));
    }

    #[test]
    fn what_is_no_clients_file_tells_nothing() {
        for bad in ["", "drm-client-id: x\ndrm-pdev: a", "drm-pdev: a", "drm-client-id: 1", "a\0b:"]
        {
            assert_eq!(client(bad), None, "{bad:?}");
        }
        let odd = "drm-pdev: a\ndrm-client-id: 1\ndrm-engine-gfx: -5 ns\ndrm-engine-dec: 7 us\n\
                   drm-engine-capacity-enc: 4\ndrm-memory-vram: 3 lightyears\n\
                   drm-cycles-rcs: 99999999999999999999999";
        assert_eq!(client(odd).unwrap().1, Client::default());
    }

    #[test]
    fn counts_become_time() {
        let ns = |ns| Busy { ns: Some(ns), ..Busy::default() };
        assert_eq!(ns(700).since(ns(400), SECOND), Some(Duration::from_nanos(300)));
        assert_eq!(ns(400).since(ns(700), SECOND), Some(Duration::ZERO), "it stepped back");
        assert_eq!(ns(u64::MAX).since(ns(0), SECOND), Some(SECOND));
        let two = Busy { capacity: Some(2), ..ns(800) };
        assert_eq!(two.since(ns(200), SECOND), Some(Duration::from_nanos(300)));
        let cycles =
            |cycles, total| Busy { cycles: Some(cycles), total: Some(total), ..Busy::default() };
        let tenth = Some(Duration::from_millis(100));
        assert_eq!(cycles(150, 1500).since(cycles(100, 1000), SECOND), tenth);
        assert_eq!(cycles(150, 1000).since(cycles(100, 1000), SECOND), None, "no time has passed");
        assert_eq!(cycles(150, 1500).since(Busy::default(), SECOND), None);
        assert_eq!(Busy::default().since(Busy::default(), SECOND), None);
    }

    proptest! {
        /// P14: descriptors that are duplicated, in any order, and values that step back for a
        /// while, change nothing.
        #[test]
        fn duplicates_change_nothing(
            clients in prop::collection::vec((0..4_u64, 0..1_000_000_u64), 1..6),
            copies in prop::collection::vec((any::<prop::sample::Index>(), 0..1_000_u64), 0..12),
        ) {
            let text = |id: u64, ns: u64| I915
                .replace("client-id:\t7", &format!("client-id:\t{id}"))
                .replace("9288864723", &ns.to_string());
            // One client has one value.
            let clients: BTreeMap<u64, u64> = clients.into_iter().collect();
            let plain: Vec<String> = clients.iter().map(|(&id, &ns)| text(id, ns)).collect();
            let mut more = plain.clone();
            for (which, back) in copies {
                let (&id, &ns) = clients.iter().nth(which.index(clients.len())).unwrap();
                more.insert(which.index(more.len() + 1), text(id, ns.saturating_sub(back)));
            }
            let of = |texts: &[String]| {
                let mut all: BTreeMap<ClientId, Client> = BTreeMap::new();
                for (id, found) in texts.iter().filter_map(|text| client(text)) {
                    all.entry(id).or_default().join(&found);
                }
                all
            };
            prop_assert_eq!(of(&more), of(&plain));
        }

        /// Whatever a file holds, reading it ends well.
        #[test]
        fn anything_can_stand_there(text in "(drm-[a-z0-9-]{0,20}:[ \t]?[-0-9a-zA-Z:. ]{0,30}\n){0,12}") {
            if let Some((_, found)) = client(&text) {
                for busy in found.engines.values() {
                    prop_assert!(busy.since(Busy::default(), SECOND).is_none_or(|busy| busy <= SECOND));
                }
            }
        }
    }
}
