//! Whatever a driver tells, a device's energy is divided without a microjoule more or less.

use proptest::prelude::*;

use super::*;
use crate::{
    attribute::{Floor, IdlePolicy, attribute},
    carbon::Intensity,
    frame::{Basis, Frame, Held, Share, ThreadFrame},
    present::record::{Record, ThreadRecord},
    sample::{Domain, Gpu, GpuState, Instance, Meter, MeterReading, Reading, Role, Sample, Vendor},
    units::{GramsPerKwh, Microjoules, Watts},
};

const SECOND: Duration = Duration::from_secs(1);

fn identity(name: &str) -> Arc<Identity> {
    Arc::new(Identity { name: name.into(), ..Identity::default() })
}

fn client(pid: u32, context: Option<Context>, busy: Option<u64>) -> GpuClient {
    GpuClient {
        pid,
        // From 100 on, numbers are of another PID namespace.
        process: (pid < 100).then(|| (ProcessId { pid, start: 1 }, identity("work"))),
        context,
        instance: None,
        memory: None,
        busy: busy.map(Duration::from_millis),
    }
}

fn reading(index: usize, told: Told, slices: &[u32], clients: Vec<GpuClient>) -> GpuReading {
    let instances = slices.iter().enumerate().map(|(number, &slices)| Instance {
        number: number as u32,
        name: format!("{slices}g"),
        slices,
    });
    let gpu = Gpu {
        id: format!("gpu-{index}"),
        name: "test".into(),
        vendor: Vendor::Nvidia,
        uuid: None,
        bus: None,
        instances: instances.collect(),
        lacks: Vec::new(),
    };
    let activity = GpuActivity { told, clients, ..GpuActivity::default() };
    GpuReading { gpu: Arc::new(gpu), state: Ok(GpuState::default()), activity }
}

/// A second in which each GPU drew so much.
fn frame(gpus: Vec<GpuReading>, joules: &[u64], method: &Method) -> Frame {
    let meter = |id: String, microjoules| MeterReading {
        meter: Arc::new(Meter {
            id,
            domain: Domain::Gpu,
            source: "test".into(),
            cells: Vec::new(),
            role: Role::Part,
            includes: String::new(),
        }),
        reading: Reading::Counter { microjoules, range: u64::MAX, limit: Watts(1e4) },
    };
    let ids = || gpus.iter().map(|gpu| gpu.gpu.id.clone());
    let mut prev = Sample::nothing(1);
    prev.meters = ids().map(|id| meter(id, 5)).collect();
    let mut next = Sample::nothing(1);
    next.monotonic = SECOND;
    next.boottime = SECOND;
    next.meters = ids().zip(joules).map(|(id, energy)| meter(id, 5 + energy)).collect();
    next.gpus = gpus;
    attribute(&prev, &next, method)
}

fn of(frame: &Frame, pid: u32) -> u64 {
    let one = frame.processes.iter().find(|process| process.id.pid == pid);
    one.unwrap().share.energy.gpu.unwrap().0
}

const COMPUTE: Option<Context> = Some(Context::Compute);

#[test]
fn use_that_nobody_can_be_named_for_is_unattributed_and_one_alone_has_it_all() {
    let held = |pid| client(pid, COMPUTE, Some(0));
    let busy = |clients| {
        let mut reading = reading(0, Told::Process, &[], clients);
        reading.activity.busy = Some(SECOND / 2);
        reading
    };
    // The device says that it worked, and of nobody that it was for them.
    let two = frame(vec![busy(vec![held(1), held(2)])], &[1000], &Method::default());
    assert_eq!((of(&two, 1), of(&two, 2)), (0, 0));
    assert_eq!(two.unattributed.energy.gpu, Some(Microjoules(1000)));
    let one = frame(vec![busy(vec![held(1)])], &[1000], &Method::default());
    assert_eq!(of(&one, 1), 1000);
    assert_eq!(one.processes[0].share.gpu_time, Some(Duration::ZERO), "its own time is told");
}

