//! A device that is divided into instances, as pynvml reads it.
//!
//! What NVML refuses there matters as much as what it tells.

use serde_json::{Value, json};

use super::{GIB, SECOND, check, error};

pub const DIVIDED: &str = r#"
    [[device]]
    power = "250W"
    mig = true
    [[device.instance]]
    id = 1
    profile = "1g.10gb"
    slices = 1
    memory = "10GiB"
    uuid = "MIG-one"
    runs = ["0s..2s 100%"]
    [[device.instance]]
    id = 2
    profile = "3g.40gb"
    slices = 3
    memory = "40GiB"
    [[device.process]]
    pid = "$ONE"
    memory = "2GiB"
    instance = 1
    [[device.process]]
    pid = "$TWO"
    memory = "3GiB"
    instance = 2
    runs = ["0s.. 50%"]
    [[device]]
    architecture = "ada"
"#;

#[test]
fn a_divided_device_has_instances_and_gpm_tells_their_activity() {
    let none = error("NOT_SUPPORTED");
    let gpm = |instance: Value| json!(["gpm", "@0", instance, [SECOND, 3 * SECOND], [1, 2, 3]]);
    check(
        &DIVIDED.replace("\"$ONE\"", "11").replace("\"$TWO\"", "12"),
        &[
            (json!(["nvmlDeviceGetMigMode", "@0"]), json!([1, 1])),
            (json!(["nvmlDeviceGetMigMode", "@1"]), none.clone()),
            (json!(["nvmlDeviceGetMaxMigDeviceCount", "@0"]), json!(7)),
            (json!(["nvmlDeviceGetMaxMigDeviceCount", "@1"]), json!(0)),
            (json!(["nvmlDeviceGetName", "@0/0"]), json!("NVIDIA H100 80GB HBM3 MIG 1g.10gb")),
            (json!(["nvmlDeviceGetUUID", "@0/0"]), json!("MIG-one")),
            (json!(["nvmlDeviceGetName", "@0/2"]), error("NOT_FOUND")),
            (json!(["nvmlDeviceIsMigDeviceHandle", "@0/1"]), json!(1)),
            (json!(["nvmlDeviceIsMigDeviceHandle", "@0"]), json!(0)),
            (json!(["nvmlDeviceGetGpuInstanceId", "@0/1"]), json!(2)),
            (json!(["nvmlDeviceGetComputeInstanceId", "@0/1"]), json!(0)),
            (json!(["nvmlDeviceGetDeviceHandleFromMigDeviceHandle", "@0/1"]), json!("handle")),
            (
                json!(["nvmlDeviceGetAttributes_v2", "@0/1"]),
                json!({
                    "multiprocessorCount": 48, "gpuInstanceSliceCount": 3, "computeInstanceSliceCount": 3, "memorySizeMB": 40_960,
                }),
            ),
            (
                json!(["nvmlDeviceGetMemoryInfo", "@0/0"]),
                json!({ "total": 10 * GIB, "used": 2 * GIB }),
            ),
            (
                json!(["nvmlDeviceGetMemoryInfo", "@0"]),
                json!({ "total": 80 * GIB, "used": 5 * GIB }),
            ),
            (
                json!(["nvmlDeviceGetComputeRunningProcesses", "@0/1"]),
                json!([
                    { "pid": 12, "gpuInstanceId": 2, "computeInstanceId": 0 },
                ]),
            ),
            (
                json!(["nvmlDeviceGetComputeRunningProcesses", "@0"]),
                json!([{ "pid": 11, "gpuInstanceId": 1 }, { "pid": 12 }]),
            ),
            (json!(["nvmlDeviceGetPowerUsage", "@0"]), json!(250_000)),
            (json!(["nvmlDeviceGetPowerUsage", "@0/0"]), none.clone()),
            (json!(["nvmlDeviceGetTotalEnergyConsumption", "@0/0"]), none.clone()),
            (json!(["nvmlDeviceGetUtilizationRates", "@0"]), none.clone()),
            (json!(["nvmlDeviceGetUtilizationRates", "@0/0"]), none.clone()),
            (json!(["nvmlDeviceGetProcessUtilization", "@0", 0]), none.clone()),
            (json!(["nvmlDeviceGetProcessUtilization", "@0/0", 0]), none.clone()),
            (gpm(json!(1)), json!([[0, 50.0], [0, 50.0], [3, 0.0]])),
            (gpm(json!(2)), json!([[0, 50.0], [0, 50.0], [3, 0.0]])),
            // (1 x 100% + 3 x 50%) / 7 for a second, then 3 x 50% / 7, each in hundredths.
            (gpm(Value::Null), json!([[0, 28.565], [0, 28.565], [3, 0.0]])),
            (gpm(json!(5)), error("INVALID_ARGUMENT")),
            (json!(["gpm", "@1", null, [0, 1], [1]]), none),
        ],
    );
}
