//! The command line, with what files say as its defaults.

use std::{collections::BTreeMap, ffi::OsString};

use clap::{
    ArgMatches, Command, CommandFactory as _, FromArgMatches as _,
    builder::{OsStr, Resettable},
    parser::ValueSource,
};
use serde::Deserialize as _;
use toml::{Table, Value};

use super::{
    Config, Effective, Origin, Own, Problem, Problems, Screen, Waste,
    check::text,
    key::{self, KEYS, KEYS_SECTION},
    keys,
    layers::{Merged, Placed},
    names::Names,
    parse::parse,
    place::{owners, places},
};
use crate::{
    carbon::live,
    cli::{Cli, Command as Cmd, Global},
    waste::Thresholds,
    web,
};

/// Why there is no command to follow.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The command line is wrong, or asks for help alone.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// A file is wrong.
    #[error(transparent)]
    Config(#[from] Problems),
    /// They do not go together.
    #[error("{0}")]
    Together(String),
}

/// What is to be done: the command line over the environment over the files.
///
/// `args` begins with the program's name; `get` reads the environment.
pub fn settle(args: &[OsString], get: &dyn Fn(&str) -> Option<OsString>) -> Result<Cli, Refused> {
    let first = Cli::command().try_get_matches_from(args)?;
    let cli = Cli::from_arg_matches(&first)?;
    if !cli.reads_config() {
        return Ok(cli);
    }
    let (merged, own) = read(&cli, get)?;
    let leave_out = match &cli.command {
        Some(Cmd::Replay { .. }) => recorded(),
        _ if cli.global.simulate.is_some() => OF_HERE_AND_NOW.to_vec(),
        _ => Vec::new(),
    };
    let (command, merged) = with_defaults(&first, merged, &leave_out)?;
    let second = command.try_get_matches_from(args)?;
    let mut cli = Cli::from_arg_matches(&second)?;
    if let Some(Cmd::Replay { .. }) = &cli.command {
        unsay(&mut cli.global, &second);
    }
    cli.global.config = Config { own, ..config(&second, &merged)? };
    Ok(cli)
}

/// Keys about this machine, and about now: a made-up machine has its own.
const OF_HERE_AND_NOW: [&str; 3] = ["carbon_source", "calibration", "weight"];
/// What a recording has said already; only the command line says otherwise.
const RECORDED: [&str; 12] = [
    "carbon_source",
    "calibration",
    "weight",
    "zone",
    "carbon_intensity",
    "idle_policy",
    "gpu_share",
    "learn",
    "pue",
    "overhead",
    "whole",
    "nvml_lib",
];

/// The same, with the thresholds of waste.
fn recorded() -> Vec<&'static str> {
    let waste = KEYS.iter().map(|key| key.name).filter(|name| name.starts_with("waste."));
    RECORDED.into_iter().chain(waste).collect()
}

/// Takes back what is only a default, so that what was recorded holds.
fn unsay(global: &mut Global, matches: &ArgMatches) {
    let unsaid = |name: &str| said(matches, name).is_none();
    let (method, carbon) = (&mut global.method, &mut global.carbon);
    method.idle_policy = method.idle_policy.filter(|_| !unsaid("idle_policy"));
    method.gpu_share = method.gpu_share.filter(|_| !unsaid("gpu_share"));
    method.learn = method.learn.filter(|_| !unsaid("learn"));
    carbon.pue = carbon.pue.filter(|_| !unsaid("pue"));
    carbon.overhead = carbon.overhead.filter(|_| !unsaid("overhead"));
}