#[test]
fn a_device_whose_use_is_not_told_yet_is_not_held_idle() {
    // As after a gap: who holds it is known, and what they did is not.
    let unknown = |pid| client(pid, COMPUTE, None);
    for told in [Told::Process, Told::Engine] {
        let two = reading(0, told.clone(), &[], vec![unknown(1), unknown(2)]);
        let two = frame(vec![two], &[1000], &Method::default());
        assert!(!two.gpus[0].held_idle, "{told:?}");
        assert_eq!(two.unattributed.energy.gpu, Some(Microjoules(1000)), "{told:?}");
        assert!(two.processes.iter().all(|one| one.share.held == Held::default()));
        // Whoever is alone has it, and is not said to waste it.
        let one = reading(0, told.clone(), &[], vec![unknown(1)]);
        let one = frame(vec![one], &[1000], &Method::default());
        assert_eq!((of(&one, 1), one.gpus[0].held_idle), (1000, false), "{told:?}");
        assert_eq!(one.processes[0].share.held, Held::default());
        // What the device says of itself is enough.
        let mut rests = reading(0, told.clone(), &[], vec![unknown(1), unknown(2)]);
        rests.activity.busy = Some(Duration::ZERO);
        let rests = frame(vec![rests], &[1000], &Method::default());
        assert!(rests.gpus[0].held_idle, "{told:?}");
    }
}

#[test]
fn time_on_gpus_is_not_told_where_one_of_them_does_not_tell_it() {
    let told = reading(0, Told::Process, &[], vec![client(1, COMPUTE, Some(300))]);
    let holders = Told::Holders(String::new());
    let untold = reading(1, holders, &[], vec![client(1, COMPUTE, None), client(2, COMPUTE, None)]);
    let frame = frame(vec![told, untold], &[10, 10], &Method::default());
    let times: Vec<_> = frame.processes.iter().map(|one| one.share.gpu_time).collect();
    assert_eq!(times, [None, None]);
    assert_eq!(frame.processes[0].gpus[0].busy, Some(Duration::from_millis(300)));
}

#[test]
fn a_thread_says_nothing_of_gpus_that_its_process_held() {
    let mut reading = reading(0, Told::Process, &[], vec![client(1, COMPUTE, Some(0))]);
    reading.activity.busy = Some(Duration::ZERO);
    let mut frame = frame(vec![reading], &[1000], &Method::default());
    let energy = frame.processes[0].share.energy;
    let share = Share { energy, ..Share::default() };
    let id = ProcessId { pid: 1, start: 1 };
    frame.processes[0].threads = vec![ThreadFrame { id, name: "t".into(), ended: false, share }];
    let intensity = Intensity::given(GramsPerKwh(1.0));
    let process = &frame.processes[0];
    let figures = ThreadRecord::all(&frame, process, &intensity).next().unwrap().figures;
    assert_eq!(figures.gpu_energy_joules, Some(0.001));
    assert_eq!((figures.gpu_held_idle_joules, figures.gpu_held_idle_seconds), (None, None));
    let whole = Record::of(&frame, process, None, &intensity).figures;
    assert_eq!((whole.gpu_held_idle_joules, whole.gpu_held_idle_seconds), (Some(0.001), Some(1.0)));
}

#[test]
fn an_instance_without_a_figure_leaves_everybody_undivided() {
    let on = |pid, instance| GpuClient { instance: Some(instance), ..client(pid, COMPUTE, None) };
    let mut mig = reading(0, Told::Instance, &[1, 4], vec![on(1, 0), on(2, 1)]);
    mig.activity.instances = vec![Some(SECOND), Some(SECOND)];
    let both = frame(vec![mig.clone()], &[500], &Method::default());
    assert_eq!((of(&both, 1), of(&both, 2)), (100, 400));
    mig.activity.instances = vec![Some(SECOND), None];
    let gap = frame(vec![mig.clone()], &[500], &Method::default());
    assert_eq!(gap.unattributed.energy.gpu, Some(Microjoules(500)));
    // Nor is it held idle by anybody, if nothing at all is told of its instances.
    mig.activity.instances = Vec::new();
    let untold = frame(vec![mig.clone()], &[500], &Method::default());
    assert!(!untold.gpus[0].held_idle);
    assert_eq!(untold.unattributed.energy.gpu, Some(Microjoules(500)));
    // Work on an instance that nobody is known to be on is nobody's.
    mig.activity.instances = vec![Some(SECOND), Some(SECOND)];
    mig.activity.clients.remove(0);
    let unseen = frame(vec![mig], &[500], &Method::default());
    assert_eq!(of(&unseen, 2), 400);
    assert_eq!(unseen.unattributed.energy.gpu, Some(Microjoules(100)));
}

