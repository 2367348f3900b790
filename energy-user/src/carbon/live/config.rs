//! Which service is asked, of which place, where it is and by which key.
//!
//! Keys are read from the environment alone: a command line is shown to everybody by `ps`.

use std::{fmt, time::Duration};

use clap::ValueEnum;

use super::{
    CarbonIntensity,
    client::Client,
    electricity_maps::{self, ElectricityMaps},
    energi_data_service::{self, EnergiDataService},
    neso::{self, Neso},
    watttime::{self, WattTime},
};
use crate::{carbon::Intensity, web::Secret};

/// The services that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Service {
    /// Hourly averages of most of the world; needs a key
    ElectricityMaps,
    /// Half hours of Great Britain; no key
    Neso,
    /// Marginal intensities, for decisions; needs an account
    #[value(name = "watttime")]
    WattTime,
    /// Five minutes of Denmark; no key
    EnergiDataService,
}

/// A place, in a service's own words.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Its code.
    Zone(String),
    /// Degrees north and east.
    Coordinates {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(zone) => f.write_str(zone),
            Self::Coordinates { latitude, longitude } => write!(f, "{latitude},{longitude}"),
        }
    }
}

impl Place {
    /// A place from text: a code, or `48.9,2.5`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let help = "use the service's own code, such as FR, RG10, CAISO_NORTH or DK1, or degrees \
                    north and east, such as 48.9,2.5";
        let text = text.trim();
        if let Some((north, east)) = text.split_once(',') {
            let degrees = |text: &str, most: f64| {
                let degrees = text.trim().parse::<f64>().ok();
                degrees.filter(|degrees| degrees.abs() <= most)
            };
            let place = degrees(north, 90.0).zip(degrees(east, 180.0));
            let (latitude, longitude) = place.ok_or(help)?;
            return Ok(Self::Coordinates { latitude, longitude });
        }
        // It becomes a part of an address.
        let sound = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
        if text.is_empty() || text.len() > 40 || !text.bytes().all(sound) {
            return Err(help.into());
        }
        Ok(Self::Zone(text.into()))
    }
}

/// What the user said of it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which service.
    pub service: Service,
    /// Of which place.
    pub place: Option<Place>,
    /// The zone of the bundled table, which stands in.
    pub zone: Option<Intensity>,
    /// Another address than the service's own.
    pub url: Option<String>,
}

impl Config {
    /// The service, and what stands in for it. `said` reads the environment. An error is the
    /// user's, with the remedy.
    pub fn open(
        self,
        said: &dyn Fn(&str) -> Option<String>,
        timeout: Duration,
    ) -> Result<(Box<dyn CarbonIntensity>, Intensity), String> {
        let table = self.table();
        let url = |own: &'static str| Client::new(self.url.as_deref().unwrap_or(own), timeout);
        let key = |name: &str| {
            let said = said(name).filter(|said| !said.trim().is_empty());
            said.ok_or_else(|| format!("--carbon-source needs its key; put it into {name}"))
        };
        let source: Box<dyn CarbonIntensity> = match self.service {
            Service::ElectricityMaps => {
                let place = self.place_or_zone().ok_or(
                    "Electricity Maps needs a place; add --zone FR, or --carbon-zone with its \
                     own zone or degrees",
                )?;
                let key = Secret::new(key(electricity_maps::KEY)?);
                Box::new(ElectricityMaps::new(url(electricity_maps::URL)?, place, key))
            }
            Service::Neso => {
                self.only("GB", "NESO knows Great Britain")?;
                let postcode = match &self.place {
                    None => None,
                    Some(Place::Zone(zone)) if zone.eq_ignore_ascii_case("GB") => None,
                    Some(Place::Zone(code)) if (2..=4).contains(&code.len()) => {
                        Some(code.to_ascii_uppercase())
                    }
                    Some(_) => {
                        let help = "the first half of a postcode, such as RG10";
                        return Err(format!("NESO knows no such place; --carbon-zone is {help}"));
                    }
                };
                Box::new(Neso::new(url(neso::URL)?, postcode))
            }
            Service::WattTime => {
                let place = self.place.clone().ok_or(
                    "WattTime needs a place; add --carbon-zone with its region, such as \
                     CAISO_NORTH, or degrees such as 38.6,-121.5",
                )?;
                let (user, password) = (key(watttime::USER)?, key(watttime::PASSWORD)?);
                let client = url(watttime::URL)?;
                Box::new(WattTime::new(client, place, user, Secret::new(password)))
            }
            Service::EnergiDataService => {
                self.only("DK", "Energi Data Service knows Denmark")?;
                let area = match &self.place {
                    Some(Place::Zone(area)) => area.to_ascii_uppercase(),
                    _ => String::new(),
                };
                if !["DK1", "DK2"].contains(&area.as_str()) {
                    let help = "--carbon-zone DK1 (west of the Great Belt) or DK2 (east)";
                    return Err(format!("Energi Data Service needs {help}"));
                }
                Box::new(EnergiDataService::new(url(energi_data_service::URL)?, area))
            }
        };
        Ok((source, table))
    }

