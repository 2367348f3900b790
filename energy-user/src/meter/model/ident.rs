//! What a CPU says of itself.
//!
//! x86 names itself; ARM tells an implementer and a part, and the board's name comes from
//! elsewhere. Both are turned into one shape, so that one table can hold both.

/// The vendor of Arm's own designs, of `CPU implementer` 0x41.
const ARM: &str = "ARM";

/// Arm's cores for servers by `CPU part` (kernel: `arch/arm64/include/asm/cputype.h`).
const SERVER_PARTS: [(u32, &str); 6] = [
    (0xd0c, "Neoverse N1"),
    (0xd40, "Neoverse V1"),
    (0xd49, "Neoverse N2"),
    (0xd4f, "Neoverse V2"),
    (0xd84, "Neoverse V3"),
    (0xd8e, "Neoverse N3"),
];

/// What a CPU says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuIdent {
    /// `GenuineIntel`, `AuthenticAMD`; `ARM` for Arm's own designs, else the implementer's code.
    pub vendor: String,
    /// CPUID family; of ARM the architecture.
    pub family: u32,
    /// CPUID model; of ARM the part.
    pub model: u32,
    /// CPUID stepping; of ARM the revision.
    pub stepping: u32,
    /// The name for people.
    pub name: String,
    /// CPUs online, at least one.
    pub cpus: usize,
    /// It runs under a hypervisor and says so; ARM never does.
    pub hypervisor: bool,
}

impl CpuIdent {
    /// The first CPU of the text of `/proc/cpuinfo`; none if that names neither a model nor a part.
    pub fn parse(cpuinfo: &str) -> Option<Self> {
        let fields = || {
            let fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
            fields.map(|(key, value)| (key.trim(), value.trim()))
        };
        let text = |name| fields().find(|(key, _)| *key == name).map(|(_, value)| value);
        let number = |name| text(name).and_then(number);
        let stepping = number("stepping").or(number("CPU revision")).unwrap_or(0);
        let cpus = fields().filter(|(key, _)| *key == "processor").count().max(1);
        let x86 = || {
            Some(Self {
                vendor: text("vendor_id")?.into(),
                family: number("cpu family")?,
                model: number("model")?,
                stepping,
                name: text("model name")?.into(),
                cpus,
                hypervisor: text("flags")
                    .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            })
        };
        let arm = || {
            let (implementer, part) = (text("CPU implementer")?, number("CPU part")?);
            let vendor = if number("CPU implementer")? == 0x41 { ARM } else { implementer };
            let core = server(vendor, part).map_or_else(
                || format!("implementer {implementer}, part {part:#x}"),
                |core| format!("{ARM} {core}"),
            );
            Some(Self {
                vendor: vendor.into(),
                family: number("CPU architecture")?,
                model: part,
                stepping,
                // Raspberry Pis name the board after the last CPU.
                name: text("Model").map_or(core, Into::into),
                cpus,
                hypervisor: false,
            })
        };
        x86().or_else(arm)
    }

    /// One of Arm's own cores, and not one of those for servers: what boards have.
    pub fn small(&self) -> bool {
        self.vendor == ARM && server(&self.vendor, self.model).is_none()
    }

    /// Cores of the package as told in an AMD name: `64-Core Processor`.
    pub fn cores(&self) -> Option<u32> {
        let mut words = self.name.split_whitespace();
        words.find_map(|word| {
            let number = word.strip_suffix("-Core").or_else(|| word.strip_suffix("-Cores"))?;
            number.parse().ok().filter(|cores| (1..=1024).contains(cores))
        })
    }
}

/// The core's name if it is one for servers.
fn server(vendor: &str, part: u32) -> Option<&'static str> {
    let known = SERVER_PARTS.iter().find(|(known, _)| vendor == ARM && *known == part);
    known.map(|(_, name)| *name)
}

/// Decimal, or hexadecimal with its prefix.
fn number(text: &str) -> Option<u32> {
    text.strip_prefix("0x")
        .map_or_else(|| text.parse(), |digits| u32::from_str_radix(digits, 16))
        .ok()
}