#[test]
fn a_process_in_two_lists_is_one_that_has_its_memory_once() {
    let with = |context| GpuClient { memory: Some(7), ..client(1, context, None) };
    let told = Told::Holders(String::new());
    let clients = vec![with(COMPUTE), with(Some(Context::Graphics)), client(2, COMPUTE, None)];
    let frame = frame(vec![reading(0, told, &[], clients)], &[900], &Method::default());
    assert_eq!((of(&frame, 1), of(&frame, 2)), (450, 450));
    assert_eq!(frame.processes[0].gpus.len(), 1);
    assert_eq!(frame.processes[0].gpus[0].memory, Some(7));
}

#[test]
fn the_tool_and_the_kernel_have_rows_of_their_own() {
    let of = |pid, kind| {
        let mut one = client(pid, COMPUTE, Some(100));
        let identity = Identity { kind, ..Identity::default() };
        one.process = Some((ProcessId { pid, start: 1 }, Arc::new(identity)));
        one
    };
    let clients = vec![of(1, Kind::Process), of(2, Kind::Tool), of(3, Kind::Kernel)];
    let frame = frame(vec![reading(0, Told::Process, &[], clients)], &[900], &Method::default());
    assert_eq!(frame.processes.len(), 1);
    for row in [&frame.tool, &frame.kernel] {
        assert_eq!(row.energy.gpu, Some(Microjoules(300)));
    }
    assert_eq!(frame.unattributed.energy.gpu, Some(Microjoules::ZERO));
}

#[test]
fn two_strangers_are_two() {
    let told = Told::Holders(String::new());
    let clients =
        vec![client(1, COMPUTE, None), client(100, COMPUTE, None), client(101, COMPUTE, None)];
    let frame = frame(vec![reading(0, told, &[], clients)], &[900], &Method::default());
    assert_eq!(of(&frame, 1), 300);
    assert_eq!(frame.unattributed.energy.gpu, Some(Microjoules(600)));
    assert_eq!(frame.gpus[0].strangers, 2);
}

#[test]
fn a_device_of_which_nothing_is_told_is_not_taken_to_be_free() {
    let one = frame(vec![reading(0, Told::Nothing, &[], Vec::new())], &[70], &Method::default());
    assert_eq!(one.unattributed.energy.gpu, Some(Microjoules(70)));
    let free = frame(vec![reading(0, Told::Process, &[], Vec::new())], &[70], &Method::default());
    assert_eq!(free.idle.energy.gpu, Some(Microjoules(70)));
    // It worked for somebody who was gone before anybody looked.
    let mut left = reading(0, Told::Engine, &[], Vec::new());
    left.activity.busy = Some(SECOND / 3);
    let left = frame(vec![left], &[70], &Method::default());
    assert_eq!(left.unattributed.energy.gpu, Some(Microjoules(70)));
}

fn told() -> impl Strategy<Value = Told> {
    prop_oneof![
        Just(Told::Process),
        Just(Told::Engine),
        Just(Told::Instance),
        Just(Told::Holders("test".into())),
        Just(Told::Nothing),
    ]
}

fn clients() -> impl Strategy<Value = Vec<GpuClient>> {
    let context = prop::option::of(prop::sample::select(vec![
        Context::Compute,
        Context::Graphics,
        Context::Mps,
    ]));
    let pid = prop_oneof![1..6_u32, 100..103_u32];
    let busy = prop::option::of(prop_oneof![Just(0), 0..1000_u64]);
    let memory = prop::option::of(prop_oneof![Just(0), Just(u64::MAX), 1..100_u64]);
    let one = (pid, context, busy, memory, prop::option::of(0..4_usize), any::<bool>());
    let one = one.prop_map(|(pid, context, busy, memory, instance, server)| {
        let mut one = GpuClient { instance, memory, ..client(pid, context, busy) };
        if let (Some((_, identity)), true) = (&mut one.process, server) {
            // A process has one name, whatever it does where.
            *identity = self::identity(if pid == 1 { "nvidia-cuda-mps" } else { "work" });
        }
        one
    });
    prop::collection::vec(one, 0..6)
}

