//! The options of `config` alone.

use clap::Args;

/// What to show of the configuration; all of it, as it is in force, if nothing else is said.
#[derive(Clone, Debug, Args)]
#[group(multiple = false)]
pub struct ConfigArgs {
    /// A whole configuration with its defaults and what each key does, to begin your own with
    #[arg(long)]
    pub default: bool,

    /// Each key, its value, and where that is from
    #[arg(long)]
    pub show_origin: bool,

    /// The files that are read, where they exist; a later one wins
    #[arg(long)]
    pub path: bool,
}
