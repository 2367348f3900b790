//! What a shell completes, from the definition of the command line.
//!
//! What is hidden from the help is for tests, and is completed nowhere.

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

/// The script for a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut command = shown(&Cli::command());
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "jouletop", &mut script);
    match shell {
        Shell::Fish => String::from_utf8_lossy(&script).replacen(UNSURE, NONE_YET, 1).into_bytes(),
        _ => script,
    }
}

/// What the script for fish does where an option still has no value: it gives up, and completes
/// files in place of values.
const UNSURE: &str = "    or return\n    if set -q argv[1]\n";
/// There is no subcommand yet.
const NONE_YET: &str = "    or return 0\n    if set -q argv[1]\n";

/// A command without what is hidden: names, words and values, and not how they are checked.
fn shown(command: &Command) -> Command {
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let subcommands = command.get_subcommands().filter(|one| !one.is_hide_set()).map(shown);
    let bare = Command::new(command.get_name().to_owned())
        .args(arguments.cloned())
        .subcommands(subcommands);
    let about = command.get_about().cloned();
    let bare = about.into_iter().fold(bare, Command::about);
    let version = command.get_version().map(str::to_owned);
    version.into_iter().fold(bare, Command::version)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_completes_what_the_help_shows_and_nothing_else() {
        for shell in Shell::value_variants() {
            let text = String::from_utf8(script(*shell)).unwrap();
            // Some shells name options without their hyphens.
            let has = |long: &str| {
                text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                    .any(|word| word.trim_start_matches('-') == long)
            };
            let mut met = 0;
            let command = Cli::command();
            for one in command.get_subcommands().chain([&command]) {
                let name = one.get_name();
                if one.is_hide_set() {
                    // The scripts have words such as this one for themselves.
                    let about = one.get_about().unwrap().to_string();
                    let named = [format!("__{name}"), format!(",{name}"), about];
                    assert!(!named.iter().any(|words| text.contains(words)), "{shell}: {name}");
                    continue;
                }
                assert!(has(name), "{shell}: {name}");
                for argument in one.get_arguments() {
                    let Some(long) = argument.get_long() else { continue };
                    assert_eq!(has(long), !argument.is_hide_set(), "{shell}: --{long}");
                    met += 1;
                }
            }
            assert!(met > 50, "{met}");
            let knows_values = !matches!(shell, Shell::Elvish | Shell::PowerShell);
            assert_eq!(*shell == Shell::Fish, text.contains(NONE_YET), "{shell}");
            assert_eq!(has("colour-blind") && has("codecarbon"), knows_values, "{shell}");
        }
    }
}
