//! GPUs as the kernel's documentation says that they look: `gpu/drm-usage-stats.rst`,
//! `gpu/amdgpu/thermal.rst`, `ABI/testing/sysfs-driver-intel-{i915,xe}-hwmon`.

mod machine;

use machine::{World, counter, gpus, paid};
use proptest::prelude::*;

use super::*;
use crate::{
    sample::{Context, Reading, Told},
    units::Watts,
};

const BUS: &str = "0000:03:00.0";

/// What amdgpu tells of a client: milliseconds on its engines.
fn amd(id: u64, gfx: u64, compute: u64) -> String {
    format!(
        "drm-driver:\tamdgpu\ndrm-client-id:\t{id}\ndrm-pdev:\t{BUS}\ndrm-memory-vram:\t2048 KiB\n\
         drm-memory-gtt: \t4 KiB\ndrm-engine-gfx:\t{gfx}000000 ns\n\
         drm-engine-compute:\t{compute}000000 ns\n"
    )
}

/// What xe tells of a client: cycles on its render engine, and those that there were.
fn xe(id: u64, cycles: u64, total: u64) -> String {
    format!(
        "drm-driver:\txe\ndrm-client-id:\t{id}\ndrm-pdev:\t{BUS}\ndrm-resident-vram0:\t1 MiB\n\
         drm-cycles-rcs:\t{cycles}\ndrm-total-cycles-rcs:\t{total}\n"
    )
}

/// A discrete AMD card that draws 100 W, with processes 7 and 8.
fn amd_world() -> World {
    let mut world = World::new();
    world.card(
        1,
        BUS,
        "amdgpu",
        "1002:744C",
        &[
            ("product_name", "Radeon RX 7900 XTX"),
            ("hwmon/hwmon1/power1_average", "100000000"),
            ("hwmon/hwmon1/power1_cap", "339000000"),
            ("hwmon/hwmon1/temp1_input", "51000"),
            ("hwmon/hwmon1/freq1_input", "2304000000"),
            ("pp_dpm_sclk", "0: 500Mhz \n1: 2304Mhz *\n2: 2526Mhz"),
            ("gpu_busy_percent", "90"),
            ("mem_busy_percent", "12"),
            ("mem_info_vram_total", "25753026560"),
            ("mem_info_vram_used", "1073741824"),
        ],
    );
    world.write(&format!("sys/devices/{BUS}/gpu_metrics"), [0x88, 0, 1, 3, 0xff]);
    world.process(7, 10, None);
    world.process(8, 11, None);
    world
}

#[test]
fn an_amd_card_is_shared_by_the_time_on_its_engines() {
    let mut world = amd_world();
    world.open(7, 5, "renderD129", &amd(1, 4000, 0));
    world.open(8, 9, "renderD129", &amd(2, 9000, 0));
    let first = world.begin();
    assert_eq!(first.meters[0].meter.id, "amd-0");
    assert_eq!(first.meters[0].meter.source, "amdgpu hwmon power");
    world.open(7, 5, "renderD129", &amd(1, 4600, 100));
    world.open(8, 9, "renderD129", &amd(2, 9300, 0));
    let frame = world.frame(1.0);
    // 100 W for a second, 700 ms to 300 ms.
    assert_eq!(paid(&frame), (vec![(7, 70_000_000), (8, 30_000_000)], 0, 0));
    let gpu = &frame.gpus[0];
    assert_eq!(gpu.told, Told::Engine);
    assert_eq!(gpu.busy, Some(Duration::from_millis(900)));
    assert_eq!(gpu.gpu.name, "Radeon RX 7900 XTX");
    assert_eq!(gpu.gpu.bus.as_deref(), Some(BUS));
    assert!(gpu.gpu.lacks.is_empty(), "{:?}", gpu.gpu.lacks);
    let state = gpu.state.clone().unwrap();
    assert_eq!((state.power, state.limit), (Some(Watts(100.0)), Some(Watts(339.0))));
    assert_eq!((state.utilization, state.memory_utilization), (Some(90), Some(12)));
    assert_eq!(state.memory_used.zip(state.memory_total), Some((1 << 30, 25_753_026_560)));
    assert_eq!(state.temperature, Some(51));
    assert_eq!((state.clock, state.clock_max), (Some(2304), Some(2526)));
    let on = frame.processes.iter().find(|one| one.id.pid == 7).unwrap().gpus[0];
    assert_eq!((on.memory, on.busy), (Some(2 << 20), Some(Duration::from_millis(700))));
    assert_eq!(on.context, Some(Context::Graphics));
}

