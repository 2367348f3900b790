//! `config`: what is configured, and from where.

use std::process::ExitCode;

use super::{Usage, output::Output};
use crate::{
    cli::{Global, config::ConfigArgs},
    config::{names::Names, place, show},
};

/// Shows it.
pub fn config(global: &Global, args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let json = global.wants_json("config")?;
    if json && (args.default || args.path) {
        let text = "a configuration and its places are printed as text";
        return Err(Usage(format!("{text}; leave out --json")).into());
    }
    let effective = &global.config.effective;
    let text = if json {
        format!("{}\n", show::json(effective))
    } else if args.default {
        show::template(&Names::of_screen())
    } else if args.path {
        let get = |name: &str| std::env::var_os(name);
        let places = place::places(&global.etc_root, global.config_file.as_deref(), &get);
        let paths = places.iter().map(|place| place.path.display().to_string() + "\n");
        paths.collect()
    } else if args.show_origin {
        show::origins(effective)
    } else {
        show::in_force(effective)
    };
    Output::open(global.output.as_deref())?.write(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
