//! Checks in words: what was found, what it must keep, and what to do where it does not hold.

use std::time::Duration;

use crate::engine::charge::checks::{CheckId, FORBIDDING, Sight};
use crate::engine::charge::rules::Key;
use crate::engine::device::{CellsTold, Switching};
use crate::engine::pack::{CellAt, TemperatureAt};

/// A check in words.
pub(super) struct Words {
    pub value: String,
    pub limit: String,
    pub why: String,
}

/// Why a BMS that keeps its cells to itself is not charged.
const NO_CELLS: &str = "This BMS tells nothing of its cells, and a charge from here goes by the highest cell: leave the charging to the battery and its own inverter or charger.";

/// What stands where nothing is known.
const UNKNOWN: &str = "unknown";

/// A check in words, as it would be said if it did not hold.
pub(super) fn words(sight: &Sight<'_>, id: CheckId) -> Words {
    let (pack, charger, rules) = (sight.pack, sight.charger, &sight.wish.rules);
    let say = |value: String, limit: String, why: &str| Words { value, limit, why: why.to_owned() };
    let plain = |value: &str, why: &str| say(value.to_owned(), String::new(), why);
    let within = |key: Key| format!("limit {:.0} {}", rules.get(key), key.rule().unit);
    match id {
        CheckId::BmuFresh => say(
            age(pack.fast_age),
            millis(sight.bmu_limit()),
            "A BMU does not tell voltage, current, cell range and headroom ten times a second: look at its bus, base address and telemetry settings.",
        ),
        CheckId::BmuStatusFresh => say(
            age(pack.slow_age),
            millis(rules.time(Key::SlowLost)),
            "State or flags of a BMU are too old or were never heard.",
        ),
        CheckId::ModulesFresh => say(
            age(pack.module_age),
            millis(rules.time(Key::ModuleLost)),
            match pack.cells_told {
                CellsTold::Every => "A module is silent, so that its cells are not known.",
                CellsTold::Range => "The BMS has not told its lowest and highest cell.",
                CellsTold::Nothing => NO_CELLS,
            },
        ),
        CheckId::ChargerFresh => say(
            age(charger.age),
            millis(rules.time(sight.charger_key())),
            "The charger does not say how it is: look at its mains, its bus, its bit rate and its address.",
        ),
        CheckId::BmuFlags => flags(sight),
        CheckId::BmuState => say(
            pack.state.map_or_else(|| UNKNOWN.to_owned(), |state| state.words()),
            // Where nobody sends the vehicle's key a BMU at rest may well call that an error.
            match pack.any_closed {
                Some(false) => "contactors open".to_owned(),
                Some(true) | None => String::new(),
            },
            match pack.switching {
                Switching::Key => {
                    "The BMU is in another state than this step needs: contactors open and at rest before a start, Run while current flows."
                }
                Switching::Command if !pack.takes_commands => {
                    "How to close its contactors is documented for firmware 1.2 only, and it has not said that it runs that."
                }
                Switching::Command => {
                    "The BMS is in another state than this step needs: Idle or Safe with contactors open before a start, Charge enabled while current flows. Without a charge its contactors are not closed from here."
                }
                Switching::Own => {
                    "The BMS works its contactors by itself and has not told what it lets itself be charged with; they cannot be closed from here."
                }
                Switching::Unknown => {
                    "How the contactors are closed is in no document, or differs from BMS to BMS."
                }
            },
        ),
        CheckId::ChargerFaults => charger_faults(sight),
        CheckId::HighestCell => say(
            cell(pack.highest),
            format!("limit {:.3} V", f64::from(sight.highest_mv()) / 1000.0),
            "A cell is above what it may be, or not known.",
        ),
        CheckId::LowestCell => say(
            cell(pack.lowest),
            format!("at least {:.3} V", rules.get(Key::CellMin) / 1000.0),
            "A cell is so low that it may be damaged; it must not be charged like this.",
        ),
        CheckId::CellSpread => say(
            pack.highest.zip(pack.lowest).map_or_else(
                || UNKNOWN.to_owned(),
                |(high, low)| format!("{} mV", high.mv - low.mv),
            ),
            within(Key::CellSpread),
            "The cells are too far apart: find out why before charging.",
        ),
        CheckId::CellsTrusted => say(
            match pack.untrusted {
                0 => "all".to_owned(),
                some => format!("{some} untrusted"),
            },
            String::new(),
            "A cell's measurement is not trusted: look at its sense wires.",
        ),
        CheckId::HottestCell => say(
            heat(pack.hottest),
            format!(
                "limit {:.1} \u{b0}C",
                rules.get(Key::TemperatureMax) - rules.get(Key::DerateTo)
            ),
            "A cell is too warm, closer to its limit than it may be, or its temperature is not known.",
        ),
        CheckId::ColdestCell => say(
            heat(pack.coldest),
            format!("at least {:.1} \u{b0}C", rules.get(Key::TemperatureMin)),
            "A cell is too cold to be charged, or its temperature is not known.",
        ),
        CheckId::PackVoltage => say(
            pack.voltage
                .map_or_else(|| UNKNOWN.to_owned(), |volts| format!("{:.1} V", volts.get())),
            format!(
                "limit {:.1} V",
                sight
                    .set
                    .and_then(|set| set.pack)
                    .map_or(rules.get(Key::PackMax), |v| v.get().min(rules.get(Key::PackMax)))
            ),
            "The pack is above its highest voltage, or its voltage is not known.",
        ),
        CheckId::CurrentAbove => plain("", "More current flows than the charger is told to give."),
        CheckId::CurrentSign => say(
            pack.current.map_or_else(|| UNKNOWN.to_owned(), |amps| format!("{:+.2} A", amps.get())),
            format!("at least -{:.1} A", rules.get(Key::WrongSign)),
            "Current flows out of the pack: something draws from it, or the current's sign is set the wrong way round.",
        ),
        CheckId::CurrentArrives => plain(
            "",
            "The charger says that it gives current and the pack does not see it: look at the shunt, the sign and the wiring.",
        ),
        CheckId::OtherCharger => say(
            charger.foreign.map_or_else(
                || "none heard".to_owned(),
                |foreign| format!("heard {:.1} s ago", foreign.ago.as_secs_f64()),
            ),
            String::new(),
            "Another node commands this charger: switch it off, or leave the charging to it.",
        ),
        CheckId::OtherKey => say(
            pack.foreign_key.map_or_else(
                || "none heard".to_owned(),
                |ago| format!("heard {:.1} s ago", ago.as_secs_f64()),
            ),
            String::new(),
            "Another node sends the vehicle's key (driver controls, or another console): switch it off before charging from here.",
        ),
        CheckId::PackBus => {
            plain(bus(pack.bus_ok), "The bus of the pack does not run or cannot be sent to.")
        }
        CheckId::ChargerBus => {
            plain(bus(charger.bus_ok), "The bus of the charger does not run or cannot be sent to.")
        }
        CheckId::ChargerFits => say(
            charger.rating.map_or_else(
                || "rating unknown".to_owned(),
                |rating| {
                    // A tenth where there is one: a small supply's 3.2 A are not 3.
                    let tenths = |value: f64| (value * 10.0).round() / 10.0;
                    let [volts, amps] = [rating.volts.get(), rating.amps.get()].map(tenths);
                    format!("{volts} V, {amps} A, {:.0} W", rating.watts.get())
                },
            ),
            pack.voltage.map_or_else(
                || "pack unknown".to_owned(),
                |volts| format!("pack {:.1} V", volts.get()),
            ),
            "The charger cannot reach the voltage of this pack, or nobody has said what it can give.",
        ),
        CheckId::SetPoints => {
            let found = sight.set.map_or(Ok(()), |set| set.check(rules));
            let why = found.as_ref().map_or_else(|error| format!("{error}."), |()| String::new());
            let value = if found.is_ok() { "within their ranges" } else { "out of range" };
            say(value.to_owned(), String::new(), &why)
        }
        CheckId::Target => say(
            pack.soc.map_or_else(|| UNKNOWN.to_owned(), |soc| format!("{:.1} %", soc.get())),
            sight
                .set
                .and_then(|set| set.soc)
                .map_or_else(|| "until full".to_owned(), |soc| format!("to {:.1} %", soc.get())),
            "The pack is already at or above the wanted state of charge, or that is not known.",
        ),
        CheckId::Permission => plain(
            if sight.wish.permitted { "permitted" } else { "not permitted" },
            "Whoever asks may not charge packs.",
        ),
        CheckId::Latches => say(
            latched(sight),
            String::new(),
            "A stop or a fault is latched: look at why, then clear it.",
        ),
        CheckId::Matched => {
            plain("", "The charger did not come to the voltage of the pack in time.")
        }
        CheckId::KeyHeard => plain(
            "",
            "A BMU goes on missing the vehicle although its key is sent: look at the address of the driver controls in its settings, and at the bus they are sent on.",
        ),
        CheckId::Engaged => plain("", "The contactors did not close in time."),
        CheckId::Flows => {
            plain("", "The charger was told to give current and none flowed in time.")
        }
    }
}