#[test]
fn power_is_summed_up_between_samples() {
    let mut world = amd_world();
    world.begin();
    let power = format!("sys/devices/{BUS}/hwmon/hwmon1/power1_average");
    // 100 W for half a second, then a line from 100 W to 200 W in another half.
    world.poll(0.5);
    world.write(&power, "200000000");
    assert_eq!(counter(&world.sample(0.5)), Some(50_000_000 + 75_000_000));
    for nonsense in ["-5", "", "99999999999999999999", "\0\u{1}"] {
        world.write(&power, nonsense);
        assert_eq!(counter(&world.sample(1.0)), None, "{nonsense:?}");
    }
}

#[test]
fn an_xe_card_counts_energy_of_the_card_and_cycles_of_clients() {
    let mut world = World::new();
    world.card(
        0,
        BUS,
        "xe",
        "8086:E20B",
        &[
            ("hwmon/hwmon0/energy1_label", "card"),
            ("hwmon/hwmon0/energy1_input", "1000000000"),
            ("hwmon/hwmon0/energy2_label", "pkg"),
            ("hwmon/hwmon0/energy2_input", "400000000"),
            ("hwmon/hwmon0/power1_max", "190000000"),
            ("hwmon/hwmon0/temp2_input", "44000"),
            ("tile0/gt0/freq0/act_freq", "2400"),
            ("tile0/gt0/freq0/rp0_freq", "2850"),
            ("tile0/gt0/freq0/throttle/status", "1"),
            ("tile0/gt0/freq0/throttle/reason_pl1", "1"),
            ("tile0/gt0/freq0/throttle/reason_thermal", "0"),
            ("tile0/gt0/gtidle/idle_residency_ms", "5000"),
        ],
    );
    world.process(7, 10, None);
    world.process(8, 11, None);
    world.open(7, 5, "renderD128", &xe(1, 1_000, 1_000_000));
    world.open(8, 5, "renderD128", &xe(2, 2_000, 1_000_000));
    world.begin();
    let device = format!("sys/devices/{BUS}");
    world.write(&format!("{device}/hwmon/hwmon0/energy1_input"), "1050000000");
    world.write(&format!("{device}/hwmon/hwmon0/energy2_input"), "430000000");
    // Each is read at its own moment: 600 of 1000 cycles, 300 of 1500.
    world.open(7, 5, "renderD128", &xe(1, 1_600, 1_001_000));
    world.open(8, 5, "renderD128", &xe(2, 2_300, 1_001_500));
    let frame = world.frame(1.0);
    // 50 J, 600 ms to 200 ms.
    assert_eq!(paid(&frame), (vec![(7, 37_500_000), (8, 12_500_000)], 0, 0));
    let gpu = &frame.gpus[0];
    assert_eq!(gpu.busy, Some(Duration::from_millis(800)), "two clients on one engine");
    assert_eq!(gpu.gpu.id, "intel-0");
    assert_eq!(gpu.gpu.name, "Intel GPU [8086:e20b]");
    let state = gpu.state.clone().unwrap();
    assert_eq!((state.clock, state.clock_max), (Some(2400), Some(2850)));
    assert_eq!((state.limit, state.power), (Some(Watts(190.0)), None));
    assert_eq!((state.throttle, state.temperature), (vec!["pl1".to_string()], Some(44)));
}

