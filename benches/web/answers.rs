//! The listener as it runs: answers a second to somebody signed in, what guessing passwords does to
//! them, and 1,000 live streams beside the hub.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use busbar::engine::{
    AccountKind, ActivateProfile, AddAccount, Config, Credential, Face, MustChangeIt, Origin,
    Preset, Running, Secret, ServiceChoice, Session, ViewPlant, demo_profile, start,
};
use busbar::web::{Listener, Shared, Socket};

use crate::process;
use crate::tally::Tally;

const PASSWORD: &str = "tin of beans 4";
const SECONDS: u64 = 5;
const STREAMS: usize = 1000;

/// A listener over an engine that plays the demo.
pub struct Served {
    _listener: Listener,
    running: Running,
    desk: Session,
    _folder: tempfile::TempDir,
    pub port: u16,
    pub token: String,
}

impl Served {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut running = start(Config::new(folder.path().to_owned(), "a bench")).unwrap();
        let desk = running.take_seat().unwrap().sit(Face::Desktop);
        let demo = ActivateProfile::of(demo_profile("demo").unwrap());
        running.door.submit(&desk, demo).unwrap().wait().unwrap();
        let socket = Socket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let port = socket.address().port();
        let base = format!("http://127.0.0.1:{port}");
        let hash = running.gate.hash("vera", &Secret::new(PASSWORD.into())).unwrap();
        let vera = AddAccount {
            kind: AccountKind::Person,
            name: "vera".into(),
            email: None,
            service: ServiceChoice::None,
            rights: Preset::Viewer.rights(),
            credential: Credential::Password { hash, must_change: MustChangeIt::No },
            link_base: base.clone(),
        };
        running.door.submit(&desk, vera).unwrap().wait().unwrap();
        let origin = Origin { face: Face::Api, address: None, agent: None };
        let signed_in = running.gate.sign_in("vera", &Secret::new(PASSWORD.into()), &origin);
        let token = signed_in.unwrap().token.reveal().to_owned();
        let shared = Shared::new(running.door.clone(), running.gate.clone(), base);
        let listener = Listener::open(socket, None, shared).unwrap();
        // The first snapshots have come by then.
        std::thread::park_timeout(Duration::from_secs(2));
        Self { _listener: listener, running, desk, _folder: folder, port, token }
    }
}

fn request(port: u16, path: &str, token: &str) -> Vec<u8> {
    let fields = format!("Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n");
    format!("GET {path} HTTP/1.1\r\n{fields}\r\n").into_bytes()
}

/// One kept connection.
struct Line {
    stream: TcpStream,
    kept: Vec<u8>,
}

impl Line {
    fn new(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, kept: Vec::new() }
    }

    /// Reads one answer whole and gives its status.
    fn answer(&mut self) -> u16 {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some((status, end)) = whole(&self.kept) {
                self.kept.drain(..end);
                return status;
            }
            let read = self.stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the listener closed the connection");
            self.kept.extend_from_slice(&buffer[..read]);
        }
    }
}

/// Status and length of the answer at the start of `bytes`, once it is whole.
fn whole(bytes: &[u8]) -> Option<(u16, usize)> {
    let head = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).unwrap();
    let status = text.get(9..12).unwrap().parse().unwrap();
    let at = memchr::memmem::find(&bytes[..head], b"content-length: ").unwrap() + 16;
    let digits = text[at..].split('\r').next().unwrap();
    let end = head + digits.parse::<usize>().unwrap();
    (bytes.len() >= end).then_some((status, end))
}

