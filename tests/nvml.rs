//! NVIDIA's GPUs, read through the fake library: whose joules they were, to the microjoule.

#![allow(clippy::unwrap_used, reason = "a test that panics has found something")]

#[path = "nvml/faults.rs"]
mod faults;
#[path = "nvml/stage.rs"]
mod stage;

use std::{fs, time::Duration};

use jouletop::{
    frame::Signal,
    gpu::{Gpus, Scope},
    sample::{Context, GpuShare, Reading, Told},
    units::Watts,
};
use stage::{JOULE, Stage, apart, folder, namespace, of, on_bus, scope};

const TWO_JOBS: &str = r#"
    [[device]]
    power = "400W"
    utilization = "100%"
    [[device.process]]
    pid = 11
    runs = ["0s.. 70%"]
    [[device.process]]
    pid = 12
    memory = "2GiB"
    runs = ["0s.. 30%"]
"#;

#[test]
fn two_jobs_share_by_their_use() {
    if !apart("two_jobs_share_by_their_use", TWO_JOBS) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    // 400 W for a second; 70 and 30 per cent of the time.
    assert_eq!(stage.shares(2000, [11, 12]), ([280 * JOULE, 120 * JOULE], 0, 0));
    let first = stage.first();
    assert_eq!(first.activity.told, Told::Process);
    assert_eq!(first.activity.busy, Some(Duration::from_secs(1)));
    let client = &first.activity.clients[1];
    assert_eq!((client.context, client.memory), (Some(Context::Compute), Some(2 << 30)));
    assert_eq!(client.busy, Some(Duration::from_millis(300)));
    let shown = first.state.as_ref().unwrap();
    assert_eq!(shown.power, Some(Watts(400.0)));
    assert_eq!(shown.limit, Some(Watts(700.0)));
    assert_eq!((shown.utilization, shown.memory_utilization), (Some(100), Some(0)));
    assert_eq!((shown.memory_used, shown.memory_total), (Some(5 << 29), Some(80 << 30)));
    assert_eq!(
        (shown.temperature, shown.clock, shown.clock_max),
        (Some(45), Some(1410), Some(1980))
    );
    assert!(shown.throttle.is_empty());
    // Ten times a second the driver's last word holds: 40 J in 100 ms.
    for ms in (2100..=2900).step_by(100) {
        assert_eq!(stage.shares(ms, [11, 12]), ([28 * JOULE, 12 * JOULE], 0, 0), "{ms}");
    }
    // An H100 lacks only a sensor that looks all of the time.
    let findings = stage.gpus.findings();
    assert_eq!(findings[0].energy.as_deref(), Some("total-energy counter"));
    assert!(findings[0].use_told_by.contains("utilisation of each process"));
    assert_eq!(findings[0].lacks.len(), 1, "{findings:?}");
    assert!(stage.gpus.remedies().is_empty() && stage.gpus.notes().is_empty());
}

#[test]
fn one_job_has_four_devices() {
    let device =
        "[[device]]\npower = \"300W\"\n[[device.process]]\npid = 11\nruns = [\"0s.. 50%\"]\n";
    if !apart("one_job_has_four_devices", &device.repeat(4)) {
        return;
    }
    let mut stage = Stage::new(&[11]);
    stage.frame(1000);
    let frame = stage.frame(2000).unwrap();
    assert_eq!(of(&frame, 11), 1200 * JOULE);
    let gpus = &frame.processes[0].gpus;
    assert_eq!(gpus.len(), 4);
    assert!(gpus.iter().all(|on| on.busy == Some(Duration::from_millis(500))), "{gpus:?}");
    assert_eq!(
        frame.meters.iter().map(|meter| meter.id.as_str()).collect::<Vec<_>>(),
        ["gpu-0", "gpu-1", "gpu-2", "gpu-3"]
    );
}

