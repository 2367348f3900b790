//! Every function that the reader calls, with every error: nothing becomes zero in silence.

use std::{env, fs};

use jouletop::{frame::Frame, gpu::Gpus, sample::Told, units::Watts};

use crate::stage::{JOULE, Stage, folder, gpu, of, scope};

/// Whole, divided, with power only, and without samples.
pub const SCENARIO: &str = r#"
    [[device]]
    power = "400W"
    energy_start = "1000J"
    utilization = "100%"
    [[device.process]]
    pid = 11
    memory = "1GiB"
    runs = ["0s.. 70%"]
    [[device.process]]
    pid = 12
    memory = "1GiB"
    runs = ["0s.. 30%"]
    [[device]]
    power = "500W"
    energy_start = "1000J"
    mig = true
    [[device.instance]]
    id = 1
    slices = 4
    runs = ["0s.. 100%"]
    [[device.instance]]
    id = 7
    slices = 1
    runs = ["0s.. 100%"]
    [[device.process]]
    pid = 21
    memory = "1GiB"
    instance = 1
    [[device.process]]
    pid = 22
    memory = "1GiB"
    instance = 7
    [[device]]
    power = "90W"
    energy = "none"
    utilization = "60%"
    [[device.process]]
    pid = 31
    memory = "2GiB"
    runs = ["0s.. 60%"]
    [[device]]
    power = "200W"
    process_utilization = "unsupported"
    utilization = "60%"
    [[device.process]]
    pid = 41
    memory = "1GiB"
    [[device.process]]
    pid = 42
    kind = "graphics"
    memory = "1GiB"
"#;

const ERRORS: [&str; 16] = [
    "UNINITIALIZED",
    "INVALID_ARGUMENT",
    "NOT_SUPPORTED",
    "NO_PERMISSION",
    "NOT_FOUND",
    "INSUFFICIENT_SIZE",
    "DRIVER_NOT_LOADED",
    "TIMEOUT",
    "FUNCTION_NOT_FOUND",
    "GPU_IS_LOST",
    "RESET_REQUIRED",
    "OPERATING_SYSTEM",
    "LIB_RM_VERSION_MISMATCH",
    "NO_DATA",
    "MEMORY",
    "UNKNOWN",
];

const PIDS: [u32; 7] = [11, 12, 21, 22, 31, 41, 42];

/// Joules a second of each process when all is well: 70 and 30 per cent of 400 W, four slices
/// and one of 500 W, all of 90 W, half of 200 W.
const USED: [(u32, u64); 7] =
    [(11, 280), (12, 120), (21, 400), (22, 100), (31, 90), (41, 100), (42, 100)];

/// Joules a second of each device.
const DRAWN: [u64; 4] = [400, 500, 90, 200];

pub fn every_call_with_every_error() {
    let calls = calls_when_all_is_well();
    assert!(calls.len() > 30, "{calls:?}");
    for call in &calls {
        for error in ERRORS {
            // This is how a list answers when it is asked for its length.
            let lists = ["RunningProcesses_v3", "GetProcessUtilization"];
            if lists.iter().any(|list| call.ends_with(list)) && error == "INSUFFICIENT_SIZE" {
                continue;
            }
            let what = format!("{call} {error}");
            let fault = format!("[[fault]]\ncall = \"{call}\"\nerror = \"{error}\"\n");
            for_a_while(&what, &format!("{fault}during = \"2500ms..3500ms\"\n"));
            for_ever(&what, &fault);
        }
    }
}

/// The functions that are used, which the fake library counts.
fn calls_when_all_is_well() -> Vec<String> {
    let mut stage = play("");
    stage.frame(1000);
    all_is_well(&stage.frame(2000).unwrap(), "no fault");
    drop(stage);
    let calls = fs::read_to_string(folder().join("calls")).unwrap();
    let name = |line: &str| line.split_whitespace().next().unwrap().to_string();
    calls.lines().map(name).filter(|name| name != "nvmlShutdown").collect()
}

fn for_a_while(what: &str, fault: &str) {
    let mut stage = play(fault);
    stage.frame(1000);
    all_is_well(&stage.frame(2000).unwrap(), what);
    // Only who may not see the samples has to share equally for a while.
    let forbidden = what.ends_with("NO_PERMISSION") || what.ends_with("OPERATING_SYSTEM");
    for ms in [3000, 4000, 5000, 16_000] {
        let frame = stage.frame(ms).unwrap();
        nothing_is_zero(&frame, what, forbidden);
        if ms == 3000 && what.starts_with("nvmlDeviceGetTotalEnergyConsumption") {
            // The library does play this fault.
            assert_eq!(frame.meters[0].energy, None, "{what}");
        }
    }
    stage.frame(17_000);
    all_is_well(&stage.frame(18_000).unwrap(), what);
}