/// The clients' side: as many answers as can be had over `lines` connections of each of two threads,
/// `depth` requests on the way on each. Prints how many.
pub fn hammer(port: u16, token: &str, path: &str, lines: usize, depth: usize) {
    let threads = [0, 1].map(|_| {
        let batch = request(port, path, token).repeat(depth);
        let body = move || {
            let mut lines: Vec<Line> = (0..lines).map(|_| Line::new(port)).collect();
            let (began, mut count) = (Instant::now(), 0_u64);
            while began.elapsed() < Duration::from_secs(SECONDS) {
                lines.iter_mut().for_each(|line| line.stream.write_all(&batch).unwrap());
                for line in &mut lines {
                    (0..depth).for_each(|_| assert_eq!(line.answer(), 200));
                }
                count += (lines.len() * depth) as u64;
            }
            count as f64 / began.elapsed().as_secs_f64()
        };
        std::thread::Builder::new().name("clients".into()).spawn(body).unwrap()
    });
    println!("{:.0}", threads.map(|thread| thread.join().unwrap()).iter().sum::<f64>());
}

/// Answers a second.
pub fn run() {
    let served = Served::new();
    let mut line = Line::new(served.port);
    line.stream.write_all(&request(served.port, "/api/v1/packs", &served.token)).unwrap();
    assert_eq!(line.answer(), 200);
    let path = format!("/api/v1/packs/{}", served.pack());
    line.stream.write_all(&request(served.port, &path, &served.token)).unwrap();
    assert_eq!(line.answer(), 200, "{path}");
    println!("answers: {path}, signed in, two workers, two client threads in another process");
    println!("{:>6} {:>6} {:>10} {:>12}", "lines", "depth", "a second", "us of cpu");
    let (port, token) = (served.port.to_string(), served.token.clone());
    for (path, lines, depth) in [
        (path.as_str(), 32, 1),
        (&path, 8, 16),
        (&path, 32, 1),
        (&path, 8, 16),
        (&path, 32, 1),
        (&path, 8, 16),
        ("/health", 32, 1),
        ("/health", 8, 16),
    ] {
        let (l, d) = (lines.to_string(), depth.to_string());
        let (from, began) = (process::cpu_ns(), Instant::now());
        let clients = process::clients(&["hammer", &port, &token, path, &l, &d]);
        let said = clients.wait_with_output().unwrap();
        let (cpu, took) = (process::cpu_ns().saturating_sub(from), began.elapsed());
        let rate: f64 = String::from_utf8(said.stdout).unwrap().trim().parse().unwrap();
        let each = cpu as f64 / 1000.0 / (rate * took.as_secs_f64());
        println!("{lines:>6} {depth:>6} {rate:>10.0} {each:>12.2}  {path}");
    }
}

impl Served {
    /// Number of the demo's pack.
    fn pack(&self) -> usize {
        let grant = self.desk.permit(ViewPlant).unwrap();
        let snapshot = self.running.door.look(&grant);
        let is_pack = |part: &busbar::engine::ComponentPicture| {
            matches!(part.model, busbar::engine::ModelPicture::Bms(_))
        };
        snapshot.components.iter().position(is_pack).unwrap()
    }

    /// How late answers come at 500 requests a second.
    fn paced(&self, path: &str) -> Tally {
        let mut line = Line::new(self.port);
        let batch = request(self.port, path, &self.token);
        let (began, mut tally) = (Instant::now(), Tally::new());
        for turn in 0..(SECONDS as u32 * 500) {
            let due = Duration::from_micros(2000) * turn;
            std::thread::park_timeout(due.saturating_sub(began.elapsed()));
            let asked = Instant::now();
            line.stream.write_all(&batch).unwrap();
            line.answer();
            tally.take(asked.elapsed().as_nanos() as u64);
        }
        tally
    }
}