#[test]
fn an_i915_card_counts_energy_and_engines_that_are_alike() {
    let client = |id: u64, render: u64, video: u64| {
        format!(
            "drm-driver:\ti915\ndrm-client-id:\t{id}\ndrm-pdev:\t{BUS}\n\
             drm-engine-render:\t{render}000000 ns\ndrm-engine-video:\t{video}000000 ns\n\
             drm-engine-capacity-video:\t2\n"
        )
    };
    let mut world = World::new();
    world.card(
        0,
        BUS,
        "i915",
        "8086:56A0",
        &[
            ("hwmon/hwmon0/energy1_input", "7000000"),
            ("hwmon/hwmon3/name", "i915_gt0"),
            ("hwmon/hwmon3/energy1_input", "3000000"),
            ("drm/card0/gt_act_freq_mhz", "2050"),
            ("drm/card0/gt/gt0/throttle_reason_status", "1"),
            ("drm/card0/gt/gt0/throttle_reason_thermal", "1"),
        ],
    );
    world.process(7, 10, None);
    world.process(8, 11, None);
    world.open(7, 5, "renderD128", &client(1, 0, 0));
    world.open(8, 5, "renderD128", &client(2, 0, 0));
    world.begin();
    world.write(&format!("sys/devices/{BUS}/hwmon/hwmon0/energy1_input"), "37000000");
    // 500 ms of the only render engine; a whole second on both video engines.
    world.open(7, 5, "renderD128", &client(1, 500, 0));
    world.open(8, 5, "renderD128", &client(2, 0, 2000));
    let frame = world.frame(1.0);
    assert_eq!(paid(&frame), (vec![(7, 10_000_000), (8, 20_000_000)], 0, 0));
    let state = frame.gpus[0].state.clone().unwrap();
    assert_eq!((state.clock, state.throttle), (Some(2050), vec!["thermal".to_string()]));
    // A jump by terawatts, and back, are gaps.
    world.write(&format!("sys/devices/{BUS}/hwmon/hwmon0/energy1_input"), "9000000000000000");
    assert_eq!(world.frame(1.0).total.gpu, None);
    world.write(&format!("sys/devices/{BUS}/hwmon/hwmon0/energy1_input"), "38000000");
    assert_eq!(world.frame(1.0).total.gpu, None);
    world.write(&format!("sys/devices/{BUS}/hwmon/hwmon0/energy1_input"), "39000000");
    assert_eq!(world.frame(1.0).total.gpu.unwrap().0, 1_000_000);
}

/// Bus, driver and model of a GPU; files of its device, its table of metrics and its node of
/// `kfd`; whether it has a meter.
type Case<'a> =
    (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], Option<&'a [u8]>, Option<&'a str>, bool);

/// A process, when it began, and its parent.
type Began = (u32, u64, Option<u32>);

#[test]
fn what_is_part_of_a_cpu_has_no_meter() {
    let power = ("hwmon/hwmon0/power1_average", "15000000");
    let node = "sys/class/kfd/kfd/topology/nodes/1";
    let apu =
        "cpu_cores_count 16\nsimd_count 48\ndomain 0\nlocation_id 768\ndrm_render_minor 128\n";
    let card = apu.replace("cpu_cores_count 16", "cpu_cores_count 0");
    let cases: [Case; 9] = [
        ("0000:00:02.0", "i915", "8086:46A6", &[], None, None, false),
        (
            "0000:00:02.0",
            "xe",
            "8086:7D55",
            &[("hwmon/hwmon0/energy1_input", "1")],
            None,
            None,
            false,
        ),
        (BUS, "amdgpu", "1002:1681", &[power], Some(&[0x88, 0, 2, 2]), None, false),
        (BUS, "amdgpu", "1002:150E", &[power], Some(&[0xe0, 1, 3, 0]), None, false),
        (
            BUS,
            "amdgpu",
            "1002:1638",
            &[power, ("hwmon/hwmon0/in1_label", "vddnb")],
            None,
            None,
            false,
        ),
        (BUS, "amdgpu", "1002:1638", &[power], None, Some(apu), false),
        (BUS, "amdgpu", "1002:74A0", &[power], Some(&[0x88, 0, 1, 4]), None, false),
        (BUS, "amdgpu", "1002:74A1", &[power], Some(&[0x88, 0, 1, 4]), None, true),
        // Nothing says that it is more than a GPU.
        (BUS, "amdgpu", "1002:67DF", &[power], Some(&[]), Some(&card), true),
    ];
    for (bus, driver, model, files, metrics, topology, metered) in cases {
        let mut world = World::new();
        world.card(0, bus, driver, model, files);
        if let Some(metrics) = metrics {
            world.write(&format!("sys/devices/{bus}/gpu_metrics"), metrics);
        }
        if let Some(properties) = topology {
            world.write(&format!("{node}/properties"), properties);
            world.write(&format!("{node}/gpu_id"), "4711\n");
        }
        let sample = world.begin();
        assert_eq!(!sample.meters.is_empty(), metered, "{driver} {model}");
        let lacks = sample.gpus[0].gpu.lacks.join(" ");
        assert_eq!(lacks.contains("whose meter counts it"), !metered, "{model}: {lacks}");
        let finding = &world.driver().findings()[0];
        assert_eq!(finding.energy.is_some(), metered, "{driver} {model}");
    }
    // Neither an old kernel nor a card without sensors is a part of the CPU.
    for (driver, says) in [("i915", "6.2"), ("xe", "a newer kernel"), ("radeon", "tells no power")]
    {
        let mut world = World::new();
        world.card(0, BUS, driver, "8086:56A0", &[]);
        let sample = world.begin();
        assert!(sample.meters.is_empty());
        assert!(sample.gpus[0].gpu.lacks[0].contains(says), "{:?}", sample.gpus[0].gpu.lacks);
    }
}

