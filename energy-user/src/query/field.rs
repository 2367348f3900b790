//! The one table of fields: their names, units and words.
//!
//! The parser, the help on the screen and `docs/screen.md` are all drawn from it, so that none
//! can tell of a field that another lacks.

/// A text of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The name of the process, or of the group.
    Name,
    /// The command line.
    Command,
    /// The user's name.
    User,
    /// The job.
    Job,
    /// The container.
    Container,
    /// The systemd unit.
    Unit,
    /// The control group's path.
    Cgroup,
}

/// A number of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Power over the last interval, in watts.
    Watts,
    /// Energy since the start, in joules.
    Joules,
    /// Emissions since the start, in grams of CO2e.
    Grams,
    /// What the energy since the start cost, in the tariff's currency.
    Money,
    /// CPU time over the last interval, in per cent of one CPU.
    Cpu,
    /// Time on GPUs over the last interval, in per cent of one GPU.
    Gpu,
    /// Memory of GPUs that it holds, in bytes.
    GpuMemory,
    /// Power of GPUs over the last interval, in watts.
    GpuWatts,
    /// Energy of GPUs since the start, in joules.
    GpuJoules,
    /// Time since it began, in seconds.
    Age,
    /// The number of the process.
    Pid,
}

/// What is so of a row or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It has ended.
    Ended,
    /// It holds a GPU and does nothing with it.
    Held,
}

/// What a field is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A text.
    Word(Word),
    /// A number. The first of its units is that of a number without one; none for a number
    /// that has no unit.
    Figure(Figure, &'static [Unit]),
    /// It stands alone and is not compared.
    Mark(Mark),
}

/// A unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// How it is written.
    pub symbol: &'static str,
    /// How it may be written as well.
    pub also: &'static [&'static str],
    /// So many base units are in it ...
    pub(super) times: u32,
    /// ... or so many of it are in a base unit: a division is exact where 0.001 is not.
    pub(super) per: u32,
}

impl Unit {
    const fn new(symbol: &'static str, also: &'static [&'static str], times: u32) -> Self {
        Self { symbol, also, times, per: 1 }
    }

    const fn milli(symbol: &'static str, also: &'static [&'static str]) -> Self {
        Self { symbol, also, times: 1, per: 1000 }
    }
}

const POWER: &[Unit] =
    &[Unit::new("W", &["w"], 1), Unit::milli("mW", &["mw"]), Unit::new("kW", &["kw", "KW"], 1000)];
const ENERGY: &[Unit] = &[
    Unit::new("J", &["j"], 1),
    Unit::milli("mJ", &["mj"]),
    Unit::new("kJ", &["kj", "KJ"], 1000),
    Unit::new("Wh", &["wh"], 3600),
    Unit::new("kWh", &["kwh", "KWh", "KWH"], 3_600_000),
];
const MASS: &[Unit] = &[Unit::new("g", &[], 1), Unit::new("kg", &["Kg"], 1000)];
const PART: &[Unit] = &[Unit::new("%", &[], 1)];
const MEMORY: &[Unit] = &[
    Unit::new("GiB", &["G", "g", "gib"], 1 << 30),
    Unit::new("MiB", &["M", "m", "mib"], 1 << 20),
    Unit::new("KiB", &["K", "k", "kib"], 1 << 10),
    Unit::new("B", &["b"], 1),
];
const TIME: &[Unit] = &[
    Unit::new("s", &[], 1),
    Unit::new("m", &["min"], 60),
    Unit::new("h", &[], 3600),
    Unit::new("d", &[], 86_400),
];

/// A field by which rows are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// How it is written.
    pub name: &'static str,
    /// How it may be written as well.
    pub aliases: &'static [&'static str],
    /// What it is of, and its units.
    pub of: Of,
    /// What it is, in a few words.
    pub words: &'static str,
}

const fn field(
    name: &'static str,
    aliases: &'static [&'static str],
    of: Of,
    words: &'static str,
) -> Field {
    Field { name, aliases, of, words }
}

/// Every field, in the order of the help.
pub const FIELDS: [Field; 20] = [
    field("w", &["watts", "power"], Of::Figure(Figure::Watts, POWER), "power now"),
    field("j", &["joules", "energy"], Of::Figure(Figure::Joules, ENERGY), "energy since the start"),
    field(
        "g",
        &["grams", "co2", "carbon"],
        Of::Figure(Figure::Grams, MASS),
        "emissions since the start",
    ),
    field("money", &["cost"], Of::Figure(Figure::Money, &[]), "cost since the start"),
    field("cpu", &[], Of::Figure(Figure::Cpu, PART), "CPU time now, of one CPU"),
    field("gpu", &[], Of::Figure(Figure::Gpu, PART), "time on GPUs now, of one GPU"),
    field(
        "mem",
        &["memory", "gpumem"],
        Of::Figure(Figure::GpuMemory, MEMORY),
        "memory of GPUs that it holds",
    ),
    field("gpuw", &["gpuwatts"], Of::Figure(Figure::GpuWatts, POWER), "power of GPUs now"),
    field(
        "gpuj",
        &["gpujoules"],
        Of::Figure(Figure::GpuJoules, ENERGY),
        "energy of GPUs since the start",
    ),
    field("age", &[], Of::Figure(Figure::Age, TIME), "time since it began"),
    field("pid", &[], Of::Figure(Figure::Pid, &[]), "number of the process"),
    field("name", &["comm"], Of::Word(Word::Name), "name"),
    field("command", &["cmd", "cmdline"], Of::Word(Word::Command), "command line"),
    field("user", &["owner"], Of::Word(Word::User), "name of the user"),
    field("job", &[], Of::Word(Word::Job), "job"),
    field("container", &["ctr"], Of::Word(Word::Container), "container"),
    field("unit", &["service"], Of::Word(Word::Unit), "systemd unit"),
    field("cgroup", &["cg"], Of::Word(Word::Cgroup), "path of the control group"),
    field("ended", &[], Of::Mark(Mark::Ended), "it has ended"),
    field("held", &[], Of::Mark(Mark::Held), "it holds a GPU and does nothing with it"),
];

impl Field {
    /// The field that is called so, upper or lower case.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.names().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The name that is most like a word; none where nothing is like it.
    pub(super) fn nearest(word: &str) -> Option<&'static str> {
        let word = word.to_lowercase();
        let names = FIELDS.iter().flat_map(Self::names);
        let all = names.map(|name| (strsim::jaro_winkler(name, &word), name));
        // Of names that are equally near, the first.
        let best = all.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.filter(|(likeness, _)| *likeness > 0.75).map(|(_, name)| name)
    }

    /// Its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Its units; the first is that of a number without one.
    pub fn units(&self) -> &'static [Unit] {
        match self.of {
            Of::Figure(_, units) => units,
            Of::Word(_) | Of::Mark(_) => &[],
        }
    }

    /// The operators by which it is compared.
    pub fn operators(&self) -> &'static [&'static str] {
        match self.of {
            Of::Word(_) => &["=", "!=", "~", "!~"],
            Of::Figure(..) => &["=", "!=", "<", "<=", ">", ">="],
            Of::Mark(_) => &[],
        }
    }
}
