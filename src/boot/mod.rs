//! Starts the engine and the faces; hands the local seat to the desktop or to the command line
//! that started the engine, never to the web.

mod adopt;
pub(crate) mod choice;
#[cfg(feature = "desktop")]
mod console;
#[cfg(feature = "web")]
pub mod host;
#[cfg(unix)]
pub mod local;
#[cfg(feature = "web")]
pub mod machine;
#[cfg(any(unix, feature = "desktop"))]
mod profiles;
#[cfg(any(test, feature = "desktop"))]
mod signals;
pub mod standing;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::base::time::SystemClock;
use crate::boot::choice::Choice;
use crate::cli::{self, Cli, Command, Outcome, Wanted, serve};
use crate::engine::{
    self, CleanStderr, Config, Door, Face, Library, LocalSeat, Override, OverrideBy, Running,
    Session, StopFirst, SystemLog,
};

/// What standard error is told of the log.
const LOG_VARIABLE: &str = "BUSBAR_LOG";

/// Parses the arguments and runs what they ask for; prints what went wrong, cause by cause.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = SystemLog::new(SystemClock::new());
    let screen = tracing_subscriber::fmt::layer().with_writer(|| CleanStderr).with_filter(filter);
    tracing_subscriber::registry().with(screen).with(log.clone()).init();
    let outcome = match &cli.command {
        Some(Command::Serve(args)) => serve(&cli, args, &log),
        Some(Command::Open(args)) => window(&cli, args.files.clone(), &log),
        Some(command) => cli::run(command, &cli),
        None => window(&cli, cli.files.clone(), &log),
    };
    outcome.unwrap_or_else(|error| {
        cli::print_error(&*error);
        ExitCode::from(2)
    })
}

/// Settings that a variable of the environment stands above.
fn environment() -> Vec<Override> {
    let value = std::env::var(LOG_VARIABLE).ok();
    let over = |value| Override {
        field: "general.log_level",
        value: format!("\u{201c}{value}\u{201d} on standard error"),
        by: OverrideBy::Environment,
        name: LOG_VARIABLE,
    };
    value.map(over).into_iter().collect()
}

/// Settings that an argument of `busbar serve` stands above.
fn overridden(args: &serve::Args) -> Vec<Override> {
    let over = |field, name, value| Override { field, value, by: OverrideBy::CommandLine, name };
    let mut all = vec![over("web.enabled", "serve", "on".to_owned())];
    all.extend(args.listen.map(|at| over("web.listen", "--listen", at.to_string())));
    if args.tls {
        all.push(over("web.tls", "--tls", "always".to_owned()));
    }
    let file = |path: &PathBuf| path.display().to_string();
    let certificate = args.certificate.as_ref().map(file);
    all.extend(certificate.map(|file| over("web.certificate", "--certificate", file)));
    all.extend(args.key.as_ref().map(file).map(|file| over("web.key", "--key", file)));
    if args.allow_plain_http {
        all.push(over("web.allow_plain_http", "--allow-plain-http", "on".to_owned()));
    }
    all
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
    mut overrides: Vec<Override>,
    log: &SystemLog,
) -> Result<(Running, LocalSeat, Session), Box<dyn std::error::Error>> {
    let name = if face == Face::Desktop { "the window" } else { "busbar serve" };
    let mut config = Config::new(folder.to_owned(), name);
    overrides.extend(environment());
    config.overrides = overrides;
    config.log = log.clone();
    let mut running = engine::start(config)?;
    // The folder is there by now. Without files the log is in memory, and says so.
    if let Err(error) = log.keep_in(folder) {
        tracing::error!(%error, "the system log is kept in memory alone");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), face = name, "Busbar was started");
    // Without the program's own file there is no watchdog, and the chargers' own time-outs are all.
    match std::env::current_exe() {
        Ok(program) => running.watch_with(program),
        Err(error) => tracing::error!("there will be no watchdog: {error}"),
    }
    let seat = running.take_seat().ok_or("the local seat is taken")?;
    let session = seat.sit(face);
    adopt::adopt(&running.door, &session, folder);
    Ok((running, seat, session))
}

/// Opens the control socket. A console without one still works, so a refusal is only said.
#[cfg(unix)]
fn control(door: &Door, seat: &LocalSeat, folder: &Path) -> Option<local::ControlSocket> {
    match local::open(folder, door.clone(), seat.sit(Face::CommandLine)) {
        Ok(socket) => Some(socket),
        Err(error) => {
            let place = folder.display();
            eprintln!(
                "busbar: no control socket in {place} ({error}): `busbar charge` and `busbar profile` do not reach this Busbar"
            );
            None
        }
    }
}

/// What stands for the socket where the system has none.
#[cfg(not(unix))]
struct NoSocket;

