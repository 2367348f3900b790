//! What a sensor measures, by the name of its chip and what it says of itself.
//!
//! Names and labels are a driver's or a board maker's words; where they are not known, the
//! sensor is a supply rail of its board, which is shown and never added to anything.

use crate::{
    meter::instrument::{Place, Route},
    sample::Domain,
};

/// What a sensor measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The name that its meter is to have, if no other has it.
    pub id: String,
    /// What it covers.
    pub domain: Domain,
    /// Where.
    pub place: Place,
    /// How it is read.
    pub route: Route,
    /// What its figure includes, in words for people.
    pub includes: &'static str,
}

impl Sort {
    /// A supply rail.
    pub fn rail(label: &str, includes: &'static str) -> Self {
        let rail = Self::new(format!("rail-{}", word(label)), Domain::Rail, includes);
        Self { route: if label == "acpi" { Route::Acpi } else { Route::Hwmon }, ..rail }
    }

    fn new(id: String, domain: Domain, includes: &'static str) -> Self {
        Self { id, domain, place: Place::default(), route: Route::Hwmon, includes }
    }
}

/// GPUs, which are read elsewhere: drivers amdgpu, i915, xe and nouveau.
const GPUS: [&str; 6] = ["amdgpu", "radeon", "i915", "xe", "nouveau", "nvidia"];

/// The input of a whole Jetson module, as NVIDIA's device trees call it: Orin NX, Orin Nano and
/// Xavier NX ("the total power of module": NVIDIA's developer forum, topic 200883), and Nano.
/// `VIN_SYS_5V0` of the AGX modules is none: it stands beside the rails of CPU and GPU, which
/// hang on another input (Jetson AGX Xavier Product Design Guide DG-09840, figure 5-14).
const BOARD_INPUTS: [&str; 2] = ["VDD_IN", "POM_5V_IN"];

/// What a sensor of a chip measures; none if it is not for us. `says` is its label, or what an
/// ACPI power meter says of itself; `channel` is the name of its files: `power1`.
pub fn sort(chip: &str, says: Option<&str>, channel: &str) -> Option<Sort> {
    // A driver may add what tells two chips apart: `ina226-i2c-1-40`, `xe_0000:03:00.0`.
    let family = chip.split(['-', ' ', '.']).next().unwrap_or(chip);
    let says = says.map(str::trim).filter(|says| !says.is_empty());
    match family {
        _ if GPUS.iter().any(|gpu| family == *gpu || family.starts_with(&format!("{gpu}_"))) => {
            None
        }
        "amd_energy" => amd(says?),
        "power_meter" => Some(acpi(says)),
        "macsmc_hwmon" | "macsmc" if says == Some("Total System Power") => Some(Sort::new(
            "board".into(),
            Domain::Machine,
            "the whole machine as Apple's system management controller measures it",
        )),
        "ina3221" if says == Some("sum of shunt voltages") => None,
        _ if says.is_some_and(|says| BOARD_INPUTS.contains(&says)) => Some(Sort::new(
            "board".into(),
            Domain::Machine,
            "the whole module at its input: CPU, GPU, memory; not what else the carrier board \
             feeds, nor the mains adapter",
        )),
        _ => {
            let label = says.map_or_else(|| format!("{family}-{channel}"), str::to_string);
            Some(Sort::rail(&label, "one supply rail of the board, by its maker's label"))
        }
    }
}

/// AMD's driver: a socket, or one core by the number of the CPU it is read on. (The driver
/// reads channel N on CPU N: `amd_energy_read` in Linux 5.10's `drivers/hwmon/amd_energy.c`.)
fn amd(label: &str) -> Option<Sort> {
    if let Some(socket) = label.strip_prefix("Esocket") {
        let socket = socket.parse().ok()?;
        let id = format!("package-{socket}");
        let sort = Sort::new(id, Domain::Package, "cores, caches and memory controller; no memory");
        return Some(Sort { place: Place::package(socket), ..sort });
    }
    let cpu = label.strip_prefix("Ecore")?.parse().ok()?;
    let sort = Sort::new(format!("core-cpu{cpu}"), Domain::Core, "one core");
    Some(Sort { place: Place { cpu: Some(cpu), ..Place::default() }, ..sort })
}

