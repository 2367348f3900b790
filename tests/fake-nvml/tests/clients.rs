//! Other people's readers of GPUs see what the scenario says.
//!
//! `nvidia-ml-py` and `nvitop`, unmodified, load the fake in place of NVIDIA's library:
//! what they read right has the names, the layouts and the protocols of the real one.

mod support;

use nvml_wrapper_sys::bindings as nvml;
use serde_json::{Value, json};
use support::Setup;

/// The wall clock at 0s of a stepped scenario, in microseconds.
const EPOCH: u64 = 1_800_000_000_000_000;
const SECOND: u64 = 1_000_000_000;
const GIB: u64 = 1 << 30;

/// Runs calls through pynvml, and compares what each gives.
fn check(scenario: &str, calls: &[(Value, Value)]) {
    let setup = Setup::new(scenario);
    let all: Vec<_> =
        [json!(["nvmlInit"])].into_iter().chain(calls.iter().map(|call| call.0.clone())).collect();
    let answers = setup.pynvml(&all);
    assert_eq!(answers.len(), all.len(), "{answers:?}");
    for ((call, expected), answer) in calls.iter().zip(&answers[1..]) {
        assert!(agrees(expected, answer), "{call}\nexpected {expected}\nfound    {answer}");
    }
}

/// Whether an answer has everything that is expected, and perhaps more fields.
fn agrees(expected: &Value, answer: &Value) -> bool {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => expected
            .iter()
            .all(|(key, value)| answer.get(key).is_some_and(|there| agrees(value, there))),
        (Value::Array(expected), Value::Array(answer)) => {
            expected.len() == answer.len()
                && expected.iter().zip(answer).all(|(one, other)| agrees(one, other))
        }
        _ => expected == answer,
    }
}

fn at(milliseconds: u64) -> (Value, Value) {
    (json!(["at", milliseconds * 1_000_000]), Value::Null)
}

fn error(name: &str) -> Value {
    json!({ "error": name })
}

/// Size and offsets of a structure, asked of pynvml and expected from the bindings.
macro_rules! layout {
    ($name:literal, $type:ident, $($field:ident),*) => {
        (
            json!(["layout", $name]),
            json!([size_of::<nvml::$type>(), [$(std::mem::offset_of!(nvml::$type, $field)),*]]),
        )
    };
}

#[test]
fn structures_are_laid_out_as_pynvml_has_them() {
    check(
        "",
        &[
            layout!(
                "nvmlPciInfo_t",
                nvmlPciInfo_t,
                busIdLegacy,
                domain,
                bus,
                device,
                pciDeviceId,
                pciSubSystemId,
                busId
            ),
            layout!("c_nvmlMemory_t", nvmlMemory_t, total, free, used),
            layout!("c_nvmlMemory_v2_t", nvmlMemory_v2_t, version, total, reserved, free, used),
            layout!("c_nvmlBAR1Memory_t", nvmlBAR1Memory_t, bar1Total, bar1Free, bar1Used),
            layout!("c_nvmlUtilization_t", nvmlUtilization_t, gpu, memory),
            layout!(
                "c_nvmlProcessInfo_v2_t",
                nvmlProcessInfo_v2_t,
                pid,
                usedGpuMemory,
                gpuInstanceId,
                computeInstanceId
            ),
            layout!(
                "c_nvmlProcessInfo_v3_t",
                nvmlProcessInfo_t,
                pid,
                usedGpuMemory,
                gpuInstanceId,
                computeInstanceId
            ),
            layout!(
                "c_nvmlProcessUtilizationSample_t",
                nvmlProcessUtilizationSample_t,
                pid,
                timeStamp,
                smUtil,
                memUtil,
                encUtil,
                decUtil
            ),
            layout!(
                "c_nvmlProcessUtilizationInfo_v1_t",
                nvmlProcessUtilizationInfo_v1_t,
                timeStamp,
                pid,
                smUtil,
                memUtil,
                encUtil,
                decUtil,
                jpgUtil,
                ofaUtil
            ),
            layout!(
                "c_nvmlProcessesUtilizationInfo_v1_t",
                nvmlProcessesUtilizationInfo_t,
                version,
                processSamplesCount,
                lastSeenTimeStamp,
                procUtilArray
            ),
            layout!("c_nvmlSample_t", nvmlSample_t, timeStamp, sampleValue),
            layout!(
                "c_nvmlFieldValue_t",
                nvmlFieldValue_t,
                fieldId,
                scopeId,
                timestamp,
                latencyUsec,
                valueType,
                nvmlReturn,
                value
            ),
            layout!("c_nvmlTemperature_v1_t", nvmlTemperature_t, version, sensorType, temperature),
            layout!(
                "c_nvmlDeviceAttributes",
                nvmlDeviceAttributes_t,
                multiprocessorCount,
                sharedCopyEngineCount,
                sharedDecoderCount,
                sharedEncoderCount,
                sharedJpegCount,
                sharedOfaCount,
                gpuInstanceSliceCount,
                computeInstanceSliceCount,
                memorySizeMB
            ),
            layout!("c_nvmlGpmSupport_t", nvmlGpmSupport_t, version, isSupportedDevice),
            layout!("c_nvmlGpmMetric_t", nvmlGpmMetric_t, metricId, nvmlReturn, value, metricInfo),
        ],
    );
}

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

const DIVIDED: &str = r#"
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