/// All files, one over the other, or everything that is wrong with them.
fn read(cli: &Cli, get: &dyn Fn(&str) -> Option<OsString>) -> Result<(Merged, Own), Problems> {
    let (mut merged, mut own, mut problems) = (Merged::default(), Own::default(), Vec::new());
    let names = Names::of_screen();
    let owners = owners(get);
    for place in places(&cli.global.etc_root, cli.global.config_file.as_deref(), get) {
        let said = match place.read(&owners) {
            Ok(said) => {
                if place.is_own() {
                    let text = said.as_ref().map(|said| said.text.clone());
                    own = Own::new(place.clone(), text, &owners);
                }
                let Some(said) = said else { continue };
                said
            }
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        match parse(&said.text, &names) {
            Ok(layer) => {
                // Here and not where it is loaded: a later file would hide who asked for it.
                if let Some((given, why)) = layer.get("nvml_lib").zip(said.names_no_code) {
                    problems.push(Problem {
                        path: place.path.clone(),
                        line: Some(given.line),
                        words: format!("nvml_lib: {why}"),
                    });
                }
                merged.lay(&place.path, layer);
            }
            Err(wrong) => problems.extend(wrong.into_iter().map(|(line, words)| Problem {
                path: place.path.clone(),
                line,
                words,
            })),
        }
    }
    if problems.is_empty() { Ok((merged, own)) } else { Err(Problems(problems)) }
}

/// Who said an option, if somebody did on this command line or in the environment. A variable
/// that is empty is one that is not set.
fn said(matches: &ArgMatches, name: &str) -> Option<(ValueSource, String)> {
    let source = matches.value_source(name)?;
    let text = matches.get_raw(name)?.next()?.to_string_lossy().into_owned();
    let empty = source == ValueSource::EnvVariable && text.is_empty();
    (source != ValueSource::DefaultValue && !empty).then_some((source, text))
}

/// The command line whose defaults are what the files say, and what they say.
fn with_defaults(
    first: &ArgMatches,
    mut merged: Merged,
    leave_out: &[&str],
) -> Result<(Command, Merged), Refused> {
    let options = || KEYS.iter().filter(|key| key.is_option()).map(|key| key.name);
    for name in options() {
        if let Some((ValueSource::CommandLine, text)) = said(first, name) {
            merged.displace(name, Some(&text));
        }
    }
    for name in leave_out {
        merged.forget(name);
    }
    let service = said(first, "carbon_source").is_some();
    if let Some(problem) =
        merged.without_service(service || said(first, "carbon_intensity").is_some())
    {
        return Err(Problems(vec![problem]).into());
    }
    if said(first, "carbon_zone").is_some() && !service && !merged.0.contains_key("carbon_source") {
        let words = "--carbon-zone is a place in a service's own words; add --carbon-source, or \
                     use --zone";
        return Err(Refused::Together(words.into()));
    }
    let mut command = Cli::command();
    for name in options() {
        let Some(placed) = merged.0.get(name) else { continue };
        let text = OsStr::from(text(&placed.value));
        let ours = said(first, name).is_none();
        command = command.mut_arg(name, |arg| {
            let arg = arg.default_value(text);
            // An empty variable would win over the file.
            if ours { arg.env(Resettable::<OsStr>::Reset) } else { arg }
        });
    }
    Ok((command, merged))
}

/// The sections as types, and every key with its origin.
fn config(matches: &ArgMatches, merged: &Merged) -> Result<Config, Refused> {
    let mut sections = Table::new();
    for (name, placed) in merged.0.iter().filter(|(name, _)| name.contains('.')) {
        put(&mut sections, name, &placed.value);
    }
    let mut take = |name: &str| match sections.remove(name) {
        Some(Value::Table(table)) => table,
        _ => Table::new(),
    };
    let (waste, screen, keys) = (take("waste"), take("screen"), take(KEYS_SECTION));
    // Each value was checked alone; what follows cannot fail, and says so if it does.
    let odd = |error: toml::de::Error| Refused::Together(format!("configuration: {error}"));
    let thresholds = Thresholds::deserialize(waste.clone()).map_err(odd)?;
    let screen = Screen::deserialize(screen).map_err(odd)?;
    let keys = keys::keymap(&BTreeMap::deserialize(keys).map_err(odd)?, merged)?;
    let mut typed = Table::new();
    let into = |error: toml::ser::Error| Refused::Together(format!("configuration: {error}"));
    typed.insert("waste".into(), Value::Table(Table::try_from(thresholds).map_err(into)?));
    typed.insert("screen".into(), Value::Table(Table::try_from(&screen).map_err(into)?));
    let effective = effective(matches, merged, &typed);
    Ok(Config { waste: Waste(waste), screen, keys, effective, own: Own::default() })
}

fn put(table: &mut Table, name: &str, value: &Value) {
    match name.split_once('.') {
        None => drop(table.insert(name.into(), value.clone())),
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn effective(matches: &ArgMatches, merged: &Merged, typed: &Table) -> Vec<Effective> {
    let command = Cli::command();
    let from_file = |name: &str| {
        let of = |Placed { path, line, .. }: &Placed| Origin::File(path.clone(), *line);
        merged.0.get(name).map_or(Origin::Default, of)
    };
    let known = KEYS.iter().map(|key| {
        let name = key.name.to_string();
        if !key.is_option() {
            let value = key::at(typed, key.name).cloned();
            return Effective { origin: from_file(&name), name, value };
        }
        let text = matches.get_raw(&name).and_then(|mut raw| raw.next());
        let text = text.map(|text| text.to_string_lossy().into_owned());
        let value = text.filter(|text| !text.is_empty()).map(|text| {
            // One that has a password in it is refused where it is used.
            let secret = name == "carbon_url" && live::base(&text).is_err();
            let text = if secret { web::without_user(&text) } else { text };
            // As a file has to have it.
            let path = matches!(key.name, "calibration" | "nvml_lib");
            let whole = path.then(|| std::path::absolute(&text).ok()).flatten();
            let text = whole.map_or(text, |path| path.to_string_lossy().into_owned());
            let is_text = key.model(&command).is_some_and(|model| model.is_str());
            if is_text { Value::String(text) } else { key::value(&text) }
        });
        let origin = match said(matches, &name).map(|(source, _)| source) {
            Some(ValueSource::CommandLine) => Origin::CommandLine(key::long(&name)),
            Some(ValueSource::EnvVariable) => {
                let variable = key.arg(&command).and_then(clap::Arg::get_env);
                let variable = variable.map(|name| name.to_string_lossy().into_owned());
                Origin::Environment(variable.unwrap_or_default())
            }
            _ => from_file(&name),
        };
        Effective { name, value, origin }
    });
    let bound = merged.0.iter().filter(|(name, _)| key::split(name).0 == KEYS_SECTION);
    let bound = bound.map(|(name, placed)| Effective {
        name: name.clone(),
        value: Some(placed.value.clone()),
        origin: from_file(name),
    });
    known.chain(bound).collect()
}