/// An ACPI power meter, or one of the four that each socket of NVIDIA's Grace has.
fn acpi(says: Option<&str>) -> Sort {
    if let Some((what, socket)) = says.and_then(grace) {
        let (word, domain, includes) = match what {
            "Module" => (
                "module",
                Domain::Module,
                "the module: CPU, GPU, their memories and the losses of their regulators",
            ),
            "Grace" => (
                "package",
                Domain::Package,
                "the Grace socket: its CPU rail and its SysIO rail; neither GPU nor HBM",
            ),
            "CPU" => ("core", Domain::Core, "the CPU rail of the Grace socket: all its cores"),
            "SysIO" => (
                "uncore",
                Domain::Uncore,
                "the SysIO rail of the Grace socket: fabric, memory controllers, links",
            ),
            _ => return Sort::rail(&format!("{what}-{socket}"), "one rail of a Grace socket"),
        };
        let sort = Sort::new(format!("{word}-{socket}"), domain, includes);
        return Sort { place: Place::package(socket), ..sort };
    }
    let includes = "the whole machine at its power supply, as its maker wired it";
    Sort { route: Route::Acpi, ..Sort::new("acpi".into(), Domain::Machine, includes) }
}

/// `CPU Power Socket 0` (NVIDIA: Grace Performance Tuning Guide, "Power Telemetry").
fn grace(says: &str) -> Option<(&str, u32)> {
    let (what, socket) = says.split_once(" Power Socket ")?;
    Some((what, socket.trim().parse().ok()?))
}

/// A label as a part of a name: no blanks, no odd characters, not endless.
fn word(label: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let word: String = label.chars().take(40).map(fit).collect();
    word.trim_matches('-').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_are_known_by_chip_and_label() {
        let cases = [
            ("amd_energy", Some("Esocket1"), "package-1", Domain::Package),
            ("amd_energy", Some("Ecore007"), "core-cpu7", Domain::Core),
            ("power_meter", None, "acpi", Domain::Machine),
            ("power_meter", Some("  "), "acpi", Domain::Machine),
            ("power_meter", Some("Supermicro"), "acpi", Domain::Machine),
            ("power_meter", Some("Module Power Socket 2"), "module-2", Domain::Module),
            ("power_meter", Some("Grace Power Socket 0"), "package-0", Domain::Package),
            ("power_meter", Some("CPU Power Socket 1"), "core-1", Domain::Core),
            ("power_meter", Some("SysIO Power Socket 1"), "uncore-1", Domain::Uncore),
            ("power_meter", Some("DRAM Power Socket 1"), "rail-DRAM-1", Domain::Rail),
            ("macsmc_hwmon", Some("Total System Power"), "board", Domain::Machine),
            ("macsmc_hwmon", Some("Heatpipe Power"), "rail-Heatpipe-Power", Domain::Rail),
            ("ina3221", Some("VDD_IN"), "board", Domain::Machine),
            ("ina3221", Some("VIN_SYS_5V0"), "rail-VIN_SYS_5V0", Domain::Rail),
            ("ina3221", Some("VDD_CPU_GPU_CV"), "rail-VDD_CPU_GPU_CV", Domain::Rail),
            ("ina238", None, "rail-ina238-power1", Domain::Rail),
            ("ina226-i2c-1-40", None, "rail-ina226-power1", Domain::Rail),
            ("scmi_sensors", Some("BIG CPU"), "rail-BIG-CPU", Domain::Rail),
            ("unheard_of", None, "rail-unheard_of-power1", Domain::Rail),
        ];
        for (chip, says, id, domain) in cases {
            let sort = sort(chip, says, "power1").unwrap();
            assert_eq!((sort.id.as_str(), sort.domain), (id, domain), "{chip} {says:?}");
        }
    }

    #[test]
    fn gpus_and_what_makes_no_sense_are_left_out() {
        for chip in ["amdgpu", "i915", "xe", "xe_0000", "nouveau"] {
            assert_eq!(sort(chip, None, "power1"), None, "{chip}");
        }
        for label in ["Esocket", "EsocketX", "Ecore", "E", ""] {
            assert_eq!(sort("amd_energy", Some(label), "energy1"), None, "{label}");
        }
        assert_eq!(sort("amd_energy", None, "energy1"), None);
    }

    #[test]
    fn places_and_routes() {
        let grace = sort("power_meter", Some("CPU Power Socket 1"), "power1").unwrap();
        assert_eq!((grace.place, grace.route), (Place::package(1), Route::Hwmon));
        let core = sort("amd_energy", Some("Ecore012"), "energy13").unwrap();
        assert_eq!(core.place, Place { cpu: Some(12), ..Place::default() });
        assert_eq!(sort("power_meter", None, "power1").unwrap().route, Route::Acpi);
    }

    #[test]
    fn a_label_becomes_a_word() {
        assert_eq!(word(" 12V / main "), "12V---main");
        assert_eq!(word(&"é".repeat(99)), "");
        assert_eq!(word(&"x".repeat(99)).len(), 40);
    }
}
