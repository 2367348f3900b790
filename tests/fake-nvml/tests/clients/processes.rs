//! Processes and their samples, as pynvml reads them.
//!
//! Lists and samples have different protocols; both are NVML's.

use serde_json::json;

use super::{EPOCH, GIB, at, check, error};

#[test]
fn processes_stand_in_their_lists_while_they_live() {
    let scenario = r#"
        [[device]]
        [[device.process]]
        pid = 11
        memory = "2GiB"
        lives = "0s..20s"
        [[device.process]]
        pid = 12
        kind = "graphics"
        memory = "unknown"
        [[device.process]]
        pid = 13
        kind = "both"
        memory = "1GiB"
        [[device.process]]
        pid = 14
        kind = "mps"
        memory = "1GiB"
    "#;
    let lists = |list: &str| json!([format!("nvmlDeviceGet{list}RunningProcesses"), "@0"]);
    check(
        scenario,
        &[
            (
                lists("Compute"),
                json!([
                    { "pid": 11, "usedGpuMemory": 2 * GIB, "gpuInstanceId": u32::MAX },
                    { "pid": 13, "usedGpuMemory": GIB },
                ]),
            ),
            (lists("Graphics"), json!([{ "pid": 12, "usedGpuMemory": null }, { "pid": 13 }])),
            (lists("MPSCompute"), json!([{ "pid": 14 }])),
            (
                json!(["nvmlDeviceGetComputeRunningProcesses_v2", "@0"]),
                json!([{ "pid": 11 }, { "pid": 13 }]),
            ),
            (json!(["nvmlDeviceGetMemoryInfo", "@0"]), json!({ "used": 4 * GIB })),
            at(20_000),
            (lists("Compute"), json!([{ "pid": 13 }])),
            (json!(["nvmlDeviceGetMemoryInfo", "@0"]), json!({ "used": 2 * GIB })),
        ],
    );
}

#[test]
fn samples_of_processes_follow_the_last_seen_protocol() {
    let scenario = r#"
        [[device]]
        sample_period = "500ms"
        [[device.process]]
        pid = 11
        runs = ["0s..1s 70%", "1s..1250ms 100%"]
        memory_utilization = ["0s..1s 20%"]
        [[device.process]]
        pid = 12
        runs = ["500ms..1s 40%"]
        encoder = ["500ms..1s 5%"]
        utilization_pid = 99
        [[device]]
        process_utilization = "unsupported"
    "#;
    let seen = |last: u64| json!(["nvmlDeviceGetProcessUtilization", "@0", last]);
    let sample =
        |pid: u32, at: u64, sm: u32| json!({ "pid": pid, "timeStamp": EPOCH + at, "smUtil": sm });
    check(
        scenario,
        &[
            (seen(0), error("NOT_FOUND")),
            at(500),
            (
                seen(0),
                json!([{ "pid": 11, "timeStamp": EPOCH + 500_000, "smUtil": 70, "memUtil": 20, "encUtil": 0 }]),
            ),
            (seen(EPOCH + 500_000), error("NOT_FOUND")),
            at(1000),
            (seen(EPOCH + 500_000), json!([sample(11, 1_000_000, 70), sample(99, 1_000_000, 40)])),
            at(9000),
            (seen(EPOCH + 1_000_000), json!([sample(11, 1_500_000, 50)])),
            (
                json!(["nvmlDeviceGetProcessesUtilizationInfo", "@0", EPOCH + 500_000]),
                json!([
                    sample(11, 1_000_000, 70),
                    sample(11, 1_500_000, 50),
                    sample(99, 1_000_000, 40),
                ]),
            ),
            (seen(EPOCH + 1_500_000), error("NOT_FOUND")),
            (json!(["nvmlDeviceGetProcessUtilization", "@1", 0]), error("NOT_SUPPORTED")),
            at(1499),
            (json!(["nvmlDeviceGetUtilizationRates", "@0"]), json!({ "gpu": 100, "memory": 20 })),
            (json!(["nvmlDeviceGetEncoderUtilization", "@0"]), json!([5, 500_000])),
            (
                json!(["nvmlDeviceGetSamples", "@0", 1, EPOCH + 500_000]),
                json!([1, [
                    { "timeStamp": EPOCH + 1_000_000, "sampleValue": { "uiVal": 100 } },
                ]]),
            ),
            at(60_000),
            (seen(0), error("NOT_FOUND")),
        ],
    );
}
