//! Files, environment and command line together, and whatever bytes a file may have.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::CommandFactory as _;
use proptest::prelude::*;
use tempfile::TempDir;
use toml::Value;

use super::{
    Origin, Refused,
    key::KEYS,
    names::Names,
    parse::{Layer, parse},
    settle, show,
};
use crate::{carbon::footprint::Factors, cli::Cli, tui::keymap::Keymap, waste::Thresholds};

/// A machine with a configuration, and one of the user.
struct Home(TempDir);

impl Home {
    fn new(system: &str, user: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        for (path, text) in [(home.system(), system), (home.user(), user)] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        home
    }

    fn system(&self) -> PathBuf {
        self.0.path().join("etc/jouletop/config.toml")
    }

    fn user(&self) -> PathBuf {
        self.0.path().join("xdg/jouletop/config.toml")
    }

    fn settle(&self, args: &[&str]) -> Result<Cli, Refused> {
        let etc: OsString = self.0.path().join("etc").into();
        let first = ["jouletop".into(), "--etc-root".into(), etc];
        let args: Vec<OsString> = first.into_iter().chain(args.iter().map(Into::into)).collect();
        let xdg = self.0.path().join("xdg");
        settle(&args, &|name| (name == "XDG_CONFIG_HOME").then(|| xdg.clone().into()))
    }

    /// A key's value in force, and its origin.
    fn said(&self, args: &[&str], name: &str) -> (String, Origin) {
        let cli = self.settle(args).unwrap();
        let one = cli.global.config.effective.into_iter().find(|one| one.name == name).unwrap();
        (one.value.map_or_else(|| "-".into(), |value| value.to_string()), one.origin)
    }
}

#[test]
fn later_places_win_key_by_key() {
    let home = Home::new(
        "interval = \"3s\"\npue = 1.5\nidle_policy = \"equal\"\n[waste.spinning]\nafter = \"1m\"\n\
         cpu_percent = 70\n[keys]\nquit = [\"Q\"]",
        "# mine\ninterval = \"4s\"\nweight = \"smt\"\n[waste]\nspinning.after = \"2m\"",
    );
    let system = |line| Origin::File(home.system(), line);
    let user = |line| Origin::File(home.user(), line);
    let args = ["--weight", "time"];
    let option = Origin::CommandLine("weight".into());
    for (name, value, origin) in [
        ("interval", "\"4s\"", user(2)),
        ("pue", "1.5", system(2)),
        ("idle_policy", "\"equal\"", system(3)),
        ("weight", "\"time\"", option),
        ("gpu_share", "\"equal\"", Origin::Default),
        ("zone", "-", Origin::Default),
        ("waste.spinning.after", "\"2m\"", user(5)),
        ("waste.spinning.cpu_percent", "70.0", system(6)),
        ("waste.spinning.slice", "\"100µs\"", Origin::Default),
        ("keys.quit", "[\"Q\"]", system(8)),
    ] {
        assert_eq!(home.said(&args, name), (value.into(), origin), "{name}");
    }
    let cli = home.settle(&args).unwrap();
    assert_eq!(cli.global.interval, Duration::from_secs(4));
    assert!((cli.global.carbon.pue.unwrap() - 1.5).abs() < 1e-12);
    let keys = BTreeMap::from([("quit".into(), vec!["Q".into()])]);
    assert_eq!(cli.global.config.keys, Keymap::of(&keys).unwrap());
    let thresholds = cli.global.config.waste.over(Thresholds::default()).unwrap();
    assert_eq!(thresholds.spinning.after, Duration::from_mins(2));
    assert!((thresholds.spinning.cpu_percent - 70.0).abs() < 1e-12);
}