fn age(age: Option<Duration>) -> String {
    age.map_or_else(|| "never heard".to_owned(), |age| format!("{} ms", age.as_millis()))
}

fn millis(limit: Duration) -> String {
    format!("limit {} ms", limit.as_millis())
}

fn cell(at: Option<CellAt>) -> String {
    at.map_or_else(|| UNKNOWN.to_owned(), |at| format!("{:.3} V", f64::from(at.mv) / 1000.0))
}

fn heat(at: Option<TemperatureAt>) -> String {
    at.map_or_else(|| UNKNOWN.to_owned(), |at| format!("{:.1} \u{b0}C", at.temperature.get()))
}

const fn bus(ok: bool) -> &'static str {
    if ok { "running" } else { "not running" }
}

fn flags(sight: &Sight<'_>) -> Words {
    let Some(flags) = sight.pack.flags else {
        let why = "A BMU does not tell its flags.".to_owned();
        return Words { value: UNKNOWN.to_owned(), limit: String::new(), why };
    };
    let raised: Vec<&str> = flags.iter().map(|flag| flag.label()).collect();
    let forbidding =
        flags.iter().find(|flag| FORBIDDING.has(*flag)).or_else(|| flags.iter().next());
    let why = match forbidding {
        Some(flag) => flag.meaning().to_owned(),
        None => "A BMU raises a flag that is in no document.".to_owned(),
    };
    let value = if raised.is_empty() { "none".to_owned() } else { raised.join(", ") };
    Words { value, limit: String::new(), why }
}

fn charger_faults(sight: &Sight<'_>) -> Words {
    let limit = String::new();
    let Some(faults) = sight.charger.faults else {
        let why = "The charger does not say how it is.".to_owned();
        return Words { value: UNKNOWN.to_owned(), limit, why };
    };
    let all = [
        (faults.hardware, "hardware failure"),
        (faults.over_temperature, "too hot"),
        (faults.input, "mains missing"),
        (faults.no_battery, "no battery seen"),
        (faults.undocumented != 0, "undocumented flags"),
    ];
    let raised: Vec<&str> = all.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    let value = if raised.is_empty() { "none".to_owned() } else { raised.join(", ") };
    let why = format!("The charger complains: {value}.");
    Words { value, limit, why }
}

fn latched(sight: &Sight<'_>) -> String {
    let latches = sight.wish.latches;
    let all = [
        (latches.fault, "fault"),
        (latches.local_stop, "stop at the machine"),
        (latches.remote_stop, "stop from elsewhere"),
    ];
    let set: Vec<&str> = all.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    if set.is_empty() { "none".to_owned() } else { set.join(", ") }
}
