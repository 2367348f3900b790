//! What goes wrong, as pynvml meets it, and what a test learns of its reader.
//!
//! Errors come from the scenario, at its times.

use serde_json::{Value, json};

use super::{at, check, error, support::Setup};

#[test]
fn a_lost_device_a_lost_driver_and_faults() {
    let scenario = r#"
        unloaded = ["6s..8s"]
        [[device]]
        lost = ["3s..5s"]
        power = "100W"
        [[device]]
        [[fault]]
        call = "nvmlDeviceGetPowerUsage"
        error = "NO_PERMISSION"
        device = 1
        during = "2s..3s"
        [[fault]]
        call = "nvmlDeviceGetFanSpeed"
        error = "FUNCTION_NOT_FOUND"
    "#;
    let power = |device: &str| json!(["nvmlDeviceGetPowerUsage", device]);
    check(
        scenario,
        &[
            (power("@1"), json!(70_000)),
            (json!(["nvmlDeviceGetFanSpeed", "@0"]), error("FUNCTION_NOT_FOUND")),
            at(2000),
            (power("@1"), error("NO_PERMISSION")),
            (power("@0"), json!(100_000)),
            at(3000),
            (power("@1"), json!(70_000)),
            (power("@0"), error("GPU_IS_LOST")),
            (json!(["nvmlDeviceGetCount"]), json!(2)),
            at(5000),
            (power("@0"), json!(100_000)),
            at(6000),
            (power("@0"), error("DRIVER_NOT_LOADED")),
            (json!(["nvmlInit"]), error("DRIVER_NOT_LOADED")),
            at(8000),
            (power("@0"), error("UNINITIALIZED")),
            (json!(["nvmlInit"]), Value::Null),
            (power("@0"), json!(100_000)),
            at(9000),
            (json!(["nvmlDeviceGetTotalEnergyConsumption", "@0"]), json!(100_000)),
        ],
    );
}

#[test]
fn a_bad_scenario_is_told_with_the_remedy() {
    let setup = Setup::new("[[device]]\npower = '7'");
    let output = setup.pynvml_raw(&[json!(["nvmlInit"])]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), r#"{"error": "UNKNOWN"}"#);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("device 0: power: \"7\" is not a power"), "{words}");
}

#[test]
fn a_test_learns_which_functions_are_used_and_who_is_woken() {
    let setup = Setup::new("[[device]]\nasleep = true\n[[device]]");
    let calls = [
        json!(["nvmlInit"]),
        json!(["nvmlDeviceGetCount"]),
        json!(["nvmlDeviceGetPowerUsage", "@1"]),
        json!(["nvmlDeviceGetPowerUsage", "@0"]),
        json!(["nvmlShutdown"]),
    ];
    setup.pynvml(&calls);
    assert_eq!(
        setup.read("calls"),
        "nvmlDeviceGetCount_v2 1\nnvmlDeviceGetHandleByIndex_v2 2\nnvmlDeviceGetPowerUsage 2\n\
         nvmlInitWithFlags 1\nnvmlShutdown 1\n"
    );
    let woken = "0 nvmlDeviceGetHandleByIndex_v2 0\n0 nvmlDeviceGetPowerUsage 0\n";
    assert_eq!(setup.read("woken"), woken);
}
