//! What is learned of GPUs: a context keeps a device awake, so only a free one is at rest.

use super::*;
use crate::{attribute::attribute, session::Source as _, sim::Simulation};

/// What is known of a GPU's static power after so many seconds of a scenario.
fn floor(holds: &str, readings: &str, seconds: u32) -> Option<Floor> {
    let text = format!(
        "name = \"test\"\ncpus = 2\n[[gpu]]\nid = \"gpu-0\"\n[[process]]\npid = 1\n\
         name = \"job\"\ngpu_holds = [{holds}]\n[[meter]]\nid = \"gpu-0\"\ndomain = \"gpu\"\n\
         readings = [{readings}]\n"
    );
    let mut machine = Simulation::parse(&text, "test").unwrap();
    let mut learner = Learner::default();
    let mut before = machine.sample().unwrap();
    for _ in 0..seconds {
        machine.pass(Duration::from_secs(1));
        let after = machine.sample().unwrap();
        learner.observe(&attribute(&before, &after, &learner.method()));
        before = after;
    }
    learner.method().floors.get("gpu-0").copied()
}

#[test]
fn a_free_gpu_shows_its_static_power() {
    // Held from 6.5 s on, which costs 30 W more, though nobody uses it.
    let readings = "\"0s 0J\", \"6s 300J\", \"26s 1900J\"";
    assert_eq!(floor("\"gpu-0 6.5s..\"", readings, 4), None, "too little was seen");
    let learned = floor("\"gpu-0 6.5s..\"", readings, 20).unwrap();
    assert_eq!((learned.watts, learned.basis), (Watts(50.0), Basis::Learned));
}

#[test]
fn one_that_is_always_held_has_shown_nothing() {
    assert_eq!(floor("\"gpu-0 0s..\"", "\"0s 0J\", \"30s 2400J\"", 25), None);
}