#[test]
fn a_job_that_ends_within_an_interval_has_what_it_used() {
    let scenario = r#"
        [[device]]
        power = "400W"
        sample_period = "500ms"
        [[device.process]]
        pid = 11
        runs = ["0s.. 50%"]
        [[device.process]]
        pid = 12
        lives = "0s..3s"
        runs = ["0s..3s 50%"]
    "#;
    if !apart("a_job_that_ends_within_an_interval_has_what_it_used", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(2000);
    stage.ended = vec![12];
    // Half of the time for two seconds, against half of the time for one: 2 to 1 of 800 J.
    let (shares, nobody, idle) = stage.shares(4000, [11, 12]);
    assert_eq!(shares, [533_333_333, 266_666_667]);
    assert_eq!((nobody, idle), (0, 0));
    let context = |pid| {
        let clients = &stage.first().activity.clients;
        clients.iter().find(|client| client.pid == pid).unwrap().context
    };
    assert_eq!((context(11), context(12)), (Some(Context::Compute), None));
    assert_eq!(stage.shares(5000, [11, 12]), ([400 * JOULE, 0], 0, 0));
}

#[test]
fn who_worked_early_in_a_long_interval_is_not_forgotten() {
    // A hundred periods of a sixth of a second are far less than a minute.
    let scenario = r#"
        [[device]]
        power = "300W"
        sample_period = "200ms"
        [[device.process]]
        pid = 11
        runs = ["0s..40s 100%"]
        [[device.process]]
        pid = 12
        runs = ["40s..60s 100%"]
    "#;
    if !apart("who_worked_early_in_a_long_interval_is_not_forgotten", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(0);
    for ms in (200..60_000).step_by(200) {
        stage::step(ms);
        stage.gpus.poll(stage::moment(ms).monotonic);
    }
    // Forty seconds to twenty.
    let (shares, nobody, idle) = stage.shares(60_000, [11, 12]);
    assert_eq!((shares, nobody, idle), ([12_000 * JOULE, 6_000 * JOULE], 0, 0));
    let busy: Vec<_> = stage.first().activity.clients.iter().map(|one| one.busy).collect();
    assert_eq!(busy, [40, 20].map(|seconds| Some(Duration::from_secs(seconds))));
}

#[test]
fn work_between_the_ends_of_a_long_interval_is_seen() {
    let scenario = r#"
        [[device]]
        power = "200W"
        process_utilization = "unsupported"
        utilization = ["0s 0%", "3s 100%", "7s 0%"]
        [[device.process]]
        pid = 11
        [[device.process]]
        pid = 12
        [[device]]
        [[device.process]]
        pid = 11
        runs = ["2s..7s 60%"]
    "#;
    if !apart("work_between_the_ends_of_a_long_interval_is_seen", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(0);
    for ms in (200..10_000).step_by(200) {
        stage::step(ms);
        stage.gpus.poll(stage::moment(ms).monotonic);
    }
    let frame = stage.frame(10_000).unwrap();
    // Neither end of the interval shows that it worked.
    assert!(!frame.gpus[0].held_idle);
    let busy = frame.gpus[0].busy.unwrap().as_secs_f64();
    assert!((3.5..=4.5).contains(&busy), "{busy}");
    assert_eq!((of(&frame, 12), frame.processes[1].share.held.energy.0), (1000 * JOULE, 0));
    // Of the other, its process alone has worked for three seconds.
    let busy = frame.gpus[1].busy.unwrap().as_secs_f64();
    assert!((2.9..=3.5).contains(&busy), "{busy}");
    let frame = stage.frame(11_000).unwrap();
    assert!(frame.gpus[0].held_idle);
}

#[test]
fn a_device_that_is_held_and_idle_is_its_holders() {
    let scenario =
        "[[device]]\npower = \"70W\"\n[[device.process]]\npid = 11\nlives = \"0s..3s\"\n";
    if !apart("a_device_that_is_held_and_idle_is_its_holders", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11]);
    stage.frame(1000);
    let frame = stage.frame(2000).unwrap();
    assert_eq!(of(&frame, 11), 70 * JOULE);
    assert_eq!(frame.processes[0].share.held.energy.0, 70 * JOULE);
    assert!(frame.gpus[0].held_idle);
    // It ended at three: it held the device in that interval, and nobody does in the next.
    stage.ended = vec![11];
    assert_eq!(stage.shares(3000, [11]), ([70 * JOULE], 0, 0));
    assert_eq!(stage.shares(4000, [11]), ([0], 0, 70 * JOULE));
}

#[test]
fn a_list_that_fails_leaves_the_device_to_nobody_whom_the_others_name() {
    let scenario = r#"
        [[device]]
        power = "70W"
        [[device.process]]
        pid = 11
        [[device.process]]
        pid = 12
        kind = "graphics"
        [[fault]]
        call = "nvmlDeviceGetComputeRunningProcesses_v3"
        error = "TIMEOUT"
        during = "2500ms..3500ms"
    "#;
    if !apart("a_list_that_fails_leaves_the_device_to_nobody_whom_the_others_name", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    assert_eq!(stage.shares(2000, [11, 12]), ([35 * JOULE, 35 * JOULE], 0, 0));
    assert_eq!(stage.shares(3000, [11, 12]), ([0, 0], 70 * JOULE, 0));
    assert_eq!(stage.first().activity.told, Told::Nothing);
    assert_eq!(stage.shares(4000, [11, 12]), ([35 * JOULE, 35 * JOULE], 0, 0));
}

#[test]
fn the_server_of_mps_works_for_its_clients() {
    let scenario = r#"
        [[device]]
        power = "300W"
        [[device.process]]
        pid = 90
        runs = ["0s.. 80%"]
        [[device.process]]
        pid = 11
        kind = "mps"
        [[device.process]]
        pid = 12
        kind = "mps"
    "#;
    if !apart("the_server_of_mps_works_for_its_clients", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.book.0.insert(90, (1, "nvidia-cuda-mps"));
    stage.frame(1000);
    assert_eq!(stage.shares(2000, [11, 12, 90]), ([150 * JOULE, 150 * JOULE, 0], 0, 0));
}

const DIVIDED: &str = r#"
    [[device]]
    power = "500W"
    mig = true
    architecture = "hopper"
    [[device.instance]]
    id = 1
    slices = 4
    [[device.instance]]
    id = 7
    slices = 1
    [[device.process]]
    pid = 11
    instance = 7
    runs = ["0s.. 100%"]
    [[device.process]]
    pid = 12
    instance = 1
    runs = ["0s.. 100%"]
"#;

#[test]
fn an_instance_weighs_its_slices() {
    if !apart("an_instance_weighs_its_slices", DIVIDED) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    // One slice and four, all busy: 1 to 4 of 500 J.
    assert_eq!(stage.shares(2000, [11, 12]), ([100 * JOULE, 400 * JOULE], 0, 0));
    let first = stage.first();
    assert_eq!(first.activity.told, Told::Instance);
    assert_eq!(first.activity.instances, [Some(Duration::from_secs(1)); 2]);
    let instances: Vec<_> =
        first.gpu.instances.iter().map(|one| (one.number, one.name.as_str(), one.slices)).collect();
    assert_eq!(instances, [(1, "4g.40gb", 4), (7, "1g.10gb", 1)]);
    assert_eq!(first.state.as_ref().unwrap().utilization, None, "MIG does not tell it");
}

#[test]
fn instances_before_hopper_are_not_told_apart() {
    let scenario = DIVIDED.replace("\"hopper\"", "\"ampere\"");
    if !apart("instances_before_hopper_are_not_told_apart", &scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    assert_eq!(stage.shares(2000, [11, 12]), ([0, 0], 500 * JOULE, 0));
    let first = stage.first();
    assert_eq!(first.activity.told, Told::Nothing);
    let places: Vec<_> = first.activity.clients.iter().map(|one| one.instance).collect();
    assert_eq!(places, [Some(1), Some(0)], "who holds it is told");
    assert!(first.gpu.lacks.iter().any(|lack| lack.contains("MIG without GPM")));
}

const UNSAMPLED: &str = r#"
    [[device]]
    power = "400W"
    process_utilization = "unsupported"
    [[device.process]]
    pid = 11
    memory = "1GiB"
    runs = ["0s.. 90%"]
    [[device.process]]
    pid = 12
    memory = "3GiB"
"#;

#[test]
fn without_samples_holders_share_equally_or_by_memory() {
    if !apart("without_samples_holders_share_equally_or_by_memory", UNSAMPLED) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    let frame = stage.frame(2000).unwrap();
    assert_eq!((of(&frame, 11), of(&frame, 12)), (200 * JOULE, 200 * JOULE));
    assert_eq!(frame.pools[0].signal, Signal::Equal);
    assert!(matches!(stage.first().activity.told, Told::Holders(_)));
    stage.method.gpu_share = GpuShare::Memory;
    assert_eq!(stage.shares(3000, [11, 12]), ([100 * JOULE, 300 * JOULE], 0, 0));
    assert!(stage.gpus.findings()[0].lacks.iter().any(|lack| lack.contains("share equally")));
}

#[test]
fn numbers_of_another_namespace_are_nobodys() {
    if !apart("numbers_of_another_namespace_are_nobodys", TWO_JOBS) {
        return;
    }
    // Here, 11 is another process than the driver means, and 12 has the GPU open.
    namespace(4_026_532_000, &[12]);
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    assert_eq!(stage.shares(2000, [11, 12]), ([0, 120 * JOULE], 280 * JOULE, 0));
}

#[test]
fn samples_of_a_number_that_is_nobody_are_unattributed() {
    let scenario = r#"
        [[device]]
        power = "400W"
        [[device.process]]
        pid = 12
        utilization_pid = 645400
        runs = ["0s.. 40%"]
    "#;
    if !apart("samples_of_a_number_that_is_nobody_are_unattributed", scenario) {
        return;
    }
    namespace(4_026_532_000, &[12]);
    let mut stage = Stage::new(&[12]);
    stage.frame(1000);
    assert_eq!(stage.shares(2000, [12]), ([0], 400 * JOULE, 0));
    let busy: Vec<_> =
        stage.first().activity.clients.iter().map(|one| (one.pid, one.busy)).collect();
    // It holds the device; that it was idle there is not known.
    assert_eq!(busy, [(12, None), (645_400, Some(Duration::from_millis(400)))]);
}

#[test]
fn a_counter_that_restarts_is_a_gap() {
    let scenario = TWO_JOBS.replace(
        "power = \"400W\"",
        "power = \"400W\"\nenergy_start = \"5000J\"\nenergy_resets = [\"2500ms\"]",
    );
    if !apart("a_counter_that_restarts_is_a_gap", &scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    assert_eq!(stage.shares(2000, [11, 12]), ([280 * JOULE, 120 * JOULE], 0, 0));
    let frame = stage.frame(3000).unwrap();
    assert_eq!(frame.meters[0].energy, None);
    assert!(frame.meters[0].note.as_deref().unwrap().contains("reset"), "{:?}", frame.meters);
    assert_eq!(stage.shares(4000, [11, 12]), ([280 * JOULE, 120 * JOULE], 0, 0));
}

#[test]
fn power_that_is_a_mean_is_put_where_it_belongs() {
    let scenario = r#"
        [[device]]
        energy = "none"
        architecture = "ada"
        name = "NVIDIA L40S"
        power = ["0s 100W", "2s 300W"]
        power_average = "1s"
        module_power = "900W"
        [[device.process]]
        pid = 11
        runs = ["0s.. 50%"]
    "#;
    if !apart("power_that_is_a_mean_is_put_where_it_belongs", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11]);
    stage.frame(1000);
    assert_eq!(stage.shares(2000, [11]), ([100 * JOULE], 0, 0));
    // The mean of the second before is its energy.
    assert_eq!(stage.shares(3000, [11]), ([300 * JOULE], 0, 0));
    assert_eq!(stage.shares(4000, [11]), ([300 * JOULE], 0, 0));
    let finding = &stage.gpus.findings()[0];
    let route = finding.energy.as_deref().unwrap();
    assert_eq!(route, "integral of power, a mean over the past second");
    let meter = &stage.sample(4000).meters[0].meter;
    assert_eq!(meter.source, "nvml-power");
    assert!(meter.includes.contains("second before"), "{}", meter.includes);
}

#[test]
fn power_at_the_moment_goes_in_straight_lines() {
    let scenario = r#"
        [[device]]
        architecture = "pascal"
        name = "Tesla P100"
        power = ["0s 100W", "1500ms 300W", "2s 500W"]
        [[device.process]]
        pid = 11
        runs = ["0s.. 50%"]
        [[fault]]
        call = "nvmlDeviceGetFieldValues"
        error = "NOT_SUPPORTED"
    "#;
    if !apart("power_at_the_moment_goes_in_straight_lines", scenario) {
        return;
    }
    let mut stage = Stage::new(&[11]);
    stage.frame(1000);
    stage::step(1500);
    stage.gpus.poll(stage::moment(1500).monotonic);
    // 100 W to 300 W in half a second, 300 W to 500 W in the other: 100 + 200 J.
    assert_eq!(stage.shares(2000, [11]), ([300 * JOULE], 0, 0));
    let route = stage.gpus.findings()[0].energy.clone();
    assert_eq!(route.as_deref(), Some("integral of power at each reading"));
}

#[test]
fn a_device_that_was_lost_is_read_again() {
    let scenario = TWO_JOBS.replace("power =", "lost = [\"2500ms..4500ms\"]\npower =");
    if !apart("a_device_that_was_lost_is_read_again", &scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    stage.frame(2000);
    for ms in [3000, 4000] {
        let frame = stage.frame(ms).unwrap();
        assert_eq!(frame.meters[0].energy, None);
        assert!(stage.absence().unwrap().contains("Xid"));
        assert!(stage.first().state.as_ref().unwrap_err().contains("fell off the bus"));
        assert!(stage.first().activity.clients.is_empty());
    }
    stage.frame(5000);
    assert_eq!(stage.absence(), None);
    assert_eq!(stage.shares(6000, [11, 12]), ([280 * JOULE, 120 * JOULE], 0, 0));
}

#[test]
fn a_driver_that_is_loaded_again_is_read_again() {
    let scenario = format!("unloaded = [\"2500ms..4500ms\"]\n{TWO_JOBS}");
    if !apart("a_driver_that_is_loaded_again_is_read_again", &scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    stage.frame(2000);
    for second in 3..13 {
        let frame = stage.frame(second * 1000).unwrap();
        assert_eq!(frame.meters[0].energy, None, "{second}");
        assert!(stage.absence().unwrap().contains("modprobe nvidia"), "{:?}", stage.absence());
        assert!(stage.first().state.is_err());
    }
    // Ten seconds after it was found missing it is tried again.
    let frame = stage.frame(13_000).unwrap();
    assert_eq!((frame.meters[0].energy, stage.absence()), (None, None));
    // It was at work, for all that anybody knows: it is not said to have been held idle.
    assert!(!frame.gpus[0].held_idle);
    assert!(frame.processes.iter().flat_map(|one| &one.gpus).all(|one| one.busy.is_none()));
    assert_eq!(stage.shares(14_000, [11, 12]), ([280 * JOULE, 120 * JOULE], 0, 0));
}

#[test]
fn a_driver_that_was_loaded_again_between_two_readings_is_a_gap() {
    let scenario = format!("unloaded = [\"2500ms..2700ms\"]\n{TWO_JOBS}");
    if !apart("a_driver_that_was_loaded_again_between_two_readings_is_a_gap", &scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    let counter = |stage: &mut Stage, ms: u64| {
        stage::step(ms);
        match &stage.gpus.energies(stage::moment(ms))[0].reading {
            Reading::Counter { microjoules, .. } => Ok(*microjoules),
            Reading::Absent(why) => Err(why.clone()),
            Reading::Model(model) => panic!("{model:?}"),
        }
    };
    assert_eq!(counter(&mut stage, 2000), Ok(800 * JOULE));
    stage::step(2600);
    assert!(stage.gpus.readings(stage::moment(2000), &mut stage.book, &[])[0].state.is_err());
    // A minute later the new counter has more than the old one had: 400 W since 2.7 s.
    assert!(counter(&mut stage, 60_000).unwrap_err().contains("began anew"));
    assert_eq!(counter(&mut stage, 61_000), Ok(400 * 58_300_000));
}

#[test]
fn a_driver_that_is_loaded_later_is_found() {
    let scenario = format!("unloaded = [\"0s..5s\"]\n{TWO_JOBS}");
    if !apart("a_driver_that_is_loaded_later_is_found", &scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    let remedies = stage.gpus.remedies();
    assert!(remedies[0].ends_with("`modprobe nvidia`"), "{remedies:?}");
    stage.frame(1000);
    assert!(stage.sample(6000).gpus.is_empty(), "it is tried seldom");
    stage.frame(11_000);
    assert_eq!(stage.absence(), None);
    assert_eq!(stage.shares(12_000, [11, 12]), ([280 * JOULE, 120 * JOULE], 0, 0));
    assert!(stage.gpus.remedies().is_empty());
}

#[test]
fn a_device_that_sleeps_is_not_touched() {
    let scenario = format!("{TWO_JOBS}\n[[device]]\nasleep = true\npower = \"50W\"\n");
    if !apart("a_device_that_sleeps_is_not_touched", &scenario) {
        return;
    }
    on_bus("0000:10:00.0", "active");
    on_bus("0000:11:00.0", "suspended");
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    let frame = stage.frame(2000).unwrap();
    assert_eq!((of(&frame, 11), of(&frame, 12)), (280 * JOULE, 120 * JOULE));
    assert_eq!(frame.meters.len(), 1, "one that sleeps has no meter");
    let why = "it sleeps and is not woken; its energy is not counted meanwhile";
    assert_eq!(frame.gpus[1].state.as_ref().unwrap_err(), why);
    assert_eq!(frame.gpus[1].gpu.id, "gpu-1");
    stage.gpus.poll(stage::moment(2500).monotonic);
    assert!(!folder().join("woken").exists(), "it was touched");
    // Somebody else woke it.
    on_bus("0000:11:00.0", "active");
    stage.frame(3000);
    let frame = stage.frame(4000).unwrap();
    assert_eq!(frame.meters[1].energy.map(|energy| energy.0), Some(50 * JOULE));
    assert!(folder().join("woken").exists());
}

#[test]
fn while_all_sleep_the_library_is_not_begun() {
    if !apart("while_all_sleep_the_library_is_not_begun", TWO_JOBS) {
        return;
    }
    on_bus("0000:10:00.0", "suspended");
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    stage.frame(2000);
    assert!(stage.gpus.remedies().is_empty());
    let other = Stage::new(&[]);
    drop(other);
    assert!(!folder().join("calls").exists(), "it was begun");
    on_bus("0000:10:00.0", "active");
    stage.frame(3000);
    assert_eq!(stage.shares(4000, [11, 12]), ([280 * JOULE, 120 * JOULE], 0, 0));
    drop(stage);
    assert!(folder().join("calls").exists());
}

#[test]
fn a_device_without_a_meter_is_absent_and_not_zero() {
    let scenario = format!(
        "{TWO_JOBS}\n[[fault]]\ncall = \"nvmlDeviceGetTotalEnergyConsumption\"\nerror = \
         \"NOT_SUPPORTED\"\n[[fault]]\ncall = \"nvmlDeviceGetPowerUsage\"\nerror = \
         \"NOT_SUPPORTED\"\n[[fault]]\ncall = \"nvmlDeviceGetFieldValues\"\nerror = \
         \"NOT_SUPPORTED\"\n"
    );
    if !apart("a_device_without_a_meter_is_absent_and_not_zero", &scenario) {
        return;
    }
    let mut stage = Stage::new(&[11, 12]);
    stage.frame(1000);
    let frame = stage.frame(2000).unwrap();
    assert_eq!(frame.meters[0].energy, None);
    assert_eq!(stage.first().state.as_ref().unwrap().power, None);
    let finding = &stage.gpus.findings()[0];
    assert_eq!(finding.energy, None);
    assert!(finding.lacks.iter().any(|lack| lack.contains("neither energy nor power")));
}

#[test]
fn a_library_that_is_none_is_an_error_with_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("libnvidia-ml.so.1");
    fs::write(&path, "no library").unwrap();
    let at = |nvml| Scope { sysfs: root.path().into(), proc: root.path().into(), nvml, own: false };
    let error = Gpus::open(&at(Some(path))).err().unwrap().to_string();
    assert!(error.contains("--nvml-lib") && error.contains("libnvidia-ml.so.1"), "{error}");
    // Of another machine's tree, this machine's library says nothing.
    assert_eq!(Gpus::open(&at(None)).unwrap().notes(), ["no NVIDIA driver"]);
}

#[test]
fn who_may_not_ask_is_told_so() {
    let scenario =
        format!("{TWO_JOBS}\n[[fault]]\ncall = \"nvmlInitWithFlags\"\nerror = \"NO_PERMISSION\"\n");
    if !apart("who_may_not_ask_is_told_so", &scenario) {
        return;
    }
    let gpus = Gpus::open(&scope()).unwrap();
    let remedies = gpus.remedies();
    assert!(remedies[0].contains("/dev/nvidia*"), "{remedies:?}");
}

#[test]
fn nothing_is_read_as_zero_that_was_not_read() {
    if !apart("nothing_is_read_as_zero_that_was_not_read", faults::SCENARIO) {
        return;
    }
    faults::every_call_with_every_error();
}

#[test]
fn what_is_read_ten_times_a_second_is_little() {
    let process = |pid| format!("[[device.process]]\npid = {pid}\nruns = [\"0s.. 1%\"]\n");
    let processes: String = (100..164).map(process).collect();
    let scenario = format!("[[device]]\npower = \"400W\"\n{processes}").repeat(8);
    if !apart("what_is_read_ten_times_a_second_is_little", &scenario) {
        return;
    }
    let pids: Vec<u32> = (100..164).collect();
    let mut stage = Stage::new(&pids);
    (10..110).for_each(|tenth| {
        stage.sample(tenth * 100);
    });
    assert!(matches!(stage.sample(11_000).meters[7].reading, Reading::Counter { .. }));
    drop(stage);
    let calls = fs::read_to_string(folder().join("calls")).unwrap();
    let count = |line: &str| line.split_whitespace().last().unwrap().parse::<u64>().unwrap();
    let all: u64 = calls.lines().map(count).sum();
    // Two handles, one counter, one question for use, and a fifth of what changes slowly.
    assert!(all < 8 * 101 * 9, "{all}\n{calls}");
}
