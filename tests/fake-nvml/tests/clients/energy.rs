//! Energy and power, as pynvml reads them.
//!
//! The clock is stepped, so every value is exact.

use serde_json::json;

use super::{EPOCH, at, check, error};

#[test]
fn energy_is_the_exact_integral_of_power() {
    let scenario = r#"
        [[device]]
        power = ["0s 70W", "10s 400W"]
        energy_start = "123456J"
        energy_resets = ["12s"]
        module_power = "900W"
        [[device]]
        energy = "none"
        power = ["0s 70W", "10s 400W"]
        power_average = "1s"
        energy_refresh = "100ms"
    "#;
    let energy = || json!(["nvmlDeviceGetTotalEnergyConsumption", "@0"]);
    let fields =
        json!(["nvmlDeviceGetFieldValues", "@0", [83, 185, [186, 0], [186, 1], [186, 2], 9999]]);
    let none = error("NOT_SUPPORTED");
    check(
        scenario,
        &[
            (energy(), json!(123_456_000)),
            at(10_000),
            (energy(), json!(124_156_000)),
            (json!(["nvmlDeviceGetPowerUsage", "@0"]), json!(400_000)),
            (json!(["nvmlDeviceGetTotalEnergyConsumption", "@1"]), none.clone()),
            at(10_001),
            (energy(), json!(124_156_400)),
            (
                fields,
                json!([
                    { "nvmlReturn": 0, "valueType": 3, "value": { "ullVal": 124_156_400 }, "timestamp": EPOCH + 10_001_000 },
                    { "nvmlReturn": 0, "valueType": 1, "value": { "uiVal": 400_000 } },
                    { "nvmlReturn": 0, "value": { "uiVal": 400_000 } },
                    { "nvmlReturn": 0, "value": { "uiVal": 900_000 } },
                    { "nvmlReturn": 3 },
                    { "nvmlReturn": 3 },
                ]),
            ),
            at(10_550),
            (json!(["nvmlDeviceGetPowerUsage", "@1"]), json!(235_000)),
            (json!(["nvmlDeviceGetFieldValues", "@1", [[185, 1]]]), json!([{ "nvmlReturn": 3 }])),
            at(12_000),
            (energy(), json!(0)),
            at(13_000),
            (energy(), json!(400_000)),
        ],
    );
}
