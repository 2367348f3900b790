//! The real schedule of this machine, on a simulated meter.
//!
//! A thread looks every few milliseconds at what the kernel charged to each workload's
//! cgroup, turns it into energy by the hidden model, and moves the counters of a powercap
//! tree by as much as it moves the truth. A tool that reads the tree and traces the kernel
//! by itself can be held against that truth.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, sleep, spawn},
    time::Duration,
};

use nix::time::{ClockId, clock_gettime};

pub use crate::cgroup::Error;
use crate::{
    account::{Account, Model, OTHERS},
    cgroup::{Group, machine_usage},
    tree::Tree,
};

/// How often the bench looks, unless told.
pub const POLL: Duration = Duration::from_millis(5);

/// A running simulated meter.
#[derive(Debug)]
pub struct Bench {
    books: Arc<Mutex<Books>>,
    groups: Vec<Arc<Group>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Bench {
    /// Writes a tree into a directory and lets its meters run, for these workloads.
    pub fn start(
        model: Model,
        root: &Path,
        groups: Vec<Group>,
        poll: Duration,
    ) -> Result<Self, Error> {
        let groups: Vec<Arc<Group>> = groups.into_iter().map(Arc::new).collect();
        let books = Arc::new(Mutex::new(Books::new(model, root, groups.clone())?));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (books, stop) = (Arc::clone(&books), Arc::clone(&stop));
            spawn(move || {
                never_wait();
                while !stop.load(Ordering::Relaxed) {
                    lock(&books).poll()?;
                    sleep(poll);
                }
                Ok(())
            })
        };
        Ok(Self { books, groups, stop, thread: Some(thread) })
    }

    /// The group of a workload, to start its processes in.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name() == name).map(Arc::as_ref)
    }

    /// The truth up to now, since the start; the counters say the same when it returns.
    pub fn account(&self) -> Result<Account, Error> {
        lock(&self.books).poll()
    }

    /// Lets the meters stand still, and says the truth up to now.
    pub fn stop(mut self) -> Result<Account, Error> {
        self.join()?;
        self.account()
    }

    fn join(&mut self) -> Result<(), Error> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        ended.unwrap_or(Ok(Ok(()))).map_err(|_| Error::Panic)?
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Whoever wanted to know has called `stop`.
        let _ = self.join();
    }
}

/// A panic elsewhere leaves whole books.
fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was read last and what came of it.
#[derive(Debug)]
struct Books {
    model: Model,
    tree: Tree,
    groups: Vec<Arc<Group>>,
    /// By group, and last of everybody else, nanoseconds of each CPU.
    seen: Vec<Vec<u64>>,
    account: Account,
}

impl Books {
    fn new(model: Model, root: &Path, groups: Vec<Arc<Group>>) -> Result<Self, Error> {
        let shape = model.shape;
        let found = machine_usage()?.len();
        if shape.cpus() > found || shape.threads != 1 {
            return Err(Error::Shape { modelled: shape.cpus(), threads: shape.threads, found });
        }
        let account = Account::new(now_ns(), shape.packages);
        let tree = Tree::new(root, shape, &account.counters(&model.hidden))?;
        let seen = usages(&groups, shape.cpus())?;
        Ok(Self { model, tree, groups, seen, account })
    }

    fn poll(&mut self) -> Result<Account, Error> {
        let now = usages(&self.groups, self.model.shape.cpus())?;
        let at_ns = now_ns();
        let mut spent = BTreeMap::<String, Vec<u64>>::new();
        let names = self.groups.iter().map(|group| group.name()).chain([OTHERS]);
        for ((name, now), seen) in names.zip(&now).zip(&mut self.seen) {
            let cpus = spent.entry(name.into()).or_insert_with(|| vec![0; now.len()]);
            for ((spent, &now), seen) in cpus.iter_mut().zip(now).zip(seen) {
                // What is left for the others may fall by what ran between two readings; it
                // then has to make up for it.
                *spent += now.saturating_sub(*seen);
                *seen = now.max(*seen);
            }
        }
        self.account.advance(&self.model, at_ns, &spent);
        self.tree.set(&self.account.counters(&self.model.hidden))?;
        Ok(self.account.clone())
    }
}

/// By group, and last what the machine had beyond them, nanoseconds of each CPU.
fn usages(groups: &[Arc<Group>], cpus: usize) -> Result<Vec<Vec<u64>>, Error> {
    let mut others = machine_usage()?;
    others.truncate(cpus);
    let mut usages = Vec::with_capacity(groups.len() + 1);
    for group in groups {
        let usage = group.usage()?;
        for (others, usage) in others.iter_mut().zip(&usage) {
            *others = others.saturating_sub(*usage);
        }
        usages.push(usage.into_iter().take(cpus).collect());
    }
    usages.push(others);
    Ok(usages)
}

/// A meter is hardware and waits for no scheduler: its thread goes before everybody else's, where
/// it may. It runs for some microseconds each time.
fn never_wait() {
    let priority = libc::sched_param { sched_priority: 1 };
    // SAFETY: a whole value of ours; the call is about this thread alone.
    let _ = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const priority) };
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from);
    now.unwrap_or_default().as_nanos() as u64
}

#[cfg(test)]
mod tests;
