//! The grammar by examples and by its laws, and the documents by the table of fields.

use std::fmt::Write as _;

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

/// A row that is made of what a test tells.
#[derive(Clone, Debug, Default)]
struct Told {
    words: Vec<(Word, String)>,
    figures: Vec<(Figure, f64)>,
    marks: Vec<Mark>,
}

impl Facts for Told {
    fn word(&self, word: Word) -> Option<&str> {
        self.words.iter().find(|(known, _)| *known == word).map(|(_, text)| text.as_str())
    }

    fn figure(&self, figure: Figure) -> Option<f64> {
        self.figures.iter().find(|(known, _)| *known == figure).map(|(_, number)| *number)
    }

    fn is(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }
}

/// A process that trains, with all but a container, a unit and a price.
fn trainer() -> Told {
    let word = |word, text: &str| (word, text.to_owned());
    Told {
        words: vec![
            word(Word::Name, "Python3"),
            word(Word::Command, "python3 /srv/train run.py -k=v a>b \"q\""),
            word(Word::User, "Ada"),
            word(Word::Job, "slurm:4711"),
            word(Word::Cgroup, "/system.slice/slurmd.service"),
        ],
        figures: vec![
            (Figure::Watts, 1500.0),
            (Figure::Joules, 3.6e6),
            (Figure::Grams, 250.0),
            (Figure::Cpu, 99.5),
            (Figure::Gpu, 0.0),
            (Figure::GpuMemory, 2_147_483_648.0),
            (Figure::Age, 5400.0),
            (Figure::Pid, 1234.0),
        ],
        marks: vec![Mark::Held],
    }
}

