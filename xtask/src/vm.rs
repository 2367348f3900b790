//! `vm`: the real program on kernels that nobody here runs, in qemu without KVM.
//!
//! One object has to fit all kernels, and each verifier has its own opinion. The
//! figures are of CPU time against the kernel's own, which emulation does not bend.

mod cpio;
mod guest;
mod machine;
mod packages;
mod results;
mod shape;
mod special;
mod verdict;
mod version;

use std::fs;

use anyhow::{Context as _, bail};
use clap::Args;
use packages::Packages;
use results::Results;
use shape::SHAPES;
use verdict::Verdict;

use crate::shell;

/// Name, and how the Debian package begins and ends; the newest in between is taken.
const KERNELS: [(&str, &str, &str); 6] = [
    ("5.10", "linux-image-5.10.", "-cloud-amd64"),
    ("6.1", "linux-image-6.1.", "-cloud-amd64"),
    ("6.1-rt", "linux-image-6.1.", "-rt-amd64"),
    ("6.12", "linux-image-6.12.", "-cloud-amd64"),
    ("6.12-rt", "linux-image-6.12.", "-rt-amd64"),
    ("newest", "linux-binary-", "-cloud-amd64"),
];

#[derive(Args)]
pub struct Task {
    /// Only this kernel; may be given more than once
    #[arg(long, value_parser = KERNELS.map(|(name, ..)| name))]
    kernel: Vec<String>,
    /// Only this shape of machine; may be given more than once
    #[arg(long, value_parser = SHAPES.map(|shape| shape.name))]
    shape: Vec<String>,
}

/// Boots each kernel and prints the table; fails unless every check passed.
pub fn run(task: &Task) -> anyhow::Result<()> {
    let directory = shell::target().join("vm");
    fs::create_dir_all(&directory)?;
    machine::check()?;
    let initramfs = directory.join("initramfs");
    fs::write(&initramfs, guest::initramfs()?)?;
    let packages = Packages::update(&directory)?;
    let mut verdicts = Vec::new();
    let names = KERNELS.iter().map(|(name, ..)| *name);
    for (name, shape) in shape::chosen(names, &task.kernel, &task.shape) {
        let package = KERNELS.iter().find(|(kernel, ..)| *kernel == name);
        let booted = package.context("a kernel too few").and_then(|(_, prefix, suffix)| {
            let package = packages.newest(prefix, suffix)?;
            println!("== {name}, {}: {package}", shape.name);
            let kernel = packages.kernel(package)?;
            let stem = directory.join(format!("{name}-{}", shape.name));
            machine::boot(&kernel, &initramfs, &stem, shape)
        });
        let verdict = match booted {
            Ok(booted) => Verdict::of(name, shape, &Results::parse(&booted.said), booted.trouble),
            Err(error) => Verdict::failed(name, shape, &format!("not booted: {error:#}")),
        };
        println!("{verdict}");
        verdicts.push(verdict);
    }
    println!("{}", verdict::table(&verdicts));
    match verdicts.iter().filter(|verdict| !verdict.passed()).count() {
        0 => Ok(()),
        failed => bail!(
            "{failed} of {} kernels failed; what they said is in {}",
            verdicts.len(),
            directory.display()
        ),
    }
}
