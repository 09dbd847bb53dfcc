//! `busbar user` and `busbar token`, on a stopped engine and beside a running one.

use serde_json::Value;

use super::house::{GOOD, House, home};
use crate::support::{Desk, Ran, busbar_on};

/// Runs `busbar` on the data folder of `desk` with `input` on standard input.
fn busbar_with(desk: &Desk, input: &str, arguments: &[&str]) -> Ran {
    busbar_on(&desk.path("data"), input, arguments)
}

fn add_ada(desk: &Desk) {
    let words = ["user", "add", "ada", "--permission", "administrator", "--password-stdin"];
    let ran = busbar_with(desk, GOOD, &words);
    assert_eq!(ran.ends_with(0).out, "ada is added: administrator\n");
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.ends_with(0).out).unwrap()
}

#[test]
fn the_first_administrator_is_made_with_a_password_on_standard_input() {
    let desk = Desk::new();
    add_ada(&desk);
    let ada = json(&busbar_with(&desk, "", &["user", "show", "ADA", "--json"]));
    assert_eq!(ada["permissions"], serde_json::json!(["administrator"]));
    assert_eq!((&ada["status"], &ada["must_change_password"]), (&"active".into(), &false.into()));
    let list = busbar_with(&desk, "", &["user", "list"]);
    let line = list.ends_with(0).out.lines().nth(1).unwrap();
    assert!(line.starts_with("ada   Active  administrator"), "{line:?}");
}

#[test]
fn a_password_is_refused_with_the_reason_and_nothing_is_made() {
    let desk = Desk::new();
    let add = |name: &str, password: &str| {
        busbar_with(&desk, password, &["user", "add", name, "--password-stdin"])
    };
    add("ada", "short").ends_with(2).names(&["5 characters", "at least 12"]);
    add("ada", "password1234").ends_with(2).names(&["one of the first"]);
    add("lovelace", "lovelace1815").ends_with(2).names(&["account’s name"]);
    add("ada", "").ends_with(2).names(&["no password on standard input"]);
    let ran = busbar_with(&desk, "", &["user", "add", "ada"]);
    ran.ends_with(2).names(&["no terminal", "--password-stdin"]);
    assert_eq!(json(&busbar_with(&desk, "", &["user", "list", "--json"])), serde_json::json!([]));
}

#[test]
fn a_link_and_a_token_stand_alone_on_standard_output() {
    let desk = Desk::new();
    add_ada(&desk);
    let words = ["user", "add", "grace", "--invite", "--link-base", "https://pack.example.org"];
    let ran = busbar_with(&desk, "", &words);
    let url = ran.ends_with(0).out.trim_end();
    let token = url.strip_prefix("https://pack.example.org/invitation/").unwrap();
    assert_eq!(token.len(), 43, "{url}");
    assert!(ran.err.contains("Invitation for grace"), "{}", ran.err);
    let words = ["token", "create", "ada", "--name", "ci", "--permission", "read_settings"];
    let ran = busbar_with(&desk, "", &words);
    assert_eq!(ran.ends_with(0).out.trim_end().len(), 43, "{}", ran.out);
    let list = busbar_with(&desk, "", &["token", "list"]);
    assert!(list.ends_with(0).out.contains("in use  read_settings"), "{}", list.out);
    busbar_with(&desk, "", &["token", "revoke", "ada", "CI"]).ends_with(0);
    let words = ["token", "revoke", "ada", "ci"];
    busbar_with(&desk, "", &words).ends_with(2).names(&["no token", "token list ada"]);
}

#[test]
fn an_account_is_changed_disabled_reset_and_deleted() {
    let desk = Desk::new();
    add_ada(&desk);
    let busbar = |words: &[&str]| busbar_with(&desk, "kettle on the hob", words);
    busbar(&["user", "add", "grace", "--preset", "viewer", "--password-stdin"]).ends_with(0);
    let words = ["user", "set-permissions", "grace", "--permission", "charge_packs"];
    busbar(&words).ends_with(0).names(&["grace may now: read_settings, charge_packs"]);
    busbar(&["user", "set-permissions", "grace"]).ends_with(2).names(&["--permission"]);
    busbar(&["user", "disable", "grace"]).ends_with(0).names(&["grace: Disabled"]);
    busbar(&["user", "enable", "grace"]).ends_with(0).names(&["grace: Active"]);
    let words = ["user", "reset", "grace", "--password-stdin", "--must-change-password"];
    busbar(&words).ends_with(0).names(&["grace has a new password"]);
    let grace = json(&busbar(&["user", "show", "grace", "--json"]));
    assert_eq!(grace["must_change_password"], true);
    busbar(&["user", "delete", "grace"]).ends_with(0).names(&["grace is deleted"]);
    let nobody = ["there is no account", "grace", "user list"];
    busbar(&["user", "show", "grace"]).ends_with(2).names(&nobody);
    busbar(&["user", "delete", "ada"]).ends_with(2).names(&["ada is the last", "administrator"]);
}

#[test]
fn a_command_beside_a_running_engine_takes_effect_in_it() {
    let (house, _) = House::with_ada();
    let folder = house.folder.path();
    let words = ["user", "add", "grace", "--password-stdin"];
    busbar_on(folder, "kettle on the hob\n", &words).ends_with(0);
    // The next line of a script finds it in force.
    let signed_in = house.sign_in("grace", "kettle on the hob").unwrap();
    busbar_on(folder, "", &["user", "delete", "grace"]).ends_with(0);
    // A sign-in sees first what other programs have changed; from then on sessions know it too.
    assert!(house.sign_in("grace", "kettle on the hob").is_err());
    assert!(house.gate().enter(signed_in.token.reveal(), &home()).is_err());
    let lines = house.journal();
    let line = lines.iter().find(|line| line.action == "delete_account").unwrap();
    assert_eq!((line.who.as_str(), line.face.as_str()), ("local console", "command_line"));
}
