//! NVIDIA's devices on the PCI bus, and which of them sleep.
//!
//! Whoever asks NVML of a device wakes it, and a laptop's GPU in D3cold draws nothing. The
//! kernel tells who sleeps without touching anybody (`Documentation/ABI/testing/
//! sysfs-devices-power`: `runtime_status`).

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::files;

/// NVIDIA's number.
const VENDOR: &str = "0x10de";

/// VGA controllers and 3D controllers, the first four digits of a class (PCI code and ID
/// assignment specification: base class 03).
const CLASSES: [&str; 2] = ["0x0300", "0x0302"];

/// One device on the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBus {
    /// `0000:17:00.0`.
    pub address: String,
    /// Who drives it.
    pub driver: Option<String>,
    path: PathBuf,
}

/// All of NVIDIA's display devices under a sysfs root, by address.
pub fn find(sysfs: &Path) -> Vec<OnBus> {
    let Ok(entries) = fs::read_dir(sysfs.join("bus/pci/devices")) else { return Vec::new() };
    let mut found: Vec<_> = entries.flatten().filter_map(|entry| of(entry.path())).collect();
    found.sort_by_key(|device| key(&device.address));
    found
}

fn of(path: PathBuf) -> Option<OnBus> {
    let text = |file: &str| files::read(&path.join(file)).ok();
    let class = text("class")?;
    if text("vendor")?.trim() != VENDOR || !CLASSES.iter().any(|one| class.starts_with(one)) {
        return None;
    }
    let address = path.file_name()?.to_str()?.to_string();
    let driver = fs::read_link(path.join("driver")).ok();
    let driver = driver.and_then(|link| Some(link.file_name()?.to_str()?.to_string()));
    Some(OnBus { address, driver, path })
}

/// Domain, bus, device and function as numbers: `10000:` comes after `2000:`.
fn key(address: &str) -> (Vec<u32>, String) {
    let numbers = address.split([':', '.']).map(|part| u32::from_str_radix(part, 16));
    (numbers.map(Result::unwrap_or_default).collect(), address.to_string())
}

impl OnBus {
    /// NVIDIA's own driver has it.
    pub fn is_ours(&self) -> bool {
        self.driver.as_deref() == Some("nvidia")
    }

    /// It sleeps, or is about to.
    pub fn sleeps(&self) -> bool {
        let status = files::read(&self.path.join("power/runtime_status"));
        status.is_ok_and(|status| matches!(status.trim(), "suspended" | "suspending"))
    }

    /// It may go to sleep when nobody uses it.
    pub fn may_sleep(&self) -> bool {
        files::read(&self.path.join("power/control")).is_ok_and(|control| control.trim() == "auto")
    }
}

/// An address as the kernel writes it: NVML's domain has eight digits and its letters are
/// capitals.
pub fn address(nvml: &str) -> String {
    let lower = nvml.to_ascii_lowercase();
    let parts = lower.split_once(':');
    let domain = parts.and_then(|(domain, _)| u32::from_str_radix(domain, 16).ok());
    match parts.zip(domain) {
        Some(((_, rest), domain)) => format!("{domain:04x}:{rest}"),
        None => lower,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn device(root: &Path, address: &str, facts: [&str; 3], driver: Option<&str>) {
        let path = root.join("bus/pci/devices").join(address);
        fs::create_dir_all(path.join("power")).unwrap();
        let [vendor, class, status] = facts;
        fs::write(path.join("vendor"), format!("{vendor}\n")).unwrap();
        fs::write(path.join("class"), format!("{class}\n")).unwrap();
        fs::write(path.join("power/runtime_status"), format!("{status}\n")).unwrap();
        if let Some(driver) = driver {
            symlink(format!("../../../../bus/pci/drivers/{driver}"), path.join("driver")).unwrap();
        }
    }

    #[test]
    fn display_devices_of_nvidia_in_order_of_their_address() {
        let root = tempfile::tempdir().unwrap();
        let ours = Some("nvidia");
        device(root.path(), "10000:01:00.0", ["0x10de", "0x030200", "active"], ours);
        device(root.path(), "0000:c1:00.0", ["0x10de", "0x030200", "suspended"], ours);
        device(root.path(), "0000:01:00.0", ["0x10de", "0x030000", "active"], Some("nouveau"));
        device(root.path(), "0000:01:00.1", ["0x10de", "0x040300", "active"], None);
        device(root.path(), "0000:02:00.0", ["0x1002", "0x030000", "active"], None);
        device(root.path(), "0000:03:00.0", ["0x10de", "0x030000", "suspending"], None);
        let found = find(root.path());
        let told: Vec<_> =
            found.iter().map(|one| (one.address.as_str(), one.is_ours(), one.sleeps())).collect();
        let expected = [
            ("0000:01:00.0", false, false),
            ("0000:03:00.0", false, true),
            ("0000:c1:00.0", true, true),
            ("10000:01:00.0", true, false),
        ];
        assert_eq!(told, expected);
        assert!(!found[0].may_sleep());
        fs::write(found[0].path.join("power/control"), "auto\n").unwrap();
        assert!(found[0].may_sleep());
        assert_eq!(find(&root.path().join("none")), []);
    }

    #[test]
    fn addresses_are_the_kernels() {
        assert_eq!(address("00000000:C1:00.0"), "0000:c1:00.0");
        assert_eq!(address("00010000:01:00.0"), "10000:01:00.0");
        assert_eq!(address("0000:01:00.0"), "0000:01:00.0");
        assert_eq!(address("Odd"), "odd");
    }
}
