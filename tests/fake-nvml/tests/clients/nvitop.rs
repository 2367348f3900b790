//! The screen of nvitop shows what the scenario says.
//!
//! The processes in it are real, because nvitop looks them up.

use super::{SECOND, divided::DIVIDED, support::Setup};

#[test]
fn nvitop_shows_two_devices_and_their_processes() {
    let scenario = r#"
        [[device]]
        name = "NVIDIA H100 80GB HBM3"
        bus = "00000000:17:00.0"
        power = ["0s 70W", "10s 400W"]
        fan = 30
        [[device.process]]
        pid = "$ONE"
        memory = "2GiB"
        runs = ["0s.. 70%"]
        memory_utilization = ["0s.. 20%"]
        [[device]]
        name = "NVIDIA A100-SXM4-40GB"
        architecture = "ampere"
        memory = "40GiB"
        power = "55W"
        power_limit = "400W"
        [[device.process]]
        pid = "$TWO"
        kind = "graphics"
        memory = "1GiB"
        runs = ["0s.. 30%"]
    "#;
    let mut setup = Setup::new(scenario);
    let (one, two) = (setup.child("ONE"), setup.child("TWO"));
    setup.at(20 * SECOND);
    let screen = setup.nvitop();
    has_row(&screen, &["Driver Version: 550.54.15", "CUDA Driver Version: 12.4"]);
    has_row(&screen, &["0  H100 80GB HBM3", "00000000:17:00.0", "Disabled"]);
    has_row(&screen, &["30%", "45C", "P0", "400W / 700W", "2048MiB / 80.00GiB", "70%"]);
    has_row(&screen, &["1  A100-SXM4-40GB", "00000000:11:00.0"]);
    has_row(&screen, &["N/A", "55W / 400W", "1024MiB / 40.00GiB", "30%"]);
    has_row(&screen, &[&format!("{one} C"), "2048MiB  70    20", "sleep 600"]);
    has_row(&screen, &[&format!("{two} G"), "1024MiB  30     0", "sleep 600"]);
}

#[test]
fn nvitop_shows_a_divided_device() {
    let mut setup = Setup::new(DIVIDED);
    let (one, two) = (setup.child("ONE"), setup.child("TWO"));
    setup.at(SECOND);
    let screen = setup.nvitop();
    has_row(&screen, &["H100 80GB HBM3", "Enabled"]);
    has_row(&screen, &["250W / 700W", "5120MiB / 80.00GiB", "N/A"]);
    has_row(&screen, &["0:0", "1g.10gb @ GI/CI: 1/0", "2048MiB / 10240MiB"]);
    has_row(&screen, &["0:1", "3g.40gb @ GI/CI: 2/0", "3072MiB / 40.00GiB"]);
    has_row(&screen, &["0:0", &format!("{one} C"), "2048MiB", "sleep 600"]);
    has_row(&screen, &["0:1", &format!("{two} C"), "3072MiB", "sleep 600"]);
}

/// Whether one row of a screen has all of these words, in their order.
fn has_row(screen: &str, words: &[&str]) {
    let has = |row: &str| {
        let mut rest = row;
        words.iter().all(|word| {
            let Some((_, after)) = rest.split_once(word) else { return false };
            rest = after;
            true
        })
    };
    assert!(screen.lines().any(has), "no row with {words:?} in\n{screen}");
}