/// What 20 wrong passwords a second do to the others.
pub fn guess() {
    let served = Served::new();
    let path = format!("/api/v1/packs/{}", served.pack());
    println!(
        "guessing: 500 answers a second over one connection, 20 wrong passwords a second or none"
    );
    println!("{:10} {:>9} {:>9} {:>9}", "", "p50 ms", "p90 ms", "p99 ms");
    for turn in 0..6 {
        let with = turn % 2 == 1;
        let over = Arc::new(AtomicBool::new(!with));
        let (stop, port) = (Arc::clone(&over), served.port);
        let guesses = move || {
            let mut number = 0_u32;
            let began = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                std::thread::park_timeout(
                    (Duration::from_millis(50) * number).saturating_sub(began.elapsed()),
                );
                number += 1;
                let body = format!("{{\"username\":\"user{number}\",\"password\":\"wrong\"}}");
                let mut line = Line::new(port);
                let wait = Some(Duration::from_millis(1));
                line.stream.set_read_timeout(wait).unwrap();
                write!(
                    line.stream,
                    "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
                    Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
                // The answer is not waited for: who guesses does not wait either.
                drop(line.stream.read(&mut [0; 1024]));
            }
        };
        let guesser = std::thread::Builder::new().name("guesses".into()).spawn(guesses).unwrap();
        let tally = served.paced(&path);
        over.store(true, Ordering::Relaxed);
        guesser.join().unwrap();
        let name = if with { "guesses" } else { "quiet" };
        println!("{name:10} {:>9.3} {:>9.3} {:>9.3}", tally.ms(0.5), tally.ms(0.9), tally.ms(0.99));
    }
}

/// 1,000 streams of the demo's packs through the listener, and how even the hub's snapshots stay.
pub fn streams() {
    let served = Served::new();
    println!("streams: {STREAMS} live streams of the demo's packs at 20 Hz through the listener");
    let gaps: Arc<Mutex<(Option<Instant>, Tally)>> = Arc::new(Mutex::new((None, Tally::new())));
    let noted = Arc::clone(&gaps);
    let note = move || {
        let mut noted = noted.lock().unwrap();
        let now = Instant::now();
        if let Some(before) = noted.0.replace(now) {
            noted.1.take((now - before).as_nanos() as u64);
        }
    };
    let grant = served.desk.permit(ViewPlant).unwrap();
    served.running.door.watch(&grant, Box::new(note));
    std::thread::park_timeout(Duration::from_secs(SECONDS));
    let alone = std::mem::replace(&mut gaps.lock().unwrap().1, Tally::new());
    let before = process::memory();
    let (port, count) = (served.port.to_string(), STREAMS.to_string());
    let mut clients = process::clients(&["follow", &port, &served.token, &count]);
    let mut said = BufReader::new(clients.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "connected");
    std::thread::park_timeout(Duration::from_secs(1));
    gaps.lock().unwrap().1 = Tally::new();
    let from = process::cpu_ns();
    std::thread::park_timeout(Duration::from_secs(SECONDS));
    let cpu = process::cpu_ns().saturating_sub(from);
    let memory = process::memory().saturating_sub(before) / STREAMS as u64;
    let beside = std::mem::replace(&mut gaps.lock().unwrap().1, Tally::new());
    let line = said.next().unwrap().unwrap();
    clients.wait().unwrap();
    println!(
        "messages and bytes: {line}; {:.1} ms of cpu a second in all; {memory} bytes a stream",
        cpu as f64 / 1e6 / SECONDS as f64
    );
    for (name, gaps) in [("alone", alone), ("beside", beside)] {
        println!(
            "time between snapshots, {name}: p50 {:.1} ms, p99 {:.1} ms",
            gaps.ms(0.5),
            gaps.ms(0.99)
        );
    }
}

/// The clients' side of the streams: counts what comes.
pub fn follow(port: u16, token: &str, count: usize) {
    let mut streams: Vec<TcpStream> = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(
            stream,
            "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
            Authorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .unwrap();
        let mut answer = [0; 2048];
        let read = stream.read(&mut answer).unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 101"));
        let wish = br#"{"subscribe":{"id":"a","packs":["*"],"rate_hz":20}}"#;
        let mut frame = vec![0x81, 0x80 | wish.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(wish);
        stream.write_all(&frame).unwrap();
        stream.set_nonblocking(true).unwrap();
        streams.push(stream);
    }
    println!("connected");
    let (began, mut bytes, mut reads) = (Instant::now(), 0_u64, 0_u64);
    let mut buffer = vec![0; 64 * 1024];
    while began.elapsed() < Duration::from_secs(SECONDS + 2) {
        for stream in &mut streams {
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                bytes += read as u64;
                reads += 1;
            }
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    println!("{reads} {bytes}");
}
