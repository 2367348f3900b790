//! What a man page says beyond options and keys: files, environment, exit codes, examples.

use std::io;

use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::{section, term};

/// Where something is, and what it is.
pub(super) const FILES: [(&str, &str); 6] = [
    ("/etc/jouletop/config.toml", "The configuration of the machine, for everybody."),
    (
        "$XDG_CONFIG_HOME/jouletop/config.toml",
        "Your own, in ~/.config where that variable is not set; it wins over the machine's. \
         jouletop config --default prints one to begin with, --path tells which are read.",
    ),
    (
        "/var/lib/jouletop/calibration.toml",
        "Static power of the machine, as root measured it with jouletop calibrate.",
    ),
    (
        "$XDG_STATE_HOME/jouletop/calibration.toml",
        "The same, as you measured it; in ~/.local/state where that variable is not set.",
    ),
    ("/run/jouletop/tags", "Names of running processes that root gave with jouletop tag."),
    ("$XDG_RUNTIME_DIR/jouletop/tags", "Names that you gave."),
];

/// Variables that are read, and what for.
pub(super) const ENVIRONMENT: [(&str, &str); 19] = [
    ("JOULETOP_CARBON_URL", "Another address of the service of --carbon-source; see --carbon-url."),
    ("JOULETOP_ELECTRICITY_MAPS_KEY", "The key for --carbon-source electricity-maps."),
    ("JOULETOP_WATTTIME_USER", "The account for --carbon-source watttime."),
    ("JOULETOP_WATTTIME_PASSWORD", "Its password."),
    ("JOULETOP_REDFISH", "The address of a management controller; see --redfish."),
    ("JOULETOP_REDFISH_USER", "The account there, which needs to read only."),
    ("JOULETOP_REDFISH_PASSWORD", "Its password."),
    ("JOULETOP_JOB", "Of a process that is measured: what its job is called."),
    (
        "JOULETOP_MARKS",
        "Set by jouletop run for its command: a file to which a line is appended to begin a phase \
         of the report, as jouletop mark does.",
    ),
    ("NO_COLOR", "Not empty: no colours, whatever the theme is."),
    ("TERM", "What the terminal can do; dumb has no screen."),
    ("COLORTERM", "truecolor or 24bit: themes have all of their colours."),
    ("TZ", "The time zone in which the screen tells times."),
    (
        "HOME",
        "Below it are your configuration and what was calibrated, where the next two are not set.",
    ),
    ("XDG_CONFIG_HOME", "Where configurations are."),
    ("XDG_STATE_HOME", "Where the calibration is."),
    ("XDG_RUNTIME_DIR", "Where names of running processes are."),
    ("SUDO_UID", "Whose configuration root believes as well."),
    ("RUST_LOG", "What is said on stderr, in place of --verbose."),
];

const EXIT: [(&str, &str); 4] = [
    ("0", "All went well."),
    ("1", "It failed; stderr says why, and the remedy."),
    ("2", "The command line or the configuration is wrong."),
    (
        "of the command",
        "jouletop run exits as its command did: 128 and the number of the signal that ended it, \
         126 where it cannot be run, 127 where it is not there.",
    ),
];

/// Command lines, and what they do.
pub(super) const EXAMPLES: [(&str, &str); 9] = [
    ("jouletop", "The live screen; ? shows its keys, q leaves it."),
    ("jouletop --once --by job", "One interval as a table, added up by job."),
    ("jouletop --json --samples 60", "One JSON object a line, for a minute."),
    ("jouletop run -- make -j8", "Run it, then say what its whole tree has used."),
    ("jouletop run --json -o run.json -- make", "The same for a script, or to be reported later."),
    ("jouletop report run.json --format latex", "A sentence and a table for a paper."),
    ("jouletop record -o hour.jtr --for 1h", "Keep what is measured."),
    ("jouletop replay hour.jtr", "Show it, here or elsewhere."),
    ("jouletop doctor", "What can be measured here, what is missing, and the remedy."),
];

const SEE_ALSO: [(&str, &str); 5] =
    [("top", "1"), ("proc", "5"), ("perf_event_open", "2"), ("bpf", "2"), ("powertop", "8")];

/// Writes these sections.
pub(super) fn write(text: &mut Vec<u8>) -> io::Result<()> {
    let sections = [("FILES", &FILES[..]), ("ENVIRONMENT", &ENVIRONMENT), ("EXIT STATUS", &EXIT)];
    for (title, terms) in sections {
        section(text, title, |roff| all(roff, terms))?;
    }
    section(text, "EXAMPLES", |roff| all(roff, &EXAMPLES))?;
    section(text, "SEE ALSO", |roff| {
        let last = SEE_ALSO.len() - 1;
        let words = SEE_ALSO.into_iter().enumerate().flat_map(|(place, (name, number))| {
            let comma = if place < last { ", " } else { "" };
            [bold(name), roman(format!("({number}){comma}"))]
        });
        roff.text(words.collect::<Vec<Inline>>());
    })
}

fn all(roff: &mut Roff, terms: &[(&str, &str)]) {
    for (name, words) in terms {
        term(roff, name, words);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use clap::Parser as _;

    use super::*;
    use crate::{calibration, cli::Cli, config::place};

    #[test]
    fn each_example_is_understood() {
        for (line, _) in EXAMPLES {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn files_are_where_the_program_looks_for_them() {
        let named = |path: &Path| FILES.iter().any(|(file, _)| Path::new(file) == path);
        let get = |name: &str| (name == "XDG_CONFIG_HOME").then(|| "/own".into());
        let own = |path: &Path, name: &str| {
            Path::new(name).join(path.strip_prefix("/own").unwrap_or(path))
        };
        for place in place::places(Path::new("/etc"), None, &get) {
            assert!(named(&own(&place.path, "$XDG_CONFIG_HOME")), "{place:?}");
        }
        for place in calibration::places(Some("/own".into()), None) {
            assert!(named(&own(&place, "$XDG_STATE_HOME")), "{place:?}");
        }
    }

    #[test]
    fn each_variable_of_ours_is_told() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![sources];
        let mut met = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                    continue;
                }
                let text = fs::read_to_string(&entry).unwrap_or_default();
                for after in text.split("\"JOULETOP_").skip(1) {
                    let Some((name, _)) = after.split_once('"') else { continue };
                    if !name.is_empty()
                        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                    {
                        let name = format!("JOULETOP_{name}");
                        assert!(ENVIRONMENT.iter().any(|(told, _)| *told == name), "{name}");
                        met += 1;
                    }
                }
            }
        }
        assert!(met > ENVIRONMENT.len(), "{met}");
    }
}