    /// The code of the bundled table's zone, if it is a place.
    fn zone(&self) -> Option<&str> {
        let zone = self.zone.as_ref()?.zone.as_deref()?;
        (zone != super::super::WORLD).then_some(zone)
    }

    fn place_or_zone(&self) -> Option<Place> {
        self.place.clone().or_else(|| self.zone().map(|zone| Place::Zone(zone.into())))
    }

    /// A service of one country has no other's table behind it.
    fn only(&self, country: &str, knows: &str) -> Result<(), String> {
        match self.zone() {
            Some(zone) if zone != country => Err(format!("{knows} only; use --zone {country}")),
            _ => Ok(()),
        }
    }

    /// What stands in.
    fn table(&self) -> Intensity {
        let named = match (self.service, &self.place) {
            (Service::Neso, _) => Some("GB"),
            (Service::EnergiDataService, _) => Some("DK"),
            (Service::ElectricityMaps, Some(Place::Zone(zone))) => Some(zone.as_str()),
            _ => None,
        };
        let implied = || named.and_then(|zone| Intensity::zone(zone).ok());
        self.zone.clone().or_else(implied).unwrap_or_else(Intensity::world)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(service: Service, place: &str, zone: &str) -> Config {
        Config {
            service,
            place: Some(place).filter(|it| !it.is_empty()).map(|it| Place::parse(it).unwrap()),
            zone: Some(zone).filter(|it| !it.is_empty()).map(|it| Intensity::zone(it).unwrap()),
            url: Some("http://127.0.0.1:9".into()),
        }
    }

    fn open(config: Config) -> Result<(&'static str, Option<String>), String> {
        let said = |name: &str| Some(format!("key of {name}"));
        let (source, table) = config.open(&said, Duration::from_secs(1))?;
        Ok((source.title(), table.zone))
    }

    #[test]
    fn places() {
        assert_eq!(Place::parse(" DE "), Ok(Place::Zone("DE".into())));
        let there = Place::Coordinates { latitude: 48.9, longitude: -2.5 };
        assert_eq!(Place::parse("48.9, -2.5"), Ok(there));
        let long = "A".repeat(41);
        for bad in ["", "a b", "FR&key=1", "91,0", "0,181", "nan,0", "1,", "1,2,3", "../x", &long] {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_service_has_its_place_and_its_stand_in() {
        let maps = Service::ElectricityMaps;
        let ok = |title, zone: &str| Ok((title, Some(zone.to_owned())));
        assert_eq!(open(config(maps, "", "FR")), ok("Electricity Maps", "FR"));
        assert_eq!(open(config(maps, "de", "")), ok("Electricity Maps", "DE"));
        assert_eq!(open(config(maps, "US-CAL-CISO", "US-CA")), ok("Electricity Maps", "US-CA"));
        assert_eq!(open(config(maps, "48.9,2.5", "")), Ok(("Electricity Maps", None)));
        assert_eq!(open(config(Service::Neso, "", "")), ok("NESO", "GB"));
        assert_eq!(open(config(Service::Neso, "rg10", "GB")), ok("NESO", "GB"));
        assert_eq!(
            open(config(Service::WattTime, "CAISO_NORTH", "US-CA")),
            ok("WattTime", "US-CA")
        );
        let energi = Service::EnergiDataService;
        assert_eq!(open(config(energi, "dk1", "")), ok("Energi Data Service", "DK"));
    }

    #[test]
    fn what_is_missing_is_told_with_the_remedy() {
        for (config, words) in [
            (config(Service::ElectricityMaps, "", ""), "--zone FR"),
            (config(Service::ElectricityMaps, "", "WORLD"), "--zone FR"),
            (config(Service::Neso, "", "FR"), "--zone GB"),
            (config(Service::Neso, "51.5,0", ""), "RG10"),
            (config(Service::WattTime, "", "US-CA"), "CAISO_NORTH"),
            (config(Service::EnergiDataService, "", "DK"), "DK1"),
            (config(Service::EnergiDataService, "DK1", "SE"), "--zone DK"),
        ] {
            let error = open(config).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        for (service, place, name) in [
            (Service::ElectricityMaps, "FR", electricity_maps::KEY),
            (Service::WattTime, "PJM", watttime::USER),
        ] {
            for empty in [None, Some(" ".to_owned())] {
                let opened = config(service, place, "").open(&|_| empty.clone(), Duration::ZERO);
                assert!(opened.err().unwrap().contains(name), "{name}");
            }
        }
        let plain =
            Config { url: Some("http://api.example".into()), ..config(Service::Neso, "", "") };
        assert!(open(plain).unwrap_err().contains("https://"));
    }
}
