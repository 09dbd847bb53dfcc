//! Simulated supplies: the same two languages from the other side, on loopback, with faults. Its
//! output goes into a simulated pack of fixed voltage, or into nothing.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Brand;
use super::lines::Lines;
use super::text::number;

/// How often the thread of a stand looks whether it is to end.
const LOOK: Duration = Duration::from_millis(10);
/// How long the slow one takes.
const SLOW: Duration = Duration::from_millis(700);

/// What is wrong with a simulated supply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// It answers nothing.
    Silent,
    /// It answers bytes that are no text.
    Garbage,
    /// It answers late.
    Slow,
    /// It says it is something else.
    OtherDevice,
    /// It takes no set points.
    Refuses,
    /// It closes the connection in the middle of a write.
    Drops,
    /// What it reads back is not what was set.
    Lies,
    /// Its output does not go off.
    StaysOn,
}

impl Fault {
    /// All of them, for lists and the command line.
    pub const ALL: [(&'static str, Self); 9] = [
        ("none", Self::None),
        ("silent", Self::Silent),
        ("garbage", Self::Garbage),
        ("slow", Self::Slow),
        ("other-device", Self::OtherDevice),
        ("refuses", Self::Refuses),
        ("drops", Self::Drops),
        ("lies", Self::Lies),
        ("stays-on", Self::StaysOn),
    ];
}

/// A simulated supply.
#[derive(Clone, Debug)]
pub struct Pretend {
    /// Its language.
    pub brand: Brand,
    /// Voltage of the pack at its output; none: nothing is connected.
    pub pack: Option<f64>,
    /// What is wrong with it.
    pub fault: Fault,
    /// Whether its output is on.
    pub on: bool,
    /// Voltage it is set to.
    pub volts: f64,
    /// Current it is set to.
    pub amps: f64,
    /// Every line it heard, at most the last thousand.
    pub heard: Vec<String>,
    selected: bool,
    lines: Lines,
}

/// What it does with a piece of text.
#[derive(Debug, PartialEq)]
enum Reaction {
    Answer(String),
    Nothing,
    HangUp,
}

impl Pretend {
    /// A sound supply that is off.
    #[must_use]
    pub fn new(brand: Brand, pack: Option<f64>) -> Self {
        Self {
            brand,
            pack,
            fault: Fault::None,
            on: false,
            volts: 0.0,
            amps: 0.0,
            heard: Vec::new(),
            selected: false,
            lines: Lines::default(),
        }
    }

