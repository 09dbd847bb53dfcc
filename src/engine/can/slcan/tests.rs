//! An adapter made of nothing, several of them on one bus, and the same on a real pseudo-terminal.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::base::time::{FakeClock, SystemClock, Wall};
use crate::engine::can::bus::SendError;
use crate::engine::can::conformance::{Pair, clear, data, frames_alone, gather, send};
use crate::engine::can::frame::{Frame, Id};

/// A bus: what every adapter on it has to say to its port.
#[derive(Debug, Default)]
struct Air {
    ports: Mutex<Vec<Arc<Adapter>>>,
}

/// What kind of firmware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Make {
    /// As the protocol was written.
    #[default]
    Lawicel,
    /// It answers nothing but its version, and has a command of its own for the mode.
    Canable,
    /// It says yes to everything.
    Yes,
    /// It says nothing at all.
    Dumb,
}

#[derive(Debug, Default)]
struct Inner {
    out: VecDeque<u8>,
    open: bool,
    quiet: bool,
    stamps: bool,
    flags: u8,
    heard: Vec<String>,
    half: Vec<u8>,
    refuse: Option<char>,
    gone: bool,
}

#[derive(Debug)]
struct Adapter {
    make: Make,
    inner: Mutex<Inner>,
    air: Arc<Air>,
    clock: Arc<FakeClock>,
}

impl Adapter {
    fn on(air: &Arc<Air>, clock: &Arc<FakeClock>, make: Make) -> Arc<Self> {
        let (inner, air, clock) = (Mutex::default(), Arc::clone(air), Arc::clone(clock));
        let adapter = Arc::new(Self { make, inner, air, clock });
        adapter.air.ports.lock().unwrap().push(Arc::clone(&adapter));
        adapter
    }

    fn with<T>(&self, what: impl FnOnce(&mut Inner) -> T) -> T {
        what(&mut self.inner.lock().unwrap())
    }

    fn heard(&self) -> Vec<String> {
        self.with(|inner| std::mem::take(&mut inner.heard))
    }

    /// A frame is on the bus.
    fn bring(&self, line: &str) {
        let ms = (self.clock.now().nanos() / 1_000_000 + 58_000) % 60_000;
        self.with(|inner| {
            if inner.open {
                let stamp = if inner.stamps { format!("{ms:04X}") } else { String::new() };
                inner.out.extend(format!("{line}{stamp}\r").bytes());
            }
        });
    }

    fn command(&self, line: &str) {
        let answer = self.with(|inner| {
            inner.heard.push(line.to_owned());
            let first = line.chars().next();
            if first.is_some() && first == inner.refuse {
                return "\x07".to_owned();
            }
            let known = match (first, inner.open) {
                (None, _) => {
                    return if self.make == Make::Yes { "\r".into() } else { String::new() };
                }
                (Some('C'), _) => {
                    inner.open = false;
                    true
                }
                (Some('O' | 'L'), false) if !(self.make == Make::Canable && line == "L") => {
                    inner.quiet = line == "L" || (self.make == Make::Canable && inner.quiet);
                    inner.open = true;
                    true
                }
                (Some('M'), false) if self.make == Make::Canable => {
                    inner.quiet = line == "M1";
                    true
                }
                (Some('S' | 's' | 'Y'), false) => true,
                (Some('Z'), false) if self.make == Make::Lawicel => {
                    inner.stamps = line == "Z1";
                    true
                }
                (Some('V'), _) if self.make == Make::Lawicel => return "V1013\r".into(),
                (Some('V'), _) if self.make == Make::Canable => {
                    return "b158aa7 github.com/x/canable-fw.git\r".into();
                }
                (Some('N'), _) if self.make == Make::Lawicel => return "NA123\r".into(),
                (Some('F'), true) if self.make == Make::Lawicel => {
                    return format!("F{:02X}\r", std::mem::take(&mut inner.flags));
                }
                _ => self.make == Make::Yes,
            };
            let answers = matches!(self.make, Make::Lawicel | Make::Yes);
            match known {
                true if answers => "\r".into(),
                false if answers => "\x07".into(),
                _ => String::new(),
            }
        });
        self.with(|inner| inner.out.extend(answer.bytes()));
    }

