//! Reports on real and made-up recordings.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::engine::testing::shared_data;

const CANDUMP: &str = "logs/prohelion-two-bmu-elcon-charge.candump.log";
const ARROWPOINT: &str = "logs/prohelion-two-bmu-elcon-charge.arrowpoint.csv";

fn ask(log: &Path) -> Request {
    Request {
        log: log.to_owned(),
        catalog: Catalog::builtin().into(),
        device: "prohelion-d1000-gen1".to_owned(),
        base: None,
        current_sign: None,
        strings: 1,
        bus: None,
        at: None,
    }
}

fn said(request: &Request) -> String {
    inspect(request).map(|report| report.to_text()).unwrap_err().to_string()
}

/// A recording of these frames, one every tenth of a second.
fn recording(frames: &[&str]) -> tempfile::NamedTempFile {
    let mut text = String::new();
    for (at, frame) in frames.iter().enumerate() {
        let bus = if frame.starts_with('@') { "can1" } else { "can0" };
        let frame = frame.trim_start_matches('@');
        text += &format!("({}.{}00000) {bus} {frame}\n", 1_700_000_000 + at / 10, at % 10);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

const HEARTBEAT: &str = "600#00100000D1F10000";
const TOTALS: &str = "6FA#A75D0200170A0000";

mod real_recording {
    use super::*;

    #[test]
    fn while_charging_it_tells_what_the_protocol_note_read_from_it() {
        let Some(log) = shared_data(CANDUMP) else { return };
        let request = Request { at: Some(60.0), base: Some(0x600), ..ask(&log) };
        let report = inspect(&request).unwrap().to_json();
        let number = |key: &str| report[key].as_f64().unwrap();
        assert!((number("pack_voltage_v") - 155.0).abs() < 0.5, "{report:#}");
        assert!((number("pack_current_a") - 2.58).abs() < 0.1, "{report:#}");
        assert_eq!(report["soc_percent"], json!(100.0));
        assert_eq!(report["state"], json!("Run"));
        assert_eq!(report["flags"], json!([]));
        assert_eq!(report["serial"], json!(61905));
        assert_eq!(report["firmware_build"], json!(931));
        assert_eq!(report["capacity_ah"], json!(53.0));
        let cells = report["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 5);
        assert_eq!(report["modules_reported"], json!(5));
        let sum: f64 = cells
            .iter()
            .flat_map(|module| module.as_array().unwrap())
            .filter_map(|cell| cell["mv"].as_f64())
            .sum();
        assert!((sum / 1000.0 - number("pack_voltage_v")).abs() < 1.0, "{sum}");
        let (min, max) = (&report["reported_min_cell"], &report["reported_max_cell"]);
        assert_eq!((&min["module"], &min["cell"]), (&json!(1), &json!(1)));
        assert_eq!((&max["module"], &max["cell"]), (&json!(5), &json!(7)));
        let close = |one: &Value, other: &Value| {
            (one["mv"].as_f64().unwrap() - other["mv"].as_f64().unwrap()).abs() <= 5.0
        };
        assert!(close(&report["min_cell"], min) && close(&report["max_cell"], max));
        assert_eq!(report["min_cell"]["source"], json!("cells"));
        assert_eq!(report["ages"]["cells"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn at_its_end_the_contactors_have_been_released() {
        let Some(log) = shared_data(CANDUMP) else { return };
        for base in [0x600, 0x200] {
            let report = inspect(&Request { base: Some(base), ..ask(&log) }).unwrap();
            let json = report.to_json();
            assert_eq!(json["state"], json!("Idle"), "{json:#}");
            assert_eq!(json["contactors"]["on"], json!([false, false, false]));
            let states = json["states"].as_array().unwrap();
            let last: Vec<&str> =
                states.iter().rev().take(2).map(|s| s["state"].as_str().unwrap()).collect();
            assert_eq!(last, ["Idle", "Run"]);
            let released = states.last().unwrap()["at_s"].as_f64().unwrap();
            // 22:54:40.757 in the recording's own time, which begins at 22:51:46.481.
            assert!((released - 174.3).abs() < 1.5, "{released}");
            let other = if base == 0x600 { 0x200 } else { 0x600 };
            assert_eq!(json["other_bases"], json!([other]));
        }
    }

    #[test]
    fn both_formats_of_the_same_traffic_tell_the_same() {
        let (Some(candump), Some(arrowpoint)) = (shared_data(CANDUMP), shared_data(ARROWPOINT))
        else {
            return;
        };
        for base in [0x600, 0x200] {
            for at in [Some(0.0), Some(60.0), Some(174.9), None] {
                let of = |log: &Path| {
                    let request = Request { base: Some(base), at, ..ask(log) };
                    let mut json = inspect(&request).unwrap().to_json();
                    let object = json.as_object_mut().unwrap();
                    // What is of the file and not of the battery. The ArrowPoint file ends with a
                    // bridge heartbeat or not at the same moment, but has no date and no bus.
                    for key in ["log", "format", "bus", "time", "frames", "skipped_lines"] {
                        object.remove(key);
                    }
                    json
                };
                assert_eq!(of(&candump), of(&arrowpoint), "base {base:X} at {at:?}");
            }
        }
    }

    #[test]
    fn the_discharge_positive_sign_turns_current_and_power_round() {
        let Some(log) = shared_data(CANDUMP) else { return };
        let at = Some(60.0);
        let current = |sign| {
            let request = Request { at, current_sign: Some(sign), ..ask(&log) };
            let json = inspect(&request).unwrap().to_json();
            (json["pack_current_a"].as_f64().unwrap(), json["pack_power_w"].as_f64().unwrap())
        };
        let (amps, watts) = current(CurrentSign::ChargePositive);
        assert!(amps > 2.0);
        assert_eq!(current(CurrentSign::DischargePositive), (-amps, -watts));
    }

    #[test]
    fn a_moment_can_be_given_in_the_recordings_own_time() {
        let Some(log) = shared_data(CANDUMP) else { return };
        let at = |at| {
            inspect(&Request { at: Some(at), ..ask(&log) }).map(|r| r.to_json()["at_s"].clone())
        };
        assert_eq!(at(1_562_849_566.481).unwrap(), json!(60.0));
        assert_eq!(at(60.0).unwrap(), json!(60.0));
        for outside in [-1.0, 100_000.0, f64::NAN] {
            let said = at(outside).unwrap_err().to_string();
            assert!(said.contains("is not within the recording"), "{said}");
        }
    }

    #[test]
    fn a_base_between_two_bmus_is_refused_with_the_right_ones() {
        let Some(log) = shared_data(CANDUMP) else { return };
        let text = said(&Request { base: Some(0x620), ..ask(&log) });
        assert!(text.contains("no BMU has its heartbeat at 0x620"), "{text}");
        assert!(text.contains("0x200 and 0x600"), "{text}");
        let text = said(&Request { base: Some(0x300), ..ask(&log) });
        assert!(text.contains("0x300") && text.contains("0x200 and 0x600"), "{text}");
    }

    #[test]
    fn the_text_is_a_report_that_can_be_pasted() {
        let Some(log) = shared_data(CANDUMP) else { return };
        let text = inspect(&Request { at: Some(60.0), ..ask(&log) }).unwrap().to_text();
        for part in [
            "Prohelion D1000 Gen 1 at base 0x600 on can0",
            "serial 61905, firmware build 931",
            "A, charging",
            "100.0 %, reported by the BMU",
            "Run. Contactors closed.",
            "none raised",
            "CMU 5",
            "▲",
            "Other BMUs in this recording: base 0x200.",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
    }
}

mod made_up_recording {
    use super::*;

    #[test]
    fn special_cells_keep_their_states() {
        let log = recording(&[
            HEARTBEAT,
            TOTALS,
            "602#8C0E8CF100800180",
            "608#740E740E740E740E",
            "6FD#A000000002010000",
            "6F7#1000000001000100",
        ]);
        let json = inspect(&ask(log.path())).unwrap().to_json();
        assert_eq!(
            json["cells"][0],
            json!([
                {"mv": 3724, "state": "ok"},
                {"mv": 3700, "state": "untrusted"},
                {"mv": null, "state": "absent"},
                {"mv": null, "state": "extra"},
            ])
        );
        assert_eq!(json["cells"][1], json!([]));
        assert_eq!(json["cells"][2][0], json!({"mv": 3700, "state": "ok"}));
        assert_eq!(
            json["min_cell"],
            json!({"mv": 3700, "module": 3, "cell": 0, "source": "cells"})
        );
        assert_eq!(json["max_cell"]["mv"], json!(3724));
        assert_eq!(json["pack_voltage_v"], json!(155.047));
        assert_eq!(json["pack_current_a"], json!(2.583));
        assert_eq!(json["soc_percent"], Value::Null);
        assert_eq!(json["ages"]["soc_percent"], Value::Null);
        assert_eq!(json["age_words"]["soc_percent"], json!("never"));
        assert_eq!(json["flags"][0]["name"], json!("vehicle-timeout"));
        assert_eq!(json["flags"][0]["severity"], json!("info"));
        assert_eq!(json["state"], json!("Error"));
        assert_eq!(json["ages"]["pack_voltage_v"], json!(0.4));
    }

    #[test]
    fn the_bmus_own_range_is_used_where_it_knows_more_modules() {
        let log = recording(&[
            HEARTBEAT,
            "602#8C0E740ED20EDA0E",
            "603#5B0F730FFE0F1C10",
            "6F8#740E1D1001010507",
        ]);
        let json = inspect(&ask(log.path())).unwrap().to_json();
        assert_eq!(json["max_cell"], json!({"mv": 4125, "module": 5, "cell": 7, "source": "bmu"}));
        assert_eq!(json["min_cell"], json!({"mv": 3700, "module": 1, "cell": 1, "source": "bmu"}));
    }

    #[test]
    fn what_is_too_old_at_the_end_is_null_and_says_so() {
        let mut frames = vec![HEARTBEAT, TOTALS];
        frames.extend(["600#00100000D1F10000"; 15]);
        let log = recording(&frames);
        let report = inspect(&ask(log.path())).unwrap();
        let json = report.to_json();
        assert_eq!(json["pack_voltage_v"], Value::Null);
        assert_eq!(json["age_words"]["pack_voltage_v"], json!("lost"));
        assert_eq!(json["ages"]["pack_voltage_v"], json!(1.5));
        assert!(report.to_text().contains("– (no data for 1.5 s)"), "{}", report.to_text());
        let early = inspect(&Request { at: Some(0.2), ..ask(log.path()) }).unwrap().to_json();
        assert_eq!(early["pack_voltage_v"], json!(155.047));
        let before = inspect(&Request { at: Some(0.0), ..ask(log.path()) }).unwrap().to_json();
        assert_eq!(before["age_words"]["pack_voltage_v"], json!("never"));
    }

    #[test]
    fn a_frame_of_a_wrong_length_is_named_and_not_used() {
        let log = recording(&[HEARTBEAT, TOTALS, "6FA#0000"]);
        let report = inspect(&ask(log.path())).unwrap();
        assert_eq!(report.to_json()["pack_voltage_v"], json!(155.047));
        assert_eq!(report.to_json()["malformed_frames"], json!(1));
        let text = report.to_text();
        assert!(
            text.contains("1 malformed frames") && text.contains("2 bytes instead of 8"),
            "{text}"
        );
    }

    #[test]
    fn two_buses_are_not_mixed() {
        let log = recording(&[HEARTBEAT, TOTALS, "@6FA#0000000000000000", "@600#0010000001000000"]);
        let report = inspect(&ask(log.path())).unwrap();
        assert_eq!(report.to_json()["pack_voltage_v"], json!(155.047));
        assert!(report.to_text().contains("also on bus can1"), "{}", report.to_text());
        let other = Request { bus: Some("can1".to_owned()), ..ask(log.path()) };
        assert_eq!(inspect(&other).unwrap().to_json()["pack_voltage_v"], json!(0.0));
        let text = said(&Request { bus: Some("can9".to_owned()), ..ask(log.path()) });
        assert!(text.contains("\"can9\"") && text.contains("can0, can1"), "{text}");
    }

    #[test]
    fn a_recording_without_the_device_names_the_bases_at_which_one_is() {
        let log = recording(&["123#00", "200#00100000D1F10000"]);
        let text = said(&ask(log.path()));
        assert!(
            text.contains("no frame of Prohelion D1000 Gen 1 at base 0x600 among 2 frames"),
            "{text}"
        );
        assert!(text.contains("heartbeat of a BMU is at 0x200"), "{text}");
        let log = recording(&["123#00"]);
        assert!(said(&ask(log.path())).contains("no heartbeat of a BMU is in it"));
    }

    #[test]
    fn frames_without_a_heartbeat_are_reported_with_a_warning() {
        let log = recording(&[TOTALS; 40]);
        let json = inspect(&ask(log.path())).unwrap().to_json();
        assert_eq!(json["pack_voltage_v"], json!(155.047));
        assert_eq!(json["severity"], json!("warning"));
        let said = json["remarks"][0]["text"].as_str().unwrap();
        assert!(said.starts_with("No BMU heartbeat has been heard at this base"), "{said}");
        let short = recording(&[TOTALS; 4]);
        let json = inspect(&ask(short.path())).unwrap().to_json();
        assert_eq!(json["remarks"], json!([]));
    }

    #[test]
    fn a_current_that_was_turned_round_is_said_to_be() {
        let log = recording(&[HEARTBEAT, TOTALS]);
        let footnote = |sign| {
            let request = Request { current_sign: Some(sign), ..ask(log.path()) };
            inspect(&request).unwrap().to_text()
        };
        let said = footnote(CurrentSign::DischargePositive);
        let words = "the device counts discharge as positive, it was turned round.";
        assert!(said.contains(words), "{said}");
        let said = footnote(CurrentSign::ChargePositive);
        assert!(said.contains("Current and power are positive into the battery.\n"), "{said}");
    }

    #[test]
    fn wrong_questions_get_a_sentence() {
        let log = recording(&[HEARTBEAT]);
        let text = said(&Request { device: "tesla".to_owned(), ..ask(log.path()) });
        assert!(text.contains("\"tesla\"") && text.contains("prohelion-d1000-gen1"), "{text}");
        let text = said(&Request { device: "elcon-tc".to_owned(), ..ask(log.path()) });
        assert!(text.contains("no battery but of the kind \"charger\""), "{text}");
        let text = said(&Request { base: Some(0x605), ..ask(log.path()) });
        assert!(text.contains("not a multiple of 0x20"), "{text}");
        let text = said(&Request { base: Some(0x900), ..ask(log.path()) });
        assert!(text.contains("out of range"), "{text}");
        let text = said(&ask(Path::new("/nowhere/to/be/found.log")));
        assert!(text.contains("/nowhere/to/be/found.log"), "{text}");
        let empty = recording(&[]);
        assert!(said(&ask(empty.path())).contains("empty"));
    }
}
