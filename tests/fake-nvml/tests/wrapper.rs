//! The crate `nvml-wrapper` reads what the scenario says.
//!
//! It is what jouletop loads the library with, and has protocols of its own for lists.

#![allow(clippy::unwrap_used, reason = "a test that panics has found something")]

use std::{env, fs};

use nvml_wrapper::{
    Nvml,
    enum_wrappers::device::{Clock, TemperatureSensor},
    enums::device::SampleValue,
    enums::device::UsedGpuMemory,
    enums::gpm::GpmMetricId,
    error::NvmlError,
    gpm::gpm_metrics_get,
    structs::device::FieldId,
};

const SCENARIO: &str = r#"
    [[device]]
    uuid = "GPU-one"
    power = ["0s 70W", "1s 400W"]
    [[device.process]]
    pid = 11
    memory = "2GiB"
    runs = ["0s..2s 70%"]
    [[device.process]]
    pid = 12
    kind = "mps"
    memory = "unknown"
    [[device]]
    mig = true
    lost = ["5s.."]
    [[device.instance]]
    id = 3
    slices = 2
    uuid = "MIG-one"
    runs = ["0s..2s 50%"]
"#;

/// One test, because the environment belongs to the whole process.
#[test]
fn what_it_reads_is_what_the_scenario_says() -> Result<(), NvmlError> {
    let folder = tempfile::tempdir().unwrap();
    let (clock, scenario) = (folder.path().join("clock"), folder.path().join("scenario.toml"));
    let at = |milliseconds: u64| fs::write(&clock, (milliseconds * 1_000_000).to_string()).unwrap();
    at(0);
    fs::write(&scenario, SCENARIO).unwrap();
    // SAFETY: no other thread reads the environment: this is the only test.
    unsafe {
        env::set_var("FAKE_NVML_SCENARIO", &scenario);
        env::set_var("FAKE_NVML_CLOCK", &clock);
    }
    let library = env::current_exe().unwrap().with_file_name("libfake_nvml.so");
    let nvml = Nvml::builder().lib_path(library.as_os_str()).init()?;
    assert_eq!((nvml.sys_driver_version()?.as_str(), nvml.device_count()?), ("550.54.15", 2));

    let device = nvml.device_by_uuid("GPU-one")?;
    at(3000);
    assert_eq!(device.total_energy_consumption()?, 870_000);
    assert_eq!((device.power_usage()?, device.enforced_power_limit()?), (400_000, 700_000));
    let fields = device.field_values_for(&[FieldId(83), FieldId(9999)])?;
    let values: Vec<_> = fields.into_iter().map(|field| field?.value).collect();
    assert!(matches!(values[..], [Ok(SampleValue::U64(870_000)), Err(NvmlError::NotSupported)]));
    let compute = device.running_compute_processes()?;
    assert_eq!((compute.len(), compute[0].pid, compute[0].gpu_instance_id), (1, 11, None));
    let clients = device.mps_running_compute_processes()?;
    assert_eq!(clients[0].used_gpu_memory, UsedGpuMemory::Unavailable);
    assert_eq!(device.running_graphics_processes()?.len(), 0);
    let samples = device.process_utilization_stats(None)?;
    let read: Vec<_> = samples.iter().map(|sample| (sample.pid, sample.sm_util)).collect();
    assert_eq!(read, [(11, 70), (11, 70)]);
    let newer = device.process_utilization_stats(samples[1].timestamp);
    assert!(matches!(newer, Err(NvmlError::NotFound)), "{newer:?}");
    assert_eq!(device.memory_info()?.used, 2 << 30);
    assert_eq!(device.temperature(TemperatureSensor::Gpu)?, 45);
    assert_eq!(device.clock_info(Clock::Memory)?, 2619);
    assert_eq!(device.pci_info()?.bus_id, "00000000:10:00.0");
    assert!(device.gpm_support()?);

    let divided = nvml.device_by_index(1)?;
    let part = divided.mig_device_by_index(0)?;
    assert!(part.mig_is_mig_device_handle()? && divided.mig_mode()?.current == 1);
    assert_eq!((part.uuid()?.as_str(), part.mig_parent_device()?.index()?), ("MIG-one", 1));
    assert!(matches!(part.power_usage(), Err(NvmlError::NotSupported)));
    at(1000);
    let first = divided.gpm_mig_sample(3)?;
    at(3000);
    let second = divided.gpm_mig_sample(3)?;
    let metrics = gpm_metrics_get(&nvml, &first, &second, &[GpmMetricId::GraphicsUtil])?;
    let busy = metrics[0].as_ref().map(|metric| metric.value);
    assert!(matches!(busy, Ok(25.0)), "{metrics:?}");
    at(5000);
    assert!(matches!(divided.power_usage(), Err(NvmlError::GpuLost)));

    // The wrapper closes the library; its time goes on nevertheless.
    drop((first, second));
    nvml.shutdown()?;
    let mapped = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(mapped.contains("libfake_nvml.so"), "{mapped}");
    Ok(())
}
