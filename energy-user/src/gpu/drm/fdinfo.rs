//! Time of a process on the engines of GPUs, as the kernel's DRM drivers tell it.
//!
//! Every descriptor of a GPU has a `fdinfo` file (kernel: `gpu/drm-usage-stats.rst`). One client
//! may stand there many times, as descriptors are duplicated and inherited: it is known by its
//! device and number, and counts once. Values may step back for a while; the highest counts.

use std::{collections::BTreeMap, fs, io, path::Path};

use crate::files;

/// One client of one GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId<'a> {
    device: &'a str,
    number: u64,
}

/// What an engine did for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// Nanoseconds, where the driver counts time.
    pub ns: Option<u64>,
    /// Cycles, where it counts those, and those that there were.
    pub cycles: Option<(u64, u64)>,
}

/// What the engines did for a process: by device and engine, all of its clients together.
pub type Engines = BTreeMap<(String, String), Busy>;

/// Of the texts of a process's `fdinfo` files, in any order and as often as they stand there.
pub fn engines<'a>(texts: impl IntoIterator<Item = &'a str>) -> Engines {
    let mut clients: BTreeMap<ClientId<'a>, BTreeMap<&'a str, Busy>> = BTreeMap::new();
    for (id, engines) in texts.into_iter().filter_map(client) {
        let known = clients.entry(id).or_default();
        for (engine, busy) in engines {
            let known = known.entry(engine).or_default();
            known.ns = known.ns.max(busy.ns);
            known.cycles = known.cycles.max(busy.cycles);
        }
    }
    let mut sums = Engines::new();
    for (id, engines) in clients {
        for (engine, busy) in engines {
            let sum = sums.entry((id.device.to_string(), engine.to_string())).or_default();
            *sum = sum.and(busy);
        }
    }
    sums
}

impl Busy {
    /// Two clients on one engine; the cycles that there were are the same for both.
    fn and(self, other: Self) -> Self {
        let both = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        let split = |busy: Self| (busy.cycles.map(|all| all.0), busy.cycles.map(|all| all.1));
        let ((a, a_total), (b, b_total)) = (split(self), split(other));
        Self { ns: both(self.ns, other.ns), cycles: both(a, b).zip(a_total.max(b_total)) }
    }

    /// What came since an earlier look, as seconds of the engine; none where it stepped back.
    pub fn seconds_since(self, before: Self, interval: f64) -> Option<f64> {
        if let Some(ns) = self.ns {
            return ns.checked_sub(before.ns.unwrap_or(0)).map(|ns| ns as f64 / 1e9);
        }
        let ((cycles, total), (earlier, before)) =
            (self.cycles?, before.cycles.unwrap_or_default());
        let part = cycles.checked_sub(earlier)? as f64 / total.checked_sub(before)? as f64;
        part.is_finite().then_some(part * interval)
    }
}

/// The client of one file; none if it is no GPU's.
fn client(text: &str) -> Option<(ClientId<'_>, BTreeMap<&str, Busy>)> {
    let fields = || text.lines().filter_map(|line| line.split_once(':'));
    let field = |name: &str| fields().find(|(key, _)| *key == name).map(|(_, value)| value.trim());
    let number = field("drm-client-id")?.parse().ok()?;
    // Without a bus address, the driver stands for its only device.
    let device = field("drm-pdev").or_else(|| field("drm-driver"))?;
    let mut engines: BTreeMap<&str, Busy> = BTreeMap::new();
    for (key, value) in fields() {
        let first = value.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        let Some(count) = first else { continue };
        if let Some(engine) = key.strip_prefix("drm-engine-") {
            if !engine.starts_with("capacity-") && value.trim().ends_with(" ns") {
                engines.entry(engine).or_default().ns = Some(count);
            }
        } else if let Some(engine) = key.strip_prefix("drm-total-cycles-") {
            engines.entry(engine).or_default().cycles.get_or_insert_default().1 = count;
        } else if let Some(engine) = key.strip_prefix("drm-cycles-") {
            engines.entry(engine).or_default().cycles.get_or_insert_default().0 = count;
        }
    }
    Some((ClientId { device, number }, engines))
}

/// Of a process; without the right to look, an error.
pub fn read(proc_root: &Path, pid: u32) -> io::Result<Engines> {
    let entries = fs::read_dir(proc_root.join(format!("{pid}/fdinfo")))?;
    // A descriptor that is closed meanwhile is simply not there any more.
    let texts: Vec<String> =
        entries.flatten().filter_map(|entry| files::read(&entry.path()).ok()).collect();
    Ok(engines(texts.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const I915: &str = "pos:\t0\nflags:\t02100002\ndrm-driver:\ti915\ndrm-pdev:\t0000:00:02.0\n\
                        drm-client-id:\t7\ndrm-engine-render:\t9288864723 ns\n\
                        drm-engine-video:\t0 ns\ndrm-engine-capacity-video:\t2\n";
    const XE: &str = "drm-driver:\txe\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t9\n\
                      drm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\n";

    fn key(device: &str, engine: &str) -> (String, String) {
        (device.into(), engine.into())
    }

    #[test]
    fn time_and_cycles_as_the_kernels_documentation_shows_them() {
        let found = engines([I915, XE, "pos:\t0\nflags:\t02\n"]);
        assert_eq!(found[&key("0000:00:02.0", "render")].ns, Some(9_288_864_723));
        assert_eq!(found[&key("0000:00:02.0", "video")].ns, Some(0), "capacity is no time");
        let cycles = Some((28_257_900, 7_655_183_225));
        assert_eq!(found[&key("0000:03:00.0", "rcs")].cycles, cycles);
        assert_eq!(found.len(), 3);
        for bad in ["", "drm-client-id: x\ndrm-pdev: a", "drm-pdev: a", "drm-client-id: 1"] {
            assert!(engines([bad]).is_empty(), "{bad}");
        }
    }

    #[test]
    fn two_clients_add_up_and_cycles_become_time() {
        let other = I915.replace("client-id:\t7", "client-id:\t8");
        let both = engines([I915, &other])[&key("0000:00:02.0", "render")];
        assert_eq!(both.ns, Some(2 * 9_288_864_723));
        let at = |cycles, total| Busy { ns: None, cycles: Some((cycles, total)) };
        assert_eq!(at(150, 2000).seconds_since(at(100, 1000), 2.0), Some(0.1));
        assert_eq!(at(50, 2000).seconds_since(at(100, 1000), 2.0), None, "it stepped back");
        let ns = |ns| Busy { ns: Some(ns), cycles: None };
        assert_eq!(ns(3_000_000_000).seconds_since(ns(1_000_000_000), 9.0), Some(2.0));
        assert_eq!(ns(3_000_000_000).seconds_since(Busy::default(), 9.0), Some(3.0));
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
            let of = |texts: &[String]| engines(texts.iter().map(String::as_str));
            prop_assert_eq!(of(&more), of(&plain));
        }
    }
}