    fn transmit(&self, line: &str) {
        let fits = self.with(|inner| {
            inner.heard.push(line.to_owned());
            inner.open && !inner.quiet && inner.refuse != line.chars().next()
        });
        if fits {
            for other in self.air.ports.lock().unwrap().iter() {
                if !std::ptr::eq(Arc::as_ptr(other), self) {
                    other.bring(line);
                }
            }
        }
        let answer: &[u8] = match self.make {
            Make::Lawicel | Make::Yes if fits => b"z\r",
            Make::Lawicel | Make::Yes => b"\x07",
            Make::Canable | Make::Dumb => b"",
        };
        self.with(|inner| inner.out.extend(answer));
    }
}

#[derive(Debug)]
struct Plug(Arc<Adapter>);

impl Port for Plug {
    fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        self.0.with(|inner| {
            if inner.gone {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let got = inner.out.len().min(into.len());
            for (place, byte) in into.iter_mut().zip(inner.out.drain(..got)) {
                *place = byte;
            }
            Ok(got)
        })
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if self.0.with(|inner| inner.gone) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for byte in bytes {
            if *byte != b'\r' {
                self.0.with(|inner| inner.half.push(*byte));
                continue;
            }
            let line = String::from_utf8(self.0.with(|inner| std::mem::take(&mut inner.half)));
            let line = line.unwrap();
            match line.chars().next() {
                Some('t' | 'T' | 'r' | 'R' | 'd' | 'D' | 'b' | 'B') => self.0.transmit(&line),
                _ => self.0.command(&line),
            }
        }
        Ok(())
    }
}

struct Socket(Arc<Adapter>);

impl Ports for Socket {
    fn open(&mut self, _name: &str, _baud: u32) -> io::Result<Arc<dyn Port>> {
        if self.0.with(|inner| inner.gone) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Arc::new(Plug(Arc::clone(&self.0))))
    }
}

fn address(text: &str) -> Slcan {
    match text.parse() {
        Ok(Address::Slcan(to)) => to,
        other => panic!("{other:?}"),
    }
}

struct Bench {
    adapter: Arc<Adapter>,
    other: Arc<Adapter>,
    clock: Arc<FakeClock>,
    link: Link,
    frames: Frames,
}

fn bench(text: &str, make: Make) -> Bench {
    let (air, clock) = (Arc::default(), FakeClock::new(Wall::from_nanos(0)));
    let adapter = Adapter::on(&air, &clock, make);
    let other = Adapter::on(&air, &clock, Make::Lawicel);
    let ports = Box::new(Socket(Arc::clone(&adapter)));
    let link = open_on(&address(text), BusId(1), Arc::<FakeClock>::clone(&clock), ports);
    let mut bench = Bench { adapter, other, clock, link, frames: Frames::default() };
    bench.turn();
    bench
}

impl Bench {
    fn turn(&mut self) -> BusStatus {
        self.link.rx.receive(&mut self.frames, Duration::ZERO);
        self.link.rx.status()
    }

    fn later(&mut self, ms: u64) -> BusStatus {
        self.clock.advance(Duration::from_millis(ms));
        self.turn()
    }

    fn send(&mut self, frame: Frame) -> Result<(), SendError> {
        self.link.tx.as_mut().unwrap().transmit(clear(frame))
    }

    fn got(&mut self) -> Vec<Frame> {
        let frames = self.frames.iter().map(|frame| frame.to_frame()).collect();
        self.frames.clear();
        frames
    }
}

#[test]
fn adapters_of_every_make_do_what_every_bus_must() {
    for make in [Make::Lawicel, Make::Canable, Make::Yes] {
        let (air, clock) = (Arc::default(), FakeClock::new(Wall::from_nanos(1_000_000_000)));
        let end = |bus| {
            let adapter = Adapter::on(&air, &clock, make);
            let ports = Box::new(Socket(adapter));
            let to = address("slcan:test@500000");
            let mut link = open_on(&to, BusId(bus), Arc::<FakeClock>::clone(&clock), ports);
            link.rx.receive(&mut Frames::default(), Duration::ZERO);
            link
        };
        let links = [end(1), end(2), end(3)];
        let ticking = Arc::clone(&clock);
        let tick = move || ticking.advance(Duration::from_millis(1));
        let mut pair = Pair::new(links, clock, tick, 0);
        frames_alone(&mut pair);
    }
}