#[test]
fn a_device_that_sleeps_is_left_asleep() {
    let mut world = amd_world();
    let status = format!("sys/devices/{BUS}/power/runtime_status");
    world.write(&status, "suspended\n");
    world.open(7, 5, "renderD129", &amd(1, 4000, 0));
    let sample = world.begin();
    assert!(sample.meters.is_empty());
    let reading = &sample.gpus[0];
    assert!(reading.state.as_ref().unwrap_err().contains("sleeps"), "{:?}", reading.state);
    assert_eq!(reading.gpu.name, "AMD", "its name was not asked of it");
    assert_eq!(reading.activity, GpuActivity::default());
    // It wakes: what its client did in earlier days is not of this second.
    world.write(&status, "active\n");
    world.poll(1.0);
    let woken = world.begin();
    assert_eq!(woken.gpus[0].gpu.name, "Radeon RX 7900 XTX");
    assert_eq!(woken.gpus[0].activity.clients[0].busy, None);
    world.open(7, 5, "renderD129", &amd(1, 4400, 0));
    assert_eq!(paid(&world.frame(1.0)), (vec![(7, 100_000_000)], 0, 0));
    // Asleep for a sample: a gap, not a bridge.
    world.write(&status, "suspended\n");
    assert_eq!(world.frame(1.0).total.gpu, None);
    world.write(&status, "active\n");
    assert_eq!(world.frame(1.0).total.gpu, None);
    assert_eq!(world.frame(1.0).total.gpu.unwrap().0, 100_000_000);
    // Asleep between two samples: the second has a hole.
    world.write(&status, "suspending\n");
    world.poll(0.5);
    world.write(&status, "active\n");
    assert_eq!(world.frame(0.5).total.gpu, None);
}

#[test]
fn a_device_that_nobody_has_open_gets_a_chance_to_sleep() {
    let mut world = amd_world();
    world.write(&format!("sys/devices/{BUS}/power/control"), "auto\n");
    let is_read = |sample: &crate::sample::Sample| {
        assert_eq!(sample.gpus[0].state.is_ok(), !sample.meters.is_empty());
        sample.gpus[0].state.clone().map(|_| ()).map_err(|why| why.contains("left alone"))
    };
    world.begin();
    assert_eq!(is_read(&world.sample(59.0)), Ok(()));
    assert_eq!(is_read(&world.sample(1.0)), Err(true));
    assert_eq!(is_read(&world.sample(14.0)), Err(true));
    assert_eq!(is_read(&world.sample(1.0)), Ok(()), "it does not want to sleep");
    assert_eq!(is_read(&world.sample(1.0)), Ok(()));
    // Somebody comes and goes: another chance.
    world.open(7, 5, "renderD129", &amd(1, 0, 0));
    world.run(&[7]);
    assert_eq!(is_read(&world.sample(10.0)), Ok(()));
    world.close(7, 5);
    world.run(&[7]);
    world.sample(10.0);
    assert_eq!(is_read(&world.sample(59.0)), Ok(()));
    assert_eq!(is_read(&world.sample(1.0)), Err(true));
    // Somebody comes meanwhile: read at once after that.
    world.open(7, 5, "renderD129", &amd(1, 0, 0));
    world.run(&[7]);
    world.sample(10.0);
    assert_eq!(is_read(&world.sample(1.0)), Ok(()));
}

#[test]
fn a_number_that_is_another_file_by_now_is_nobody() {
    let mut world = amd_world();
    world.open(7, 5, "renderD129", &amd(1, 0, 0));
    world.begin();
    world.close(7, 5);
    std::os::unix::fs::symlink("/tmp/file", world.path("proc/7/fd/5")).unwrap();
    world.write("proc/7/fdinfo/5", "pos:\t0\n");
    let activity = world.sample(1.0).gpus[0].activity.clone();
    assert_eq!((activity.told, activity.clients.len()), (Told::Engine, 0));
}

