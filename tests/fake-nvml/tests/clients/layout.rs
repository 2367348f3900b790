//! Sizes and offsets of structures are those of pynvml.
//!
//! The bindings and pynvml were both made from NVIDIA's header, by different people.

use nvml_wrapper_sys::bindings as nvml;
use serde_json::json;

use super::check;

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