#[test]
fn fd_frames_go_both_ways_where_a_data_rate_is_set_and_nowhere_else() {
    let id = Id::extended(0x18FF_50E5).unwrap();
    let frame = Frame::fd(id, &[7; 48]).unwrap().with_bit_rate_switch();
    let mut bench = self::bench("slcan:test@500000/2000000", Make::Lawicel);
    bench.other.command("O");
    assert_eq!(bench.send(frame), Ok(()));
    bench.other.transmit("D18FF50E5A000102030405060708090A0B0C0D0E0F");
    bench.turn();
    let got = bench.got();
    assert_eq!(got.len(), 2);
    assert!(got[0].view().has_bit_rate_switch() && got[0].len() == 48);
    assert!(!got[1].view().has_bit_rate_switch() && got[1].len() == 16);
    let flagged = frame.with_error_state_indicator();
    assert!(matches!(bench.send(flagged), Err(SendError::Unfit { .. })));
    let mut bench = self::bench("slcan:test@500000", Make::Lawicel);
    let why = bench.send(frame).unwrap_err().to_string();
    assert!(why.contains("set data_bit_rate"), "{why}");
}

#[test]
fn an_adapter_is_closed_asked_who_it_is_set_and_opened() {
    let mut bench = bench("slcan:test@250000", Make::Lawicel);
    let heard = bench.adapter.heard();
    assert_eq!(heard, ["", "", "C", "V", "N", "!", "S5", "Z1", "O"]);
    let status = bench.turn();
    assert_eq!((status.state, status.listening), (BusState::Active, Listening::Silent));
    assert_eq!((status.bit_rate, status.fd), (Some(250_000), false));
    assert_eq!(status.adapter.unwrap(), "firmware V1013, serial number A123");
    assert_eq!(bench.frames.timebase().source, TimeSource::Hardware);
    drop(bench.link);
    assert_eq!(bench.adapter.heard(), ["", "C", "Z0"]);
}

#[test]
fn listen_only_is_said_to_be_only_where_it_was_confirmed() {
    let listening = |make| {
        let mut bench = bench("slcan:test@500000,listen", make);
        let status = bench.turn();
        let quiet = bench.adapter.with(|inner| inner.quiet);
        let refused = bench.send(data(1)).unwrap_err().to_string();
        assert!(refused.contains("listen only"), "{refused}");
        (status.listening, quiet)
    };
    assert_eq!(listening(Make::Lawicel), (Listening::Confirmed, true));
    assert_eq!(listening(Make::Canable), (Listening::Asked, true));
    assert_eq!(listening(Make::Yes), (Listening::Asked, true), "it says yes to nonsense too");
}

#[test]
fn what_the_adapter_refuses_is_said_and_nothing_is_left_open() {
    for (letter, text, part) in [
        ('S', "slcan:test@500000", "refuses the bit rate 500000"),
        ('s', "slcan:test@83333", "refuses the bit rate 83333"),
        ('Y', "slcan:test@500000/2000000", "refuses the data bit rate 2000000"),
        ('L', "slcan:test@500000,listen", "refuses to listen only"),
        ('O', "slcan:test@500000", "refuses to open"),
    ] {
        let mut bench = bench(text, Make::Lawicel);
        bench.adapter.with(|inner| {
            inner.gone = true;
            inner.refuse = Some(letter);
        });
        bench.turn();
        bench.adapter.with(|inner| inner.gone = false);
        let status = bench.later(2000);
        assert_eq!(status.state, BusState::Failed);
        let sentence = status.sentence.unwrap();
        assert!(sentence.contains(part), "{sentence}");
        assert!(!bench.adapter.with(|inner| inner.open), "{text} was left open");
        assert!(bench.send(data(1)).unwrap_err().to_string().contains(part));
    }
}

#[test]
fn a_port_without_an_adapter_is_no_bus_until_frames_come() {
    let mut bench = bench("slcan:test@500000", Make::Dumb);
    let status = bench.turn();
    assert_eq!(status.state, BusState::Failed);
    assert!(status.sentence.unwrap().contains("right port"));
    bench.adapter.with(|inner| inner.open = true);
    bench.other.command("S6");
    bench.other.command("O");
    bench.other.transmit("t1230");
    let status = bench.turn();
    assert_eq!((status.state, status.sentence), (BusState::Active, None));
    assert_eq!(bench.got().len(), 1);
}