#[test]
fn a_client_of_several_processes_is_one_and_somebodys() {
    // By process: when it began, and its parent. The client is whose?
    let cases: [(&[Began], u32); 5] = [
        (&[(20, 1, None), (30, 5, Some(20))], 20), // inherited
        (&[(20, 1, None), (30, 5, Some(20)), (40, 6, Some(30))], 20), // by a grandchild
        (&[(20, 1, None), (30, 5, None)], 30),     // handed to who came later
        (&[(90, 1, None), (30, 5, Some(1))], 30),  // whatever the numbers
        (&[(20, 1, Some(30)), (30, 5, Some(20))], 30), // nonsense
    ];
    for (processes, whose) in cases {
        let mut world = amd_world();
        for &(pid, start, parent) in processes {
            world.process(pid, start, parent);
            world.open(pid, 3, "renderD129", &amd(1, 1000, 0));
        }
        world.open(8, 9, "renderD129", &amd(2, 0, 0));
        world.begin();
        for &(pid, ..) in processes {
            world.open(pid, 3, "renderD129", &amd(1, 1300, 0));
        }
        world.open(8, 9, "renderD129", &amd(2, 100, 0));
        let (mut all, nobody, idle) = paid(&world.frame(1.0));
        let mut due = vec![(8, 25_000_000), (whose, 75_000_000)];
        all.sort_unstable();
        due.sort_unstable();
        assert_eq!((all, nobody, idle), (due, 0, 0), "{processes:?}");
    }
}

#[test]
fn a_client_that_changes_hands_goes_on() {
    let mut world = amd_world();
    world.open(7, 5, "renderD129", &amd(1, 1000, 0));
    world.begin();
    // A server passes it on and keeps none; who has it now was there before.
    world.close(7, 5);
    world.open(8, 6, "renderD129", &amd(1, 1200, 0));
    world.run(&[7, 8]);
    world.sample(11.0);
    world.open(8, 6, "renderD129", &amd(1, 1500, 0));
    let sample = world.sample(1.0);
    let clients = &sample.gpus[0].activity.clients;
    assert_eq!(clients.len(), 1);
    assert_eq!((clients[0].pid, clients[0].busy), (8, Some(Duration::from_millis(300))));
}

#[test]
fn counts_that_step_back_are_waited_for() {
    let mut world = amd_world();
    world.open(7, 5, "renderD129", &amd(1, 1000, 0));
    world.begin();
    let mut busy = Vec::new();
    for gfx in [1200, 900, 1150, 1300] {
        world.open(7, 5, "renderD129", &amd(1, gfx, 0));
        let sample = world.sample(1.0);
        busy.push(sample.gpus[0].activity.clients[0].busy.unwrap().as_millis());
    }
    assert_eq!(busy, [200, 0, 0, 100]);
}

#[test]
fn who_comes_is_found_when_it_runs() {
    let mut world = amd_world();
    world.begin();
    // Its last hundred milliseconds are all that it has done.
    world.process(9, 1000, None);
    world.open(9, 4, "renderD129", &amd(3, 100, 0));
    world.run(&[9]);
    let frame = world.frame(1.0);
    assert_eq!(paid(&frame).0, [(9, 100_000_000)]);
    assert_eq!(frame.processes[0].gpus[0].busy, Some(Duration::from_millis(100)));
    // It is known now, and need not run.
    world.open(9, 4, "renderD129", &amd(3, 400, 0));
    let busy = world.sample(1.0).gpus[0].activity.clients[0].busy;
    assert_eq!(busy, Some(Duration::from_millis(300)));
    // One that has run for long opens a device: it is found within ten seconds of running, and
    // what it did since it was last seen without is told as the mean of that time.
    world.open(8, 4, "renderD129", &amd(4, 5500, 0));
    let mut seen = Vec::new();
    for _ in 0..10 {
        world.run(&[8]);
        let sample = world.sample(1.0);
        let clients = &sample.gpus[0].activity.clients;
        seen.push(clients.iter().find(|client| client.pid == 8).and_then(|client| client.busy));
    }
    let first = seen.iter().flatten().next().copied().unwrap();
    // Looked through at the first sample and after its first run at ten seconds: 5.5 s of 10 s.
    assert_eq!(first, Duration::from_millis(550), "{seen:?}");
    // One that never runs is found within a minute; what it did before is not known.
    world.open(7, 4, "renderD129", &amd(5, 9999, 0));
    let sample = world.sample(60.0);
    let late = sample.gpus[0].activity.clients.iter().find(|client| client.pid == 7);
    assert!(late.is_some());
    // Who has ended is there no more.
    world.end(9);
    let sample = world.sample(1.0);
    assert!(sample.gpus[0].activity.clients.iter().all(|client| client.pid != 9));
}

