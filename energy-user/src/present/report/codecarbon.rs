//! The report as a row of CodeCarbon's `emissions.csv`, for whatever reads those files.
//!
//! Names, order and units are those of CodeCarbon 3.3.2 (`output_methods/emissions_data.py`):
//! kg CO2e, kWh, W, s, GB. Its energy has the PUE in it, so that ours has PUE and overhead here.
//! What jouletop does not know stays empty: an empty field is no zero, to pandas as well.

use super::document::Document;
use crate::{carbon, present::figure};

/// The columns, in order.
pub const COLUMNS: [&str; 38] = [
    "timestamp",
    "project_name",
    "run_id",
    "experiment_id",
    "duration",
    "emissions",
    "emissions_rate",
    "cpu_power",
    "gpu_power",
    "ram_power",
    "cpu_energy",
    "gpu_energy",
    "ram_energy",
    "energy_consumed",
    "water_consumed",
    "country_name",
    "country_iso_code",
    "region",
    "cloud_provider",
    "cloud_region",
    "os",
    "python_version",
    "codecarbon_version",
    "cpu_count",
    "cpu_model",
    "gpu_count",
    "gpu_model",
    "longitude",
    "latitude",
    "ram_total_size",
    "tracking_mode",
    "cpu_utilization_percent",
    "gpu_utilization_percent",
    "ram_utilization_percent",
    "ram_used_gb",
    "on_cloud",
    "pue",
    "wue",
];

/// The row, below its header if that is wanted.
pub fn lines(document: &Document, header: bool) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if header {
        writer.write_record(COLUMNS)?;
    }
    writer.write_record(COLUMNS.map(|column| field(document, column)))?;
    Ok(writer.into_inner()?)
}

fn field(document: &Document, column: &str) -> String {
    let place = &document.place;
    let wall = Some(document.wall_seconds).filter(|wall| *wall > 0.0);
    let factor = document.factors().product();
    let kwh = |joules: Option<f64>| number(joules.map(|joules| joules * factor / 3.6e6));
    let watts =
        |joules: Option<f64>| number(joules.zip(wall).map(|(joules, wall)| joules * factor / wall));
    let kg = document.co2e_grams.map(|grams| grams / 1e3);
    match column {
        "timestamp" => {
            place.ended.map_or_else(String::new, |at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
        }
        "project_name" => "jouletop".into(),
        "run_id" => text(place.run_id.as_deref()),
        "experiment_id" => figure::printable(&document.title()),
        "duration" => document.wall_seconds.to_string(),
        "emissions" => number(kg),
        "emissions_rate" => number(kg.zip(wall).map(|(kg, wall)| kg / wall)),
        "cpu_power" => watts(document.cpu_energy_joules),
        "gpu_power" => watts(document.gpu_energy_joules),
        "ram_power" => watts(document.dram_energy_joules),
        "cpu_energy" => kwh(document.cpu_energy_joules),
        "gpu_energy" => kwh(document.gpu_energy_joules),
        "ram_energy" => kwh(document.dram_energy_joules),
        "energy_consumed" => kwh(document.energy_joules),
        "country_name" => text(country(document).map(|it| it.name.as_str())),
        "country_iso_code" => text(country(document).and_then(|it| it.zone3.as_deref())),
        "region" => region(document),
        "os" => place
            .kernel
            .as_ref()
            .map_or_else(String::new, |it| format!("Linux-{}", figure::printable(it))),
        // Their file has no column for how a number is known.
        "codecarbon_version" => {
            format!("jouletop {} ({})", document.version, document.quality.as_str())
        }
        "cpu_count" => place.cpus.map_or_else(String::new, |cpus| cpus.to_string()),
        "cpu_model" => text(place.cpu_model.as_deref()),
        // Without the CPUs nobody looked for GPUs either.
        "gpu_count" => place.cpus.map_or_else(String::new, |_| {
            place.gpus.iter().map(|gpus| gpus.count).sum::<usize>().to_string()
        }),
        "gpu_model" => {
            let one = |gpus: &super::Gpus| format!("{} x {}", gpus.count, gpus.model);
            text(Some(&place.gpus.iter().map(one).collect::<Vec<_>>().join(", ")))
        }
        "ram_total_size" => {
            number(place.memory_bytes.map(|bytes| bytes as f64 / f64::from(1_u32 << 30)))
        }
        "tracking_mode" => "process".into(),
        "pue" => document.pue.to_string(),
        _ => String::new(),
    }
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn text(text: Option<&str>) -> String {
    text.map(figure::printable).unwrap_or_default()
}

/// The country of the zone, if the table has it.
fn country(document: &Document) -> Option<&'static carbon::Entry> {
    let zone = document.zone.as_deref()?;
    let country = zone.split_once('-').map_or(zone, |(country, _)| country);
    carbon::lookup(country).ok()
}

/// The part of a country, or the zone in its service's own words.
fn region(document: &Document) -> String {
    let zone = document.zone.as_deref().unwrap_or_default();
    match carbon::lookup(zone) {
        Ok(entry) if entry.zone3.is_none() => entry.name.clone(),
        Ok(_) => String::new(),
        Err(_) => figure::printable(zone),
    }
}
