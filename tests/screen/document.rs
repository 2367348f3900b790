//! What docs/screen.md says of keys and columns is what the program has.

use std::{fmt::Write as _, fs, path::Path};

use jouletop::tui::{
    column::Column,
    help::{Entry, Section, all},
};

const BEGIN: &str = "<!-- keys: made of the table of actions -->\n";
const END: &str = "<!-- end of keys -->\n";

/// The keys by sections of the help, as Markdown.
fn table() -> String {
    let mut table = String::from("| | Keys | |\n|---|---|---|\n");
    for section in Section::ALL {
        let mut title = section.title();
        let mut line = |keys: &str, words: &str| {
            let keys: Vec<String> = keys.split(' ').map(|key| format!("`{key}`")).collect();
            writeln!(table, "| {title} | {} | {words} |", keys.join(" ")).unwrap();
            title = "";
        };
        for entry in all(section) {
            match entry {
                Entry::Keys(keys, help) => line(&keys, help),
                Entry::Word(keys, word) => line(&keys, &format!("{} {word}", section.lead())),
            }
        }
    }
    table
}

#[test]
fn the_keys_in_the_documents_are_those_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screen.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (stands, after) = rest.split_once(END).unwrap();
    let table = table();
    assert!(table.lines().count() > 40, "{table}");
    if stands == table {
        return;
    }
    // As with snapshots.
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        return fs::write(path, [before, BEGIN, &table, END, after].concat()).unwrap();
    }
    panic!("docs/screen.md has other keys; INSTA_UPDATE=always writes these:\n{table}");
}

#[test]
fn every_column_is_named_in_the_documents() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screen.md");
    let document = fs::read_to_string(&path).unwrap();
    let (_, rest) = document.split_once("There are `pid`").unwrap();
    let (list, _) = rest.split_once("- **State").unwrap();
    let named = |column: &Column| list.contains(&format!("`{}`", column.name()));
    let missing: Vec<_> = Column::ALL.into_iter().filter(|column| !named(column)).collect();
    assert_eq!(missing, [Column::Pid], "the first one is where this begins");
}
