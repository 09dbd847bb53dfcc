//! What is told of charges: what the API says of a charge, less what changes with every look (ages,
//! parts of a second) or is long (log, lists of checks that hold). Knows nothing of who is told.

use serde_json::Value;

use crate::engine::{ChargeCheck, ChargePicture, Snapshot};
use crate::web::api::Charge;
use crate::web::live::ask::Topic;
use crate::web::live::state::Object;

/// What is told as the API says it.
const SAME: [&str; 18] = [
    "state",
    "running",
    "step",
    "paused",
    "ended",
    "by",
    "stop_if_i_leave",
    "charger",
    "set",
    "governor",
    "told",
    "latches",
    "record",
    "pace",
    "demo",
    "seen_pack",
    "seen_charger",
    "meter",
];
/// Members that are an age or follow one.
const AGES: [&str; 3] = ["age_s", "status_age_s", "other_master_s"];
/// Times that are told to the whole second.
const SECONDS: [&str; 2] = ["elapsed_s", "left_s"];

/// The wanted charges by the name of their pack.
pub fn told(topic: &Topic, snapshot: &Snapshot) -> Object {
    let wanted = snapshot.charges.iter().filter(|one| topic.wants_charge(one.pack.as_str()));
    wanted.map(|one| (one.pack.to_string(), charge(snapshot, one).into())).collect()
}

fn charge(snapshot: &Snapshot, picture: &ChargePicture) -> Object {
    // Names of fields are texts, and what cannot be written is told as nothing.
    let said = serde_json::to_value(Charge::of(snapshot, picture)).unwrap_or_default();
    let Value::Object(mut said) = said else { return Object::new() };
    let mut told = Object::new();
    for name in SAME {
        if let Some(value) = said.remove(name) {
            told.insert(name.to_owned(), value);
        }
    }
    told.insert("reasons".to_owned(), reasons(picture).into());
    calm(&mut told);
    told
}

/// Why it cannot start, or is about to stop.
fn reasons(picture: &ChargePicture) -> Object {
    let checks = picture.preconditions.iter().chain(&picture.interlocks);
    let broken = checks.filter(|check| !check.ok && !check.waits);
    broken
        .map(|check: &ChargeCheck| (check.id.code().to_owned(), check.why.as_str().into()))
        .collect()
}

/// Takes away what is unknown (in a change, nothing stands for what is gone) and what is never still.
fn calm(told: &mut Object) {
    told.retain(|name, value| !value.is_null() && !AGES.contains(&name.as_str()));
    for (name, value) in told.iter_mut() {
        match value {
            Value::Object(inner) => calm(inner),
            Value::Number(number) if SECONDS.contains(&name.as_str()) => {
                *value = number.as_f64().map(|seconds| seconds.floor() as u64).into();
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {}
        }
    }
}
