//! What a device is, as pynvml reads it.
//!
//! Every key of a scenario that is a fact about a device is here, away from its default.

use serde_json::{Value, json};

use super::{GIB, at, check, error};

#[test]
fn a_device_is_what_the_scenario_says() {
    let scenario = r#"
        driver = "570.1"
        nvml = "12.570.1"
        cuda = 12080
        [[device]]
        [[device]]
        name = "NVIDIA A100-SXM4-40GB"
        uuid = "GPU-6a8f"
        serial = "42"
        bus = "00000000:3B:00.0"
        minor = 5
        architecture = "ampere"
        brand = "tesla"
        memory = "40GiB"
        memory_used = "3GiB"
        power_limit = "400W"
        power_limit_min = "100W"
        power_limit_max = "450W"
        power_limit_default = "410W"
        temperature = 61
        fan = 33
        clocks = { graphics = 1200, sm = 1201, memory = 1215, video = 1095 }
        max_clocks = { graphics = 1410, memory = 1216 }
        throttle = ["sw_power_cap", "hw_thermal_slowdown"]
        performance_state = 2
        persistence = false
        ecc = false
        compute_mode = "exclusive_process"
        pcie = { gen = 4, width = 8, max_gen = 5, max_width = 16, sent = 100, received = 200 }
        utilization = ["0s 12%", "5s 34%"]
        memory_utilization = "7%"
    "#;
    let own = |name: &str, value: Value| (json!([name, "@1"]), value);
    check(
        scenario,
        &[
            (json!(["nvmlSystemGetDriverVersion"]), json!("570.1")),
            (json!(["nvmlSystemGetNVMLVersion"]), json!("12.570.1")),
            (json!(["nvmlSystemGetCudaDriverVersion_v2"]), json!(12080)),
            (json!(["nvmlDeviceGetCount"]), json!(2)),
            (json!(["nvmlDeviceGetHandleByUUID", "GPU-6a8f"]), json!("handle")),
            (json!(["nvmlDeviceGetHandleByPciBusId", "00000000:3B:00.0"]), json!("handle")),
            (json!(["nvmlDeviceGetHandleByPciBusId", "00000000:3C:00.0"]), error("NOT_FOUND")),
            (json!(["nvmlDeviceGetName", "@0"]), json!("NVIDIA H100 80GB HBM3")),
            own("nvmlDeviceGetName", json!("NVIDIA A100-SXM4-40GB")),
            own("nvmlDeviceGetUUID", json!("GPU-6a8f")),
            own("nvmlDeviceGetSerial", json!("42")),
            own("nvmlDeviceGetIndex", json!(1)),
            own("nvmlDeviceGetMinorNumber", json!(5)),
            own(
                "nvmlDeviceGetPciInfo",
                json!({ "bus": 0x3b, "busId": "00000000:3B:00.0", "busIdLegacy": "0000:3B:00.0" }),
            ),
            own("nvmlDeviceGetArchitecture", json!(7)),
            own("nvmlDeviceGetBrand", json!(2)),
            own("nvmlDeviceGetCudaComputeCapability", json!([8, 0])),
            own(
                "nvmlDeviceGetMemoryInfo",
                json!({ "total": 40 * GIB, "used": 3 * GIB, "free": 37 * GIB }),
            ),
            (
                json!(["nvmlDeviceGetMemoryInfo", "@1", 0x0200_0028]),
                json!({ "total": 40 * GIB, "used": 3 * GIB }),
            ),
            own("nvmlDeviceGetBAR1MemoryInfo", json!({ "bar1Used": 0 })),
            own("nvmlDeviceGetEnforcedPowerLimit", json!(400_000)),
            own("nvmlDeviceGetPowerManagementLimit", json!(400_000)),
            own("nvmlDeviceGetPowerManagementDefaultLimit", json!(410_000)),
            own("nvmlDeviceGetPowerManagementLimitConstraints", json!([100_000, 450_000])),
            (json!(["nvmlDeviceGetTemperature", "@1", 0]), json!(61)),
            (json!(["nvmlDeviceGetTemperatureV", "@1", 0]), json!(61)),
            (json!(["nvmlDeviceGetTemperatureThreshold", "@1", 1]), json!(87)),
            own("nvmlDeviceGetFanSpeed", json!(33)),
            (json!(["nvmlDeviceGetFanSpeed", "@0"]), error("NOT_SUPPORTED")),
            (json!(["nvmlDeviceGetClockInfo", "@1", 1]), json!(1201)),
            (json!(["nvmlDeviceGetMaxClockInfo", "@1", 2]), json!(1216)),
            own("nvmlDeviceGetCurrentClocksThrottleReasons", json!(0x44)),
            own("nvmlDeviceGetCurrentClocksEventReasons", json!(0x44)),
            own("nvmlDeviceGetPerformanceState", json!(2)),
            own("nvmlDeviceGetPersistenceMode", json!(0)),
            own("nvmlDeviceGetEccMode", json!([0, 0])),
            own("nvmlDeviceGetComputeMode", json!(3)),
            own("nvmlDeviceGetDisplayActive", json!(0)),
            own("nvmlDeviceGetCurrPcieLinkGeneration", json!(4)),
            own("nvmlDeviceGetMaxPcieLinkGeneration", json!(5)),
            own("nvmlDeviceGetCurrPcieLinkWidth", json!(8)),
            own("nvmlDeviceGetMaxPcieLinkWidth", json!(16)),
            (json!(["nvmlDeviceGetPcieThroughput", "@1", 0]), json!(100)),
            (json!(["nvmlDeviceGetPcieThroughput", "@1", 1]), json!(200)),
            own("nvmlDeviceGetAccountingMode", json!(0)),
            own("nvmlDeviceGetMigMode", json!([0, 0])),
            own("nvmlDeviceGetUtilizationRates", json!({ "gpu": 12, "memory": 7 })),
            at(5000),
            own("nvmlDeviceGetUtilizationRates", json!({ "gpu": 34, "memory": 7 })),
            (json!(["nvmlGpmQueryDeviceSupport", "@1"]), json!({ "isSupportedDevice": 0 })),
            (json!(["nvmlGpmQueryDeviceSupport", "@0"]), json!({ "isSupportedDevice": 1 })),
        ],
    );
}
