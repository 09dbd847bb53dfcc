//! Composes what is heard of a component: how long ago, how often, and which of its messages never.

use crate::base::time::Mono;
use crate::engine::{ComponentPicture, Direction, Sending, Snapshot};
use crate::view::text;

/// Most messages that are named one by one.
const NAMED: usize = 8;

/// What is heard of a component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// When it was last heard, on the clock of its bus.
    pub last: Option<Mono>,
    /// How long ago that was, seconds.
    pub age_s: Option<f64>,
    /// Frames a second.
    pub rate: f64,
    /// How many of its messages were heard.
    pub seen: usize,
    /// Messages that it sends by itself and that were never heard.
    pub never: Vec<String>,
    /// How many messages of parts that it may have were never heard, and of how many.
    pub maybe: (usize, usize),
}

/// Looks through the table by id for the messages of a component.
#[must_use]
pub fn heard(snapshot: &Snapshot, part: &ComponentPicture) -> Heard {
    let now = snapshot.buses.get(usize::from(part.bus.0)).map_or(snapshot.at, |bus| bus.now);
    let mut heard = Heard::default();
    for message in part.messages.iter() {
        let row = snapshot.traffic.row(part.bus, message.id, Direction::Received);
        let optional = message.sending == Sending::Maybe;
        heard.maybe.1 += usize::from(optional);
        match row {
            // What a host sends to it tells nothing of the component itself.
            Some(_) if message.sending == Sending::Never => {}
            Some(row) => {
                heard.seen += 1;
                heard.rate += row.rate(now).unwrap_or_default();
                heard.last = heard.last.max(Some(row.last.time()));
            }
            None if message.sending == Sending::Always => heard.never.push(message.name.clone()),
            None => heard.maybe.0 += usize::from(optional),
        }
    }
    heard.age_s = heard.last.map(|last| now.since(last).as_secs_f64());
    heard
}

/// The same in lines: label and value.
#[must_use]
pub fn lines(heard: &Heard) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut line = |label: &str, value: String| lines.push((label.to_owned(), value));
    let Some(age) = heard.age_s else { return lines };
    let age = std::time::Duration::try_from_secs_f64(age).unwrap_or_default();
    line("Last heard", format!("{} ago", text::span(age)));
    let kinds = match heard.seen {
        1 => "1 message".to_owned(),
        seen => format!("{seen} messages"),
    };
    line("Rate", format!("{} frames/s of {kinds}", text::fixed(heard.rate, 1)));
    if !heard.never.is_empty() {
        let named: Vec<&str> = heard.never.iter().take(NAMED).map(String::as_str).collect();
        let more = match heard.never.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        line("Never heard", format!("{}{more}", named.join(", ")));
    }
    if heard.maybe.1 > 0 && heard.maybe.0 == heard.maybe.1 {
        line("Modules", "none of their messages was heard".to_owned());
    }
    lines
}
