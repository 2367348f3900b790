//! Which GPUs there are under `class/drm`, and what they are called.
//!
//! A card's number is an order of registration; its address on the bus lasts. Connectors and
//! render nodes lie in the same class and are none. Nothing of this wakes a device.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{files, sample::Vendor};

/// A GPU as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// `class/drm/card0`.
    pub card: PathBuf,
    /// `amdgpu`, `radeon`, `i915`, `xe`.
    pub driver: &'static str,
    /// `0000:03:00.0`; the card's name where the kernel does not say.
    pub bus: String,
    /// Vendor and device by their numbers: `1002:744c`.
    pub model: Option<String>,
    /// Its nodes in `/dev/dri`: `card0`, `renderD128`.
    pub nodes: Vec<String>,
}

/// The drivers that are read here.
const DRIVERS: [&str; 4] = ["amdgpu", "radeon", "i915", "xe"];

/// All of them, in the order of the bus.
pub fn find(sysfs: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(sysfs.join("class/drm")) else { return Vec::new() };
    let mut found: Vec<_> = entries.flatten().filter_map(|entry| look(&entry.path())).collect();
    found.sort_by(|a, b| (&a.bus, &a.card).cmp(&(&b.bus, &b.card)));
    // Partitions of one device are cards of their own; what it draws is told once.
    found.dedup_by(|a, b| a.bus == b.bus);
    found
}

fn look(card: &Path) -> Option<Found> {
    let name = card.file_name()?.to_str()?;
    name.strip_prefix("card")?.parse::<u32>().ok()?;
    let device = card.join("device");
    let uevent = files::read(&device.join("uevent")).unwrap_or_default();
    let says = |key: &str| {
        let lines = uevent.lines().filter_map(|line| line.split_once('='));
        lines.filter(|(found, _)| *found == key).map(|(_, value)| value.trim()).next()
    };
    let link = fs::read_link(device.join("driver")).ok();
    let link = link.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    let driver = link.or_else(|| says("DRIVER"))?;
    let driver = DRIVERS.into_iter().find(|known| *known == driver)?;
    let nodes = fs::read_dir(device.join("drm")).into_iter().flatten().flatten();
    let nodes = nodes.filter_map(|entry| entry.file_name().into_string().ok());
    let mut nodes: Vec<_> = nodes.filter(|node| is_node(node)).collect();
    if nodes.is_empty() {
        nodes.push(name.into());
    }
    nodes.sort();
    Some(Found {
        card: card.to_path_buf(),
        driver,
        bus: says("PCI_SLOT_NAME").unwrap_or(name).to_string(),
        model: says("PCI_ID").map(str::to_ascii_lowercase),
        nodes,
    })
}

/// A name in `/dev/dri` that is a GPU's.
pub fn is_node(name: &str) -> bool {
    let number = name.strip_prefix("renderD").or(name.strip_prefix("card"));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

impl Found {
    /// Its directory on the bus.
    pub fn device(&self) -> PathBuf {
        self.card.join("device")
    }

    /// Whose it is.
    pub fn vendor(&self) -> Vendor {
        match self.driver {
            "i915" | "xe" => Vendor::Intel,
            _ => Vendor::Amd,
        }
    }

    /// What its maker calls it, or what can be said without it.
    pub fn name(&self) -> String {
        let product = files::read(&self.device().join("product_name")).unwrap_or_default();
        let product: String = product.trim().chars().filter(|c| !c.is_control()).take(64).collect();
        if !product.is_empty() {
            return product;
        }
        let vendor = self.vendor().title();
        let kind = if self.is_within_the_cpu() { "integrated GPU" } else { "GPU" };
        match &self.model {
            Some(model) => format!("{vendor} {kind} [{model}]"),
            None => format!("{vendor} {kind}"),
        }
    }

    /// Intel's integrated GPUs have this address on every machine.
    pub fn is_within_the_cpu(&self) -> bool {
        self.vendor() == Vendor::Intel && self.bus.ends_with(":00:02.0") && self.bus.len() == 12
    }

    /// Why it is not to be touched: it is powered down, and a read would wake it.
    pub fn sleeps(&self) -> bool {
        let status = files::read(&self.device().join("power/runtime_status"));
        status.is_ok_and(|status| matches!(status.trim(), "suspended" | "suspending"))
    }

    /// Its chip of `hwmon`: the one with the driver's name, as tiles have chips of their own.
    pub fn hwmon(&self) -> Option<PathBuf> {
        let mut chips: Vec<_> = fs::read_dir(self.device().join("hwmon"))
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .filter(|chip| {
                files::read(&chip.join("name")).is_ok_and(|name| name.trim() == self.driver)
            })
            .collect();
        chips.sort();
        chips.into_iter().next()
    }
}
