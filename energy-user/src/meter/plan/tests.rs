//! Offers as real machines make them, in any order.

use proptest::prelude::*;

use super::*;

const INTEL: &str = "GenuineIntel";
const AMD: &str = "AuthenticAMD";

/// An offer from a few words: `perf package 0`, `powercap package 0 die 1`, `msr core cpu 3`.
fn offer(words: &str) -> Offer {
    let (words, readable) = match words.strip_suffix(" denied") {
        Some(words) => (words, false),
        None => (words, true),
    };
    let mut words = words.split(' ');
    let route = match words.next().unwrap() {
        "perf" => Route::Perf,
        "powercap" => Route::Powercap,
        "mmio" => Route::PowercapMmio,
        "msr" => Route::Msr,
        "hwmon" => Route::Hwmon,
        "acpi" => Route::Acpi,
        "ipmi" => Route::Ipmi,
        "redfish" => Route::Redfish,
        "battery" => Route::Battery,
        other => panic!("{other}"),
    };
    let name = words.next().unwrap();
    let domain = match name {
        "package" => Domain::Package,
        "dram" => Domain::Dram,
        "core" => Domain::Core,
        "uncore" => Domain::Uncore,
        "psys" => Domain::Psys,
        "machine" => Domain::Machine,
        "module" => Domain::Module,
        other => panic!("{other}"),
    };
    let rest: Vec<&str> = words.collect();
    let number = |word: &str| {
        let at = rest.iter().position(|other| *other == word)?;
        rest.get(at + 1)?.parse().ok()
    };
    let package = rest.first().and_then(|word| word.parse().ok());
    let place = Place { package, die: number("die"), cpu: number("cpu") };
    let at = format!("{name} {}", rest.join(" "));
    let facts = Facts { id: at.trim().into(), domain, place, route, includes: "", at };
    Offer { facts, readable }
}

/// What counts, what contains it, what divides it, as the words of the offers.
fn used(offers: &[&str], vendor: &str, whole: Whole) -> Vec<(String, Role)> {
    let all: Vec<Offer> = offers.iter().map(|words| offer(words)).collect();
    let verdicts = plan(&all, vendor, whole);
    let mut used: Vec<(String, Role)> = offers
        .iter()
        .zip(verdicts)
        .filter_map(|(words, verdict)| match verdict {
            Verdict::Use(role, _) if role != Role::Check => Some(((*words).to_string(), role)),
            _ => None,
        })
        .collect();
    used.sort_by(|a, b| a.0.cmp(&b.0));
    used
}

fn parts(offers: &[&str], vendor: &str) -> Vec<String> {
    let used = used(offers, vendor, Whole::Auto);
    used.into_iter().filter(|(_, role)| *role == Role::Part).map(|(words, _)| words).collect()
}

#[test]
fn one_route_of_each_counter_counts_and_it_is_the_best_that_can_be_read() {
    let all = ["msr package 0", "mmio package 0", "powercap package 0", "perf package 0"];
    assert_eq!(parts(&all, INTEL), ["perf package 0"]);
    assert_eq!(parts(&all[..3], INTEL), ["powercap package 0"]);
    assert_eq!(parts(&all[..2], INTEL), ["mmio package 0"]);
    let denied = ["perf package 0 denied", "powercap package 0", "perf package 1"];
    assert_eq!(parts(&denied, INTEL), ["perf package 1", "powercap package 0"]);
    let none = ["perf package 0 denied", "powercap package 0 denied"];
    assert_eq!(parts(&none, INTEL), ["perf package 0 denied"], "it is absent, not forgotten");
}

#[test]
fn parts_of_a_package_and_what_contains_it_add_nothing() {
    let client = [
        "powercap package 0",
        "powercap core 0",
        "powercap uncore 0",
        "powercap psys",
        "mmio package 0",
        "powercap dram 0",
    ];
    assert_eq!(parts(&client, INTEL), ["powercap dram 0", "powercap package 0"]);
    let psys = used(&client, INTEL, Whole::Psys);
    assert!(psys.contains(&("powercap psys".into(), Role::Whole)));
    assert!(!used(&client, INTEL, Whole::Auto).iter().any(|(_, role)| *role == Role::Whole));
}

#[test]
fn intels_dies_are_counters_of_their_own_and_amds_are_mirrors() {
    let dies = ["powercap package 0 die 0", "powercap package 0 die 1"];
    assert_eq!(parts(&dies, INTEL), dies);
    assert_eq!(parts(&dies, AMD), dies[..1]);
    let all = [dies[0], dies[1], "perf package 0"];
    assert_eq!(parts(&all, AMD), ["perf package 0"]);
    assert_eq!(parts(&all, INTEL), ["perf package 0"], "a package is its dies");
}