#[test]
fn who_comes_is_told_in_cycles_too() {
    let mut world = World::new();
    world.card(0, BUS, "xe", "8086:E20B", &[]);
    world.process(7, 10, None);
    world.open(7, 5, "renderD128", &xe(1, 50, 1_000_000));
    world.begin();
    // One begins half a second before the sample; the engine's cycles are known from another.
    world.process(9, 1000, None);
    world.run(&[9]);
    world.open(7, 5, "renderD128", &xe(1, 50, 1_001_000));
    world.open(9, 5, "renderD128", &xe(2, 300, 1_001_000));
    // A second client of a process that was looked through before, on a descriptor that it had.
    let busy = |sample: &crate::sample::Sample, pid: u32| {
        let clients = &sample.gpus[0].activity.clients;
        clients.iter().find(|client| client.pid == pid).and_then(|client| client.busy)
    };
    let sample = world.sample(1.0);
    assert_eq!(busy(&sample, 9), Some(Duration::from_millis(300)));
    assert_eq!(busy(&sample, 7), Some(Duration::ZERO));
    world.open(7, 5, "renderD128", &xe(3, 200, 1_002_000));
    assert_eq!(busy(&world.sample(1.0), 7), Some(Duration::from_millis(200)));
}

#[test]
fn a_device_that_goes_and_returns_has_its_name() {
    let mut world = World::new();
    world.begin();
    let other = "0000:04:00.0";
    world.card(1, BUS, "amdgpu", "1002:744C", &[("hwmon/hwmon1/power1_input", "50000000")]);
    world.card(2, other, "amdgpu", "1002:744C", &[("hwmon/hwmon2/power1_input", "20000000")]);
    assert!(world.sample(1.0).gpus.is_empty(), "looked for every ten seconds");
    let names = |world: &mut World, seconds| -> Vec<(String, Option<String>)> {
        let gpus = world.sample(seconds).gpus;
        gpus.iter().map(|one| (one.gpu.id.clone(), one.gpu.bus.clone())).collect()
    };
    let both = [("amd-0".into(), Some(BUS.into())), ("amd-1".into(), Some(other.into()))];
    assert_eq!(names(&mut world, 10.0), both);
    world.remove_card(1, BUS);
    let sample = world.sample(1.0);
    assert_eq!((sample.gpus.len(), sample.meters.len()), (1, 1), "gone at once");
    assert_eq!(names(&mut world, 10.0), both[1..]);
    // With another number of its own, too.
    world.card(5, BUS, "amdgpu", "1002:744C", &[("hwmon/hwmon5/power1_input", "50000000")]);
    assert_eq!(names(&mut world, 10.0), both);
    assert_eq!(world.sample(1.0).meters.len(), 2);
}

#[test]
fn what_others_do_unseen_is_nobodys() {
    let mut world = amd_world();
    std::fs::create_dir_all(world.path("proc/self/ns")).unwrap();
    std::os::unix::fs::symlink("pid:[4026532999]", world.path("proc/self/ns/pid")).unwrap();
    world.open(7, 5, "renderD129", &amd(1, 1000, 0));
    world.begin();
    // The device worked for 900 ms, and 225 ms of it can be seen.
    world.open(7, 5, "renderD129", &amd(1, 1225, 0));
    let frame = world.frame(1.0);
    assert_eq!(paid(&frame), (vec![(7, 25_000_000)], 75_000_000, 0));
    assert!(frame.gpus[0].gpu.lacks[0].contains("run jouletop as root"));
    assert!(world.driver().findings()[0].use_told_by.contains("only as root"));
    assert!(world.driver().remedies()[0].contains("run jouletop as root"));
    // It does not say how long it worked: then all of the interval may be others'.
    std::fs::remove_file(world.path(&format!("sys/devices/{BUS}/gpu_busy_percent"))).unwrap();
    world.open(7, 5, "renderD129", &amd(1, 1325, 0));
    assert_eq!(paid(&world.frame(1.0)), (vec![(7, 10_000_000)], 90_000_000, 0));
}

