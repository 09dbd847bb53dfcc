//! `busbar charge`: charging on a Busbar that runs, over its control socket; and what is said over that
//! socket, about profiles too, for both ends. Knows nothing of how the other end carries it out.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::base::units::{AmpHours, Amps, Millivolts, Percent, Volts};
use crate::cli::{Outcome, Refused, profile};
use crate::engine::{Library, SetPoints};

/// Name of the socket in the data folder.
pub const SOCKET: &str = "control.sock";
/// Longest request, in bytes, with its line end.
pub const REQUEST_BYTES: u64 = 8 * 1024;
/// Longest answer, in bytes, with its line end.
pub const ANSWER_BYTES: u64 = 256 * 1024;

/// What to do about charging.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Start a charge on the Busbar that runs.
    Start(StartArgs),
    /// Stop, and open the contactors. Never asks.
    Stop(StopArgs),
    /// Say how charges stand.
    Status(StatusArgs),
    /// Clear what is latched, a stop at the machine itself too.
    Clear(ClearArgs),
    /// List the rules that charging decides by.
    Rules(RulesArgs),
    /// Set one of them, or set it back to its default.
    Rule(RuleArgs),
}

/// Arguments of `busbar charge start`.
#[derive(clap::Args, Debug)]
pub struct StartArgs {
    /// The pack; the only one there is may be left out.
    #[arg(value_name = "PACK")]
    pub pack: Option<String>,
    /// The charger; the only one there is may be left out.
    #[arg(long, value_name = "NAME")]
    pub charger: Option<String>,
    /// Highest current, amperes.
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub current: Option<f64>,
    /// Highest cell voltage, millivolts.
    #[arg(long, value_name = "MV", allow_hyphen_values = true)]
    pub cell_mv: Option<i32>,
    /// Highest pack voltage, volts.
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub pack_v: Option<f64>,
    /// State of charge to stop at, per cent.
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    pub soc: Option<f64>,
    /// Seconds to stop after.
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    pub seconds: Option<f64>,
    /// Ampere-hours to stop after.
    #[arg(long, value_name = "AH", allow_hyphen_values = true)]
    pub ah: Option<f64>,
    /// What the socket gives, amperes of the mains.
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub mains: Option<f64>,
    /// Yes: close the contactors and let current flow. Without it, only says what would happen.
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `busbar charge stop`.
#[derive(clap::Args, Debug)]
pub struct StopArgs {
    /// The pack; without a name, every pack.
    #[arg(value_name = "PACK")]
    pub pack: Option<String>,
}

/// Arguments of `busbar charge clear`.
#[derive(clap::Args, Debug)]
pub struct ClearArgs {
    /// The pack; the only one there is may be left out.
    #[arg(value_name = "PACK")]
    pub pack: Option<String>,
}

/// Arguments of `busbar charge rules`.
#[derive(clap::Args, Debug)]
pub struct RulesArgs {
    /// Text for people or JSON for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// Arguments of `busbar charge rule`.
#[derive(clap::Args, Debug)]
pub struct RuleArgs {
    /// Its name, such as cell_max_mv.
    #[arg(value_name = "RULE")]
    pub name: String,
    /// Its value in its own unit, or `default`.
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub value: String,
}

/// Arguments of `busbar charge status`.
#[derive(clap::Args, Debug)]
pub struct StatusArgs {
    /// The pack; without a name, every pack.
    #[arg(value_name = "PACK")]
    pub pack: Option<String>,
    /// Text for people or JSON for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines.
    Text,
    /// A JSON array.
    Json,
}

/// Set points that were given; the others are as usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Points {
    current_a: Option<f64>,
    cell_mv: Option<i32>,
    pack_v: Option<f64>,
    soc_percent: Option<f64>,
    seconds: Option<f64>,
    charge_ah: Option<f64>,
    mains_a: Option<f64>,
}

impl Points {
    /// `usual` with what was given.
    #[must_use]
    pub fn on(&self, usual: &SetPoints) -> SetPoints {
        SetPoints {
            current: self.current_a.map_or(usual.current, Amps),
            cell: self.cell_mv.map_or(usual.cell, Millivolts),
            pack: self.pack_v.map(Volts).or(usual.pack),
            soc: self.soc_percent.map(Percent).or(usual.soc),
            seconds: self.seconds.or(usual.seconds),
            charge: self.charge_ah.map(AmpHours).or(usual.charge),
            mains: self.mains_a.map(Amps).or(usual.mains),
        }
    }
}

/// What is asked over the socket: one line of JSON each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// How charges stand.
    Status {
        /// The pack; none: every pack.
        #[serde(default)]
        pack: Option<String>,
    },
    /// Start.
    Start {
        /// The pack; none: the only one.
        #[serde(default)]
        pack: Option<String>,
        /// The charger; none: the only one.
        #[serde(default)]
        charger: Option<String>,
        /// What it is to do.
        #[serde(default)]
        set: Points,
        /// A person said yes.
        #[serde(default)]
        confirm: bool,
    },
    /// Stop.
    Stop {
        /// The pack; none: every pack.
        #[serde(default)]
        pack: Option<String>,
    },
    /// Clear latches.
    Clear {
        /// The pack; none: the only one.
        #[serde(default)]
        pack: Option<String>,
    },
    /// What charging decides by.
    Rules,
    /// Set a rule.
    Rule {
        /// Its name.
        name: String,
        /// As it was typed: a number, or `default`.
        value: String,
    },
    /// Do something with a profile.
    Profile {
        /// What.
        wanted: profile::Wanted,
    },
}

