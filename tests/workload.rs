//! Processes with a known way of burning CPU time, for the tests on the real kernel.
//!
//! `workload busy|touch|fifo|duty|threads|poll|pingpong|storm|shorts|chain|reuse|relay …`: an example binary, so that
//! `cargo test` builds it and nobody installs it. `workload measure …` runs one of them and prints
//! what the kernel charged to it, for places where no test can call `wait4` itself.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to the test that started it"
)]

use std::{
    num::NonZeroUsize,
    os::unix::process::CommandExt as _,
    process::{Command, exit},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sched::{CpuSet, sched_setaffinity},
    sys::{
        mman::{MapFlags, ProtFlags, mmap_anonymous, munmap},
        wait::waitpid,
    },
    time::{ClockId, clock_gettime},
    unistd::{ForkResult, Pid, fork},
};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| args.get(index).and_then(|arg| arg.parse::<f64>().ok());
    let seconds = number(1).unwrap_or(1.0);
    let end = now() + Duration::from_secs_f64(seconds);
    match args.first().map(String::as_str) {
        Some("busy") => {
            if let Some(cpu) = number(2) {
                pin(cpu as usize);
            }
            spin(end);
        }
        Some("touch") => {
            if let Some(cpu) = number(2) {
                pin(cpu as usize);
            }
            touch(end);
        }
        Some("fifo") => {
            pin(number(2).unwrap_or(0.0) as usize);
            never_yield();
            spin(end);
        }
        Some("duty") => duty(end, number(2).unwrap_or(30.0) / 100.0),
        Some("threads") => threads(end, number(2).unwrap_or(16.0) as usize),
        Some("poll") => poll(end),
        Some("pingpong") => {
            pin(number(2).unwrap_or(0.0) as usize);
            pingpong(end);
        }
        Some("storm") => storm(end, number(2).unwrap_or(0.0) as u32),
        Some("shorts") => shorts(seconds as u32, number(2).unwrap_or(1.0) as u32),
        Some("chain") => chain(seconds as u32),
        Some("reuse") => reuse(),
        Some("relay") => relay(seconds, number(2).unwrap_or(0.1)),
        Some("measure") => measure(&args[1..]),
        _ => {
            eprintln!(
                "usage: workload [measure] busy|touch|fifo|duty|threads|poll|pingpong|storm|shorts|chain|reuse|relay SECONDS \
                 [CPU|PERCENT|THREADS|LEAST]"
            );
            exit(2);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the workload is outside the pipeline")]
fn now() -> Instant {
    Instant::now()
}

fn spin(end: Instant) {
    while now() < end {
        std::hint::spin_loop();
    }
}

/// Writes to memory that is always fresh, so that each page is one fault.
fn touch(end: Instant) {
    const PAGE: usize = 4096;
    const BYTES: NonZeroUsize = NonZeroUsize::new(256 * PAGE).expect("not zero");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    while now() < end {
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let memory = unsafe { mmap_anonymous(None, BYTES, access, MapFlags::MAP_PRIVATE) };
        let memory = memory.expect("a megabyte can be had").cast::<u8>();
        for page in (0..BYTES.get()).step_by(PAGE) {
            // SAFETY: inside the mapping.
            unsafe { memory.add(page).write_volatile(1) };
        }
        // SAFETY: all of the mapping, which nobody uses any more.
        unsafe { munmap(memory.cast(), BYTES.get()) }.expect("it is mapped");
    }
}

/// Spins until this thread has had so many seconds of CPU time since it began.
fn burn(seconds: f64) {
    let had = || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock of ours");
    while Duration::from(had()) < Duration::from_secs_f64(seconds) {
        std::hint::spin_loop();
    }
}

fn pin(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu).expect("a CPU number");
    sched_setaffinity(Pid::from_raw(0), &set).expect("the CPU exists");
}

/// From here on, only a task of higher real-time priority gets the CPU.
fn never_yield() {
    let priority = libc::sched_param { sched_priority: 10 };
    // SAFETY: a whole value of ours.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const priority) };
    assert_eq!(result, 0, "root may be a real-time task");
}

/// Busy for a part of every 10 ms.
fn duty(end: Instant, part: f64) {
    while now() < end {
        let period = now();
        spin(period + Duration::from_secs_f64(0.01 * part));
        thread::sleep((period + Duration::from_millis(10)).saturating_duration_since(now()));
    }
}

fn threads(end: Instant, count: usize) {
    let spinning: Vec<_> = (0..count).map(|_| thread::spawn(move || spin(end))).collect();
    for thread in spinning {
        thread.join().expect("a spinning thread does not panic");
    }
}

/// Asks the kernel again and again whether nothing is ready, and never waits.
fn poll(end: Instant) {
    while now() < end {
        for _ in 0..1000 {
            // SAFETY: no descriptors, so nothing is read.
            unsafe { libc::poll(std::ptr::null_mut(), 0, 0) };
        }
    }
}

/// Two threads that do nothing but wake each other, through futexes.
fn pingpong(end: Instant) {
    let turn = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let player = |own: usize| {
        let turn = Arc::clone(&turn);
        thread::spawn(move || {
            let (turn, changed) = &*turn;
            while now() < end {
                let whose = turn.lock().expect("no player panics");
                let time = Duration::from_millis(100);
                let wait = changed.wait_timeout_while(whose, time, |whose| *whose != own);
                *wait.expect("no player panics").0 = 1 - own;
                changed.notify_one();
            }
        })
    };
    for player in [player(0), player(1)] {
        player.join().expect("no player panics");
    }
}

/// The leader burns `seconds`, then a thread `after`, which then execs: it gets the
/// leader's number while it runs.
fn relay(seconds: f64, after: f64) {
    pin(0);
    burn(seconds);
    let exec = thread::spawn(move || {
        burn(after);
        let error = Command::new("/bin/true").exec();
        panic!("{error}");
    });
    exec.join().expect("the exec does not come back");
}

/// Runs another workload, then prints the CPU seconds of it and its children, by `wait4`,
/// and the same with its own.
fn measure(args: &[String]) {
    let program = std::env::current_exe().expect("this file");
    let child = Command::new(program).arg0("workload").args(args).spawn();
    let pid = child.expect("this file can be run").id().cast_signed();
    let mut status = 0;
    // SAFETY: plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to whole values of ours.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    assert_eq!((waited, status), (pid, 0), "the workload ends well");
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    let cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    // SAFETY: a whole value of ours.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    let own = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    println!("cpu {cpu:.6}\ntree {:.6}", cpu + own);
}

/// So many children of 2 ms of CPU time each, in so many lines of one after the other.
fn shorts(count: u32, lines: u32) {
    let fork = |work: &dyn Fn()| {
        // SAFETY: the process has one thread.
        match unsafe { fork() }.expect("a process can be forked") {
            ForkResult::Child => {
                work();
                // SAFETY: ends the child without running the parent's exit handlers.
                unsafe { libc::_exit(0) }
            }
            ForkResult::Parent { child } => child,
        }
    };
    let line = || {
        for _ in 0..count / lines {
            waitpid(fork(&|| burn(0.002)), None).expect("the child ends");
        }
    };
    let lines: Vec<Pid> = (0..lines).map(|_| fork(&line)).collect();
    for child in lines {
        waitpid(child, None).expect("the line ends");
    }
}

/// Burns some time and becomes the same program anew, so many times.
fn chain(left: u32) {
    // The clock of a thread goes on through an exec.
    let had = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock of ours");
    burn(Duration::from(had).as_secs_f64() + 0.01);
    if left > 0 {
        let program = std::env::current_exe().expect("this file");
        let error = Command::new(program).arg("chain").arg((left - 1).to_string()).exec();
        panic!("{error}");
    }
}

/// Two children, one after the other, with the same number; says which.
fn reuse() {
    let child = |spun: u64| {
        // SAFETY: the process has one thread.
        match unsafe { fork() }.expect("a process can be forked") {
            ForkResult::Child => {
                spin(now() + Duration::from_millis(spun));
                // SAFETY: as in `storm`.
                unsafe { libc::_exit(0) }
            }
            ForkResult::Parent { child } => {
                waitpid(child, None).expect("the child ends");
                child.as_raw()
            }
        }
    };
    let first = child(200);
    // Others fork as well: the number may be taken a few times.
    for _ in 0..100 {
        std::fs::write("/proc/sys/kernel/ns_last_pid", (first - 1).to_string())
            .expect("root on a kernel with CONFIG_CHECKPOINT_RESTORE");
        if child(100) == first {
            println!("{first}");
            return;
        }
    }
    exit(1);
}

/// One child after the other, each alive for 2 to 5 ms, until the time is over and
/// there were `least`; says how many there were.
fn storm(end: Instant, least: u32) {
    let mut children = 0_u32;
    while now() < end || children < least {
        // SAFETY: the process has one thread.
        match unsafe { fork() }.expect("a process can be forked") {
            ForkResult::Child => {
                spin(now() + Duration::from_millis(2 + u64::from(children % 4)));
                // SAFETY: ends the child without running the parent's exit handlers.
                unsafe { libc::_exit(0) }
            }
            ForkResult::Parent { child } => {
                waitpid(child, None).expect("the child ends");
                children += 1;
            }
        }
    }
    println!("{children}");
}
