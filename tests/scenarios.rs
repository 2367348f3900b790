//! Every scenario, from sample to frame: what was expected, and nothing lost.
//!
//! `scenarios/*.toml` hold their own expectations, compared to the microjoule.
//! Whatever they say, each interval of each also has to add up, and sums must not
//! depend on how often one samples. `scenarios/bad/*.toml` must be refused.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use jouletop::{
    attribute::attribute,
    frame::{Energy, Frame, Quality},
    sample::{ProcessId, Sample},
    session::Source,
    sim::{Expected, Simulation},
    units::Microjoules,
};
use proptest::{prelude::*, sample::Index};

/// How often the conservation test samples.
const STEPS: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(370), Duration::from_secs(1)];

#[test]
fn every_scenario_gives_what_it_expects() -> Result<()> {
    for path in scenarios("")? {
        meet(&Simulation::load(&path)?).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

#[test]
fn the_example_in_the_documentation_is_true() -> Result<()> {
    let text = include_str!("../docs/scenarios.md");
    let (_, example) = text.split_once("```toml\n").context("no example")?;
    let (example, _) = example.split_once("```").context("the example does not end")?;
    meet(&Simulation::parse(example, "docs/scenarios.md")?)
}

#[test]
fn every_interval_adds_up() -> Result<()> {
    for path in scenarios("")? {
        for step in STEPS {
            for frame in frames(&path, step)? {
                conserve(&frame).with_context(|| format!("{} by {step:?}", path.display()))?;
            }
        }
    }
    Ok(())
}

#[test]
fn sums_do_not_depend_on_how_often_one_samples() -> Result<()> {
    for path in scenarios("")? {
        let [reference, others @ ..] = STEPS.map(|step| frames(&path, step));
        let reference = reference?;
        for frames in others {
            let frames = frames?;
            let context = || path.display().to_string();
            assert_eq!(times(&reference), times(&frames), "{}", context());
            for meter in &reference[0].meters {
                let [one, other] = [&reference, &frames].map(|frames| sum(frames, &meter.id));
                let (Some(one), Some(other)) = (one, other) else { continue };
                // A counter loses nothing; an estimate is rounded once in each interval.
                let estimated = meter.quality == Quality::Estimated;
                let slack = if estimated { reference.len() as u64 } else { 0 };
                assert!(one.0.abs_diff(other.0) <= slack, "{}: {}", context(), meter.id);
            }
        }
    }
    Ok(())
}

#[test]
fn every_bad_scenario_says_what_is_wrong_on_two_lines() -> Result<()> {
    for path in scenarios("bad")? {
        let text = fs::read_to_string(&path)?;
        let first = text.lines().next().and_then(|line| line.strip_prefix("# error: "));
        let wanted = first.with_context(|| format!("{}: no `# error:` line", path.display()))?;
        let Err(error) = Simulation::load(&path) else {
            anyhow::bail!("{}: was accepted", path.display())
        };
        let message = error.to_string();
        ensure!(message.contains(wanted), "{}: {message}", path.display());
        ensure!(message.starts_with(&path.display().to_string()), "no file name: {message}");
        ensure!(message.lines().count() <= 2, "too long: {message}");
    }
    Ok(())
}

#[test]
fn what_is_no_scenario_file_is_told_with_its_name() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = |name: &str, bytes: &[u8]| -> Result<PathBuf> {
        let path = directory.path().join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    };
    let large = vec![b'#'; (1 << 20) + 1];
    for (path, wanted) in [
        (directory.path().join("none.toml"), "none.toml: there is no such file"),
        (directory.path().to_owned(), "this is a directory"),
        (file("empty.toml", b"\n")?, "empty.toml: the file is empty"),
        (file("binary.toml", b"name = \"\xff\"")?, "binary.toml: not UTF-8 text"),
        (file("large.toml", &large)?, "large.toml: larger than 1 MiB"),
        (PathBuf::from("/dev/zero"), "/dev/zero: larger than 1 MiB"),
    ] {
        let message = Simulation::load(&path).err().map(|error| error.to_string());
        let message = message.with_context(|| format!("{} was accepted", path.display()))?;
        ensure!(message.contains(wanted), "{message}");
    }
    Ok(())
}

proptest! {
    /// Whatever a slip of the pen does to a scenario, it is refused or it adds up.
    #[test]
    fn a_damaged_scenario_is_refused_or_runs(
        which in any::<Index>(),
        at in any::<Index>(),
        length in 0..12_usize,
        instead in "[-0-9a-z.%\\[\\]\"= ]{0,3}",
        step in 1..5_000_000_000_u64,
    ) {
        let paths = scenarios("").expect("there are scenarios");
        let text = fs::read_to_string(which.get(&paths)).expect("they can be read");
        let from = text.floor_char_boundary(at.index(text.len()));
        let to = text.ceil_char_boundary((from + length).min(text.len()));
        let text = [&text[..from], &instead, &text[to..]].concat();
        if let Ok(mut machine) = Simulation::parse(&text, "damaged.toml") {
            let mut before = machine.sample().expect("the start is in the year");
            for _ in 0..5 {
                let after = sample(&mut machine, Duration::from_nanos(step)).expect("so is this");
                let frame = attribute(&before, &after, machine.method());
                // At odd nanoseconds, shares of one CPU are each rounded by less than one.
                prop_assert!(energy_adds_up(&frame).is_ok());
                before = after;
            }
        }
    }
}

/// The scenarios of a folder; there must be some.
fn scenarios(folder: &str) -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios").join(folder);
    let entries = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>();
    let mut paths = entries?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    ensure!(paths.len() >= 10, "{}: only {} scenarios", folder.display(), paths.len());
    Ok(paths)
}