/// What is answered: one line of JSON each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How charges stand.
    Charges(Vec<Standing>),
    /// What charging decides by.
    Rules(Vec<RuleLine>),
    /// It was done; a sentence.
    Done(String),
    /// It was not done; a sentence why.
    Refused(String),
}

/// A rule that charging decides by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleLine {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What it is unless somebody sets it.
    pub usual: f64,
    /// Hard bound below.
    pub least: f64,
    /// Hard bound above.
    pub most: f64,
    /// `default`, `profile` or `person`.
    pub origin: String,
    /// What it does.
    pub about: String,
}

impl RuleLine {
    /// In a line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { name, value, unit, least, most, origin, about, .. } = self;
        let value = format!("{value} {unit}");
        let bounds = format!("{least} to {most}");
        format!("{name:<24} {value:<14} {origin:<8} {bounds:<16} {about}")
    }
}

/// How the charge of a pack stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The pack.
    pub pack: String,
    /// The charger.
    pub charger: Option<String>,
    /// Where the machine stands.
    pub state: String,
    /// How the last one ended, a sentence without its stop; none while one runs.
    #[serde(default)]
    pub ended: Option<String>,
    /// Whether there is something to stop.
    pub running: bool,
    /// Current into the pack.
    pub current_a: Option<f64>,
    /// Pack voltage.
    pub voltage_v: Option<f64>,
    /// Highest cell.
    pub highest_mv: Option<i32>,
    /// State of charge.
    pub soc_percent: Option<f64>,
    /// Charge put in.
    pub charge_ah: f64,
    /// Energy put in.
    pub energy_kwh: f64,
    /// Time since the start.
    pub elapsed_s: f64,
    /// Time left, where it can be estimated.
    pub left_s: Option<f64>,
    /// Who started it.
    pub by: Option<String>,
    /// Names of latches that are set: `fault`, `local_stop`, `remote_stop`.
    pub latches: Vec<String>,
    /// Sentences on what does not hold.
    pub troubles: Vec<String>,
    /// Number of the kept charge.
    pub record: Option<u64>,
}

impl Standing {
    /// In a line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let number = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "\u{2013}".to_owned(), |value| format!("{value:.digits$}"))
        };
        let highest = self.highest_mv.map(|mv| f64::from(mv) / 1000.0);
        let mut line = format!(
            "{}: {}, {} V, {} A, highest cell {} V, {} %, {:.2} Ah in",
            self.pack,
            self.state.replace('_', " "),
            number(self.voltage_v, 1),
            number(self.current_a, 1),
            number(highest, 3),
            number(self.soc_percent, 1),
            self.charge_ah,
        );
        if let Some(left) = self.left_s {
            line += &format!(", about {:.0} min left", left / 60.0);
        }
        if let Some(ended) = &self.ended {
            line += &format!("; {ended}");
        }
        for latch in &self.latches {
            line += &format!("; latched: {}", latch.replace('_', " "));
        }
        for trouble in &self.troubles {
            line += &format!("\n  {trouble}");
        }
        line
    }
}

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(command: &Command, data_dir: Option<&Path>) -> Outcome {
    let socket = Library::find(data_dir)?.folder().join(SOCKET);
    let answer = ask(&socket, &request(command)?)?;
    let format = match command {
        Command::Status(args) => args.format,
        Command::Rules(args) => args.format,
        Command::Start(_) | Command::Stop(_) | Command::Clear(_) | Command::Rule(_) => Format::Text,
    };
    print(&answer, format)
}

fn request(command: &Command) -> Result<Request, Refused> {
    Ok(match command {
        Command::Status(args) => Request::Status { pack: args.pack.clone() },
        Command::Stop(args) => Request::Stop { pack: args.pack.clone() },
        Command::Clear(args) => Request::Clear { pack: args.pack.clone() },
        Command::Rules(_) => Request::Rules,
        Command::Rule(args) => Request::Rule { name: args.name.clone(), value: args.value.clone() },
        Command::Start(args) => {
            let numbers = [
                ("--current", args.current),
                ("--pack-v", args.pack_v),
                ("--soc", args.soc),
                ("--seconds", args.seconds),
                ("--ah", args.ah),
                ("--mains", args.mains),
            ];
            // A number that JSON does not have would be left out on the way, and so be the usual one.
            for (name, number) in numbers {
                if let Some(number) = number.filter(|number| !number.is_finite()) {
                    return Err(format!("{name} is {number}, which is no number").into());
                }
            }
            let set = Points {
                current_a: args.current,
                cell_mv: args.cell_mv,
                pack_v: args.pack_v,
                soc_percent: args.soc,
                seconds: args.seconds,
                charge_ah: args.ah,
                mains_a: args.mains,
            };
            let (pack, charger) = (args.pack.clone(), args.charger.clone());
            Request::Start { pack, charger, set, confirm: args.yes }
        }
    })
}