#[cfg(not(unix))]
const fn control(_door: &Door, _seat: &LocalSeat, _folder: &Path) -> Option<NoSocket> {
    None
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
fn window(cli: &Cli, logs: Vec<PathBuf>, log: &SystemLog) -> Outcome {
    use crate::boot::console::Console;
    use crate::desktop;
    use crate::view::shown::Tone;

    cli::open::check(&logs)?;
    desktop::display::check()?;
    let library = Library::find(cli.data_dir.as_deref())?;
    let (running, seat, session) = open(Face::Desktop, library.folder(), Vec::new(), log)?;
    let door = running.door.clone();
    let (choice, trouble) = match chosen(&cli.wanted, &library) {
        Ok(choice) => (choice, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let first = choice.is_none();
    let console = Console::new(door.clone(), running.gate.clone(), session, library.clone());
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
    let control = control(&door, &seat, library.folder());
    let watch = watch::start(door, seat.send_profile_watcher())?;
    #[cfg(feature = "web")]
    let host = host(&running, &seat, library.folder())?;
    #[cfg(feature = "web")]
    {
        use crate::view::compose::settings::ListenerState;

        let tell = console.on_listener();
        host.standing().watch(Box::new(move |state| {
            let open = state.open.as_ref();
            tell(ListenerState {
                url: open.map(|open| open.base.clone()),
                fingerprint: open.and_then(|open| open.fingerprint.clone()),
                sentence: state.trouble.clone(),
            });
        }));
    }
    let memory = library.folder().join("window.ron");
    let closer = desktop::Closer::default();
    let closing = closer.clone();
    let leaving = signals::Leaving {
        stopper: running.stopper(),
        close: Box::new(move || closing.close()),
        end: Box::new(|| std::process::exit(0)),
    };
    // The last that is made is the first that goes: charging stops before any face is taken down.
    let first = StopFirst(running.stopper());
    let signals = signals::Signals::watch(cli::stop_on_signal()?, leaving)?;
    desktop::run(Box::new(console), Some(memory), &closer, logs)?;
    drop(first);
    drop(signals);
    #[cfg(feature = "web")]
    drop(host);
    drop(control);
    drop(watch);
    drop(running);
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "desktop"))]
fn window(_cli: &Cli, _logs: Vec<PathBuf>, _log: &SystemLog) -> Outcome {
    Err("this build has no window: run `busbar serve --demo`, or see `busbar --help`".into())
}

/// Said where a service starts for the first time: it waits for whoever signs in.
const NOTHING: &str = "nothing was chosen yet, so that nothing runs: choose a profile in the browser, or \
     start with `busbar serve --demo` or `busbar serve --profile NAME|FILE`";

/// Said where the profile that was chosen last cannot run.
const STANDS: &str =
    "So nothing runs: go back to a version on the profile's page, or let another profile run";

fn serve(cli: &Cli, args: &serve::Args, log: &SystemLog) -> Outcome {
    let deadline = args
        .duration
        .map(|s| {
            let span = Duration::try_from_secs_f64(s);
            span.map_err(|_| format!("--duration is {s}; it is a number of seconds, 0 or more"))
        })
        .transpose()?;
    let library = Library::find(cli.data_dir.as_deref())?;
    let wanted = if args.wanted.is_something() { &args.wanted } else { &cli.wanted };
    let above = overridden(args);
    let (running, seat, session) = open(Face::CommandLine, library.folder(), above, log)?;
    let began = chosen(wanted, &library).and_then(|choice| match choice {
        Some(choice) => run(&running.door, &session, &choice, &library),
        None => {
            eprintln!("busbar: {NOTHING}");
            Ok(())
        }
    });
    if let Err(error) = began {
        // Asked for on the command line: refuse to start. Remembered: whoever can mend it gets in.
        if wanted.is_something() {
            return Err(error);
        }
        eprintln!("busbar: {error}. {STANDS}");
        watch::tell(&running.door, &session, format!("{error}. {STANDS}"));
    }
    let control = control(&running.door, &seat, library.folder());
    let watch = watch::start(running.door.clone(), seat.send_profile_watcher())?;
    let listener = listen(args, &running, &seat, library.folder())?;
    let stop = cli::stop_on_signal()?;
    let first = StopFirst(running.stopper());
    serve::watch(&running.door, &session, &stop, deadline)?;
    // Charging is stopped before any face is taken down.
    drop(first);
    drop((control, listener, watch, running));
    Ok(ExitCode::SUCCESS)
}

/// Opens the listener of `busbar serve`, and says where it is and how to get in.
#[cfg(feature = "web")]
fn listen(
    args: &serve::Args,
    running: &Running,
    seat: &LocalSeat,
    folder: &Path,
) -> Result<host::Host, Box<dyn std::error::Error>> {
    use crate::boot::host::{Host, Opening, Overrides};
    use crate::engine::Tls;

    let overrides = Overrides {
        listen: args.listen,
        tls: args.tls.then_some(Tls::On),
        files: args.certificate.clone().zip(args.key.clone()),
        allow_plain_http: args.allow_plain_http.then_some(true),
    };
    let opening = Opening::Always(overrides);
    let host = Host::start(&running.door, &running.gate, seat, folder, opening)?;
    let open = host.standing().now().open.ok_or("the web listener is closed")?;
    serve::announce(&open.base, &open.also, open.fingerprint.as_deref());
    if running.gate.needs_set_up()
        && let Some(link) = running.gate.set_up_link(seat, &open.base)?
    {
        serve::announce_set_up(&link);
    }
    Ok(host)
}

#[cfg(not(feature = "web"))]
fn listen(
    _args: &serve::Args,
    _running: &Running,
    _seat: &LocalSeat,
    _folder: &Path,
) -> Result<(), std::convert::Infallible> {
    eprintln!("busbar: this build has no web listener. Ctrl+C ends.");
    Ok(())
}

/// Hosts the listener of the window: open when the settings say so.
#[cfg(all(feature = "web", feature = "desktop"))]
fn host(
    running: &Running,
    seat: &LocalSeat,
    folder: &Path,
) -> Result<host::Host, Box<dyn std::error::Error>> {
    let opening = host::Opening::AsSettings;
    Ok(host::Host::start(&running.door, &running.gate, seat, folder, opening)?)
}
