//! The control socket: how `busbar charge` and `busbar profile` reach the Busbar that runs on the same data
//! folder. The folder and the socket belong to one user alone, so whoever may open it sits at the machine.
//! It takes orders about charging and profiles and nothing else.

mod profiles;

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::base::id::Name;
use crate::cli::charge::{Answer, Points, REQUEST_BYTES, Request, RuleLine, SOCKET, Standing};
use crate::engine::{
    ChargeKey, ChargePicture, ClearLatches, Confirm, Door, Lease, Order, OrderError, Refusal,
    Session, SetChargeRule, SetPoints, Snapshot, StartCharge, StopCharge, ViewPlant,
};
use crate::view::compose::charge::{rules_table, stop_reason, typed_rule};

/// Connections at once; another is closed.
const AT_ONCE: usize = 8;
/// Requests over one connection.
const REQUESTS: usize = 64;
/// How long a connection may say nothing, and take nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often an answer of the engine is looked for.
const LOOK: Duration = Duration::from_millis(5);
/// Looks at the answer to a stop: two seconds. The stop goes on without.
const STOP_LOOKS: u32 = 400;
/// Looks at the answer to what waits for the journal: ten seconds.
const OTHER_LOOKS: u32 = 2_000;

/// The open socket; dropping it closes and removes it.
pub struct ControlSocket {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Opens the socket in `folder`, in the name of `session`. One that an earlier run left behind is
/// replaced: only one Busbar runs on a folder.
///
/// # Errors
/// The system does not let it be made.
pub fn open(folder: &Path, door: Door, session: Session) -> io::Result<ControlSocket> {
    let path = folder.join(SOCKET);
    match std::fs::symlink_metadata(&path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(&path)?,
        Ok(_) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path)?;
    // The folder is closed to others already, so nobody comes in before this.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let desk = Arc::new(Desk { door, session });
    let thread = thread::Builder::new()
        .name("control".into())
        .spawn(move || serve(&listener, &stopped, &desk))?;
    Ok(ControlSocket { path, stop, thread: Some(thread) })
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection; it may have ended already.
        drop(UnixStream::connect(&self.path));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the control socket ended by a panic");
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the control socket was gone already");
        }
    }
}

