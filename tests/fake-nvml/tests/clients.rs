//! Other people's readers of GPUs see what the scenario says.
//!
//! `nvidia-ml-py` and `nvitop`, unmodified, load the fake in place of NVIDIA's library:
//! what they read right has the names, the layouts and the protocols of the real one.

#[path = "clients/device.rs"]
mod device;
#[path = "clients/divided.rs"]
mod divided;
#[path = "clients/energy.rs"]
mod energy;
#[path = "clients/failures.rs"]
mod failures;
#[path = "clients/layout.rs"]
mod layout;
#[path = "clients/nvitop.rs"]
mod nvitop;
#[path = "clients/processes.rs"]
mod processes;
mod support;

use serde_json::{Value, json};
use support::Setup;

/// The wall clock at 0s of a stepped scenario, in microseconds.
const EPOCH: u64 = 1_800_000_000_000_000;
const SECOND: u64 = 1_000_000_000;
const GIB: u64 = 1 << 30;

/// Runs calls through pynvml, and compares what each gives.
fn check(scenario: &str, calls: &[(Value, Value)]) {
    let setup = Setup::new(scenario);
    let all: Vec<_> =
        [json!(["nvmlInit"])].into_iter().chain(calls.iter().map(|call| call.0.clone())).collect();
    let answers = setup.pynvml(&all);
    assert_eq!(answers.len(), all.len(), "{answers:?}");
    for ((call, expected), answer) in calls.iter().zip(&answers[1..]) {
        assert!(agrees(expected, answer), "{call}\nexpected {expected}\nfound    {answer}");
    }
}

/// Whether an answer has everything that is expected, and perhaps more fields.
fn agrees(expected: &Value, answer: &Value) -> bool {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => expected
            .iter()
            .all(|(key, value)| answer.get(key).is_some_and(|there| agrees(value, there))),
        (Value::Array(expected), Value::Array(answer)) => {
            expected.len() == answer.len()
                && expected.iter().zip(answer).all(|(one, other)| agrees(one, other))
        }
        _ => expected == answer,
    }
}

fn at(milliseconds: u64) -> (Value, Value) {
    (json!(["at", milliseconds * 1_000_000]), Value::Null)
}

fn error(name: &str) -> Value {
    json!({ "error": name })
}
