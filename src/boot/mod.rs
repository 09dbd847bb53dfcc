//! Starts the engine and the faces; hands the local seat to the desktop or to the command line
//! that started the engine, never to the web.

pub(crate) mod choice;
#[cfg(feature = "desktop")]
mod console;
mod watch;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::boot::choice::Choice;
use crate::cli::{self, Cli, Command, Outcome, Wanted, serve};
use crate::engine::{self, Config, Door, Face, Library, LocalSeat, Running, Session};

/// Parses the arguments and runs what they ask for; prints what went wrong, cause by cause.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("BUSBAR_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let outcome = match &cli.command {
        Some(Command::Serve(args)) => serve(&cli, args),
        Some(command) => cli::run(command, &cli),
        None => window(&cli),
    };
    outcome.unwrap_or_else(|error| {
        cli::print_error(&*error);
        ExitCode::from(2)
    })
}

/// What the arguments or the last choice say; `None` at the first start.
fn chosen(
    wanted: &Wanted,
    library: &Library,
) -> Result<Option<Choice>, Box<dyn std::error::Error>> {
    if wanted.demo {
        return Ok(Some(wanted.scene.clone().map_or_else(Choice::first, Choice::Demo)));
    }
    if let Some(address) = &wanted.bus {
        return Ok(Some(Choice::Bus(address.clone())));
    }
    if let Some(profile) = &wanted.profile {
        return Ok(Some(Choice::Profile(profile.clone())));
    }
    Ok(library.settings()?.profile.map(Choice::Profile))
}

/// Starts the engine and sits down at it.
fn open(
    face: Face,
    folder: &Path,
) -> Result<(Running, LocalSeat, Session), Box<dyn std::error::Error>> {
    let name = if face == Face::Desktop { "the window" } else { "busbar serve" };
    let mut running = engine::start(Config::new(folder.to_owned(), name))?;
    let seat = running.take_seat().ok_or("the local seat is taken")?;
    let session = seat.sit(face);
    Ok((running, seat, session))
}

/// Runs `choice` and keeps an eye on its file.
fn run(
    door: &Door,
    session: &Session,
    choice: &Choice,
    library: &Library,
) -> Result<(), Box<dyn std::error::Error>> {
    let order = choice.order(library)?;
    Ok(door.submit(session, order)?.wait()?)
}

#[cfg(feature = "desktop")]
fn window(cli: &Cli) -> Outcome {
    use crate::boot::console::Console;
    use crate::desktop;
    use crate::view::shown::Tone;

    desktop::display::check()?;
    let library = Library::find(cli.data_dir.as_deref())?;
    let (running, seat, session) = open(Face::Desktop, library.folder())?;
    let door = running.door.clone();
    let (choice, trouble) = match chosen(&cli.wanted, &library) {
        Ok(choice) => (choice, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let first = choice.is_none();
    let console = Console::new(door.clone(), session, library.clone());
    let console = if first { console.at_first_start() } else { console };
    if let Some(text) = trouble {
        console.note(Tone::Warning, text);
    }
    let choice = choice.unwrap_or_else(Choice::first);
    if let Err(error) = run(&door, &seat.sit(Face::Desktop), &choice, &library) {
        // Asked for on the command line: refuse to start. Remembered: open all the same and say so.
        if cli.wanted.is_something() {
            return Err(error);
        }
        console.note(Tone::Fault, format!("{error}."));
    }
    let watch = watch::start(door, seat.send_profile_watcher())?;
    let memory = library.folder().join("window.ron");
    desktop::run(Box::new(console), Some(memory))?;
    drop(watch);
    drop(running);
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "desktop"))]
fn window(_cli: &Cli) -> Outcome {
    Err("this build has no window: run `busbar serve --demo`, or see `busbar --help`".into())
}

fn serve(cli: &Cli, args: &serve::Args) -> Outcome {
    let library = Library::find(cli.data_dir.as_deref())?;
    let wanted = if args.wanted.is_something() { &args.wanted } else { &cli.wanted };
    let choice = chosen(wanted, &library)?.ok_or(
        "nothing was chosen yet: run `busbar serve --demo`, or name a profile with `busbar serve --profile NAME|FILE`",
    )?;
    let (running, seat, session) = open(Face::CommandLine, library.folder())?;
    run(&running.door, &session, &choice, &library)?;
    let watch = watch::start(running.door.clone(), seat.send_profile_watcher())?;
    let listener = listen(args, &running)?;
    let stop = cli::stop_on_signal()?;
    let deadline = args
        .duration
        .map(|s| {
            let span = Duration::try_from_secs_f64(s);
            span.map_err(|_| format!("--duration is {s}; it is a number of seconds, 0 or more"))
        })
        .transpose()?;
    serve::watch(&running.door, &session, &stop, deadline)?;
    drop((listener, watch, running));
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "web")]
fn listen(
    args: &serve::Args,
    running: &Running,
) -> Result<crate::web::Listener, crate::web::ListenError> {
    let base = format!("http://{}", args.listen);
    let shared = crate::web::Shared::new(running.door.clone(), running.gate.clone(), base);
    let listener = crate::web::Listener::start(args.listen, shared)?;
    eprintln!(
        "busbar: http://{}/health answers; pages need accounts, which this version does not have yet. Ctrl+C ends.",
        listener.address(),
    );
    Ok(listener)
}

#[cfg(not(feature = "web"))]
fn listen(_args: &serve::Args, _running: &Running) -> Result<(), std::convert::Infallible> {
    eprintln!("busbar: this build has no web listener. Ctrl+C ends.");
    Ok(())
}
