//! `busbar profile copy`, `rename`, `describe`, `delete`, `restore` and `activate`: changing the profiles
//! of the data folder. Where a Busbar runs on it, that one is asked, because it may run the profile; else
//! it is done here, by the same rules and with the same lines in the journal.

use std::path::Path;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::base::id::Name;
use crate::cli::charge::{self, Answer, Request};
use crate::cli::profile::text_of;
use crate::cli::records::Records;
use crate::cli::{Outcome, Refused, say};
use crate::engine::{
    AddProfile, DeleteProfile, EditProfile, Library, NewProfile, ProfileChange, RememberProfile,
    RenameProfile, RestoreProfile, Revision, VersionId, load_profile,
};

/// Ways to change profiles.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Add a profile that says what another one says.
    Copy(CopyArgs),
    /// Call a profile otherwise, also while it runs. Its versions go with it.
    Rename(RenameArgs),
    /// Say what a profile is for.
    Describe(DescribeArgs),
    /// Delete a profile that does not run. Its versions stay: one that is added under its name has them.
    Delete(DeleteArgs),
    /// Make a profile say what one of its versions said. That is a new version.
    Restore(RestoreArgs),
    /// Run a profile on the Busbar that runs, without a restart; without one, open it at the next start.
    Activate(ActivateArgs),
}

/// Arguments of `busbar profile copy`.
#[derive(clap::Args, Debug)]
pub struct CopyArgs {
    /// The profile that is copied.
    #[arg(value_name = "NAME")]
    pub profile: Name,
    /// What the copy is called.
    #[arg(value_name = "NEW")]
    pub to: Name,
}

/// Which text a change is made on.
#[derive(clap::Args, Debug)]
pub struct On {
    /// Change nothing if it says something else by now; `busbar profile list --format json` gives it.
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
}

/// Arguments of `busbar profile rename`.
#[derive(clap::Args, Debug)]
pub struct RenameArgs {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub profile: Name,
    /// What it is called from now on.
    #[arg(value_name = "NEW")]
    pub to: Name,
    /// Which text of it is meant.
    #[command(flatten)]
    pub on: On,
}

/// Arguments of `busbar profile describe`.
#[derive(clap::Args, Debug)]
pub struct DescribeArgs {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub profile: Name,
    /// What it is for, at most 1000 characters; an empty text takes the description out.
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// Which text of it is meant.
    #[command(flatten)]
    pub on: On,
}

/// Arguments of `busbar profile delete`.
#[derive(clap::Args, Debug)]
pub struct DeleteArgs {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub profile: Name,
    /// Which text of it is meant.
    #[command(flatten)]
    pub on: On,
}

/// Arguments of `busbar profile restore`.
#[derive(clap::Args, Debug)]
pub struct RestoreArgs {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub profile: Name,
    /// The version; `busbar profile versions` lists them [default: the one before the last change].
    #[arg(value_name = "VERSION")]
    pub version: Option<i64>,
    /// Which text of it is meant.
    #[command(flatten)]
    pub on: On,
}

/// Arguments of `busbar profile activate`.
#[derive(clap::Args, Debug)]
pub struct ActivateArgs {
    /// The profile.
    #[arg(value_name = "NAME")]
    pub profile: Name,
}

/// What a Busbar that runs is asked to do with a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wanted {
    /// Call it otherwise.
    Rename {
        /// The profile.
        profile: Name,
        /// Its text as it was seen.
        on: String,
        /// What it is to be called.
        to: Name,
    },
    /// Say what it is for.
    Describe {
        /// The profile.
        profile: Name,
        /// Its text as it was seen.
        on: String,
        /// What it is for.
        text: String,
    },
    /// Delete it.
    Delete {
        /// The profile.
        profile: Name,
        /// Its text as it was seen; none: whatever it says.
        on: Option<String>,
    },
    /// Go back to a version.
    Restore {
        /// The profile.
        profile: Name,
        /// Its text as it was seen.
        on: String,
        /// The version.
        version: i64,
    },
    /// Run it.
    Activate {
        /// The profile.
        profile: Name,
    },
}

