//! The web face under load: live streams to 1,000 clients, answers a second, and what those who
//! stall or guess passwords do to the others. Prints figures; `cargo bench --bench web -- NAME` runs
//! one part.
//!
//! Clients are another process (this program again), so that processor time and memory of the
//! serving side are counted by themselves. Both sides share the machine: a figure is what is left
//! when the clients have taken their share, and the smallest of several runs says most.

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

mod answers;
mod fanout;
mod process;
mod tally;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["listen-to", port, clients, seconds] => {
            fanout::listen(
                port.parse().unwrap(),
                clients.parse().unwrap(),
                seconds.parse().unwrap(),
            );
        }
        ["hammer", port, token, path, lines, depth] => {
            let (lines, depth) = (lines.parse().unwrap(), depth.parse().unwrap());
            answers::hammer(port.parse().unwrap(), token, path, lines, depth);
        }
        ["follow", port, token, count] => {
            answers::follow(port.parse().unwrap(), token, count.parse().unwrap());
        }
        names => {
            let wanted = |name: &str| {
                let mut named = names.iter().filter(|name| !name.starts_with('-')).peekable();
                named.peek().is_none() || named.any(|given| *given == name)
            };
            if wanted("fanout") {
                fanout::run();
            }
            if wanted("stalled") {
                fanout::stalled();
            }
            if wanted("answers") {
                answers::run();
            }
            if wanted("guessing") {
                answers::guess();
            }
            if wanted("streams") {
                answers::streams();
            }
        }
    }
}
