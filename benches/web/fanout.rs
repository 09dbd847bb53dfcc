//! One message of 4 kB to 1,000 clients 50 times a second: the shards of `web::live` beside a plain
//! broadcast channel with a WebSocket library and a task for every connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use busbar::engine::testing::{local_session, plant::Plant};
use busbar::engine::{Denied, Session, Snapshot};
use busbar::web::live_inside::{Ask, Channel, Core, Eyes, Issue, Peer, Topic, read};
use bytes::Bytes;
use futures_util::SinkExt;
use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::broadcast;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::process;
use crate::tally::Tally;

const CLIENTS: usize = 1000;
const SECONDS: u64 = 6;
const BEAT: Duration = Duration::from_millis(20);
/// Bytes of the text.
const TEXT: usize = 4096;
/// What every text begins with once the head of the subscription is off; the time follows.
const MARK: &[u8] = b"\"stamp\":\"";

fn stamp() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// A text of 4 kB that says when it was made.
fn text() -> String {
    let mut text = format!("\"stamp\":\"{:020}\",\"change\":\"", stamp());
    text.extend(std::iter::repeat_n('x', TEXT - 24 - text.len() - 2));
    text.push_str("\"}");
    text
}

/// Makes a text for every beat.
#[derive(Default)]
struct Stamped {
    beat: AtomicU64,
    newest: std::sync::Mutex<Option<Issue>>,
}

impl Channel for Stamped {
    fn change(&self, beat: u64, _snapshot: &Snapshot) -> Option<Issue> {
        let mut newest = self.newest.lock().unwrap();
        if self.beat.fetch_max(beat, Ordering::Relaxed) < beat {
            let number = newest.as_ref().map_or(0, |issue| issue.number) + 1;
            *newest = Some(Issue::new(number, Bytes::from(text())));
        }
        newest.clone()
    }

    fn newest(&self) -> Option<Issue> {
        self.newest.lock().unwrap().clone()
    }
}

struct Same(Arc<Snapshot>);

impl Eyes for Same {
    fn look(&self, _session: &Session) -> Result<Arc<Snapshot>, Denied> {
        Ok(Arc::clone(&self.0))
    }

    fn present(&self, _session: &Session) {}
}

fn topic() -> Topic {
    match read(r#"{"subscribe":{"id":"a","packs":["*"],"rate_hz":20}}"#).unwrap() {
        Ask::Subscribe(_, topic) => *topic,
        Ask::Unsubscribe(_) => unreachable!(),
    }
}

/// Two workers, as the listener has.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn socket() -> (TcpListener, u16) {
    let socket = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// What the listener lets the kernel keep for a client.
const SEND_BYTES: usize = 192 * 1024;

/// Serves with the shards.
async fn shards(socket: TcpListener) {
    let socket = tokio::net::TcpListener::from_std(socket).unwrap();
    let mut plant = Plant::of("demo");
    plant.run(Duration::from_secs(1));
    let core = Core::start(Box::new(Same(plant.published())), 2, BEAT);
    let channel: Arc<dyn Channel> = Arc::new(Stamped::default());
    let session = Arc::new(local_session());
    loop {
        let (stream, _) = socket.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        SockRef::from(&stream).set_send_buffer_size(SEND_BYTES).unwrap();
        let mut peer = Peer::new(Box::new(stream), Arc::clone(&session), core.beat());
        peer.subscribe("a", &topic(), Arc::clone(&channel));
        core.join(peer, core.place().unwrap()).await;
    }
}

