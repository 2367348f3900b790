//! Whether the time of every CPU adds up: the check that runs at every sample.
//!
//! The CPU's clock of task time is one account, kept by the scheduler; what the processes
//! gained there, idle, the scheduler itself and what was missed are another. They must
//! agree. What the monotonic clock has on top of the CPU's is irq and steal.

use super::bpf::Account;
use crate::sample::Books;

/// By how much two clocks that are read one after the other may differ, nanoseconds.
const MOST_DEBT_NS: u64 = 10_000_000;

/// The accounts at the last sample, by CPU.
#[derive(Debug, Default)]
pub struct Bookkeeper {
    before: Vec<Entry>,
}

/// What has been booked of a CPU.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    account: Account,
    /// Clocks of two kinds may cross by a little: what was told too much of irq and steal.
    debt: u64,
    /// Sum of the residues since the start.
    residue: i64,
}

/// What one CPU tells of an interval. The caller books irq and steal, which are one here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    /// Time in irq and stolen, nanoseconds; zero where the kernel does not tell.
    pub outside_ns: u64,
    /// Time that ran but is nobody's, nanoseconds.
    pub missed_ns: u64,
}

impl Bookkeeper {
    /// Books a CPU's interval: what its processes gained, and the account as it is at
    /// `now` on the monotonic clock. Adds to `books`.
    pub fn enter(
        &mut self,
        cpu: usize,
        gained: u64,
        account: Account,
        now: u64,
        books: &mut Books,
    ) -> Entered {
        if self.before.len() <= cpu {
            self.before.resize(cpu + 1, Entry::default());
        }
        let account = until(account, now);
        let entry = &mut self.before[cpu];
        let before = std::mem::replace(&mut entry.account, account);
        let missed_ns = account.missed_ns.wrapping_sub(before.missed_ns);
        if before.clock == 0 {
            // Its first switch is where its books begin.
            return Entered { outside_ns: 0, missed_ns };
        }
        let clock = account.clock.wrapping_sub(before.clock).cast_signed();
        let idle = account.idle_ns.wrapping_sub(before.idle_ns).cast_signed();
        let between = account.between_ns.wrapping_sub(before.between_ns).cast_signed();
        let wall = account.wall.wrapping_sub(before.wall).cast_signed();
        let known = before.wall != 0 && account.wall != 0;
        let outside = if known { wall - clock - entry.debt.cast_signed() } else { 0 };
        // A step of one of the clocks (the machine slept) is no debt.
        entry.debt = outside.min(0).unsigned_abs().min(MOST_DEBT_NS);
        let outside_ns = outside.max(0).cast_unsigned();
        let residue = clock - gained.cast_signed() - idle - between - missed_ns.cast_signed();
        entry.residue += residue;
        books.elapsed_ns += clock + outside_ns.cast_signed();
        books.tasks_ns += gained;
        books.idle_ns += idle;
        books.scheduler_ns += between;
        books.missed_ns += missed_ns;
        books.residue_ns += residue;
        if entry.residue.abs() > books.worst_ns.abs() {
            books.worst_ns = entry.residue;
        }
        Entered { outside_ns, missed_ns }
    }
}

/// A CPU that is idle has been so until now.
fn until(mut account: Account, now: u64) -> Account {
    if !account.busy && account.wall != 0 && account.clock != 0 {
        let passed = now.saturating_sub(account.wall);
        account.clock += passed;
        account.idle_ns += passed;
        account.wall += passed;
    }
    account
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(busy: bool, clock: u64, idle_ns: u64, wall: u64) -> Account {
        Account { busy, clock, idle_ns, wall, ..Account::default() }
    }

    #[test]
    fn what_is_booked_twice_or_not_at_all_is_the_residue() {
        let mut keeper = Bookkeeper::default();
        keeper.enter(0, 0, account(true, 1000, 0, 5000), 5000, &mut Books::default());
        let mut books = Books::default();
        // 100 passed on the CPU's clock, 110 on the wall's; 60 ran, 39 were idle.
        let entered = keeper.enter(0, 60, account(true, 1100, 39, 5110), 5110, &mut books);
        assert_eq!(entered.outside_ns, 10);
        assert_eq!((books.elapsed_ns, books.tasks_ns, books.idle_ns), (110, 60, 39));
        assert_eq!((books.residue_ns, books.worst_ns), (1, 1));
    }

    #[test]
    fn an_idle_cpu_is_idle_until_now_and_irq_is_taken_from_that() {
        let mut keeper = Bookkeeper::default();
        keeper.enter(0, 0, account(false, 1000, 0, 5000), 5000, &mut Books::default());
        let mut books = Books::default();
        keeper.enter(0, 0, account(false, 1000, 0, 5000), 5100, &mut books);
        assert_eq!((books.idle_ns, books.elapsed_ns), (100, 100));
        // It woke at 5150, having had 20 of interrupts.
        let mut books = Books::default();
        let entered = keeper.enter(0, 30, account(true, 1160, 130, 5180), 5180, &mut books);
        assert_eq!((entered.outside_ns, books.idle_ns, books.residue_ns), (20, 30, 0));
    }

    #[test]
    fn clocks_that_cross_owe_each_other() {
        let mut keeper = Bookkeeper::default();
        let mut books = Books::default();
        keeper.enter(0, 0, account(true, 1000, 0, 5000), 0, &mut Books::default());
        let first = keeper.enter(0, 100, account(true, 1100, 0, 5095), 0, &mut books);
        let second = keeper.enter(0, 100, account(true, 1200, 0, 5203), 0, &mut books);
        assert_eq!((first.outside_ns, second.outside_ns), (0, 3));
        assert_eq!((books.elapsed_ns, books.residue_ns), (203, 0));
    }

    #[test]
    fn a_clock_that_steps_is_forgiven() {
        let mut keeper = Bookkeeper::default();
        let mut books = Books::default();
        let hour = 3_600_000_000_000;
        keeper.enter(0, 0, account(true, 1000, 0, 5000), 0, &mut Books::default());
        keeper.enter(0, hour, account(true, 1000 + hour, 0, 5100), 0, &mut books);
        let later = account(true, 1100 + hour, 0, 5100 + MOST_DEBT_NS + 150);
        assert_eq!(keeper.enter(0, 100, later, 0, &mut books).outside_ns, 50);
        assert_eq!(books.residue_ns, 0);
    }

    #[test]
    fn a_cpu_begins_with_its_first_switch() {
        let mut keeper = Bookkeeper::default();
        let mut books = Books::default();
        keeper.enter(1, 0, account(false, 0, 0, 0), 9000, &mut books);
        keeper.enter(1, 7, account(true, 1_000_000, 3, 9100), 9100, &mut books);
        assert_eq!(books, Books::default());
    }
}
