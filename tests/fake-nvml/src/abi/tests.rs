//! The exported functions by NVML's own protocol: sizes, null pointers, handles, states.

use std::{
    ffi::{CString, c_char, c_uint},
    fs,
    ptr::{null, null_mut},
    sync::{Mutex, MutexGuard, PoisonError},
};

use nvml_wrapper_sys::bindings::*;
use tempfile::NamedTempFile;

use super::{
    arguments::{Buffer, List, Out, Text},
    control::*,
    gpm::*,
    identity::*,
    memory::*,
    mig::*,
    power::*,
    processes::*,
    system::*,
};
use crate::{clock::Clock, library, scenario::Scenario};

const SECOND: u64 = 1_000_000_000;

/// A scenario that plays in this process, alone.
struct Play(NamedTempFile, #[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

fn play(text: &str) -> Play {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let clock = NamedTempFile::new().unwrap();
    fs::write(clock.path(), "0").unwrap();
    let scenario = Scenario::parse("test", text, &|_| None).unwrap();
    library::install(scenario, Clock::begin(Some(clock.path().into())));
    Play(clock, alone)
}

impl Play {
    fn at(&self, seconds: u64) {
        fs::write(self.0.path(), (seconds * SECOND).to_string()).unwrap();
    }
}

fn out<T>(place: &mut T) -> Out<T> {
    // SAFETY: it is a reference.
    unsafe { Out::new(place) }
}

fn nowhere<T>() -> Out<T> {
    // SAFETY: null is allowed.
    unsafe { Out::new(null_mut()) }
}

fn list<T: Copy>(items: &mut [T]) -> List<T> {
    // SAFETY: the tests say no more than the slice has.
    unsafe { List::new(items.as_mut_ptr()) }
}

fn no_list<T: Copy>() -> List<T> {
    // SAFETY: null is allowed.
    unsafe { List::new(null_mut()) }
}

fn by_index(index: c_uint) -> nvmlDevice_t {
    let mut device = null_mut();
    assert_eq!(nvmlDeviceGetHandleByIndex_v2(index, out(&mut device)), 0);
    device
}

#[test]
fn nothing_before_init_and_nothing_after_shutdown() {
    let _play = play("[[device]]");
    let mut count = 0;
    assert_eq!(nvmlDeviceGetCount_v2(out(&mut count)), 1);
    assert_eq!(nvmlShutdown(), 1);
    assert_eq!((nvmlInit_v2(), nvmlInitWithFlags(0)), (0, 0));
    assert_eq!(nvmlShutdown(), 0);
    assert_eq!((nvmlDeviceGetCount_v2(out(&mut count)), count), (0, 1));
    assert_eq!(nvmlShutdown(), 0);
    assert_eq!(nvmlDeviceGetCount_v2(out(&mut count)), 1);
}

#[test]
fn null_and_foreign_pointers_are_refused() {
    let _play = play("[[device]]");
    assert_eq!(nvmlInit(), 0);
    let device = by_index(0);
    let mut power = 0;
    assert_eq!(nvmlDeviceGetPowerUsage(device, nowhere()), 2);
    assert_eq!(nvmlDeviceGetPowerUsage(null_mut(), out(&mut power)), 2);
    assert_eq!(nvmlDeviceGetPowerUsage(device.wrapping_byte_add(1), out(&mut power)), 2);
    assert_eq!(nvmlDeviceGetPowerUsage(device.wrapping_byte_add(256), out(&mut power)), 2);
    assert_eq!(nvmlDeviceGetHandleByIndex_v2(1, out(&mut null_mut())), 2);
    assert_eq!(nvmlDeviceGetHandleByUUID(text(null()), nowhere()), 2);
    assert_eq!(nvmlDeviceGetComputeRunningProcesses_v3(device, nowhere(), no_list()), 2);
    assert_eq!(nvmlDeviceGetFieldValues(device, 1, no_list()), 2);
    assert_eq!(nvmlDeviceGetFieldValues(device, 0, no_list()), 2);
    assert_eq!(nvmlGpmMetricsGet(nowhere()), 2);
    assert_eq!(nvmlGpmSampleFree(null_mut()), 2);
}

fn text(pointer: *const c_char) -> Text {
    // SAFETY: the layout is that of the pointer, which is null or a C string.
    unsafe { std::mem::transmute(pointer) }
}

fn buffer(bytes: &mut [u8]) -> (Buffer, c_uint) {
    let pointer: *mut c_char = bytes.as_mut_ptr().cast();
    // SAFETY: the layout is that of the pointer.
    (unsafe { std::mem::transmute::<*mut c_char, Buffer>(pointer) }, bytes.len() as c_uint)
}

#[test]
fn a_text_that_does_not_fit_is_not_written() {
    let _play = play("[[device]]\nname = 'ABCD'");
    assert_eq!(nvmlInit(), 0);
    let mut room = [b'x'; 5];
    let (small, _) = buffer(&mut room);
    assert_eq!((nvmlDeviceGetName(by_index(0), small, 4), room[0]), (7, b'x'));
    let (fits, length) = buffer(&mut room);
    assert_eq!((nvmlDeviceGetName(by_index(0), fits, length), &room), (0, b"ABCD\0"));
}

#[test]
fn a_list_asks_for_its_size_first() {
    let _play = play("[[device]]\n[[device.process]]\npid = 7\n[[device.process]]\npid = 8");
    assert_eq!(nvmlInit(), 0);
    let device = by_index(0);
    let mut infos =
        [nvmlProcessInfo_v2_t { pid: 0, usedGpuMemory: 0, gpuInstanceId: 0, computeInstanceId: 0 };
            3];
    let mut ask = |count: &mut c_uint, null| {
        let infos = if null { no_list() } else { list(&mut infos) };
        nvmlDeviceGetComputeRunningProcesses_v3(device, out(count), infos)
    };
    let mut count = 0;
    assert_eq!((ask(&mut count, true), count), (7, 2));
    count = 1;
    assert_eq!((ask(&mut count, false), count), (7, 2));
    count = 3;
    assert_eq!((ask(&mut count, false), count), (0, 2));
    let read = infos.map(|info| (info.pid, info.gpuInstanceId));
    assert_eq!(read, [(7, u32::MAX), (8, u32::MAX), (0, 0)]);
    let mut none = 5;
    assert_eq!(nvmlDeviceGetGraphicsRunningProcesses_v3(device, out(&mut none), no_list()), 0);
    assert_eq!(none, 0);
}

#[test]
fn a_driver_that_was_gone_needs_another_init() {
    let play = play("unloaded = ['6s..8s']\n[[device]]\npower = '100W'");
    assert_eq!(nvmlInit(), 0);
    let device = by_index(0);
    let mut energy = 0;
    let mut read = || (nvmlDeviceGetTotalEnergyConsumption(device, out(&mut energy)), energy);
    play.at(5);
    assert_eq!(read(), (0, 500_000));
    play.at(7);
    assert_eq!((read().0, nvmlInit()), (9, 9));
    play.at(9);
    assert_eq!(read().0, 1);
    assert_eq!(nvmlInit(), 0);
    assert_eq!(read(), (0, 100_000));
}

#[test]
fn a_part_has_memory_and_processes_but_no_power() {
    let _play = play(
        "[[device]]\nmig = true\n[[device.instance]]\nid = 3\nslices = 2\nuuid = 'MIG-x'\n\
         [[device.process]]\npid = 7\nmemory = '1GiB'\ninstance = 3",
    );
    assert_eq!(nvmlInit(), 0);
    let (whole, mut part, mut parent, mut id) = (by_index(0), null_mut(), null_mut(), 0);
    assert_eq!(nvmlDeviceGetMigDeviceHandleByIndex(whole, 1, out(&mut part)), 6);
    assert_eq!(nvmlDeviceGetMigDeviceHandleByIndex(whole, 7, out(&mut part)), 2);
    assert_eq!(nvmlDeviceGetMigDeviceHandleByIndex(whole, 0, out(&mut part)), 0);
    assert_eq!((nvmlDeviceGetGpuInstanceId(part, out(&mut id)), id), (0, 3));
    assert_eq!(nvmlDeviceGetGpuInstanceId(whole, out(&mut id)), 2);
    assert_eq!(nvmlDeviceGetPowerUsage(part, out(&mut id)), 3);
    assert_eq!(nvmlDeviceGetDeviceHandleFromMigDeviceHandle(part, out(&mut parent)), 0);
    assert_eq!(parent, whole);
    let uuid = CString::new("MIG-x").unwrap();
    assert_eq!(nvmlDeviceGetHandleByUUID(text(uuid.as_ptr()), out(&mut parent)), 0);
    assert_eq!(parent, part);
    let mut memory = nvmlMemory_t { total: 0, free: 0, used: 0 };
    assert_eq!(nvmlDeviceGetMemoryInfo(part, out(&mut memory)), 0);
    assert_eq!((memory.total >> 30, memory.used >> 30), (20, 1));
}
