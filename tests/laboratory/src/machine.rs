//! The shape of the machine: packages, cores and hardware threads.
//!
//! CPUs are numbered as Linux does on most servers: first the first thread of every core,
//! package by package, then all second threads. On 2 packages of 4 cores CPU 9 is the
//! second thread of CPU 1.

/// How many of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Packages, at least 1.
    pub packages: usize,
    /// Cores of each package, at least 1.
    pub cores: usize,
    /// Hardware threads of each core, at least 1.
    pub threads: usize,
}

impl Shape {
    /// Two packages of eight cores with two threads: a common server, and what the notes'
    /// own simulation had.
    pub const SERVER: Self = Self { packages: 2, cores: 8, threads: 2 };

    /// Cores of the whole machine.
    pub fn all_cores(self) -> usize {
        self.packages * self.cores
    }

    /// CPUs of the whole machine.
    pub fn cpus(self) -> usize {
        self.all_cores() * self.threads
    }

    /// Number of a CPU's core, counted over the whole machine.
    pub fn core(self, cpu: usize) -> usize {
        cpu % self.all_cores()
    }

    /// Package of a CPU.
    pub fn package(self, cpu: usize) -> usize {
        self.core(cpu) / self.cores
    }

    /// The CPUs of a core, ascending.
    pub fn siblings(self, core: usize) -> impl Iterator<Item = usize> {
        (0..self.threads).map(move |thread| core + thread * self.all_cores())
    }

    /// The cores of a package, ascending.
    pub fn cores_of(self, package: usize) -> std::ops::Range<usize> {
        package * self.cores..(package + 1) * self.cores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_threads_come_after_all_first_ones() {
        let shape = Shape { packages: 2, cores: 4, threads: 2 };
        assert_eq!(shape.cpus(), 16);
        assert_eq!([1, 4, 9, 15].map(|cpu| shape.package(cpu)), [0, 1, 0, 1]);
        assert_eq!(shape.siblings(shape.core(9)).collect::<Vec<_>>(), [1, 9]);
        assert_eq!(shape.cores_of(1), 4..8);
    }
}