#[test]
fn a_row_meets_what_is_so_of_it() {
    let examples = "
        train|TRAIN|ada|4711|1234|23|slurm:4711|-k=v|a>b|/srv/train|python3 ada 123
        \"train run\"|\"a>b\"|\"\\\"q\\\"\"|!worker|! worker|!!train|!(worker or nobody)
        w > 5|w>=1.5kW|w = 1500|W=1500|power<=1500000mW|w != 5|w > 5 kW or ada|w == 1.5kw
        j >= 1kWh|j=1000Wh|j > 3599kJ|energy > 3599999999mJ|g > 0.2kg|co2 = 250
        user = ADA|user=ada|user != root|user ~ d|user !~ root|job ~ slurm|name !~ perl
        cpu > 50%|cpu > 50|cpu>50 %|gpu = 0|mem > 1GiB|mem = 2|mem >= 2048MiB|mem=2g|mem < 3G
        age > 1h|age = 90m|age = 90 m|age>5399s|age < 1d|pid = 1234
        held|HELD|!ended|held ada|cgroup ~ slurmd|job ~ \"\"
        nobody or ada|nobody \\| ada|ada & train|ada && held|nobody or ada and held|ended \\|\\| held
        (nobody or ada) (train or x)|(ada)|((ada))|!container = x|!money > 0|gpu > -1|w > +5
        ";
    let misses = "
        perl|python3 root|!train|w > 1500|w < 5|j > 1kWh|user = root|user != ada|user = ad
        user !~ d|job !~ slurm|ended|!held|money > 0|money = 0|money != 0|container != x
        container !~ x|unit = \"\"|unit ~ \"\"|gpuw >= 0|nobody or root|ada ended|(nobody or ada) root
        !(ada)|age > 90m|pid = 123|pid != 1234|\"ended\"|\"w > 5\"|gpu < 0|g < 1|nobody or ada and root
        ";
    let split = |text: &str| {
        let parts = text.replace("\\|", "\0");
        let parts = parts.split(['\n', '|']).map(|part| part.trim().replace('\0', "|"));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    for (texts, expected) in [(split(examples), true), (split(misses), false)] {
        for text in texts {
            let query = Query::parse(&text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert_eq!(query.matches(&trainer()), expected, "{text} is {query:?}");
        }
    }
}

#[test]
fn an_empty_query_asks_for_nothing() {
    for text in ["", "  ", "\t\u{3000}"] {
        let query = Query::parse(text).unwrap();
        assert!(query.is_empty() && query.matches(&Told::default()) && query == Query::default());
    }
    assert!(!Query::parse("\"\"").unwrap().is_empty());
}

#[test]
fn a_query_is_written_so_that_it_can_be_read() {
    let written = |text: &str| Query::parse(text).unwrap().to_string();
    assert_eq!(written(" a   AND b&&c "), "a b c");
    assert_eq!(written("a or b c or (d|e)"), "a | b c | (d | e)");
    assert_eq!(written("(a b) or !(c d) !w>5"), "a b | !(c d) !w > 5W");
    assert_eq!(written("a (b c)"), "a (b c)");
    assert_eq!(
        written("CPU>5 mem<.5 pid==7 age>5 m x"),
        "cpu > 5% mem < 0.5GiB pid = 7 age > 5m x"
    );
    assert_eq!(written(r#"or "ended" ended "a \"b\\" =5 Watts"#), {
        r#""or" "ended" ended "a \"b\\" "=5" Watts"#
    });
    assert_eq!(written("user = or"), "user = \"or\"");
    assert_eq!(written("x and or or and"), "x \"or\" | \"and\"");
}

/// Where a mistake is, by letters, its kind, and a part of its words.
#[test]
fn mistakes_have_a_place_and_words() {
    use Kind::{Incomplete, Wrong};
    let cases = [
        ("w >", Incomplete, 3, "a value is missing after w >"),
        ("train user = ", Incomplete, 13, "a value is missing after user ="),
        ("w > -", Incomplete, 4, "such as 5W"),
        ("w > .", Incomplete, 4, "a number"),
        ("w > 5k", Incomplete, 5, "k is no unit of w: use W, mW, kW"),
        ("mem > 2Gi", Incomplete, 7, "use GiB, MiB, KiB, B"),
        ("\"train", Incomplete, 0, "quote has no end"),
        ("a user = \"tr", Incomplete, 9, "quote has no end"),
        ("a (b", Incomplete, 2, "has no )"),
        ("(", Incomplete, 1, "missing"),
        ("a or", Incomplete, 4, "missing"),
        ("a | ", Incomplete, 4, "missing"),
        ("a and", Incomplete, 5, "missing"),
        ("!", Incomplete, 1, "missing"),
        ("wats >", Incomplete, 0, "no field is called wats: did you mean watts?"),
        ("=", Incomplete, 0, "a field has to come before ="),
        ("wats > 5", Wrong, 0, "no field is called wats: did you mean watts?"),
        ("a usr = root", Wrong, 2, "did you mean user?"),
        ("zzz = root", Wrong, 0, "docs/screen.md lists the fields"),
        ("> 5", Wrong, 0, "w > 5"),
        ("w > x", Wrong, 4, "w is compared with a number, such as 5W"),
        ("w > \"5\"", Wrong, 4, "a number"),
        ("w > 1.2.3", Wrong, 4, "a number"),
        ("w > - x", Wrong, 4, "a number"),
        ("w > 5k x", Wrong, 5, "k is no unit of w"),
        ("w > 5MW", Wrong, 5, "MW is no unit of w"),
        ("w > 5J", Wrong, 5, "J is no unit of w"),
        ("w > 5é", Wrong, 5, "é is no unit of w"),
        ("pid = 12s", Wrong, 8, "pid has no unit"),
        ("w ~ 5", Wrong, 2, "use one of = != < <= > >="),
        ("é name < x", Wrong, 7, "use one of = != ~ !~"),
        ("ended = 1", Wrong, 6, "write ended or !ended alone"),
        ("user = |", Wrong, 7, "before |"),
        ("a )", Wrong, 2, "no ( is open"),
        ("()", Wrong, 1, "before )"),
        ("| a", Wrong, 0, "before |"),
        ("a | | b", Wrong, 4, "before |"),
        ("!&", Wrong, 1, "before &"),
        ("ä & & b", Wrong, 4, "before &"),
    ];
    for (text, kind, letters, words) in cases {
        let error = Query::parse(text).expect_err(text);
        assert!(error.words.contains(words), "{text}: {error}");
        let found = text[..error.at].chars().count();
        assert_eq!((error.kind, found), (kind, letters), "{text}: {error}");
    }
}

#[test]
fn what_is_no_comparison_is_text() {
    let texts =
        ["a>b", "foo=bar", "-k=v", "vim ~/notes", "a => b", "w", "user", "endedness", "x!=y"];
    for text in texts {
        let query = Query::parse(text).unwrap();
        let named = |name: &str| Told { words: vec![(Word::Name, name.into())], ..Told::default() };
        assert!(query.matches(&named(text)), "{text}");
        assert!(!query.matches(&named("k")), "{text}");
    }
}

#[test]
fn it_has_bounds() {
    let long = "é".repeat(LONGEST);
    assert!(Query::parse(&long).is_ok());
    let error = Query::parse(&format!("{long}é")).unwrap_err();
    assert_eq!((error.kind, error.at), (Kind::Wrong, long.len()));
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&nested(DEEPEST)).is_ok());
    assert_eq!(Query::parse(&nested(DEEPEST + 1)).unwrap_err().at, DEEPEST);
    assert!(Query::parse(&format!("{}a", "!".repeat(DEEPEST))).is_ok());
    assert!(Query::parse(&format!("{}a", "!".repeat(DEEPEST + 1))).is_err());
}