fn for_ever(what: &str, fault: &str) {
    write(fault);
    crate::stage::step(0);
    let Ok(gpus) = Gpus::open(&scope()) else { return };
    let mut stage = Stage::with(gpus, &PIDS);
    stage.frame(1000);
    for second in 2..5 {
        nothing_is_zero(&stage.frame(second * 1000).unwrap(), what, true);
    }
}

fn play(fault: &str) -> Stage {
    write(fault);
    crate::stage::step(0);
    Stage::new(&PIDS)
}

/// The library reads a scenario anew when nobody has it begun and it is another file.
fn write(fault: &str) {
    let old = env::var_os("FAKE_NVML_SCENARIO").unwrap();
    let mut number = 0;
    let path = loop {
        number += 1;
        let path = folder().join(format!("scenario-{number}.toml"));
        if path.as_os_str() != old {
            break path;
        }
    };
    fs::write(&path, format!("{SCENARIO}{fault}")).unwrap();
    // SAFETY: this is the only test of its process, and nothing else reads the environment now.
    unsafe { env::set_var("FAKE_NVML_SCENARIO", path) };
}

fn all_is_well(frame: &Frame, what: &str) {
    for (pid, joules) in USED {
        assert_eq!(of(frame, pid), joules * JOULE, "{what}: {pid}");
    }
    assert_eq!((gpu(&frame.idle), gpu(&frame.unattributed)), (0, 0), "{what}");
}

/// Energy is exact or absent; who used it is exact, labelled, or told to be unknown; no figure
/// is zero.
fn nothing_is_zero(frame: &Frame, what: &str, shared: bool) {
    let seconds = frame.interval.as_secs();
    for (meter, joules) in frame.meters.iter().zip(DRAWN) {
        if let Some(energy) = meter.energy {
            assert_eq!(energy.0, joules * JOULE * seconds, "{what}: {}", meter.id);
        } else {
            assert!(meter.note.as_deref().is_some_and(|note| note.len() > 10), "{what}");
        }
    }
    // All of them are held all of the time.
    assert_eq!(gpu(&frame.idle), 0, "{what}: {frame:#?}");
    for (index, one) in frame.gpus.iter().enumerate() {
        let meter = frame.meters.iter().find(|meter| meter.id == one.gpu.id);
        let drawn = meter.and_then(|meter| meter.energy).is_some();
        let pids = match one.gpu.id.as_str() {
            "gpu-0" => &USED[..2],
            "gpu-1" => &USED[2..4],
            "gpu-2" => &USED[4..5],
            _ => &USED[5..],
        };
        let sums: Vec<u64> = pids.iter().map(|&(pid, _)| of(frame, pid)).collect();
        let exact: Vec<u64> = pids.iter().map(|&(_, joules)| joules * JOULE * seconds).collect();
        let unknown = sums.iter().all(|&sum| sum == 0);
        // A device that has no list of graphics has none who holds it for that.
        let graphics = what.contains("GraphicsRunning")
            && (what.ends_with("NOT_SUPPORTED") || what.ends_with("FUNCTION_NOT_FOUND"));
        let labelled = ((shared && index == 0) || (graphics && index == 3))
            && matches!(one.told, Told::Holders(_));
        assert!(
            sums == exact || unknown || labelled,
            "{what}: device {index}: {sums:?} {:?}",
            one.told
        );
        if drawn && unknown {
            assert!(
                gpu(&frame.unattributed) >= DRAWN[index] * JOULE * seconds,
                "{what}: {frame:#?}"
            );
        }
        if let Ok(state) = &one.state {
            let power = state.power;
            let exact = Watts(DRAWN[index] as f64);
            assert!(power.is_none_or(|power| power == exact), "{what}: {power:?}");
            assert!(state.limit.is_none_or(|limit| limit == Watts(700.0)), "{what}");
            assert!(state.utilization.is_none_or(|percent| percent >= 60), "{what}");
            assert!(state.memory_used.is_none_or(|bytes| bytes == 2 << 30), "{what}");
            assert!(state.memory_total.is_none_or(|bytes| bytes == 80 << 30), "{what}");
            assert!(state.temperature.is_none_or(|degrees| degrees == 45), "{what}");
            assert!(state.clock.is_none_or(|mhz| mhz == 1410), "{what}");
            assert!(state.clock_max.is_none_or(|mhz| mhz == 1980), "{what}");
        } else if let Err(why) = &one.state {
            assert!(why.len() > 10, "{what}");
        }
        assert!(one.busy.is_none_or(|busy| !busy.is_zero()), "{what}: device {index}");
        assert!(one.instances.iter().flatten().all(|busy| !busy.is_zero()), "{what}");
    }
    let seats = frame.processes.iter().flat_map(|process| &process.gpus);
    // That there are no samples is how the driver says that nobody was busy.
    let idle = what == "nvmlDeviceGetProcessUtilization NOT_FOUND";
    for seat in seats.filter(|_| !idle) {
        assert!(seat.busy.is_none_or(|busy| !busy.is_zero()), "{what}: {seat:?}");
    }
}