fn gpus() -> impl Strategy<Value = Vec<GpuReading>> {
    let slices = prop::collection::vec(1..8_u32, 0..4);
    let busy = prop::option::of(prop_oneof![Just(0), 0..1000_u64]);
    let activity = prop::collection::vec(busy.clone(), 0..4);
    let one = (told(), slices, clients(), busy, activity);
    prop::collection::vec(one, 1..4).prop_map(|all| {
        let each = all.into_iter().enumerate();
        each.map(|(index, (told, slices, clients, busy, instances))| {
            let mut one = reading(index, told, &slices, clients);
            let instances = instances.into_iter().map(|busy| busy.map(Duration::from_millis));
            one.activity.busy = busy.map(Duration::from_millis);
            one.activity.instances = instances.collect();
            one
        })
        .collect()
    })
}

fn method() -> impl Strategy<Value = Method> {
    let policy = vec![IdlePolicy::None, IdlePolicy::Proportional, IdlePolicy::Equal];
    let floor = prop::option::of(0.0..0.002_f64);
    let share = prop::sample::select(vec![GpuShare::Equal, GpuShare::Memory]);
    (prop::sample::select(policy), floor, share).prop_map(|(idle_policy, floor, gpu_share)| {
        let floor = floor.map(|watts| Floor { watts: Watts(watts), basis: Basis::Learned });
        let floors = floor.map(|floor| ("gpu-0".into(), floor)).into_iter().collect();
        Method { idle_policy, gpu_share, floors, ..Method::default() }
    })
}

proptest! {
    /// Processes, held idle, static and unattributed are the device, exactly: with one device
    /// at a time, so that no sum over devices hides a difference.
    #[test]
    fn each_device_is_divided_exactly(
        gpus in gpus(),
        energy in 0..3_000_u64,
        method in method(),
    ) {
        for gpu in gpus {
            let index: usize = gpu.gpu.id[4..].parse().unwrap();
            let gpu = reading_at_zero(gpu, index);
            let frame = frame(vec![gpu], &[energy], &method);
            let sum = |of: fn(&Share) -> Microjoules| -> u64 {
                frame.processes.iter().map(|process| of(&process.share).0).sum()
            };
            let all = sum(|share| share.energy.gpu.unwrap());
            let held = sum(|share| share.held.energy);
            let fixed = frame.idle.energy.gpu.unwrap().0;
            let nobody = frame.unattributed.energy.gpu.unwrap().0;
            let active = all - held;
            prop_assert_eq!(active + held + fixed + nobody, energy);
            prop_assert!(!frame.gpus[0].held_idle || active == 0, "held and active at once");
            prop_assert!(frame.gpus[0].held_idle || held == 0);
            for process in &frame.processes {
                let parts: u64 = process.parts.iter().map(|part| (part.moving + part.fixed).0).sum();
                prop_assert_eq!(parts, process.share.energy.gpu.unwrap().0);
            }
        }
    }

    /// The order in which a driver lists its clients does not matter, nor that it lists one
    /// twice, where it does not count what each did.
    #[test]
    fn order_does_not_matter(
        gpus in gpus(),
        method in method(),
        energy in 0..3_000_u64,
        turn in 0..6_usize,
    ) {
        let joules = vec![energy; gpus.len()];
        let mut turned = gpus.clone();
        for gpu in &mut turned {
            let clients = &mut gpu.activity.clients;
            if !clients.is_empty() {
                let turn = turn % clients.len();
                clients.rotate_left(turn);
            }
        }
        let energies = |gpus| {
            let frame = frame(gpus, &joules, &method);
            let of = |process: &crate::frame::ProcessFrame| (process.id, process.share.energy);
            let all: Vec<_> = frame.processes.iter().map(of).collect();
            (all, frame.idle.energy, frame.unattributed.energy)
        };
        prop_assert_eq!(energies(gpus), energies(turned));
    }
}

/// The same device as the first of a machine.
fn reading_at_zero(mut reading: GpuReading, index: usize) -> GpuReading {
    if index > 0 {
        Arc::make_mut(&mut reading.gpu).id = "gpu-0".into();
    }
    reading
}
