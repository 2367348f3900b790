//! Files whose sums are right and whose contents are not: somebody meant harm, or a later
//! version writes what this one does not expect.

use std::{io::Cursor, path::Path, sync::Arc, time::Duration};

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{
    MAGIC, Replay, Setting, Tee,
    block::{Packer, Unpacker},
};
use crate::{
    attribute::Method,
    carbon::Intensity,
    group::{Grouping, totals::Totals},
    learn::Learner,
    ledger::Ledger,
    present::{json, table},
    session::{Chosen, Over, Session, Source},
    sim::Simulation,
};

const BEGINNING: &[u8] = b"jouletop recording 1\n";

/// The blocks of a recording of a scenario.
fn blocks(scenario: &str, step: Duration) -> Vec<Value> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios/");
    let simulation = Simulation::load(Path::new(&format!("{root}{scenario}"))).unwrap();
    let prices = simulation.grid().unwrap_or_else(|| Box::new(Arc::new(Intensity::world())));
    let thresholds = simulation.thresholds();
    let setting = Setting { thresholds, interval: step, ..Setting::default() };
    let mut file = Cursor::new(Vec::new());
    let (mut tee, keeping) = Tee::begin(Box::new(simulation), prices, setting, &mut file).unwrap();
    for _ in 0..5 {
        tee.sample().unwrap();
        tee.pass(step);
    }
    keeping.end().unwrap();
    drop((tee, keeping));
    let bytes = file.into_inner();
    assert!(bytes.starts_with(BEGINNING) && BEGINNING.starts_with(MAGIC));
    let mut unpacker = Unpacker::new(&bytes[BEGINNING.len()..], 0);
    let mut all = Vec::new();
    while let Ok(text) = unpacker.next() {
        all.push(serde_json::from_slice(&text).unwrap());
    }
    all
}

/// Replays blocks as they are: how many intervals there were, and how it ended.
fn replay(blocks: &[Value]) -> Result<(usize, Over), String> {
    replay_texts(blocks.iter().map(Value::to_string))
}

/// The same, of their texts.
fn replay_texts(blocks: impl Iterator<Item = String>) -> Result<(usize, Over), String> {
    let (mut packer, mut bytes) = (Packer::new(), BEGINNING.to_vec());
    blocks.for_each(|block| packer.pack(block.as_bytes(), &mut bytes).unwrap());
    let replay = Replay::read(Box::new(Cursor::new(bytes)), Path::new("\u{1b}[2Jf"));
    let replay = replay.map_err(|error| error.to_string())?;
    let Chosen { idle_policy, gpu_share, learn, factors } = replay.chosen();
    let method = Method { idle_policy, gpu_share, ..Method::default() };
    let learner = Learner::new(method, replay.calibrated(), learn);
    let prices = replay.grid().unwrap();
    let session = Session::new(Box::new(replay), prices, learner);
    let mut session = session.with_factors(factors).with_jobs();
    let (mut intervals, mut ledger) = (0, Ledger::default());
    let totals = Totals::default();
    while session.over().is_none() {
        if let Some(tick) = session.tick().unwrap() {
            intervals += 1;
            json::line(&tick, &totals, Grouping::Job, &[]).unwrap();
            ledger.push(tick);
            for by in [Grouping::Process, Grouping::Job] {
                let table = table::table(&ledger, &totals, by, session.describe());
                assert!(harmless(&table.replace('\n', "")), "{table:?}");
            }
        }
    }
    Ok((intervals, session.over().unwrap().clone()))
}

/// It writes on nobody's terminal but itself.
fn harmless(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// Every place of a value, as JSON pointers (RFC 6901).
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{here}/{index}"), all);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(field, &format!("{here}/{name}"), all);
            }
        }
        _ => {}
    }
}

fn strange() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(0),
        json!(1),
        json!(-1),
        json!(u32::MAX),
        json!(u64::MAX),
        json!(u64::MAX / 2),
        json!(i64::MIN),
        json!(1e308),
        json!(-1e308),
        json!("inf"),
        json!("NaN"),
        json!(""),
        json!("\u{1b}[2J\u{0}"),
        json!({"\u{1b}[2J": "\u{1b}[2J"}),
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!([u64::MAX, u64::MAX, u64::MAX]),
        json!("-009999-01-02T01:59:59Z"),
        json!("9999-12-30T22:00:00Z"),
    ])
}

const SCENARIOS: [&str; 4] =
    ["gpu_demo.toml", "waste_dirty_hour.toml", "cores.toml", "rest_of_machine.toml"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_a_file_nothing_panics(
        scenario in 0..SCENARIOS.len(),
        changes in prop::collection::vec((any::<Index>(), any::<Index>(), strange()), 1..4),
    ) {
        use std::sync::LazyLock;
        static ALL: LazyLock<Vec<Vec<Value>>> = LazyLock::new(|| {
            SCENARIOS.iter().map(|one| blocks(one, Duration::from_secs(20))).collect()
        });
        let mut blocks = ALL[scenario].clone();
        for (block, place, strange) in changes {
            let block = block.get(blocks.as_slice()).clone();
            let at = blocks.iter().position(|one| *one == block).unwrap();
            let mut all = Vec::new();
            places(&block, "", &mut all);
            *blocks[at].pointer_mut(place.get::<String>(&all)).unwrap() = strange;
        }
        match replay(&blocks) {
            Ok((intervals, over)) => {
                prop_assert!(intervals <= 4);
                prop_assert!(harmless(&over.words), "{:?}", over.words);
            }
            Err(why) => prop_assert!(why.contains("record") && harmless(&why), "{why:?}"),
        }
    }
}