#[test]
fn names_are_told_apart() {
    let names: Vec<_> = FIELDS.iter().flat_map(Field::names).collect();
    for (index, name) in names.iter().enumerate() {
        assert!(!names[..index].contains(name), "{name} is twice");
        assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()));
        assert!(!["or", "and"].contains(name));
    }
    for field in &FIELDS {
        let spelled = |unit: &Unit| [&[unit.symbol], unit.also].concat();
        let units: Vec<_> = field.units().iter().flat_map(spelled).collect();
        for (index, unit) in units.iter().enumerate() {
            assert!(!units[..index].contains(unit), "{unit} is twice");
        }
    }
}

const DOCUMENT: &str = include_str!("../../../docs/screen.md");

#[test]
fn the_document_has_the_table_of_fields() {
    let mut table =
        String::from("| Field | Or | Is | Units | What it is |\n|---|---|---|---|---|\n");
    let listed = |texts: &[&str]| {
        let quoted = texts.iter().map(|text| format!("`{text}`"));
        quoted.collect::<Vec<_>>().join(" ")
    };
    for field in &FIELDS {
        let units: Vec<_> = field.units().iter().map(|unit| unit.symbol).collect();
        let is = match field.of {
            Of::Figure(..) => "a number",
            Of::Word(_) => "a text",
            Of::Mark(_) => "so or not",
        };
        let (aliases, units) = (listed(field.aliases), listed(&units));
        writeln!(table, "| `{}` | {aliases} | {is} | {units} | {} |", field.name, field.words)
            .unwrap();
    }
    assert!(DOCUMENT.contains(&table), "docs/screen.md has to have this table:\n{table}");
}

#[test]
fn the_examples_of_the_document_are_queries() {
    let block = DOCUMENT.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let examples: Vec<_> = block.lines().map(|line| line.split("  ").next().unwrap()).collect();
    assert!(examples.len() > 5, "{examples:?}");
    for example in examples {
        Query::parse(example).unwrap_or_else(|error| panic!("{example}: {error:?}"));
    }
}