#[test]
fn a_frame_the_adapter_did_not_take_is_told_to_whoever_sends_next() {
    let mut bench = bench("slcan:test@500000", Make::Lawicel);
    bench.adapter.with(|inner| inner.refuse = Some('t'));
    assert_eq!(bench.send(data(1)), Ok(()));
    bench.turn();
    assert_eq!(bench.got(), [], "it is not said to have been sent");
    bench.adapter.with(|inner| inner.refuse = None);
    let told = bench.send(data(2)).unwrap_err();
    // It says that this one went out, so that nobody sends it again.
    assert!(matches!(&told, SendError::Earlier { .. }), "{told}");
    assert!(told.to_string().contains("did not take 0x123"), "{told}");
    bench.turn();
    let got = bench.got();
    assert_eq!(got.len(), 1, "the second was sent all the same");
    assert_eq!(got[0].direction(), Direction::Sent);
    assert_eq!(bench.send(data(3)), Ok(()));
}

#[test]
fn an_adapter_that_does_not_answer_is_given_up_in_time() {
    let mut bench = bench("slcan:test@500000", Make::Lawicel);
    // Its answers are lost.
    bench.send(data(1)).unwrap();
    bench.adapter.with(|inner| inner.out.clear());
    bench.later(600);
    let told = bench.send(data(2)).unwrap_err().to_string();
    assert!(told.contains("did not say that it took 0x123"), "{told}");
}

#[test]
fn a_queue_that_is_full_is_said_to_be() {
    let mut bench = bench("slcan:test@500000", Make::Lawicel);
    let sent = (0..1000).filter(|number| bench.send(data(*number)).is_ok()).count();
    assert_eq!(sent, 128);
    assert!(matches!(bench.send(data(1)), Err(SendError::Full { .. })));
}

#[test]
fn flags_become_a_state_and_lost_frames_are_counted() {
    let mut bench = bench("slcan:test@500000", Make::Lawicel);
    for (flags, state, dropped) in [
        (0x04, BusState::Warning, 0),
        (0x24, BusState::Passive, 0),
        (0x09, BusState::Active, 1),
        (0x80, BusState::Active, 1),
    ] {
        bench.adapter.with(|inner| inner.flags = flags);
        bench.later(1100);
        let status = bench.turn();
        assert_eq!((status.state, status.dropped), (state, dropped), "{flags:#x}");
        let worried = matches!(state, BusState::Warning | BusState::Passive);
        assert_eq!(status.sentence.is_some(), worried);
    }
    let kinds: Vec<_> = bench.got().iter().map(Frame::view).map(|frame| frame.kind()).collect();
    assert_eq!(kinds, [crate::engine::can::frame::Kind::Error], "an error on the bus is seen");
}

#[test]
fn an_adapter_that_was_pulled_out_is_opened_again_when_it_is_back() {
    let mut bench = bench("slcan:test@500000", Make::Lawicel);
    bench.adapter.with(|inner| inner.gone = true);
    let status = bench.turn();
    assert_eq!(status.state, BusState::Missing);
    assert!(status.sentence.unwrap().contains("plug it in again"));
    assert!(bench.send(data(1)).is_err());
    assert_eq!(bench.later(1500).state, BusState::Missing);
    bench.adapter.with(|inner| *inner = Inner::default());
    bench.later(1500);
    let status = bench.turn();
    assert_eq!((status.state, status.sentence), (BusState::Active, None));
    assert_eq!(bench.send(data(2)), Ok(()));
    bench.turn();
    assert_eq!(bench.got().len(), 1, "what was sent while it was away is not sent now");
}

/// Carries out what is asked of the adapter, as its thread does.
fn ordered<T: Send>(bench: &mut Bench, ask: impl FnOnce(&dyn Control) -> T + Send) -> T {
    let control = bench.link.control.clone().unwrap();
    std::thread::scope(|scope| {
        let asked = scope.spawn(move || ask(&*control));
        while !asked.is_finished() {
            bench.link.rx.receive(&mut bench.frames, Duration::ZERO);
            std::thread::yield_now();
        }
        asked.join().unwrap()
    })
}