#[test]
fn cores_divide_a_package_that_is_metered_and_amds_core_zone_does_not() {
    let all = ["perf package 0", "perf core 0 cpu 0", "perf core 0 cpu 1", "powercap core 0"];
    let used = used(&all, AMD, Whole::Auto);
    let inside: Vec<_> = used.iter().filter(|(_, role)| *role == Role::Inside).collect();
    assert_eq!(inside.len(), 2, "{used:?}");
    assert!(parts(&["perf core 0 cpu 0"], AMD).is_empty());
    let verdicts = plan(&[offer("powercap core 0")], AMD, Whole::Auto);
    assert!(matches!(&verdicts[0], Verdict::Leave(why) if why.contains("one core")));
}

#[test]
fn one_meter_of_the_whole_machine_counts_and_the_user_may_choose_which() {
    let all =
        ["ipmi machine", "redfish machine", "acpi machine", "battery machine", "hwmon module"];
    let whole = |whole| used(&all, INTEL, whole).into_iter().map(|(words, _)| words).next();
    assert_eq!(whole(Whole::Auto).as_deref(), Some("acpi machine"));
    assert_eq!(whole(Whole::Redfish).as_deref(), Some("redfish machine"));
    assert_eq!(whole(Whole::Battery).as_deref(), Some("battery machine"));
    assert_eq!(whole(Whole::None), None);
    let denied = ["acpi machine denied", "ipmi machine"];
    assert_eq!(used(&denied, INTEL, Whole::Auto), [("ipmi machine".into(), Role::Whole)]);
}

fn any_offers() -> impl Strategy<Value = Vec<String>> {
    let route = prop::sample::select(vec!["perf", "powercap", "mmio", "msr", "hwmon"]);
    let what = prop::sample::select(vec![
        "package 0",
        "package 1",
        "package 0 die 0",
        "package 0 die 1",
        "dram 0",
        "dram 1",
        "core 0",
        "core 0 cpu 0",
        "core 1 cpu 2",
        "uncore 0",
        "psys",
        "machine",
    ]);
    let denied = prop::sample::select(vec!["", "", " denied"]);
    let one =
        (route, what, denied).prop_map(|(route, what, denied)| format!("{route} {what}{denied}"));
    prop::collection::hash_set(one, 0..12).prop_map(|all| all.into_iter().collect())
}

proptest! {
    /// Whatever a machine shows: nothing is counted twice, and nothing that could be is not.
    #[test]
    fn nothing_counts_twice_and_nothing_is_forgotten(
        words in any_offers(),
        amd in any::<bool>(),
        turn in any::<prop::sample::Index>(),
    ) {
        let vendor = if amd { AMD } else { INTEL };
        let offers: Vec<Offer> = words.iter().map(|words| offer(words)).collect();
        let verdicts = plan(&offers, vendor, Whole::Auto);
        let used: Vec<_> = offers.iter().zip(&verdicts).filter_map(|(offer, verdict)| match verdict {
            Verdict::Use(Role::Part, place) => Some((offer.facts.domain, *place)),
            _ => None,
        }).collect();
        for (index, (domain, place)) in used.iter().enumerate() {
            for (other, at) in &used[index + 1..] {
                prop_assert!(domain != other || !overlap(*place, *at), "{used:?}");
            }
        }
        for offer in &offers {
            let covered = |(domain, place): &(Domain, Place)| {
                *domain == offer.facts.domain && overlap(*place, offer.facts.place)
            };
            if offer.facts.domain == Domain::Package {
                prop_assert!(used.iter().any(covered), "{} is nowhere", offer.facts.id);
            }
        }
        // P4 of meters: the order in which they are found does not matter.
        if !offers.is_empty() {
            let turn = turn.index(offers.len());
            let mut turned = offers.clone();
            turned.rotate_left(turn);
            let mut back = plan(&turned, vendor, Whole::Auto);
            back.rotate_right(turn);
            prop_assert_eq!(back, verdicts);
        }
    }

    /// P12: copies, mirrors, parts and what contains them change nothing of what counts.
    #[test]
    fn copies_and_parts_change_nothing(
        packages in 1..4_u32,
        dram in any::<bool>(),
        extras in prop::collection::vec(0..8_usize, 0..12),
        amd in any::<bool>(),
    ) {
        let vendor = if amd { AMD } else { INTEL };
        let mut plain = Vec::new();
        for package in 0..packages {
            plain.push(format!("powercap package {package}"));
            plain.extend(dram.then(|| format!("powercap dram {package}")));
        }
        let mut all = plain.clone();
        for extra in extras {
            let package = extra as u32 % packages;
            all.push(match extra {
                0 | 1 => format!("mmio package {package}"),
                2 => format!("powercap core {package}"),
                3 => format!("powercap uncore {package}"),
                4 => "powercap psys".into(),
                5 => format!("msr package {package}"),
                6 => format!("msr dram {package} denied"),
                _ => format!("mmio package {package} die 0"),
            });
        }
        all.retain(|words| dram || !words.contains("dram"));
        let words = |all: &[String]| {
            let words: Vec<&str> = all.iter().map(String::as_str).collect();
            parts(&words, vendor)
        };
        prop_assert_eq!(words(&all), words(&plain));
    }
}