#[test]
fn intel_tells_how_long_it_rested() {
    let mut world = World::new();
    world.card(
        0,
        BUS,
        "i915",
        "8086:56A0",
        &[
            ("hwmon/hwmon0/energy1_input", "0"),
            ("drm/card0/gt/gt0/rc6_residency_ms", "1000"),
            ("drm/card0/gt/gt1/rc6_residency_ms", "5000"),
        ],
    );
    std::fs::create_dir_all(world.path("proc/self/ns")).unwrap();
    std::os::unix::fs::symlink("pid:[1]", world.path("proc/self/ns/pid")).unwrap();
    let client =
        |ms: u64| format!("drm-client-id: 1\ndrm-pdev: {BUS}\ndrm-engine-render: {ms}000000 ns\n");
    world.process(7, 10, None);
    world.open(7, 5, "renderD128", &client(0));
    world.begin();
    world.write(&format!("sys/devices/{BUS}/hwmon/hwmon0/energy1_input"), "40000000");
    world.write(&format!("sys/devices/{BUS}/drm/card0/gt/gt0/rc6_residency_ms"), "1600");
    world.write(&format!("sys/devices/{BUS}/drm/card0/gt/gt1/rc6_residency_ms"), "6000");
    world.open(7, 5, "renderD128", &client(100));
    // Powered for 400 ms, 100 ms of which can be seen.
    let frame = world.frame(1.0);
    assert_eq!(paid(&frame), (vec![(7, 10_000_000)], 30_000_000, 0));
    assert_eq!(frame.gpus[0].busy, Some(Duration::from_millis(400)));
}

#[test]
fn who_computes_with_rocm_is_told_by_kfd() {
    let mut world = amd_world();
    let kfd = "sys/class/kfd/kfd";
    world.write(
        &format!("{kfd}/topology/nodes/1/properties"),
        "cpu_cores_count 0\nsimd_count 192\ndomain 0\nlocation_id 768\ndrm_render_minor 129\n",
    );
    world.write(&format!("{kfd}/topology/nodes/1/gpu_id"), "4711\n");
    world.process(9, 10, None);
    world.write(&format!("{kfd}/proc/9/vram_4711"), "3221225472\n");
    world.write(&format!("{kfd}/proc/8/vram_4711"), "0\n");
    world.open(7, 5, "renderD129", &amd(1, 0, 0));
    world.open(9, 5, "renderD129", &amd(2, 0, 0));
    world.begin();
    world.open(7, 5, "renderD129", &amd(1, 225, 0));
    // What the device worked beyond its engines is of the only one with queues.
    let frame = world.frame(1.0);
    assert_eq!(paid(&frame), (vec![(7, 25_000_000), (9, 75_000_000)], 0, 0));
    let on = frame.processes.iter().find(|one| one.id.pid == 9).unwrap().gpus[0];
    assert_eq!((on.context, on.memory), (Some(Context::Compute), Some(3 << 30)));
    // Of two, nobody knows; a desktop that does nothing has no part.
    world.write(&format!("{kfd}/proc/8/vram_4711"), "1073741824\n");
    let frame = world.frame(1.0);
    assert_eq!(paid(&frame), (vec![(8, 50_000_000), (9, 50_000_000)], 0, 0));
    assert!(matches!(&frame.gpus[0].told, Told::Holders(why) if why.contains("ROCm")));
    assert!(world.driver().findings()[0].use_told_by.contains("ROCm"));
}

#[test]
fn a_driver_that_does_not_count_names_its_holders() {
    let mut world = amd_world();
    world.open(7, 5, "renderD129", "");
    world.open(8, 5, "card1", "");
    world.begin();
    let frame = world.frame(1.0);
    assert_eq!(paid(&frame), (vec![(7, 50_000_000), (8, 50_000_000)], 0, 0));
    assert!(matches!(&frame.gpus[0].told, Told::Holders(why) if why.contains("5.19")));
}

#[test]
fn who_computes_only_is_known_by_its_engines() {
    let mut world = amd_world();
    world.open(7, 5, "renderD129", &amd(1, 0, 100));
    world.open(8, 5, "renderD129", &amd(2, 50, 100));
    let clients = world.begin().gpus[0].activity.clients.clone();
    let contexts: Vec<_> = clients.iter().map(|client| client.context.unwrap()).collect();
    assert_eq!(contexts, [Context::Compute, Context::Graphics]);
}

#[test]
fn a_card_that_nobody_is_on_is_idle() {
    let mut world = amd_world();
    world.write(&format!("sys/devices/{BUS}/gpu_busy_percent"), "0\n");
    world.begin();
    assert_eq!(paid(&world.frame(1.0)), (vec![], 0, 100_000_000));
}

