//! Charges on the live stream: what is told of one from its checks to its end.

use busbar::engine::{
    ChangeCharge, Confirm, Lease, Preset, SetDemo, SetPoints, Snapshot, StartCharge, StopCharge,
    ViewPlant,
};
use serde_json::{Map, Value, json};

use super::stage::{Stage, Stream, kind};

const CHARGES: &str = r#"{"subscribe":{"id":"c","charges":["*"],"rate_hz":20}}"#;

/// Puts a change into what is known, as a merge patch says.
fn merge(known: &mut Map<String, Value>, change: &Map<String, Value>) {
    for (name, value) in change {
        match (known.get_mut(name), value) {
            (_, Value::Null) => drop(known.remove(name)),
            (Some(Value::Object(inner)), Value::Object(new)) => merge(inner, new),
            (_, new) => drop(known.insert(name.clone(), new.clone())),
        }
    }
}

/// What a client knows of the first charge, and its stream.
pub struct Listener {
    pub stream: Stream,
    known: Map<String, Value>,
    /// The changes of this charge since the last look.
    changes: Vec<Value>,
}

impl Listener {
    pub fn new(mut stream: Stream) -> Self {
        stream.say(CHARGES);
        let first = stream.hear();
        assert_eq!(kind(&first), "snapshot", "{first}");
        let known = first["snapshot"].as_object().unwrap().clone();
        Self { stream, known, changes: Vec::new() }
    }

    pub fn charge(&self) -> &Value {
        self.known["charges"].as_object().unwrap().values().next().unwrap()
    }

    /// Listens until `wanted` holds of the charge.
    #[track_caller]
    pub fn until(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        for _ in 0..1200 {
            if wanted(self.charge()) {
                return self.charge().clone();
            }
            let message = self.stream.hear();
            let change = message["change"].as_object().unwrap();
            let charges = change.get("charges").and_then(Value::as_object).into_iter().flatten();
            self.changes.extend(charges.map(|(_, charge)| charge.clone()));
            merge(&mut self.known, change);
        }
        assert_eq!(self.charge(), &Value::Null, "it never came");
        Value::Null
    }
}

/// The set points that stand now, with another current.
fn with_current(snapshot: &Snapshot, amps: f64) -> ChangeCharge {
    let picture = snapshot.charges.first().unwrap();
    let set = SetPoints { current: busbar::base::units::Amps(amps), ..picture.set };
    ChangeCharge { pack: picture.pack.clone(), set }
}

#[test]
fn a_charge_is_told_from_its_checks_to_its_end() {
    let stage = Stage::playing("demo");
    let mut listener = Listener::new(stage.stream(&stage.token("vera", Preset::Viewer)));
    let idle = listener.charge().clone();
    assert_eq!((&idle["state"], &idle["running"]), (&json!("idle"), &json!(false)), "{idle}");
    let latches = json!({"fault": false, "local_stop": false, "remote_stop": false});
    assert_eq!(idle["latches"], latches);
    // A vehicle that drives cannot be charged, and why is said.
    let driving = listener.until(|charge| charge["reasons"].get("other_key").is_some());
    let why = driving["reasons"]["other_key"].as_str().unwrap();
    assert!(why.ends_with('.'), "{why}");
    stage.order(SetDemo { parked: true, pace: 20.0 });
    listener.until(|charge| charge["reasons"] == json!({}) && charge["pace"] == 20.0);

    let snapshot = || {
        let grant = stage.desk.permit(ViewPlant).unwrap();
        stage.door().look(&grant)
    };
    let now = snapshot();
    let (pack, rules) = now.charges.first().map(|one| (one.pack.clone(), one.rules)).unwrap();
    let set = SetPoints::usual(&rules);
    let (charger, lease) = (None, Lease::GoesOn);
    stage.order(StartCharge { pack: pack.clone(), charger, set, lease, confirm: Confirm });
    let running = listener.until(|charge| {
        charge["state"] == "constant_current" && charge["meter"]["charge_ah"] != 0.0
    });
    assert_eq!(
        (&running["step"], &running["told"]["key"]),
        (&json!("constant_current"), &json!("run"))
    );
    assert!(running["governor"].is_string() && running["by"].is_string(), "{running}");

    // Only what has changed is sent: a set point comes alone, and nothing that stands still comes.
    listener.changes.clear();
    stage.order(with_current(&snapshot(), 7.5));
    listener.until(|charge| charge["set"]["current_a"] == 7.5);
    let sets: Vec<&Value> =
        listener.changes.iter().filter_map(|change| change.get("set")).collect();
    assert_eq!(sets, [&json!({"current_a": 7.5})]);
    for still in ["by", "charger", "latches", "stop_if_i_leave", "demo", "pace"] {
        assert!(listener.changes.iter().all(|change| change.get(still).is_none()), "{still}");
    }

    stage.order(StopCharge { pack: Some(pack) });
    let ended = listener.until(|charge| charge["ended"]["over"] == true);
    assert_eq!(ended["ended"]["why"], "asked", "{ended}");
    assert_eq!((&ended["running"], &ended["latches"]["local_stop"]), (&json!(false), &json!(true)));
    assert!(ended.get("governor").is_none(), "what is gone is taken away: {ended}");
}

#[test]
fn charges_that_are_not_asked_for_by_name_are_not_told() {
    let stage = Stage::playing("demo");
    let mut stream = stage.stream(&stage.token("vera", Preset::Viewer));
    stream.say(r#"{"subscribe":{"id":"c","charges":["Another pack"]}}"#);
    assert_eq!(stream.hear()["snapshot"], json!({"charges": {}}));
}
