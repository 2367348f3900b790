//! The man page: the command line, the keys and what surrounds them, as roff.
//!
//! Options and subcommands are those of the definition of the command line, keys those of the
//! table of actions, so that the page cannot tell another story than the program.

mod around;

use std::{fmt::Write as _, io};

use clap::{Arg, Command, CommandFactory as _};
use clap_mangen::{
    Man,
    roff::{Inline, Roff, bold, roman},
};

use super::Cli;
use crate::tui::help::{Entry, Section, all};

/// The page, in ASCII.
pub fn page() -> io::Result<String> {
    let forms = "jouletop [OPTIONS]\njouletop [OPTIONS] <COMMAND> ...";
    let mut command = Cli::command().disable_help_subcommand(true).override_usage(forms);
    let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    command = command.about(about.lines().next().unwrap_or_default().to_owned());
    command.build();
    let alone = of_no_subcommand(&command);
    let subcommands = command.get_subcommands().filter(|one| !one.is_hide_set());
    let subcommands: Vec<Command> = subcommands.cloned().collect();
    let man = Man::new(plain(command));
    // The generator leaves an empty date out, and what follows stands in its place.
    let title = format!(".TH JOULETOP 1 \"\" \"jouletop {VERSION}\" \"User Commands\"\n");
    let mut text = title.into_bytes();
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    section(&mut text, "SUBCOMMANDS", |roff| {
        let alone = alone.join(", ");
        roff.text([roman(format!("Each takes the options above, too, but for {alone}."))]);
    })?;
    for subcommand in subcommands {
        of_subcommand(&mut text, subcommand, &alone)?;
    }
    section(&mut text, "KEYS", keys)?;
    around::write(&mut text)?;
    Ok(tidy(&String::from_utf8_lossy(&text)))
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The options that are of the program without a subcommand.
fn of_no_subcommand(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set());
    let own = own.filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()));
    own.filter_map(Arg::get_long).map(|long| format!("--{long}")).collect()
}

/// All options in one list.
fn plain(command: Command) -> Command {
    command.mut_args(|arg| arg.help_heading(None))
}

/// A subcommand, with the options that it alone has; `shared` is told above.
fn of_subcommand(text: &mut Vec<u8>, command: Command, shared: &[String]) -> io::Result<()> {
    let title = format!("jouletop {}", command.get_name());
    let long = |arg: &Arg| arg.get_long().map(|long| format!("--{long}"));
    let told = |arg: &Arg| long(arg).is_some_and(|long| shared.contains(&long));
    let foreign = |arg: &Arg| arg.is_global_set() || arg.get_id() == "help" || told(arg);
    let also: Vec<String> =
        command.get_arguments().filter(|arg| told(arg)).filter_map(long).collect();
    let command = plain(command).mut_args(|arg| if foreign(&arg) { arg.hide(true) } else { arg });
    let has_own = command.get_arguments().any(|arg| !arg.is_hide_set());
    let man = Man::new(command);
    let mut part = Vec::new();
    man.render_synopsis_section(&mut part)?;
    man.render_description_section(&mut part)?;
    if !also.is_empty() {
        let mut roff = Roff::new();
        roff.control("PP", []);
        roff.text([roman(format!("It has {} as well.", also.join(", ")))]);
        roff.to_writer(&mut part)?;
    }
    if has_own {
        man.render_options_section(&mut part)?;
    }
    let mut head = Roff::new();
    head.control("SS", [title.as_str()]);
    head.to_writer(text)?;
    // Its sections are paragraphs here.
    for line in String::from_utf8_lossy(&part).lines() {
        match line {
            ".SH SYNOPSIS" | ".SH OPTIONS" => continue,
            ".SH DESCRIPTION" => text.extend(b".PP"),
            line => text.extend(line.bytes()),
        }
        text.push(b'\n');
    }
    Ok(())
}

/// A section of the page.
fn section(text: &mut Vec<u8>, title: &str, write: impl FnOnce(&mut Roff)) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    write(&mut roff);
    roff.to_writer(text)
}

/// A term, and what is said of it.
fn term(roff: &mut Roff, term: &str, words: &str) {
    roff.control("TP", []);
    roff.text([bold(term)]);
    roff.text([roman(words)]);
}

