//! The options of emissions: whose grid, what is drawn beyond the meters, what else is told.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::{
    carbon::{
        embodied::{self, Assumed, Hardware},
        footprint::Factors,
        live::config::{Place, Service},
    },
    units::Tariff,
};

/// Emissions beyond the table, and money.
#[derive(Clone, Debug, Args)]
pub struct CarbonArgs {
    /// A service that tells the intensity of now; its key is in
    /// `JOULETOP_ELECTRICITY_MAPS_KEY`, or `JOULETOP_WATTTIME_USER` and `JOULETOP_WATTTIME_PASSWORD`
    #[arg(
        long,
        value_enum,
        value_name = "SERVICE",
        conflicts_with = "carbon_intensity",
        global = true
    )]
    pub carbon_source: Option<Service>,

    /// The place in that service's own words, if `--zone` is not: a zone, a postcode, a region,
    /// DK1, or degrees north and east
    #[arg(
        long,
        value_name = "PLACE",
        value_parser = Place::parse,
        allow_negative_numbers = true,
        global = true
    )]
    pub carbon_zone: Option<Place>,

    /// Another address of that service, such as a proxy's
    #[arg(
        long,
        value_name = "URL",
        env = "JOULETOP_CARBON_URL",
        hide_env_values = true,
        global = true
    )]
    pub carbon_url: Option<String>,

    /// Energy of the site over that of its computers: cooling, distribution
    #[arg(long, value_name = "FACTOR", value_parser = Factors::parse, default_value = "1", global = true)]
    pub pue: Option<f64>,

    /// Energy of the machine over that of its metered parts: power supply, fans, disks
    #[arg(long, value_name = "FACTOR", value_parser = Factors::parse, default_value = "1", global = true)]
    pub overhead: Option<f64>,

    /// What a kWh costs, such as "0.32 EUR"; the report of a run tells its cost
    #[arg(long, value_name = "PRICE", value_parser = Tariff::parse, global = true)]
    pub tariff: Option<Tariff>,

    /// The report of a run tells its share of making the hardware, as a range
    #[arg(
        long,
        value_enum,
        value_name = "MACHINE",
        num_args = 0..=1,
        require_equals = true,
        default_value_t,
        default_missing_value = "auto",
        global = true
    )]
    pub embodied: Machine,

    /// How long hardware is in use, for `--embodied`
    #[arg(long, value_name = "TIME", value_parser = embodied::lifetime, default_value = "4y", global = true)]
    pub lifetime: Duration,
}

/// What kind of machine was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Machine {
    /// Its making is not told
    #[default]
    None,
    /// As the firmware says
    Auto,
    /// In a rack
    Server,
    /// On or below a desk
    Desktop,
    /// With a battery
    Laptop,
}

impl CarbonArgs {
    /// What is drawn beyond the meters, where the user says so, or else somebody before.
    pub fn factors(&self, before: Factors) -> Factors {
        Factors {
            pue: self.pue.unwrap_or(before.pue),
            overhead: self.overhead.unwrap_or(before.overhead),
        }
    }

    /// What is to be assumed of the hardware; `firmware` is what it says of itself.
    pub fn assumed(&self, firmware: impl FnOnce() -> Option<Hardware>) -> Option<Assumed> {
        let lifetime = self.lifetime;
        let known = |hardware| Assumed { hardware, guessed: false, lifetime };
        Some(match self.embodied {
            Machine::None => return None,
            Machine::Server => known(Hardware::Server),
            Machine::Desktop => known(Hardware::Desktop),
            Machine::Laptop => known(Hardware::Laptop),
            Machine::Auto => firmware()
                .map_or(Assumed { hardware: Hardware::Server, guessed: true, lifetime }, known),
        })
    }
}