#[test]
fn a_named_file_stands_for_the_users_and_not_for_the_machines() {
    let home = Home::new("pue = 1.5\noverhead = 1.1", "overhead = 1.2\nlearn = true");
    let mine = home.0.path().join("mine.toml");
    fs::write(&mine, "pue = 1.3").unwrap();
    let cli = home.settle(&["--config", mine.to_str().unwrap()]).unwrap();
    let factors = cli.global.carbon.factors(Factors::NONE);
    assert_eq!((factors.pue, factors.overhead), (1.3, 1.1));
    assert_eq!(cli.global.method.learn, Some(false));
    // Behind a subcommand too.
    let after = ["doctor", "--config", mine.to_str().unwrap()];
    assert_eq!(home.said(&after, "pue").1, Origin::File(mine, 1));
}

#[test]
fn what_is_saved_goes_where_the_users_own_file_is() {
    let home = Home::new("pue = 1.5", "# mine\noverhead = 1.2");
    let ascii = [("screen.ascii".to_owned(), Value::Boolean(true))];
    let mut own = home.settle(&[]).unwrap().global.config.own;
    assert_eq!(own.path(), Some(home.user().as_path()));
    let lines = own.save(&ascii).unwrap();
    assert_eq!(lines, BTreeMap::from([("overhead".into(), 2), ("screen.ascii".into(), 5)]));
    assert_eq!(
        fs::read_to_string(home.user()).unwrap(),
        "# mine\noverhead = 1.2\n\n[screen]\nascii = true\n"
    );
    assert_eq!(home.said(&[], "screen.ascii").1, Origin::File(home.user(), 5));

    let mine = home.0.path().join("mine.toml");
    fs::write(&mine, "").unwrap();
    let args = ["--config", mine.to_str().unwrap()];
    let mut own = home.settle(&args).unwrap().global.config.own;
    own.save(&ascii).unwrap();
    assert_eq!(fs::read_to_string(&mine).unwrap(), "[screen]\nascii = true\n");
    let homeless = settle(&["jouletop".into()], &|_| None).unwrap().global.config.own;
    assert_eq!(homeless.path(), None);
    assert_eq!(fs::read_to_string(home.system()).unwrap(), "pue = 1.5");
}

#[test]
fn an_option_displaces_what_it_excludes_and_turns_off_what_is_on() {
    let home = Home::new(
        "",
        "carbon_source = \"neso\"\ncarbon_zone = \"RG10\"\nlearn = true\nembodied = \"server\"",
    );
    let global = |args: &[&str]| home.settle(args).unwrap().global;
    assert!(global(&[]).carbon.carbon_source.is_some());
    assert_eq!(global(&[]).method.learn, Some(true));
    let given = global(&["--carbon-intensity", "5"]);
    assert_eq!((given.carbon.carbon_source, &given.carbon.carbon_zone), (None, &None));
    assert!((given.intensity().value.0 - 5.0).abs() < 1e-12);
    assert_eq!(global(&["--learn=false"]).method.learn, Some(false));
    assert_eq!(global(&["--learn"]).method.learn, Some(true));
    assert!(global(&["--embodied=none"]).carbon.assumed(|| None).is_none());
    assert!(global(&[]).carbon.assumed(|| None).is_some());
    // A place needs no service beside it on the command line, where a file has one.
    assert!(home.settle(&["--carbon-zone", "OX1"]).is_ok());
    let nobody = Home::new("", "");
    let Err(Refused::Together(words)) = nobody.settle(&["--carbon-zone", "OX1"]) else { panic!() };
    assert!(words.contains("add --carbon-source"), "{words}");

    let home = Home::new("carbon_intensity = 5", "");
    let global = home.settle(&["--zone", "FR"]).unwrap().global;
    assert!(global.carbon_intensity.is_none() && global.zone.is_some());
}

#[test]
fn a_made_up_machine_has_neither_this_ones_static_power_nor_its_grid_of_now() {
    let home = Home::new(
        "",
        "carbon_source = \"neso\"\ncalibration = \"/x\"\nweight = \"smt\"\npue = 1.5",
    );
    let global = home.settle(&["--simulate", "x.toml"]).unwrap().global;
    assert_eq!(global.carbon.carbon_source, None);
    assert_eq!(global.method.calibration, None);
    assert!(!global.probe_options().works());
    assert!((global.carbon.pue.unwrap() - 1.5).abs() < 1e-12);
}

