//! `busbar serve`, killed at random moments while people are added through its API: whoever was
//! answered "created" is there afterwards, and the next start needs no repair.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Dice;
use crate::support::Desk;

/// How often the server is killed.
const KILLS: u64 = 20;
/// Clients that add people at the same time.
const CLIENTS: usize = 3;
/// Longest wait for an answer that takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn busbar(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_busbar"));
    command.args(arguments).arg("--data-dir").arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What the command says, with `input` on its standard input.
fn said(folder: &Path, input: &str, arguments: &[&str]) -> String {
    let mut child = busbar(folder, arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Starts the server; where it listens.
fn serve(folder: &Path) -> (Child, String) {
    let mut child = busbar(folder, &["serve", "--demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut all = Vec::new();
    for line in lines.by_ref().map_while(Result::ok) {
        if let Some((_, rest)) = line.split_once("listens on ") {
            let base = rest.split('/').take(3).collect::<Vec<_>>().join("/");
            // It must never wait for somebody to read what it says.
            std::thread::spawn(move || lines.for_each(drop));
            return (child, base);
        }
        all.push(line);
    }
    let ended = child.wait().unwrap();
    unreachable!("it ended with {ended} and does not listen: {all:?}");
}

/// Adds people until the server is gone, and tells of each that it answered.
fn add_people(base: &str, token: &str, prefix: &str, created: &mpsc::Sender<String>) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
    for number in 0..10_000 {
        let name = format!("{prefix}-{number}");
        let answer = agent
            .post(format!("{base}/api/v1/users"))
            .header("Authorization", format!("Bearer {token}"))
            .send_json(json!({ "name": name, "permissions": ["charge_packs"] }));
        match answer {
            Ok(answer) => assert_eq!(answer.status(), 201),
            Err(ureq::Error::StatusCode(code)) => assert_eq!(code, 503, "{name} was refused"),
            Err(_gone) => return,
        }
        if created.send(name).is_err() {
            return;
        }
    }
}

#[test]
fn whoever_was_created_survives_the_death_of_the_server() {
    let mut dice = Dice::new();
    let desk = Desk::new();
    let folder = desk.path("data");
    let add = ["user", "add", "ada", "--permission", "administrator", "--password-stdin"];
    said(&folder, "tin of beans 4", &add);
    let make = ["token", "create", "ada", "--name", "adding", "--permission", "administrator"];
    let token = said(&folder, "", &make).trim().to_owned();
    let mut everybody = BTreeSet::from(["ada".to_owned()]);
    for kill in 0..KILLS {
        let (mut server, base) = serve(&folder);
        let (created, news) = mpsc::channel();
        let enough = 1 + dice.below(40);
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (created, base, token) = (created.clone(), &base, &token);
                let prefix = format!("user-{kill}-{client}");
                scope.spawn(move || add_people(base, token, &prefix, &created));
            }
            drop(created);
            for _ in 0..enough {
                everybody.insert(news.recv_timeout(PATIENCE).expect("nobody was created"));
            }
            server.kill().unwrap();
            everybody.extend(news.iter());
        });
        server.wait().unwrap();
        let list: Value =
            serde_json::from_str(&said(&folder, "", &["user", "list", "--json"])).unwrap();
        let there: BTreeSet<String> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["name"].as_str().unwrap().to_owned())
            .collect();
        let lost: Vec<&String> = everybody.difference(&there).collect();
        assert!(lost.is_empty(), "after kill {kill}: {lost:?}");
    }
    let report: Value = serde_json::from_str(&said(&folder, "", &["doctor", "--json"])).unwrap();
    assert_eq!(report["health"], "ok", "{report:#}");
    eprintln!("{} people survived {KILLS} kills", everybody.len());
}
