//! Energy, power and its limits.

use std::ffi::{c_int, c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::{field_id::*, *};

use super::{
    arguments::{List, Out},
    device_calls,
};
use crate::{
    code::{Code, Outcome, returned},
    library::On,
};

device_calls! {
    nvmlDeviceGetTotalEnergyConsumption(energy: Out<c_ulonglong>) |on|
        energy.put(on.whole()?.power.energy(on.now)?);
    nvmlDeviceGetPowerUsage(power: Out<c_uint>) |on| power.put(on.whole()?.power.usage(on.now));
    nvmlDeviceGetEnforcedPowerLimit(limit: Out<c_uint>) |on| limit.put(on.whole()?.power.limit);
    nvmlDeviceGetPowerManagementLimit(limit: Out<c_uint>) |on| limit.put(on.whole()?.power.limit);
    nvmlDeviceGetPowerManagementDefaultLimit(limit: Out<c_uint>) |on|
        limit.put(on.whole()?.power.limit_default);
    nvmlDeviceGetPowerManagementLimitConstraints(min: Out<c_uint>, max: Out<c_uint>) |on| {
        let power = &on.whole()?.power;
        min.put(power.limit_min)?;
        max.put(power.limit_max)
    };
    nvmlDeviceGetPowerManagementMode(mode: Out<nvmlEnableState_t>) |on|
        on.whole().and_then(|_| mode.put(1));
    nvmlDeviceGetPowerSource(source: Out<nvmlPowerSource_t>) |on|
        on.whole().and_then(|_| source.put(0));
    nvmlDeviceGetFieldValues(count: c_int, values: List<nvmlFieldValue_t>) |on| {
        let count = usize::try_from(count).ok().filter(|&count| count > 0);
        let timestamp = on.library.clock.wall_us(on.now).cast_signed();
        values.change(count.ok_or(Code::INVALID_ARGUMENT)?, |value| {
            let field = field(on, value.fieldId, value.scopeId);
            value.timestamp = timestamp;
            value.latencyUsec = 0;
            value.nvmlReturn = returned(field.map(|_| ()));
            if let Ok((kind, number)) = field {
                value.valueType = kind;
                value.value = number;
            }
        })
    };
}

fn field(on: &On<'_>, id: u32, scope: u32) -> Outcome<(nvmlValueType_t, nvmlValue_t)> {
    let power = &on.whole()?.power;
    let milliwatts = match (id, scope) {
        (NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, _) => {
            let value = nvmlValue_t { ullVal: power.energy(on.now)? };
            return Ok((nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG, value));
        }
        (NVML_FI_DEV_POWER_AVERAGE, NVML_POWER_SCOPE_GPU) => power.usage(on.now),
        (NVML_FI_DEV_POWER_INSTANT, NVML_POWER_SCOPE_GPU) => power.instant(on.now),
        (NVML_FI_DEV_POWER_AVERAGE | NVML_FI_DEV_POWER_INSTANT, NVML_POWER_SCOPE_MODULE) => {
            power.module(on.now).ok_or(Code::NOT_SUPPORTED)?
        }
        (NVML_FI_DEV_POWER_MIN_LIMIT, _) => power.limit_min,
        (NVML_FI_DEV_POWER_MAX_LIMIT, _) => power.limit_max,
        (NVML_FI_DEV_POWER_DEFAULT_LIMIT, _) => power.limit_default,
        (NVML_FI_DEV_POWER_CURRENT_LIMIT | NVML_FI_DEV_POWER_REQUESTED_LIMIT, _) => power.limit,
        _ => return Err(Code::NOT_SUPPORTED),
    };
    let mut value = nvmlValue_t { ullVal: 0 };
    value.uiVal = milliwatts;
    Ok((nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT, value))
}