fn print(answer: &Answer, format: Format) -> Outcome {
    let mut out = io::stdout().lock();
    match (answer, format) {
        (Answer::Refused(why), _) => return Err(why.clone().into()),
        (Answer::Done(what), _) => writeln!(out, "{what}")?,
        (Answer::Rules(all), Format::Json) => {
            writeln!(out, "{}", serde_json::to_string_pretty(all)?)?;
        }
        (Answer::Rules(all), Format::Text) => {
            for rule in all {
                writeln!(out, "{}", rule.line())?;
            }
        }
        (Answer::Charges(all), Format::Json) => {
            writeln!(out, "{}", serde_json::to_string_pretty(all)?)?;
        }
        (Answer::Charges(all), Format::Text) if all.is_empty() => {
            writeln!(out, "no pack that could be charged")?;
        }
        (Answer::Charges(all), Format::Text) => {
            for standing in all {
                writeln!(out, "{}", standing.line())?;
            }
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the Busbar that runs on this data folder.
///
/// # Errors
/// None does, or it does not answer.
#[cfg(unix)]
pub fn ask(socket: &PathBuf, request: &Request) -> Result<Answer, Refused> {
    use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    /// Longest wait for an answer: a start waits for the journal.
    const PATIENCE: Duration = Duration::from_secs(15);

    let said = |error: io::Error| -> Refused {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => format!(
                "no Busbar runs on {}: start one, or name its data folder with --data-dir",
                socket.parent().unwrap_or(socket).display()
            )
            .into(),
            ErrorKind::PermissionDenied => {
                format!("{} belongs to somebody else", socket.display()).into()
            }
            _other => format!("{}: {error}", socket.display()).into(),
        }
    };
    let mut stream = UnixStream::connect(socket).map_err(said)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(said)?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).map_err(said)?;
    let mut answer = String::new();
    BufReader::new(stream.take(ANSWER_BYTES)).read_line(&mut answer).map_err(said)?;
    serde_json::from_str(&answer)
        .map_err(|_| "the running Busbar said nothing that can be understood".into())
}

/// Asks the Busbar that runs on this data folder.
///
/// # Errors
/// Always: here is no way to ask.
#[cfg(not(unix))]
pub fn ask(_socket: &PathBuf, _request: &Request) -> Result<Answer, Refused> {
    Err("a running Busbar is asked over a Unix socket, which this system has not: use the window, the pages or the API".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_over_the_socket_is_stable() {
        let stop = serde_json::to_value(Request::Stop { pack: None }).unwrap();
        assert_eq!(stop, serde_json::json!({"do": "stop", "pack": null}));
        let start: Request =
            serde_json::from_str("{\"do\":\"start\",\"set\":{\"current_a\":5},\"confirm\":true}")
                .unwrap();
        let set = Points { current_a: Some(5.0), ..Points::default() };
        let expected = Request::Start { pack: None, charger: None, set, confirm: true };
        assert_eq!(start, expected);
        for wrong in ["{\"do\":\"fly\"}", "{\"do\":\"start\",\"set\":{\"amps\":5}}", "[]", ""] {
            assert!(serde_json::from_str::<Request>(wrong).is_err(), "{wrong}");
        }
        let refused = serde_json::to_string(&Answer::Refused("no".into())).unwrap();
        assert_eq!(refused, "{\"refused\":\"no\"}");
    }

    #[test]
    fn a_line_has_dashes_for_what_is_not_known_and_names_what_is_latched() {
        let standing = Standing {
            pack: "left".into(),
            state: "constant_current".into(),
            current_a: Some(17.49),
            latches: vec!["local_stop".into()],
            ..Standing::default()
        };
        let line = standing.line();
        assert!(line.starts_with("left: constant current, \u{2013} V, 17.5 A"), "{line}");
        assert!(line.ends_with("latched: local stop"), "{line}");
        let ended = Some("Not started: charger status".into());
        let standing = Standing { ended, latches: Vec::new(), ..standing };
        assert!(standing.line().ends_with("; Not started: charger status"), "{}", standing.line());
    }

    #[test]
    fn no_number_that_is_none_goes_out() {
        let args = StartArgs {
            pack: None,
            charger: None,
            current: Some(f64::NAN),
            cell_mv: None,
            pack_v: None,
            soc: None,
            seconds: None,
            ah: None,
            mains: None,
            yes: true,
        };
        let refused = request(&Command::Start(args)).unwrap_err();
        assert!(refused.to_string().contains("--current"), "{refused}");
    }
}