/// What each key does, in the order of the help.
fn keys(roff: &mut Roff) {
    roff.text([roman("On the live screen; those of GPUs where there are any, and a line at the")]);
    roff.text([roman("bottom of the screen shows those that can be used at the moment.")]);
    for section in Section::ALL {
        roff.control("SS", [section.title()]);
        let mut words: Vec<Inline> = Vec::new();
        for entry in all(section) {
            match entry {
                Entry::Keys(keys, help) => term(roff, &keys, help),
                Entry::Word(keys, word) => {
                    let comma = if words.is_empty() { "" } else { ", " };
                    words.extend([roman(comma), bold(keys), roman(format!(" {word}"))]);
                }
            }
        }
        if !words.is_empty() {
            roff.control("TP", []);
            roff.text([bold(section.lead())]);
            roff.text(words);
        }
    }
}

/// The page as checkers of pages want it: what is set up once, no empty lines, no spaces at the
/// end of one, no letters that ASCII does not have; and what is in backticks is bold.
fn tidy(text: &str) -> String {
    let mut page = String::from(QUOTE);
    for line in text.lines().filter(|line| !QUOTE.lines().any(|set| set == *line)) {
        let line = line.trim_end();
        match line {
            // An empty line between two breaks.
            "" => {}
            ".br" if page.ends_with(".sp\n") => {}
            ".br" if !page.ends_with("[OPTIONS]\n") => page.push_str(".sp\n"),
            _ => {
                let even = line.split('`').count() % 2 == 1;
                let mut bold = false;
                for letter in line.chars() {
                    match letter {
                        '`' if even => {
                            bold = !bold;
                            page.push_str(if bold { "\\fB" } else { "\\fR" });
                        }
                        _ if letter.is_ascii() => page.push(letter),
                        // Every reader of pages knows this escape.
                        _ => {
                            let _ = write!(page, "\\[u{:04X}]", u32::from(letter));
                        }
                    }
                }
                page.push('\n');
            }
        }
    }
    page
}

/// The generator sets this before each part: how an apostrophe is written.
const QUOTE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::action::BINDINGS;

    #[test]
    fn the_page_has_its_sections_in_the_order_of_pages() {
        let page = page().unwrap();
        let sections: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let expected = [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "SUBCOMMANDS",
            "KEYS",
            "FILES",
            "ENVIRONMENT",
            "\"EXIT STATUS\"",
            "EXAMPLES",
            "\"SEE ALSO\"",
        ];
        assert_eq!(sections, expected);
    }

    #[test]
    fn all_that_is_shown_is_told_and_nothing_that_is_hidden() {
        let page = page().unwrap().replace("\\-", "-");
        let mut command = Cli::command();
        command.build();
        let subcommands = command.get_subcommands().filter(|one| one.get_name() != "help");
        for one in subcommands.chain([&command]) {
            let title = format!(".SS \"jouletop {}\"", one.get_name());
            let top = one.get_name() == "jouletop";
            assert!(top || page.contains(&title) != one.is_hide_set(), "{title}");
            for arg in one.get_arguments().filter(|_| !one.is_hide_set()) {
                let Some(long) = arg.get_long() else { continue };
                let told = page.contains(&format!("\\fB--{long}\\fR"));
                assert!(told != arg.is_hide_set(), "--{long} of {}", one.get_name());
            }
        }
        for binding in BINDINGS.iter().filter(|binding| Section::of(binding).is_some()) {
            assert!(page.contains(&ascii_only(&binding.keys[0].label())), "{:?}", binding.action);
        }
    }

    fn ascii_only(text: &str) -> String {
        let letter = |letter: char| match letter {
            _ if letter.is_ascii() => letter.to_string(),
            _ => format!("\\[u{:04X}]", u32::from(letter)),
        };
        text.chars().map(letter).collect::<String>()
    }

    #[test]
    fn it_is_clean() {
        let page = page().unwrap();
        assert!(page.is_ascii() && !page.contains('\t') && page.ends_with('\n'));
        for line in page.lines() {
            assert!(!line.is_empty() && line == line.trim_end(), "{line:?}");
            // A line that begins so is an order, and there are few.
            let orders = [
                ".TH", ".SH", ".SS", ".PP", ".TP", ".IP", ".RS", ".RE", ".br", ".sp", ".ie", ".el",
            ];
            let order = line.starts_with(['.', '\'']);
            assert!(!order || orders.iter().any(|order| line.starts_with(order)), "{line:?}");
            // Each change of letters is taken back.
            assert_eq!(
                line.matches("\\fB").count() + line.matches("\\fI").count(),
                line.matches("\\fR").count(),
                "{line:?}"
            );
        }
    }
}