    /// The same with something wrong.
    #[must_use]
    pub fn broken(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    /// The same with its output on.
    #[must_use]
    pub fn giving(self, volts: f64, amps: f64) -> Self {
        Self { on: true, volts, amps, ..self }
    }

    /// What it answers to a line; nothing where it does not answer.
    pub fn answers(&mut self, line: &str) -> Option<String> {
        match self.react(line) {
            Reaction::Answer(text) => Some(text),
            Reaction::Nothing | Reaction::HangUp => None,
        }
    }

    /// What it measures at its output.
    #[must_use]
    pub fn output(&self) -> (f64, f64) {
        match (self.on, self.pack) {
            (false, _) => (0.0, 0.0),
            (true, Some(pack)) if self.volts > pack => (pack, self.amps),
            (true, _) => (self.volts, 0.0),
        }
    }

    fn react(&mut self, line: &str) -> Reaction {
        if self.heard.len() >= 1000 {
            self.heard.remove(0);
        }
        self.heard.push(line.to_owned());
        match (self.brand, self.fault) {
            (_, Fault::Silent) => return Reaction::Nothing,
            (_, Fault::Drops) if line.starts_with("PV ") || line.contains(":VOLTage ") => {
                return Reaction::HangUp;
            }
            _ => {}
        }
        match self.brand {
            Brand::Genesys => self.genesys(line),
            Brand::Spd3303x => self.siglent(line),
        }
    }

    fn genesys(&mut self, line: &str) -> Reaction {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "ADR" {
            self.selected = true;
            return answer("OK");
        }
        // An address that nobody selected hears nothing.
        if !self.selected {
            return Reaction::Nothing;
        }
        let (volts, amps) = self.output();
        let lie = if self.fault == Fault::Lies { 20.0 } else { 0.0 };
        match word {
            "IDN?" if self.fault == Fault::OtherDevice => answer("LAMBDA,ZUP36-12"),
            "IDN?" => answer("LAMBDA,GEN300-10"),
            "RMT" => answer("OK"),
            "OUT?" => answer(if self.on { "ON" } else { "OFF" }),
            "OUT" => {
                self.switch(rest == "1");
                answer("OK")
            }
            "PV" | "PC" if self.fault == Fault::Refuses => answer("E01"),
            "PV" => self.set(rest, 300.0, Self::volts_mut),
            "PC" => self.set(rest, 10.0, Self::amps_mut),
            "PV?" => answer(&format!("{:.2}", self.volts + lie)),
            "PC?" => answer(&format!("{:.3}", self.amps + lie / 10.0)),
            "MV?" => answer(&format!("{volts:.2}")),
            "MC?" => answer(&format!("{amps:.3}")),
            _ => answer("C01"),
        }
    }

    fn siglent(&mut self, line: &str) -> Reaction {
        let (volts, amps) = self.output();
        let lie = if self.fault == Fault::Lies { 3.0 } else { 0.0 };
        match line {
            "*IDN?" if self.fault == Fault::OtherDevice => {
                answer("Siglent Technologies,SDS1104X-E,0,0,0")
            }
            "*IDN?" => answer("Siglent Technologies,SPD3303X-E,SPD3X0001,1.01.01.02.07R2,V3.0"),
            "SYSTem:STATus?" => answer(if self.on { "0x14" } else { "0x4" }),
            "MEASure:VOLTage? CH1" => answer(&format!("{volts:.3}")),
            "MEASure:CURRent? CH1" => answer(&format!("{amps:.3}")),
            "CH1:VOLTage?" => answer(&format!("{:.3}", self.volts + lie)),
            "CH1:CURRent?" => answer(&format!("{:.3}", self.amps + lie)),
            "OUTPut CH1,ON" | "OUTPut CH1,OFF" => {
                self.switch(line.ends_with("ON"));
                Reaction::Nothing
            }
            _ => {
                // It says nothing of what it does not take.
                if self.fault != Fault::Refuses {
                    if let Some(value) = line.strip_prefix("CH1:VOLTage ") {
                        let _ = self.set(value, 32.0, Self::volts_mut);
                    } else if let Some(value) = line.strip_prefix("CH1:CURRent ") {
                        let _ = self.set(value, 3.2, Self::amps_mut);
                    }
                }
                Reaction::Nothing
            }
        }
    }

    const fn volts_mut(&mut self) -> &mut f64 {
        &mut self.volts
    }

    const fn amps_mut(&mut self) -> &mut f64 {
        &mut self.amps
    }

    fn switch(&mut self, wanted: bool) {
        self.on = wanted || (self.on && self.fault == Fault::StaysOn);
    }

    fn set(&mut self, text: &str, most: f64, place: fn(&mut Self) -> &mut f64) -> Reaction {
        match number(text).filter(|value| (0.0..=most * 1.05).contains(value)) {
            Some(value) => {
                *place(self) = value;
                answer("OK")
            }
            None => answer("E01"),
        }
    }
}

fn answer(text: &str) -> Reaction {
    Reaction::Answer(text.to_owned())
}

/// A simulated supply that listens. Drop it to end it.
pub struct Stand {
    /// Where it listens.
    pub address: SocketAddr,
    device: Arc<Mutex<Pretend>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stand {
    /// Listens there; port 0 takes any that is free.
    ///
    /// # Errors
    /// Nobody may listen there, or somebody does.
    pub fn open(listen: SocketAddr, device: Pretend) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let device = Arc::new(Mutex::new(device));
        let stop = Arc::new(AtomicBool::new(false));
        let (theirs, ends) = (Arc::clone(&device), Arc::clone(&stop));
        let body = move || serve(&listener, &theirs, &ends);
        let name = format!("pretend:{}", address.port());
        let thread = Some(std::thread::Builder::new().name(name).spawn(body)?);
        Ok(Self { address, device, stop, thread })
    }

    /// The supply, to look at and to break.
    pub fn device(&self) -> MutexGuard<'_, Pretend> {
        lock(&self.device)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of a simulated supply ended by a panic");
        }
    }
}

fn lock(device: &Mutex<Pretend>) -> MutexGuard<'_, Pretend> {
    device.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection after another, as such devices do.
fn serve(listener: &TcpListener, device: &Mutex<Pretend>, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((stream, _)) => {
                if let Err(error) = talk(stream, device, stop) {
                    tracing::debug!("a connection to a simulated supply ended: {error}");
                }
            }
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

fn talk(mut stream: TcpStream, device: &Mutex<Pretend>, stop: &AtomicBool) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(LOOK))?;
    stream.set_nodelay(true)?;
    lock(device).lines.clear();
    let mut bytes = [0; 256];
    while !stop.load(Ordering::SeqCst) {
        let count = match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let mut lines = Vec::new();
        let _garbage = lock(device).lines.take(bytes.get(..count).unwrap_or_default(), &mut lines);
        for line in lines {
            let (reaction, fault, end) = {
                let mut device = lock(device);
                (device.react(&line), device.fault, device.brand.line_end())
            };
            match reaction {
                Reaction::Nothing => {}
                Reaction::HangUp => return Ok(()),
                Reaction::Answer(_) if fault == Fault::Garbage => {
                    stream.write_all(&[0xFF, 0x00, 0xC3, 0x28])?;
                }
                Reaction::Answer(text) => {
                    if fault == Fault::Slow {
                        std::thread::sleep(SLOW);
                    }
                    stream.write_all(format!("{text}{end}").as_bytes())?;
                }
            }
        }
    }
    Ok(())
}