/// A query's text by the grammar, with all that words can hold.
fn query() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-cA-C0-9./-]{1,4}",
        r#""([a-c ()|&!=<>~"-]|\\\\|\\"){0,5}""#
            .prop_filter("quotes are closed", |text| Scanned::whole(text)),
        select(vec!["ended", "held", "train", "w", "or", "and", "=x", "ä", "\"or\""])
            .prop_map(str::to_owned),
    ];
    let figure = (
        select(
            FIELDS.iter().filter(|field| matches!(field.of, Of::Figure(..))).collect::<Vec<_>>(),
        ),
        select(vec!["=", "==", "!=", "<", "<=", ">", ">="]),
        0_u16..3000,
        any::<prop::sample::Index>(),
        select(vec!["", " "]),
    )
        .prop_map(|(field, operator, number, index, space)| {
            let names: Vec<_> = field.names().collect();
            let mut units = vec![""];
            units.extend(field.units().iter().map(|unit| unit.symbol));
            let (name, unit) = (index.get(&names), index.get(&units));
            format!("{name}{space}{operator}{space}{}{unit}", f64::from(number) / 8.0)
        });
    let text = (
        select(FIELDS.iter().filter(|field| matches!(field.of, Of::Word(_))).collect::<Vec<_>>()),
        select(vec!["=", "!=", "~", "!~"]),
        "[a-c]{1,3}|\"[a-c ]{0,3}\"",
    )
        .prop_map(|(field, operator, value)| format!("{} {operator} {value}", field.name));
    prop_oneof![word, figure, text].prop_recursive(3, 12, 3, |inner| {
        let join = select(vec![" ", " and ", " & ", " or ", "|"]);
        prop_oneof![
            (inner.clone(), join, inner.clone()).prop_map(|(a, join, b)| format!("{a}{join}{b}")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

/// Whether a text is one that is in quotes, and nothing else.
struct Scanned;

impl Scanned {
    fn whole(text: &str) -> bool {
        let mut scan = scan::Scan::new(text);
        scan.quoted().is_some() && scan.is_done()
    }
}

/// A row, of which much may be absent.
fn row() -> impl Strategy<Value = Told> {
    let words = [Word::Name, Word::Command, Word::User, Word::Job, Word::Unit];
    let figures = [Figure::Watts, Figure::Joules, Figure::Cpu, Figure::Age, Figure::Pid];
    let mark = prop_oneof![Just(Mark::Ended), Just(Mark::Held)];
    (
        vec(option::of("[a-cA-C ]{0,6}"), words.len()),
        vec(option::of((0_u16..3000).prop_map(|number| f64::from(number) / 8.0)), figures.len()),
        vec(mark, 0..2),
    )
        .prop_map(move |(texts, numbers, marks)| {
            let words = words.into_iter().zip(texts);
            let figures = figures.into_iter().zip(numbers);
            Told {
                words: words.filter_map(|(word, text)| Some((word, text?))).collect(),
                figures: figures.filter_map(|(of, number)| Some((of, number?))).collect(),
                marks,
            }
        })
}

proptest! {
    /// Whatever is typed is understood, or has a mistake at a place that is in it.
    #[test]
    fn no_text_panics(
        text in prop_oneof!["\\PC{0,40}", r#"([()|&!=<>~" \\.%kKmW0-9]|w|or|user|pid|é){0,60}"#],
        row in row(),
    ) {
        match Query::parse(&text) {
            Ok(query) => {
                query.matches(&row);
                let written = query.to_string();
                if written.chars().count() <= LONGEST {
                    prop_assert_eq!(Query::parse(&written), Ok(query), "{}", written);
                }
            }
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.at) && error.at <= text.len());
                prop_assert!(!error.words.is_empty());
            }
        }
    }

    /// What a query is written as is the same query, and is so written again.
    #[test]
    fn a_written_query_is_the_same(text in query()) {
        // An "or" of the words may have come to the end, or the text is too long.
        let Ok(query) = Query::parse(&text) else {
            return Err(TestCaseError::reject("no query"));
        };
        let written = query.to_string();
        prop_assume!(written.chars().count() <= LONGEST);
        let again = Query::parse(&written);
        prop_assert_eq!(again.as_ref(), Ok(&query), "{}", written);
        prop_assert_eq!(again.unwrap().to_string(), written);
    }

    /// While a good query is being typed it is never wrong, but at most not complete.
    #[test]
    fn typing_is_no_mistake(text in query()) {
        prop_assume!(text.chars().count() <= LONGEST);
        prop_assume!(Query::parse(&text).is_ok());
        for (at, _) in text.char_indices() {
            if let Err(error) = Query::parse(&text[..at]) {
                prop_assert_eq!(error.kind, Kind::Incomplete, "{}: {}", &text[..at], error);
            }
        }
    }

    /// Not, and, or, on any rows.
    #[test]
    fn it_obeys_logic(a in query(), b in query(), rows in vec(row(), 8)) {
        let parse = |text: String| Query::parse(&text);
        let (Ok(first), Ok(second)) = (parse(a.clone()), parse(b.clone())) else {
            return Err(TestCaseError::reject("too long"));
        };
        let not = parse(format!("!({a})"));
        let both = parse(format!("({a}) ({b})"));
        let either = parse(format!("({a}) or ({b})"));
        let (Ok(not), Ok(both), Ok(either)) = (not, both, either) else {
            return Err(TestCaseError::reject("too long or too deep"));
        };
        for row in rows {
            let (a, b) = (first.matches(&row), second.matches(&row));
            prop_assert_eq!(not.matches(&row), !a);
            prop_assert_eq!(both.matches(&row), a && b);
            prop_assert_eq!(either.matches(&row), a || b);
        }
    }

    /// A comparison and its contrary are never both so, and one of them is where the number is.
    #[test]
    fn what_is_absent_meets_nothing(row in row(), limit in 0_u16..3000) {
        for [this, that] in [["=", "!="], ["<", ">="], [">", "<="]] {
            let meets = |operator: &str| {
                Query::parse(&format!("w {operator} {limit}")).unwrap().matches(&row)
            };
            let known = row.figure(Figure::Watts).is_some();
            prop_assert_eq!(u8::from(meets(this)) + u8::from(meets(that)), u8::from(known));
        }
    }
}