#[test]
fn of_a_recording_only_the_command_line_says_otherwise() {
    let home = Home::new("", "learn = true\npue = 1.5\n[waste.orphans]\nafter = \"1m\"");
    let global = |args: &[&str]| home.settle(&[&["replay", "f"], args].concat()).unwrap().global;
    let silent = global(&[]);
    assert_eq!((silent.method.learn, silent.carbon.pue), (None, None));
    assert_eq!(silent.config.waste, super::Waste::default());
    assert_eq!(global(&["--learn=false"]).method.learn, Some(false));
    assert_eq!(global(&["--learn", "--pue", "2"]).method.learn, Some(true));
}

#[test]
fn what_helps_to_mend_a_configuration_works_without_one() {
    let home = Home::new("nonsense", "");
    for args in [&["config", "--default"][..], &["config", "--path"], &["mark", "epoch"]] {
        assert!(home.settle(args).is_ok(), "{args:?}");
    }
    for args in [&["config"][..], &[], &["doctor"], &["run", "--", "ls"]] {
        assert!(matches!(home.settle(args), Err(Refused::Config(_))), "{args:?}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_not_too_much_of_it() {
    let text: Vec<String> = (0..14).map(|one| format!("wrong{one} = 1")).collect();
    let home = Home::new("pue = 0", &text.join("\n"));
    let said = home.settle(&[]).unwrap_err().to_string();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 11, "{said}");
    assert!(
        lines[0].contains("etc/jouletop/config.toml:1: pue = 0: use a factor from 1"),
        "{said}"
    );
    assert!(lines[9].contains("xdg/jouletop/config.toml:9: "), "{said}");
    assert_eq!(lines[10], "and 5 more; mend these first");
}

/// The lines of the template that say what is built in, made to say it.
fn said_aloud(template: &str) -> String {
    let lines: Vec<&str> = template.lines().collect();
    let example = |place: usize| place > 0 && lines[place - 1].ends_with("for example:");
    let line = |(place, line): (usize, &&str)| match line.strip_prefix('#') {
        Some(said) if !said.starts_with(' ') && !example(place) => format!("{said}\n"),
        _ => format!("{line}\n"),
    };
    lines.iter().enumerate().map(line).collect()
}

#[test]
fn the_template_changes_nothing_and_says_what_holds() {
    let template = show::template(&Names::of_screen());
    assert_eq!(parse(&template, &Names::of_screen()), Ok(Layer::new()));
    assert!(template.lines().all(|line| line.chars().count() <= 94), "{template}");

    let aloud = said_aloud(&template);
    let layer = parse(&aloud, &Names::of_screen()).unwrap();
    let command = Cli::command();
    let built_in = KEYS.iter().filter_map(|key| Some((key.name, key.built_in(&command)?)));
    let built_in: BTreeMap<&str, Value> = built_in.collect();
    let found = layer.iter().map(|(name, given)| (name.as_str(), given.value.clone()));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), built_in);

    // As a file, it makes the same command line and the same sections.
    let (silent, said) = (Home::new("", ""), Home::new("", &aloud));
    let shown = |home: &Home| {
        let mut global = home.settle(&[]).unwrap().global;
        let waste = global.config.waste.over(Thresholds::default()).unwrap();
        global.etc_root = PathBuf::new();
        let config = std::mem::take(&mut global.config);
        let values: Vec<_> =
            config.effective.into_iter().map(|one| (one.name, one.value)).collect();
        format!("{global:?} {waste:?} {:?} {:?} {values:?}", config.screen, config.keys)
    };
    assert_eq!(shown(&silent), shown(&said));
}

#[test]
fn every_example_is_accepted() {
    for key in KEYS {
        let Some(example) = key.example else { continue };
        let (section, name) = super::key::split(key.name);
        let section = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
        let text = format!("{section}{name} = {example}");
        assert_eq!(parse(&text, &Names::of_screen()).unwrap().len(), 1, "{text}");
    }
    let (action, keys) = super::key::KEYS_EXAMPLE;
    assert!(parse(&format!("[keys]\n{action} = {keys}"), &Names::of_screen()).is_ok());
}