/// Most characters of a description that is given here: a request has a bound.
const DESCRIPTION_CHARS: usize = 1000;

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(command: &Command, data_dir: Option<&Path>) -> Outcome {
    let library = Library::find(data_dir)?;
    let records = Records::open(data_dir)?;
    let wanted = match command {
        Command::Copy(args) => {
            let says = NewProfile::Copy(args.profile.clone());
            records.order(AddProfile { name: args.to.clone(), says })?;
            say(format_args!("{} is added, and says what {} says", args.to, args.profile))?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Rename(args) => {
            let (profile, to) = (args.profile.clone(), args.to.clone());
            Wanted::Rename { on: on(&library, &profile, &args.on)?, profile, to }
        }
        Command::Describe(args) => {
            let (profile, text) = (args.profile.clone(), args.text.clone());
            if text.chars().count() > DESCRIPTION_CHARS {
                return Err(format!(
                    "the description has {} characters; at most {DESCRIPTION_CHARS} fit",
                    text.chars().count()
                )
                .into());
            }
            Wanted::Describe { on: on(&library, &profile, &args.on)?, profile, text }
        }
        Command::Delete(args) => {
            let (profile, on) = (args.profile.clone(), args.on.revision.clone());
            Wanted::Delete { profile, on }
        }
        Command::Restore(args) => {
            let profile = args.profile.clone();
            let version = match args.version {
                Some(version) => version,
                None => before(&records, &profile)?,
            };
            Wanted::Restore { on: on(&library, &profile, &args.on)?, profile, version }
        }
        Command::Activate(args) => Wanted::Activate { profile: args.profile.clone() },
    };
    match records.office.engine()? {
        Some(holder) => asked(&library, wanted, &holder),
        None => done((&library, &records), wanted),
    }
}

/// The text that is changed: the one that was named, else the present one.
fn on(library: &Library, profile: &Name, told: &On) -> Result<String, Refused> {
    if let Some(revision) = &told.revision {
        return Ok(revision.clone());
    }
    Ok(Revision::of(&text_of(library, profile)?).code().to_owned())
}

/// The version before the newest one.
fn before(records: &Records, profile: &Name) -> Result<i64, Refused> {
    let lines = records.versions(profile)?;
    let line = lines.get(1);
    Ok(line
        .map(|line| line.id.0)
        .ok_or_else(|| format!("there is no version of {profile} before the present one"))?)
}

/// Has the Busbar that runs do it.
fn asked(library: &Library, wanted: Wanted, holder: &str) -> Outcome {
    let socket = library.folder().join(charge::SOCKET);
    let reached = charge::ask(&socket, &Request::Profile { wanted });
    match reached.map_err(|why| {
        format!(
            "a Busbar runs on {} ({holder}), and it alone changes profiles meanwhile, but it cannot be asked from here ({why}): use its Profiles page, or end it first",
            library.folder().display()
        )
    })? {
        Answer::Done(words) => say(format_args!("{words}"))?,
        Answer::Refused(why) => return Err(why.into()),
        Answer::Charges(_) | Answer::Rules(_) => {
            return Err("the running Busbar said nothing that can be understood".into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does it here: no Busbar runs.
fn done((library, records): (&Library, &Records), wanted: Wanted) -> Outcome {
    let words = wanted.words();
    match wanted {
        Wanted::Rename { profile, on, to } => {
            records.order(RenameProfile { profile, on: Revision::told(&on), to })?;
        }
        Wanted::Describe { profile, on, text } => {
            let changes = vec![ProfileChange::Describe(text)];
            records.order(EditProfile { profile, on: Revision::told(&on), changes })?;
        }
        Wanted::Delete { profile, on } => {
            let on = on.as_deref().map(Revision::told);
            records.order(DeleteProfile { profile, on })?;
        }
        Wanted::Restore { profile, on, version } => {
            let (on, version) = (Revision::told(&on), VersionId(version));
            records.order(RestoreProfile { profile, on, version })?;
        }
        Wanted::Activate { profile } => {
            text_of(library, &profile)?;
            // What cannot run would be refused at the next start, where nobody expects it.
            load_profile(&library.file_of(&profile), &library.catalog())?;
            let words = format!("no Busbar runs: {profile} is what the next one opens");
            records.order(RememberProfile { profile })?;
            say(format_args!("{words}"))?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    say(format_args!("{words}"))?;
    Ok(ExitCode::SUCCESS)
}

impl Wanted {
    /// What is said once it is done.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Rename { profile, to, .. } => format!("{profile} is called {to} now"),
            Self::Describe { profile, text, .. } if text.is_empty() => {
                format!("{profile} has no description any more")
            }
            Self::Describe { profile, .. } => format!("{profile} is described so now"),
            Self::Delete { profile, .. } => format!(
                "{profile} is deleted; its versions stay for one that is added under its name"
            ),
            Self::Restore { profile, version, .. } => {
                format!("{profile} says what it said in version {version}")
            }
            Self::Activate { profile } => {
                format!("{profile} runs, and is what the next start opens")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_over_the_socket_is_stable() {
        let name = |text: &str| Name::new(text).unwrap();
        let (profile, to) = (name("Bench"), name("Car"));
        let wanted = Wanted::Rename { profile, on: "a1".into(), to };
        let text = serde_json::to_value(Request::Profile { wanted }).unwrap();
        let expected = serde_json::json!(
            {"do": "profile", "wanted": {"rename": {"profile": "Bench", "on": "a1", "to": "Car"}}}
        );
        assert_eq!(text, expected);
        for wrong in [
            "{\"do\":\"profile\",\"wanted\":{\"burn\":{}}}",
            "{\"do\":\"profile\",\"wanted\":{\"delete\":{\"profile\":\"a/b\",\"on\":null}}}",
            "{\"do\":\"profile\",\"wanted\":{\"activate\":{\"profile\":\"a\",\"x\":1}}}",
        ] {
            assert!(serde_json::from_str::<Request>(wrong).is_err(), "{wrong}");
        }
    }
}