#[test]
fn hostile_files_are_survived() {
    let huge = "9".repeat(1 << 20);
    let texts: [&[u8]; 7] =
        [b"", b"-1", b"\xff\xfe\0\x01", huge.as_bytes(), b"1e9", b"18446744073709551615", b"nan"];
    let files = [
        "hwmon/hwmon1/power1_average",
        "hwmon/hwmon1/power1_cap",
        "hwmon/hwmon1/temp1_input",
        "hwmon/hwmon1/freq1_input",
        "pp_dpm_sclk",
        "gpu_busy_percent",
        "mem_busy_percent",
        "mem_info_vram_total",
        "gpu_metrics",
        "power/runtime_status",
        "power/control",
    ];
    for text in texts {
        let mut world = amd_world();
        for file in files {
            world.write(&format!("sys/devices/{BUS}/{file}"), text);
        }
        world.open(7, 5, "renderD129", &amd(1, 1, 0));
        world.write("proc/7/fdinfo/5", text);
        world.write("proc/8/fd/7", text);
        let state = world.begin().gpus[0].state.clone().unwrap();
        let known = (state.power, state.utilization, state.temperature, state.clock);
        assert_eq!(
            known,
            (None, None, None, None),
            "{:?}",
            String::from_utf8_lossy(&text[..text.len().min(9)])
        );
        assert_eq!(counter(&world.sample(1.0)), None);
        gpus(&world);
    }
    // FIFOs and directories in the place of files hold nobody up.
    for name in files {
        let mut world = amd_world();
        let path = world.path(&format!("sys/devices/{BUS}/{name}"));
        if path.exists() {
            std::fs::remove_file(&path).unwrap();
        } else {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        world.open(7, 5, "renderD129", &amd(1, 1, 0));
        std::fs::remove_file(world.path("proc/7/fdinfo/5")).unwrap();
        nix::unistd::mkfifo(&world.path("proc/7/fdinfo/5"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::fs::create_dir(world.path("proc/8/fdinfo/1")).unwrap();
        world.begin();
        let sample = world.sample(1.0);
        assert_eq!(sample.gpus.len(), 1, "{name}");
        let absent = matches!(&sample.meters[0].reading, Reading::Absent(why) if why.contains("not a regular file"));
        assert_eq!(absent, name.ends_with("power1_average"), "{name}");
    }
}

#[test]
fn a_machine_without_gpus_has_no_reader() {
    let world = World::new();
    std::fs::remove_dir(world.path("sys/class/drm")).unwrap();
    let scope =
        Scope { sysfs: world.path("sys"), proc: world.path("proc"), nvml: None, own: false };
    assert!(open(&scope).is_none());
    // Nor do others' devices.
    let mut world = World::new();
    world.card(0, BUS, "nouveau", "10DE:1234", &[]);
    world.card(1, "0000:04:00.0", "ast", "1A03:2000", &[]);
    assert!(world.begin().gpus.is_empty());
    assert!(world.driver().findings().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// P14, of all that is made of it: however often and in whatever order descriptors stand
    /// there, in their own process and in heirs, shares are the same and are all of the energy.
    #[test]
    fn copies_of_descriptors_change_no_share(
        worked in prop::collection::vec(0..900_u64, 1..5),
        copies in prop::collection::vec((any::<prop::sample::Index>(), 10..99_u32, any::<bool>()), 0..10),
    ) {
        let run = |copies: &[(prop::sample::Index, u32, bool)]| {
            let mut world = amd_world();
            for step in [0, 1] {
                for (index, ms) in worked.iter().enumerate() {
                    let pid = 100 + index as u32;
                    if step == 0 {
                        world.process(pid, 50, None);
                        world.process(pid + 1000, 60, Some(pid));
                    }
                    world.open(pid, 5, "renderD129", &amd(index as u64, 1000 + step * ms, 0));
                }
                for (which, number, heir) in copies {
                    let index = which.index(worked.len());
                    let pid = 100 + index as u32 + if *heir { 1000 } else { 0 };
                    // One number is one descriptor.
                    let number = number * 10 + index as u32;
                    world.open(pid, number, "renderD129", &amd(index as u64, 1000 + step * worked[index], 0));
                }
                if step == 0 {
                    world.begin();
                }
            }
            paid(&world.frame(1.0))
        };
        let (plain, nobody, idle) = run(&[]);
        prop_assert_eq!(plain.iter().map(|(_, energy)| energy).sum::<u64>() + nobody + idle, 100_000_000);
        prop_assert_eq!(run(&copies), (plain, nobody, idle));
    }
}