/// The sample after some time.
fn sample(machine: &mut Simulation, time: Duration) -> Result<Sample> {
    ensure!(!machine.pass(time), "a simulation that nobody paces does not wait");
    machine.sample()
}

/// A scenario's frames, by steps, up to the last moment that it expects something of.
fn frames(path: &Path, step: Duration) -> Result<Vec<Frame>> {
    let mut machine = Simulation::load(path)?;
    let ends = machine.expected().iter().map(|expected| expected.at);
    let mut left = ends.max().context("expects nothing")?;
    let method = machine.method().clone();
    let mut before = machine.sample()?;
    let mut frames = Vec::new();
    while !left.is_zero() {
        let time = step.min(left);
        left -= time;
        let after = sample(&mut machine, time)?;
        frames.push(attribute(&before, &after, &method));
        before = after;
    }
    Ok(frames)
}

/// Rows, header and meters are three ways to the same sum, in each pool.
fn energy_adds_up(frame: &Frame) -> Result<()> {
    let mut rows = Energy::default();
    for process in &frame.processes {
        rows.add_all(&process.share.energy);
    }
    for row in frame.other_rows().iter().filter_map(|(_, row)| *row) {
        rows.add_all(&row.energy);
    }
    let mut meters = Energy::default();
    for meter in &frame.meters {
        ensure!(meter.energy.is_some() != (meter.quality == Quality::Absent), "{meter:?}");
        ensure!(meter.energy.is_some() != meter.note.is_some(), "{meter:?}");
        if let Some(energy) = meter.energy {
            meters.add(meter.domain, energy);
        }
    }
    ensure!(rows == frame.total && meters == frame.total, "{frame:#?}");
    Ok(())
}

/// Energy adds up, and so does the time of all CPUs.
fn conserve(frame: &Frame) -> Result<()> {
    energy_adds_up(frame)?;
    let busy = frame.processes.iter().map(|process| process.share.cpu_time);
    let others = frame.other_rows().into_iter().filter_map(|(_, row)| row);
    let others = others.map(|row| row.cpu_time);
    let capacity = frame.interval * u32::try_from(frame.machine.cpus())?;
    let cpu_time: Duration = busy.chain(others).sum();
    ensure!(cpu_time == capacity, "{cpu_time:?} of {capacity:?} CPU time");
    Ok(())
}

