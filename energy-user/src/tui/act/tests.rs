//! Real processes, and stand-ins for `/proc` where a number is another's.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command},
};

use nix::{libc, sys::signal::Signal};

use super::*;
use crate::tui::app::Io;

/// A child that is ended with its test.
struct Sleeper(Child);

impl Sleeper {
    fn new() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    fn stat(&self) -> procfs::process::Stat {
        Process::new(self.0.id().cast_signed()).unwrap().stat().unwrap()
    }

    fn target(&self) -> Target {
        let start = self.stat().starttime * TICK_NS + 1234;
        let id = ProcessId { pid: self.0.id(), start };
        Target { id, name: "sleep".into(), user: Some("anna".into()) }
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn act(order: Order, targets: &[Target]) -> Notice {
    Hand::new(Path::new("/proc")).carry_out(&Orders { order, targets: targets.to_vec() })
}

#[test]
fn a_signal_ends_whom_it_is_meant_for() {
    let mut sleeper = Sleeper::new();
    let target = sleeper.target();
    let notice = act(Order::Signal(Signal::SIGTERM), std::slice::from_ref(&target));
    let words = format!("SIGTERM sent to sleep (pid {})", target.id.pid);
    assert_eq!(notice, Notice { words, bad: false });
    assert_eq!(sleeper.0.wait().unwrap().signal(), Some(Signal::SIGTERM as i32));
    let notice = act(Order::Signal(Signal::SIGTERM), std::slice::from_ref(&target));
    assert_eq!(notice, Notice { words: format!("pid {} had ended", target.id.pid), bad: true });
}

#[test]
fn whoever_has_ended_and_was_not_waited_for_is_told_as_ended() {
    let sleeper = Sleeper::new();
    let target = sleeper.target();
    act(Order::Signal(Signal::SIGKILL), std::slice::from_ref(&target));
    while sleeper.stat().state != 'Z' {
        std::thread::yield_now();
    }
    let notice = act(Order::Signal(Signal::SIGTERM), &[target]);
    assert!(notice.bad && notice.words.ends_with("had ended"), "{}", notice.words);
}

#[test]
fn another_with_the_same_number_is_left_alone() {
    let mut sleeper = Sleeper::new();
    let before = sleeper.stat().nice;
    let mut target = sleeper.target();
    // One that had the number before: a tick earlier is another.
    target.id.start -= TICK_NS;
    for order in [Order::Signal(Signal::SIGKILL), Order::Nice { by: 5 }, Order::Io(Io::Idle)] {
        let notice = act(order, std::slice::from_ref(&target));
        assert!(notice.bad && notice.words.contains("another's by now"), "{}", notice.words);
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(sleeper.lives());
    assert_eq!(sleeper.stat().nice, before);
}

#[test]
fn a_stand_in_for_proc_decides_who_has_a_number() {
    let mut sleeper = Sleeper::new();
    let target = sleeper.target();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(target.id.pid.to_string());
    fs::create_dir(&folder).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", target.id.pid)).unwrap();
    let mut fields: Vec<&str> = stat.split(' ').collect();
    // Field 22 of proc(5): when it began.
    fields[21] = "77";
    fs::write(folder.join("stat"), fields.join(" ")).unwrap();
    let orders = Orders { order: Order::Signal(Signal::SIGKILL), targets: vec![target] };
    let notice = Hand::new(dir.path()).carry_out(&orders);
    assert!(notice.words.contains("another's by now"), "{}", notice.words);
    assert!(sleeper.lives());
}

#[test]
fn the_first_process_and_jouletop_itself_are_left_alone() {
    let own = std::process::id();
    let target = |pid: u32| {
        let stat = Process::new(pid.cast_signed()).unwrap().stat().unwrap();
        let id = ProcessId { pid, start: stat.starttime * TICK_NS };
        Target { id, name: "x".into(), user: None }
    };
    let nobody = Target { id: ProcessId { pid: 0, start: 0 }, ..target(1) };
    let notice = act(Order::Signal(Signal::SIGCONT), &[nobody, target(1), target(own)]);
    assert!(notice.bad);
    assert_eq!(
        notice.words,
        "pids 0, 1: all others hang on it, left alone; jouletop itself was left alone: q quits it"
    );
}

#[test]
fn niceness_and_the_io_class_are_set_as_far_as_they_go() {
    let sleeper = Sleeper::new();
    let target = sleeper.target();
    let before = sleeper.stat().nice;
    let notice = act(Order::Nice { by: 3 }, std::slice::from_ref(&target));
    let after = before + 3;
    let pid = target.id.pid;
    assert_eq!(notice.words, format!("sleep (pid {pid}): nice {before} → {after}"));
    assert_eq!(sleeper.stat().nice, after);
    let notice = act(Order::Nice { by: 39 }, std::slice::from_ref(&target));
    assert_eq!(notice.words, format!("sleep (pid {pid}): nice {after} → 19"));
    let notice = act(Order::Nice { by: 1 }, std::slice::from_ref(&target));
    assert!(notice.words.ends_with("nice stays 19, there is no more"));
    let notice = act(Order::Io(Io::BestEffort(6)), std::slice::from_ref(&target));
    assert_eq!(notice.words, format!("sleep (pid {pid}): ionice best-effort 6"));
    // SAFETY: the call takes plain numbers.
    let io = unsafe { libc::syscall(libc::SYS_ioprio_get, 1, pid) };
    assert_eq!(io, (2 << 13) | 6);
}

#[test]
fn several_are_told_as_a_number_and_the_rest_by_name() {
    let target = |pid: u32, user: &str| {
        let id = ProcessId { pid, start: 0 };
        Target { id, name: format!("p{pid}"), user: Some(user.into()) }
    };
    let all: Vec<Target> = (4001..4008).map(|pid| target(pid, "anna")).collect();
    let came = |index: usize| match index {
        0..=2 => Ok(Done::Told),
        3 => Err(Refusal::Gone),
        _ => Err(Refusal::NotPermitted),
    };
    let order = Order::Signal(Signal::SIGTERM);
    let all = all.iter().enumerate().take(5).map(|(index, target)| (target, came(index)));
    assert_eq!(
        Report::of(order, all).notice().words,
        "SIGTERM sent to 3 processes; pid 4004 had ended; not permitted: pid 4005 is anna's; run \
         as root"
    );
}
