//! What cannot be charged, through a console that runs and a supply on the network: each is refused
//! with the sentence why, and the supply never hears of it.

use std::time::Duration;

use crate::processes::{Console, Lines, SUITS, Suit, supply, supply_of, wait_for};

/// A supply that was never switched on says so once, and nothing more.
#[track_caller]
fn stayed_off(lines: &Lines) {
    let said: Vec<String> = lines.try_iter().map(|(line, _)| line).collect();
    assert!(said.iter().all(|line| line == "output off"), "{said:?}");
}

/// Waits until a start is refused for no other reason than this.
#[track_caller]
fn refused_at_last(console: &Console, more: &[&str], words: &[&str]) {
    console.until(&format!("refused with {words:?}"), |console| {
        let ran = console.start(more);
        ran.ends_with(2);
        words.iter().all(|word| ran.said().contains(word))
    });
}

#[test]
fn set_points_that_cannot_be_are_refused_by_name_and_the_supply_stays_off() {
    for suit in &SUITS {
        let (_supply, place, lines) = supply(suit.brand, suit.pack_volts);
        let console = Console::open(|desk| suit.profile(desk, &place));
        // Everything else holds by then.
        refused_at_last(&console, &["--soc", "40"], &["Target", "45"]);
        for (points, words) in [
            (["--current", "nan"], ["--current", "no number"]),
            (["--current", "inf"], ["--current", "no number"]),
            (["--current", "-1"], ["the highest current", "-1"]),
            (["--current", "0"], ["the highest current", "0 A"]),
            (["--current", "1e9"], ["the highest current", "1000000000"]),
            (["--cell-mv", "4300"], ["the highest cell voltage", "4300"]),
            (["--cell-mv", "-5"], ["the highest cell voltage", "-5"]),
            (["--pack-v", "-60"], ["the highest pack voltage", "-60"]),
            (["--pack-v", "99999"], ["the highest pack voltage", "99999"]),
            (["--soc", "101"], ["state of charge", "101"]),
            (["--soc", "-3"], ["state of charge", "-3"]),
            (["--seconds", "-1"], ["the time to stop after", "-1"]),
            (["--ah", "nan"], ["--ah", "no number"]),
            (["--mains", "1000"], ["the socket", "1000"]),
        ] {
            console.start(&points).ends_with(2).names(&words);
        }
        // A pack voltage below the present one is no charge either.
        console.start(&["--pack-v", "11"]).ends_with(2).names(&["Pack voltage"]);
        stayed_off(&lines);
        assert_eq!(console.state(), "idle");
    }
}

#[test]
fn a_supply_that_cannot_reach_the_packs_voltage_is_refused() {
    let suit = Suit { modules: 2, ..SUITS[1] };
    let (_supply, place, lines) = supply(suit.brand, 58.3);
    let console = Console::open(|desk| suit.profile(desk, &place));
    refused_at_last(&console, &[], &["Charger fits the pack", "32 V, 3.2 A", "pack 58.3 V"]);
    stayed_off(&lines);
}

#[test]
fn a_pack_at_another_address_than_the_profile_says_is_not_charged() {
    let (_supply, place, lines) = supply(SUITS[0].brand, 58.3);
    let console = Console::open(|desk| SUITS[0].profile_with(desk, &place, "base = 0x640", ""));
    refused_at_last(&console, &[], &["BMU telemetry", "never heard"]);
    stayed_off(&lines);
}

#[test]
fn a_supply_that_says_it_is_another_is_never_told_to_give() {
    for suit in &SUITS {
        let (_supply, place, lines) =
            supply_of(&["--supply", suit.brand, "--pack-volts", "24", "--fault", "other-device"]);
        let console = Console::open(|desk| suit.profile(desk, &place));
        refused_at_last(&console, &[], &["it says it is"]);
        stayed_off(&lines);
    }
}

#[test]
fn a_supply_of_another_language_is_never_told_to_give() {
    let (_supply, place, lines) = supply("tdk", 29.2);
    let console = Console::open(|desk| SUITS[1].profile(desk, &place));
    refused_at_last(&console, &[], &["Charger status"]);
    stayed_off(&lines);
}

#[test]
fn rules_beyond_their_bounds_or_the_wrong_way_round_are_refused_with_their_line() {
    for (rules, words) in [
        ("cell_max_mv = 9000", "cell_max_mv cannot be 9000"),
        ("cell_max_mv = -1", "cell_max_mv cannot be -1"),
        ("cell_max_mv = nan", "cell_max_mv cannot be NaN"),
        ("current_max_a = inf", "current_max_a cannot be inf"),
        ("temperature_min_c = 20\ntemperature_max_c = 20", "must be below"),
        ("cell_max_mv = 2600\ncell_min_mv = 3000", "must be below"),
    ] {
        let desk = crate::support::Desk::new();
        let end = format!("[charge]\n{rules}");
        let profile = SUITS[0].profile_with(&desk, "127.0.0.1:9", "", &end);
        let ran = desk.busbar(&[&"profile", &"check", &profile]);
        ran.names(&["profile.toml", "[charge]", words]);
        assert_ne!(ran.code, Some(0), "{rules}");
    }
}

#[test]
fn a_second_console_gets_nothing_out_of_a_supply_that_charges_for_the_first() {
    let suit = &SUITS[0];
    let (_supply, place, lines) = supply(suit.brand, suit.pack_volts);
    let first = Console::open(|desk| suit.profile(desk, &place));
    first.until("ready to start", |console| console.start(&[]).code == Some(0));
    wait_for(&lines, "output on");
    first.until("charging", |console| console.state() == "constant_current");
    let second = Console::open(|desk| suit.profile(desk, &place));
    refused_at_last(&second, &[], &["Charger status"]);
    // The first one goes on, undisturbed.
    let said = lines.recv_timeout(Duration::from_secs(2));
    assert!(said.is_err(), "{said:?}");
    assert_eq!(first.state(), "constant_current");
    first.charge(&["stop"]).ends_with(0);
    wait_for(&lines, "output off");
}