fn serve(listener: &UnixListener, stopped: &AtomicBool, desk: &Arc<Desk>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else {
            // Too many open files, say: tried again, but not at full speed.
            thread::sleep(LOOK);
            continue;
        };
        if open.fetch_add(1, Ordering::SeqCst) >= AT_ONCE {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (desk, own) = (Arc::clone(desk), Arc::clone(&open));
        let talk = move || {
            if let Err(error) = desk.talk(&stream) {
                tracing::debug!(%error, "a connection of the control socket ended");
            }
            own.fetch_sub(1, Ordering::SeqCst);
        };
        if thread::Builder::new().name("control call".into()).spawn(talk).is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Who carries out what is asked.
struct Desk {
    door: Door,
    session: Session,
}

impl Desk {
    fn talk(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        for _ in 0..REQUESTS {
            let mut line = Vec::new();
            let read = reader.by_ref().take(REQUEST_BYTES).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            let is_whole = line.ends_with(b"\n");
            let answer = if is_whole {
                self.answer(&line)
            } else {
                Answer::Refused(format!("a request is one line of at most {REQUEST_BYTES} bytes"))
            };
            let mut text = serde_json::to_string(&answer)?;
            text.push('\n');
            let mut writer = stream;
            writer.write_all(text.as_bytes())?;
            if !is_whole {
                return Ok(());
            }
        }
        Ok(())
    }

    fn answer(&self, line: &[u8]) -> Answer {
        let done = match serde_json::from_slice::<Request>(line) {
            Err(error) => Err(format!("the request cannot be understood: {error}")),
            Ok(Request::Stop { pack }) => self.stop(pack.as_deref()),
            Ok(Request::Status { pack }) => self.status(pack.as_deref()),
            Ok(Request::Clear { pack }) => self.clear(pack.as_deref()),
            Ok(Request::Rules) => self.rules(),
            Ok(Request::Rule { name, value }) => self.set_rule(&name, &value),
            Ok(Request::Profile { wanted }) => self.profile(wanted),
            Ok(Request::Start { pack, charger, set, confirm }) => {
                let confirm = confirm.then_some(Confirm);
                self.start(pack.as_deref(), charger.as_deref(), &set, confirm)
            }
        };
        done.unwrap_or_else(Answer::Refused)
    }

    fn look(&self) -> Result<Arc<Snapshot>, String> {
        let grant = self.session.permit(ViewPlant).map_err(|denied| denied.to_string())?;
        Ok(self.door.look(&grant))
    }

    /// The charge that is meant: that of the pack of this name, or the only one.
    fn meant(snapshot: &Snapshot, pack: Option<&str>) -> Result<Arc<ChargePicture>, String> {
        let all = &snapshot.charges;
        let names = || all.iter().map(|one| one.pack.as_str()).collect::<Vec<_>>().join(", ");
        match (pack, all.as_slice()) {
            (_, []) => Err("no pack that could be charged is there".into()),
            (None, [only]) => Ok(Arc::clone(only)),
            (None, _) => Err(format!("which pack? There are {}", names())),
            (Some(pack), _) => {
                let found = all.iter().find(|one| one.pack.as_str() == pack);
                found
                    .cloned()
                    .ok_or_else(|| format!("there is no pack {pack}; there is {}", names()))
            }
        }
    }

    fn status(&self, pack: Option<&str>) -> Result<Answer, String> {
        let snapshot = self.look()?;
        let standing = |one: &Arc<ChargePicture>| standing(&snapshot, one);
        Ok(Answer::Charges(match pack {
            Some(_) => vec![standing(&Self::meant(&snapshot, pack)?)],
            None => snapshot.charges.iter().map(standing).collect(),
        }))
    }

    /// Asked of the hub at once; nothing here waits for a disk.
    fn stop(&self, pack: Option<&str>) -> Result<Answer, String> {
        let name = pack.map(Name::new).transpose().map_err(|error| error.to_string())?;
        let whom = pack.map_or_else(|| "every pack".to_owned(), str::to_owned);
        for _ in 0..STOP_LOOKS {
            match self.order(StopCharge { pack: name.clone() }, STOP_LOOKS) {
                Ok(true) => return Ok(Answer::Done(format!("{whom}: stop is under way"))),
                Ok(false) => return Ok(Answer::Done(format!("{whom}: stop is asked for"))),
                // A stop is not turned away because there is much to do.
                Err(Unanswered::Busy) => thread::sleep(LOOK),
                Err(Unanswered::No(why)) => return Err(why),
            }
        }
        Err("the engine has too much to do to take the stop: use the emergency stop".into())
    }

    fn clear(&self, pack: Option<&str>) -> Result<Answer, String> {
        let pack = Self::meant(&*self.look()?, pack)?.pack.clone();
        let done = Answer::Done(format!("{pack}: nothing is latched any more"));
        self.waited(ClearLatches { pack })?;
        Ok(done)
    }

    fn start(
        &self,
        pack: Option<&str>,
        charger: Option<&str>,
        set: &Points,
        confirm: Option<Confirm>,
    ) -> Result<Answer, String> {
        let snapshot = self.look()?;
        let picture = Self::meant(&snapshot, pack)?;
        let set = set.on(&SetPoints::usual(&picture.rules));
        set.check(&picture.rules).map_err(|error| error.to_string())?;
        let charger = charger.map(Name::new).transpose().map_err(|error| error.to_string())?;
        if let Some(name) = &charger
            && !snapshot.components.iter().any(|one| one.name == *name)
        {
            return Err(format!("there is no charger {name}"));
        }
        let pack = picture.pack.clone();
        let Some(confirm) = confirm else {
            let mut words = format!(
                "this would close the contactors of {pack} and charge it with up to {} A until its highest cell is at {:.3} V, and go on by itself until it is done or stopped; with --yes it does",
                set.current.get(),
                f64::from(set.cell.get()) / 1000.0
            );
            // What would be refused with it too is told at once.
            let broken = picture.preconditions.iter().filter(|check| !check.ok);
            let broken: Vec<String> =
                broken.map(|check| format!("{} ({})", check.id.title(), check.why)).collect();
            if !broken.is_empty() {
                words += &format!(". It is not ready now: {}", broken.join("; "));
            }
            return Err(words);
        };
        let done = Answer::Done(format!(
            "{pack}: the start is taken up; `busbar charge status` shows how it goes"
        ));
        self.waited(StartCharge { pack, charger, set, lease: Lease::GoesOn, confirm })?;
        Ok(done)
    }

    fn rules(&self) -> Result<Answer, String> {
        let rules = self.look()?.rules.rules;
        let line = |key: &ChargeKey| {
            let rule = key.rule();
            RuleLine {
                name: rule.name.to_owned(),
                value: rules.get(*key),
                unit: rule.unit.to_owned(),
                usual: rule.usual,
                least: rule.least,
                most: rule.most,
                origin: rules.origin(*key).code().to_owned(),
                about: rule.about.to_owned(),
            }
        };
        Ok(Answer::Rules(ChargeKey::ALL.iter().map(line).collect()))
    }

    fn set_rule(&self, name: &str, value: &str) -> Result<Answer, String> {
        let (key, value) = typed_rule(name, value)?;
        self.waited(SetChargeRule { key, value, expected: None })?;
        let snapshot = self.look()?;
        let (rule, value) = (key.rule(), snapshot.rules.rules.get(key));
        let kept = rules_table(&snapshot, &self.session).kept;
        Ok(Answer::Done(format!("{} is {value} {}. {kept}", rule.name, rule.unit)))
    }

    fn waited<O: Order<Done = ()>>(&self, order: O) -> Result<(), String> {
        match self.order(order, OTHER_LOOKS) {
            Ok(true) => Ok(()),
            Ok(false) => Err("nobody has answered in time; look at the status".into()),
            Err(Unanswered::Busy) => Err("the engine has too much to do: try again".into()),
            Err(Unanswered::No(why)) => Err(why),
        }
    }

    /// Gives an order; whether it was answered within so many looks.
    fn order<O: Order<Done = ()>>(&self, order: O, looks: u32) -> Result<bool, Unanswered> {
        let ticket = self.door.submit(&self.session, order)?;
        for _ in 0..looks {
            match ticket.poll() {
                Some(Ok(())) => return Ok(true),
                Some(Err(error)) => return Err(error.into()),
                None => thread::sleep(LOOK),
            }
        }
        Ok(false)
    }
}

/// Why an order was not carried out.
enum Unanswered {
    /// There is too much to do.
    Busy,
    /// A sentence.
    No(String),
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy => Self::Busy,
            Refusal::Denied(denied) => Self::No(denied.to_string()),
        }
    }
}

