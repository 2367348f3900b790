//! Laptops on the battery, on mains, with two batteries, and broken ones.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn write(root: &Path, supply: &str, files: &[(&str, &str)]) {
    let dir = root.join("class/power_supply").join(supply);
    fs::create_dir_all(&dir).unwrap();
    for (file, text) in files {
        fs::write(dir.join(file), format!("{text}\n")).unwrap();
    }
}

fn laptop(status: &str, microwatts: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "AC", &[("type", "Mains"), ("online", "0")]);
    let battery = [("type", "Battery"), ("status", status), ("power_now", microwatts)];
    write(root.path(), "BAT0", &battery);
    root
}

fn power_of(root: &Path) -> Result<Watts, String> {
    power(&supplies(&root.join("class/power_supply")))
}

fn absence(root: &Path) -> String {
    power_of(root).unwrap_err()
}

#[test]
fn a_laptop_that_discharges_tells_what_it_draws() {
    let root = laptop("Discharging", "12500000");
    let mut all = find(root.path());
    let facts = all[0].facts();
    assert_eq!((facts.id.as_str(), facts.domain), ("battery", Domain::Machine));
    assert_eq!(facts.route, Route::Battery);
    assert!(facts.at.contains("BAT0"), "{}", facts.at);
    assert!(matches!(all[0].read(SECOND), Reading::Counter { microjoules: 0, .. }));
    assert!(matches!(all[0].read(3 * SECOND), Reading::Counter { microjoules: 25_000_000, .. }));
}

#[test]
fn on_mains_there_is_no_reading() {
    for status in ["Charging", "Full", "Not charging", "Unknown"] {
        let why = absence(laptop(status, "12500000").path());
        assert_eq!(why, "on mains: the battery tells only while it discharges", "{status}");
    }
    // A weak adapter that the battery helps.
    let root = laptop("Discharging", "3000000");
    write(root.path(), "AC", &[("online", "1")]);
    assert!(absence(root.path()).starts_with("on mains (AC): "));
}

#[test]
fn plugged_in_between_two_samples_is_a_gap() {
    let root = laptop("Discharging", "10000000");
    let mut all = find(root.path());
    assert!(matches!(all[0].read(SECOND), Reading::Counter { .. }));
    write(root.path(), "BAT0", &[("status", "Charging")]);
    all[0].poll(2 * SECOND);
    write(root.path(), "BAT0", &[("status", "Discharging")]);
    all[0].poll(3 * SECOND);
    assert!(matches!(all[0].read(4 * SECOND), Reading::Absent(_)));
    assert!(matches!(all[0].read(5 * SECOND), Reading::Counter { .. }));
}

#[test]
fn two_batteries_add_up_and_one_may_rest() {
    let root = laptop("Discharging", "8000000");
    let second = [("type", "Battery"), ("status", "Discharging"), ("power_now", "4000000")];
    write(root.path(), "BAT1", &second);
    assert_eq!(power_of(root.path()), Ok(Watts(12.0)));
    write(root.path(), "BAT1", &[("status", "Not charging"), ("power_now", "0")]);
    assert_eq!(power_of(root.path()), Ok(Watts(8.0)));
    fs::remove_file(root.path().join("class/power_supply/BAT1/power_now")).unwrap();
    assert_eq!(power_of(root.path()), Ok(Watts(8.0)));
    write(root.path(), "BAT1", &[("status", "Charging"), ("power_now", "1")]);
    assert!(absence(root.path()).starts_with("on mains"));
}

#[test]
fn current_times_voltage_whatever_the_sign() {
    let root = tempfile::tempdir().unwrap();
    for current in ["1500000", "-1500000"] {
        write(
            root.path(),
            "BAT0",
            &[
                ("type", "Battery"),
                ("status", "Discharging"),
                ("current_now", current),
                ("voltage_now", "12000000"),
            ],
        );
        assert_eq!(power_of(root.path()), Ok(Watts(18.0)));
    }
}

#[test]
fn mice_and_empty_bays_are_no_batteries_of_the_machine() {
    let root = tempfile::tempdir().unwrap();
    let mouse = [("type", "Battery"), ("scope", "Device"), ("status", "Discharging")];
    write(root.path(), "hidpp_battery_0", &mouse);
    write(root.path(), "BAT1", &[("type", "Battery"), ("present", "0")]);
    write(root.path(), "AC", &[("type", "Mains"), ("online", "1")]);
    assert!(find(root.path()).is_empty());
    assert!(find(Path::new("/nowhere")).is_empty());
}

#[test]
fn what_says_nothing_is_absent_and_never_zero_watts() {
    assert!(absence(laptop("Discharging", "0").path()).contains("no watts"));
    assert!(absence(laptop("Discharging", "junk").path()).contains("not a number"));
    let root = laptop("Discharging", "1");
    fs::remove_file(root.path().join("class/power_supply/BAT0/status")).unwrap();
    assert!(absence(root.path()).contains("does not tell whether it discharges"));
    fs::remove_dir_all(root.path().join("class/power_supply/BAT0")).unwrap();
    assert!(absence(root.path()).contains("no battery is left"));
}