#[test]
fn another_rate_is_listened_at_only_and_the_old_one_restored() {
    let mut bench = bench("slcan:test@500000/2000000", Make::Lawicel);
    bench.adapter.heard();
    let listening = ordered(&mut bench, |control| control.listen_at(125_000));
    assert_eq!(listening, Ok(Listening::Confirmed));
    let heard = bench.adapter.heard();
    assert!(heard.contains(&"S4".to_owned()) && heard.contains(&"L".to_owned()), "{heard:?}");
    assert!(!heard.contains(&"O".to_owned()), "{heard:?}");
    assert_eq!(bench.link.rx.status().bit_rate, Some(125_000));
    assert!(bench.send(data(1)).is_err());
    ordered(&mut bench, |control| control.restore()).unwrap();
    let heard = bench.adapter.heard();
    assert!(heard.contains(&"S6".to_owned()) && heard.contains(&"O".to_owned()), "{heard:?}");
    assert_eq!(bench.send(data(1)), Ok(()));
    ordered(&mut bench, |control| control.restart()).unwrap();
    assert!(bench.adapter.heard().contains(&"C".to_owned()));
    let refused = ordered(&mut bench, |control| control.listen_at(77));
    assert!(refused.unwrap_err().to_string().contains("77 bit/s"));
}

/// The same through a real pseudo-terminal, with time that passes.
#[cfg(unix)]
#[test]
fn a_real_serial_port_is_opened_read_lost_and_kept_from_others() {
    use std::os::fd::AsFd;

    let (near, far) = serial2::SerialPort::pair().unwrap();
    let name = far.as_fd().try_clone_to_owned().unwrap();
    let name = std::fs::read_link(format!("/proc/self/fd/{}", {
        use std::os::fd::AsRawFd;
        name.as_raw_fd()
    }));
    let Ok(name) = name else {
        eprintln!("skipped: no /proc to find the name of a pseudo-terminal");
        return;
    };
    let (air, clock) = (Arc::default(), FakeClock::new(Wall::from_nanos(0)));
    let adapter = Adapter::on(&air, &clock, Make::Lawicel);
    let other = Adapter::on(&air, &clock, Make::Lawicel);
    other.command("O");
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (ended, ours) = (Arc::clone(&stop), Arc::clone(&adapter));
    let served = std::thread::spawn(move || {
        let mut near = near;
        near.set_read_timeout(Duration::from_millis(5)).unwrap();
        let plug = Plug(ours);
        let mut bytes = [0; 256];
        while !ended.load(std::sync::atomic::Ordering::SeqCst) {
            if let Ok(got) = near.read(&mut bytes) {
                plug.write(&bytes[..got]).unwrap();
            }
            let got = plug.read(&mut bytes).unwrap();
            near.write_all(&bytes[..got]).unwrap();
        }
    });
    drop(far);
    let to = address(&format!("slcan:{}@500000", name.display()));
    let clock: Arc<dyn Clock> = SystemClock::new();
    let mut link = open(&to, BusId(1), Arc::clone(&clock));
    assert_eq!(gather(&mut link, 0), []);
    assert_eq!(link.rx.status().state, BusState::Active, "{:?}", link.rx.status());
    send(&mut link, data(7));
    assert_eq!(gather(&mut link, 1)[0].direction(), Direction::Sent);
    assert!(adapter.heard().contains(&"t123407000000".to_owned()));
    let id = Id::extended(0x18FF_50E5).unwrap();
    other.transmit("T18FF50E521122");
    let got = gather(&mut link, 1);
    assert_eq!((got[0].id(), got[0].view().data), (id, &[0x11, 0x22][..]));
    // Two programs on one port read half each.
    let mut second = open(&to, BusId(2), clock);
    second.rx.receive(&mut Frames::default(), Duration::ZERO);
    let sentence = second.rx.status().sentence.unwrap();
    assert!(sentence.starts_with("Another program has"), "{sentence}");
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    served.join().unwrap();
    // The adapter is pulled out: the port has hung up.
    for _ in 0..1000 {
        link.rx.receive(&mut Frames::default(), Duration::from_millis(10));
        if link.rx.status().state == BusState::Missing {
            return;
        }
    }
    panic!("nobody noticed: {:?}", link.rx.status());
}