/// Energy of a meter over all frames; none if one of them has a gap.
fn sum(frames: &[Frame], id: &str) -> Option<Microjoules> {
    let energy = |frame: &Frame| frame.meters.iter().find(|meter| meter.id == id)?.energy;
    frames.iter().map(energy).try_fold(Microjoules::ZERO, |sum, energy| Some(sum + energy?))
}

/// CPU time of everybody over all frames, and how often each ended.
fn times(frames: &[Frame]) -> (BTreeMap<ProcessId, (Duration, usize)>, [Duration; 6]) {
    let mut processes: BTreeMap<_, (Duration, usize)> = BTreeMap::new();
    let mut others = [Duration::ZERO; 6];
    for frame in frames {
        for process in &frame.processes {
            let (time, ends) = processes.entry(process.id).or_default();
            *time += process.share.cpu_time;
            *ends += usize::from(process.ended);
        }
        for (sum, (_, row)) in others.iter_mut().zip(frame.other_rows()) {
            *sum += row.map_or(Duration::ZERO, |row| row.cpu_time);
        }
    }
    (processes, others)
}

/// Runs a scenario over each interval that it expects something of.
fn meet(simulation: &Simulation) -> Result<()> {
    ensure!(!simulation.expected().is_empty(), "expects nothing");
    for expected in simulation.expected() {
        let mut machine = simulation.clone();
        let before = sample(&mut machine, expected.from)?;
        let after = sample(&mut machine, expected.at.saturating_sub(expected.from))?;
        let frame = attribute(&before, &after, simulation.method());
        compare(expected, &frame).with_context(|| format!("at {:?}: {frame:#?}", expected.at))?;
    }
    Ok(())
}

/// Compares what the scenario's author says to what came out.
fn compare(expected: &Expected, frame: &Frame) -> Result<()> {
    for (name, expected, energy) in [
        ("total", expected.total, &frame.total),
        ("idle", expected.idle, &frame.idle.energy),
        ("kernel", expected.kernel, &frame.kernel.energy),
        ("irq", expected.irq, &frame.irq.unwrap_or_default().energy),
        ("unattributed", expected.unattributed, &frame.unattributed.energy),
        ("rest", expected.rest, &frame.rest.unwrap_or_default().energy),
        ("self", expected.tool, &frame.tool.energy),
    ] {
        let found = energy.total().unwrap_or_default();
        ensure!(expected.is_none_or(|expected| expected == found), "{name} is {found:?}");
    }
    ensure!(expected.gpu.is_none() || expected.gpu == frame.total.gpu, "gpu differs");
    if let Some(expected) = &expected.held {
        let mut found: BTreeMap<String, Microjoules> = BTreeMap::new();
        for process in frame.processes.iter().filter(|one| !one.share.held.time.is_zero()) {
            *found.entry(process.identity.name.clone()).or_default() += process.share.held.energy;
        }
        ensure!(*expected == found, "held idle are {found:?}");
    }
    ensure!(expected.dram.is_none() || expected.dram == frame.total.dram, "dram differs");
    if let Some(expected) = &expected.processes {
        let mut found: BTreeMap<String, Microjoules> = BTreeMap::new();
        for process in &frame.processes {
            let energy = process.share.energy.total().unwrap_or_default();
            *found.entry(process.identity.name.clone()).or_default() += energy;
        }
        ensure!(*expected == found, "processes are {found:?}");
    }
    let absent = frame.meters.iter().filter(|meter| meter.quality == Quality::Absent);
    let absent: Vec<_> = absent.map(|meter| meter.id.clone()).collect();
    ensure!(expected.absent == absent, "absent are {absent:?}");
    let quality = expected.quality.unwrap_or(frame.quality);
    ensure!(quality == frame.quality, "quality is {:?}", frame.quality);
    let events = expected.lost_events.unwrap_or(frame.lost.events);
    ensure!(events == frame.lost.events, "lost events are {}", frame.lost.events);
    ensure!(expected.from + frame.interval == expected.at, "the interval is {:?}", frame.interval);
    Ok(())
}