#[test]
fn what_is_in_force_is_a_configuration_that_says_the_same() {
    let home = Home::new(
        "zone = \"FR\"\npue = 1.25",
        "tariff = \"0.32 EUR\"\n[screen]\ncolumns = [\"pid\", \"name\"]\nunits = \"Wh\"\n[keys]\nquit = []",
    );
    let shown = |home: &Home, args: &[&str]| {
        show::in_force(&home.settle(args).unwrap().global.config.effective)
    };
    let text = shown(&home, &["--overhead", "1.5", "--lifetime=5y", "--calibration", "here.toml"]);
    for line in ["zone = \"FR\"", "overhead = 1.5", "units = \"Wh\"", "quit = []"] {
        assert!(text.lines().any(|it| it == line), "{text}");
    }
    assert_eq!(shown(&Home::new("", &text), &[]), text);
}

/// What people and broken editors write.
fn texts() -> impl Strategy<Value = String> {
    let name = prop::sample::select(
        KEYS.iter()
            .flat_map(|key| key.name.split('.').chain([key.name]))
            .chain(["keys", "quit", "keys.quit", "zoen", "", "\"a.b\"", "'waste.held_gpu.after'"])
            .map(String::from)
            .collect::<Vec<_>>(),
    );
    let value = prop_oneof![
        Just("1".into()),
        Just("-1e308".into()),
        Just("nan".into()),
        Just("true".into()),
        Just("\"5m\"".into()),
        Just("\"FR\"".into()),
        Just("\"\"".into()),
        Just("[\"watts\", \"q\"]".into()),
        Just("[[1], {a = 1}]".into()),
        Just("{ after = \"1m\" }".into()),
        Just("1979-05-27".into()),
        "\"[^\"\\\\]{0,12}\"",
        "\\PC{0,12}",
    ];
    let line = prop_oneof![
        4 => (name.clone(), value).prop_map(|(name, value): (String, String)| format!("{name} = {value}")),
        1 => name.clone().prop_map(|name| format!("[{name}]")),
        1 => name.prop_map(|name| format!("[[{name}]]")),
        1 => "\\PC{0,20}",
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, &bytes).unwrap();
        let args = ["jouletop", "--etc-root", "/nonexistent", "--config", path.to_str().unwrap()];
        let args: Vec<OsString> = args.iter().map(Into::into).collect();
        match settle(&args, &|_| None) {
            Ok(_) => {}
            Err(Refused::Config(problems)) => {
                let said = problems.to_string();
                prop_assert!(!problems.0.is_empty());
                prop_assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    /// What is accepted has only keys of the table, and settles; what is refused has its line.
    #[test]
    fn no_text_is_half_taken(text in texts()) {
        let names = Names::of_screen();
        match parse(&text, &names) {
            Ok(layer) => {
                for name in layer.keys() {
                    prop_assert!(super::key::find(name).is_some() || name.starts_with("keys."), "{name}");
                }
                let lonely = layer.contains_key("carbon_zone") && !layer.contains_key("carbon_source");
                let home = Home::new("", &text);
                let settled = home.settle(&[]);
                prop_assert_eq!(settled.is_ok(), !lonely, "{:?}", settled.err());
            }
            Err(wrong) => {
                prop_assert!(!wrong.is_empty());
                for (line, words) in wrong {
                    let most = text.lines().count().max(1) + 1;
                    prop_assert!(line.is_none_or(|line| (1..=most).contains(&line)));
                    prop_assert!(words.len() > 10 && words.lines().count() == 1, "{words:?}");
                }
            }
        }
    }
}

#[test]
fn a_path_with_control_characters_is_told_without_them() {
    let problem = super::Problem {
        path: Path::new("/tmp/\u{1b}[2Jx").into(),
        line: Some(3),
        words: "it is no text".into(),
    };
    assert_eq!(problem.to_string(), "/tmp/?[2Jx:3: it is no text");
}