#[test]
fn blocks_out_of_order_are_told() {
    let good = blocks("gpu_demo.toml", Duration::from_secs(1));
    assert_eq!(replay(&good).unwrap().0, 4);
    for left_out in 0..good.len() - 1 {
        let mut some = good.clone();
        let gone = some.remove(left_out).to_string();
        match replay(&some) {
            // Without a sample, one interval is longer.
            Ok((3, over)) => assert!(gone.contains("moment") && !over.damaged, "{gone}"),
            Ok((intervals, over)) => assert!(intervals < 3 && over.damaged, "{gone}: {over:?}"),
            Err(why) => assert!(why.contains("damaged"), "{why}"),
        }
    }
    let twice = [&good[..], &good[..1]].concat();
    assert!(!replay(&twice).unwrap().1.damaged, "what follows the end is not read");
    let again = [&good[..good.len() - 1], &good[..1]].concat();
    assert!(replay(&again).unwrap().1.words.contains("it begins twice"));
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let mut later = blocks("gpu_demo.toml", Duration::from_secs(1));
    for block in &mut later {
        let inner = block.as_object_mut().unwrap().values_mut().next().unwrap();
        if let Some(fields) = inner.as_object_mut() {
            fields.insert("invented_later".into(), json!({"deep": [1, 2, {"er": null}]}));
        }
    }
    let (intervals, over) = replay(&later).unwrap();
    assert_eq!((intervals, over.damaged), (4, false));
    later.insert(3, json!({"invention": 1}));
    assert!(replay(&later).unwrap_err().contains("unknown variant"));
}

#[test]
fn a_threshold_that_is_not_known_here_is_told_and_the_others_hold() {
    let mut later = blocks("gpu_demo.toml", Duration::from_secs(1));
    later[0]["head"]["waste"]["held_gpu"] = json!({"after": "7s", "invented": 1});
    let (mut packer, mut bytes) = (Packer::new(), BEGINNING.to_vec());
    for block in &later {
        packer.pack(block.to_string().as_bytes(), &mut bytes).unwrap();
    }
    let replay = Replay::read(Box::new(Cursor::new(bytes)), Path::new("f")).unwrap();
    assert_eq!(replay.thresholds().held_gpu.after, Duration::from_secs(7));
    let told = replay.describe().remedies.join("\n");
    assert!(told.contains("the defaults hold: held_gpu.invented; replay it"), "{told}");
}

/// Changes a number of a recording: what is said of it.
fn with_number(pointer: &str, number: &Value) -> String {
    let mut blocks = blocks("gpu_demo.toml", Duration::from_secs(1));
    let block = blocks.iter_mut().find(|block| block.pointer(pointer).is_some());
    *block.unwrap().pointer_mut(pointer).unwrap() = number.clone();
    replay(&blocks).map_or_else(|why| why, |(_, over)| over.words)
}

#[test]
fn numbers_that_no_machine_has_are_refused_and_not_taken_for_zero() {
    for (pointer, good, bad) in [
        ("/head/pue", 1.5, 0.9),
        ("/head/overhead", 10.0, 10.1),
        ("/grid/grams_per_kwh", 0.0, -1.0),
        ("/moment/readings/0/counter/2", 1e4, -1e-9),
        ("/moment/gpus/0/state/Ok/power", 70.0, -70.0),
    ] {
        let said = with_number(pointer, &json!(good));
        assert!(said.contains("ends here"), "{pointer} {good}: {said}");
        for bad in [json!(bad), json!(-1e308), json!(1e308), json!("NaN"), json!("inf")] {
            let said = with_number(pointer, &bad);
            assert!(said.contains("damaged"), "{pointer} {bad}: {said}");
        }
        let said = with_number(pointer, &json!(bad));
        assert!(
            said.contains("is no factor from 1 to 10") || said.contains("is no amount"),
            "{said}"
        );
    }
    let estimate = blocks("estimate.toml", Duration::from_secs(1));
    let models = estimate.iter().filter(|block| block.to_string().contains("\"model\"")).count();
    assert!(models > 1);
    for number in [json!("NaN"), json!(-5)] {
        let mut bad = estimate.clone();
        for block in &mut bad {
            if let Some(slope) = block.pointer_mut("/moment/readings/0/model/likely/full") {
                *slope = number.clone();
            }
        }
        assert_ne!(bad, estimate);
        let said = replay(&bad).map_or_else(|why| why, |(_, over)| over.words);
        assert!(said.contains("damaged"), "{number}: {said}");
    }
}

#[test]
fn too_many_names_and_nested_lists_are_refused() {
    let good = blocks("gpu_demo.toml", Duration::from_secs(1));
    let at = good.iter().position(|block| block.get("people").is_some()).unwrap();
    let text = |block: &Value| block.to_string();
    let deep = format!("{{\"head\":{{\"waste\":{}", "[".repeat(10_000));
    let error = replay_texts([deep].into_iter()).unwrap_err();
    assert!(error.contains("recursion limit"), "{error}");

    let crowd = |block: u64| {
        let who = block * 400_000..(block + 1) * 400_000;
        let one = |who| format!("{{\"who\":{who},\"id\":[1,1],\"is\":{{\"name\":\"\"}}}}");
        format!("{{\"people\":[{}]}}", who.map(one).collect::<Vec<_>>().join(","))
    };
    let (begin, end) = good.split_at(at);
    let crowds = (0..3).map(crowd);
    let all = begin.iter().map(text).chain(crowds).chain(end.iter().map(text));
    let error = replay_texts(all).unwrap_err();
    assert!(error.contains("more processes than any machine"), "{error}");
}