impl From<OrderError> for Unanswered {
    fn from(error: OrderError) -> Self {
        if matches!(error, OrderError::Busy) { Self::Busy } else { Self::No(error.to_string()) }
    }
}

fn standing(snapshot: &Snapshot, picture: &ChargePicture) -> Standing {
    let (pack, meter) = (&picture.seen.0, &picture.meter);
    let charger = picture.charger.and_then(|id| snapshot.components.get(usize::from(id.0)));
    let latches = picture.latches;
    let latches = [
        (latches.fault, "fault"),
        (latches.local_stop, "local_stop"),
        (latches.remote_stop, "remote_stop"),
    ];
    let checks = picture.preconditions.iter().chain(&picture.interlocks);
    Standing {
        pack: picture.pack.to_string(),
        charger: charger.map(|part| part.name.to_string()),
        state: picture.state.name().to_owned(),
        ended: picture.state.outcome().map(|outcome| stop_reason(outcome.why)),
        running: picture.state.is_running(),
        current_a: pack.current.map(|amps| amps.get()),
        voltage_v: pack.voltage.map(|volts| volts.get()),
        highest_mv: pack.highest.map(|cell| cell.mv),
        soc_percent: pack.soc.map(|soc| soc.get()),
        charge_ah: meter.ah,
        energy_kwh: meter.kwh,
        elapsed_s: meter.elapsed.as_secs_f64(),
        left_s: meter.left.map(|left| left.as_secs_f64()),
        by: picture.by.clone(),
        latches: latches.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).into()).collect(),
        troubles: checks
            .filter(|check| !check.ok)
            .map(|check| format!("{}: {}", check.id.title(), check.why))
            .collect(),
        record: picture.record,
    }
}