/// Serves with a broadcast channel.
async fn broadcast(socket: TcpListener) {
    let socket = tokio::net::TcpListener::from_std(socket).unwrap();
    let (sender, _) = broadcast::channel::<Utf8Bytes>(16);
    let beat = sender.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(BEAT);
        loop {
            ticks.tick().await;
            let whole = format!("{{\"subscription\":\"a\",{}", text());
            drop(beat.send(whole.into()));
        }
    });
    loop {
        let (stream, _) = socket.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut texts = sender.subscribe();
        tokio::spawn(async move {
            let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            loop {
                let text = match texts.recv().await {
                    Ok(text) => text,
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Serves with two threads that do nothing but write: what the kernel alone costs.
async fn bare(socket: TcpListener) {
    let socket = tokio::net::TcpListener::from_std(socket).unwrap();
    let mut halves = [Vec::new(), Vec::new()];
    for at in 0..CLIENTS {
        let (stream, _) = socket.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        halves[at % 2].push(stream.into_std().unwrap());
    }
    let began = Instant::now();
    for streams in halves {
        let body = move || {
            for beat in 1.. {
                std::thread::park_timeout((BEAT * beat).saturating_sub(began.elapsed()));
                let whole = format!("{{\"subscription\":\"a\",{}", text());
                let len = u16::try_from(whole.len()).unwrap().to_be_bytes();
                let frame = [&[0x81, 126, len[0], len[1]], whole.as_bytes()].concat();
                for mut stream in &streams {
                    if !matches!(stream.write(&frame), Ok(written) if written == frame.len()) {
                        return;
                    }
                }
            }
        };
        std::thread::Builder::new().name("bare".into()).spawn(body).unwrap();
    }
    std::future::pending::<()>().await;
}

/// The clients' side: prints how late messages came.
pub fn listen(port: u16, clients: usize, seconds: u64) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let end = Arc::new(std::sync::Barrier::new(3));
    let threads: Vec<JoinHandle<Tally>> = (0..2)
        .map(|_| {
            let end = Arc::clone(&end);
            let body = move || {
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(watch(address, clients / 2, seconds, &end))
            };
            std::thread::Builder::new().name("clients".into()).spawn(body).unwrap()
        })
        .collect();
    end.wait();
    println!("connected");
    let mut all = Tally::new();
    threads.into_iter().for_each(|thread| all.add(&thread.join().unwrap()));
    println!("{} {:.2} {:.2} {:.2}", all.count(), all.ms(0.5), all.ms(0.9), all.ms(0.99));
}

async fn watch(
    address: SocketAddr,
    clients: usize,
    seconds: u64,
    connected: &std::sync::Barrier,
) -> Tally {
    let mut streams = Vec::new();
    for _ in 0..clients {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    connected.wait();
    let from = Instant::now() + Duration::from_secs(1);
    let tally = std::rc::Rc::new(std::cell::RefCell::new(Tally::new()));
    let local = tokio::task::LocalSet::new();
    for stream in streams {
        let tally = std::rc::Rc::clone(&tally);
        local.spawn_local(follow(stream, tally, from));
    }
    local.run_until(tokio::time::sleep(Duration::from_secs(seconds + 1))).await;
    drop(local);
    std::rc::Rc::try_unwrap(tally).ok().unwrap().into_inner()
}

/// Reads one client's messages. They differ in length by the head only, so each is found by its mark.
async fn follow(
    mut stream: TcpStream,
    tally: std::rc::Rc<std::cell::RefCell<Tally>>,
    from: Instant,
) {
    let mut kept: Vec<u8> = Vec::with_capacity(4 * TEXT);
    loop {
        if stream.read_buf(&mut kept).await.unwrap_or(0) == 0 {
            return;
        }
        let (now, is_counted) = (stamp(), Instant::now() >= from);
        let mut at = 0;
        while let Some(frame) = kept.get(at..) {
            let Some(end) = frame_end(frame).filter(|end| *end <= frame.len()) else { break };
            at += end;
            if frame[0] != 0x81 {
                // A ping: nobody answers here, and the run is over before that matters.
                continue;
            }
            let mark = frame.windows(MARK.len()).take(100).position(|w| w == MARK).unwrap();
            let digits = &frame[mark + MARK.len()..mark + MARK.len() + 20];
            let made: u64 = std::str::from_utf8(digits).unwrap().parse().unwrap();
            if is_counted {
                tally.borrow_mut().take(now.saturating_sub(made));
            }
        }
        kept.drain(..at);
    }
}

/// Length of the frame at the start of `bytes`.
fn frame_end(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        short @ 0..=125 => Some(2 + usize::from(*short)),
        126 => Some(4 + usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        _ => unreachable!("no message is that long"),
    }
}

/// Figures of one run.
struct Figures {
    messages: u64,
    late: [f64; 3],
    cpu_us: f64,
    memory: u64,
}

fn measure<F>(serve: impl FnOnce(TcpListener) -> F) -> Figures
where
    F: Future<Output = ()> + Send + 'static,
{
    let (socket, port) = socket();
    let runtime = runtime();
    let before = process::memory();
    let _entered = runtime.enter();
    runtime.spawn(serve(socket));
    let (port, count, seconds) = (port.to_string(), CLIENTS.to_string(), SECONDS.to_string());
    let mut clients = process::clients(&["listen-to", &port, &count, &seconds]);
    clients.stdin.take().unwrap().flush().unwrap();
    let mut said = BufReader::new(clients.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "connected");
    // The first second is not counted by either side.
    std::thread::park_timeout(Duration::from_secs(1));
    let (from, began) = (process::cpu_ns(), Instant::now());
    std::thread::park_timeout(Duration::from_secs(SECONDS - 1));
    let (cpu, took) = (process::cpu_ns().saturating_sub(from), began.elapsed());
    let memory = process::memory().saturating_sub(before) / CLIENTS as u64;
    let line = said.next().unwrap().unwrap();
    let words: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
    assert!(clients.wait().unwrap().success());
    runtime.shutdown_background();
    let messages = words[0] as u64;
    let of_cpu_window = words[0] * took.as_secs_f64() / SECONDS as f64;
    let cpu_us = cpu as f64 / 1000.0 / of_cpu_window;
    Figures { messages, late: [words[1], words[2], words[3]], cpu_us, memory }
}

/// Prints both, several times over.
pub fn run() {
    let full = CLIENTS as u64 * SECONDS * (1000 / BEAT.as_millis() as u64);
    println!(
        "fan-out: {CLIENTS} clients, 50 messages a second of {TEXT} bytes; {full} messages due"
    );
    println!(
        "{:10} {:>9} {:>8} {:>8} {:>8} {:>11} {:>11}",
        "", "came", "p50 ms", "p90 ms", "p99 ms", "us a message", "bytes a client"
    );
    for _ in 0..3 {
        for (name, figures) in [
            ("shards", measure(shards)),
            ("broadcast", measure(broadcast)),
            ("bare", measure(bare)),
        ] {
            let Figures { messages, late: [p50, p90, p99], cpu_us, memory } = figures;
            println!(
                "{name:10} {messages:>9} {p50:>8.2} {p90:>8.2} {p99:>8.2} {cpu_us:>12.2} {memory:>14}"
            );
        }
    }
}

/// Prints what 100 clients that never read cost.
pub fn stalled() {
    const STALLED: usize = 100;
    let (socket, port) = socket();
    let runtime = runtime();
    let _entered = runtime.enter();
    let before = process::memory();
    runtime.spawn(shards(socket));
    let streams: Vec<std::net::TcpStream> =
        (0..STALLED).map(|_| std::net::TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    println!("stalled: {STALLED} clients that never read, 200 kB a second to each");
    for second in [5, 10, 15] {
        std::thread::park_timeout(Duration::from_secs(5));
        let own = process::memory().saturating_sub(before) / STALLED as u64;
        let kernel = process::unsent(port) / STALLED as u64;
        println!(
            "after about {second} s: {own} bytes of the program and {kernel} of the kernel a client"
        );
    }
    drop(streams);
    runtime.shutdown_background();
}
