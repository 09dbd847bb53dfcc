//! Each construct of a DBC file, and each way to write it wrong, with snippets of our own.

use super::*;
use crate::engine::dbc::schema::{Kind, Order};

#[test]
fn a_message_with_a_signal_is_read() {
    let text = "BO_ 1536 Heartbeat: 8 BMU\n SG_ Serial : 32|32@1- (0.5,-1) [0|10] \"V\" Console\n";
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.problems, []);
    let message = &parsed.schema.messages[0];
    assert_eq!((message.name.as_str(), message.len, message.line), ("Heartbeat", 8, 1));
    assert_eq!(message.senders, ["BMU"]);
    let signal = &message.signals[0];
    assert_eq!((signal.start, signal.length), (32, 32));
    assert_eq!((signal.order, signal.kind), (Order::Little, Kind::Signed));
    assert_eq!((signal.factor, signal.offset), (0.5, -1.0));
    assert_eq!((signal.min, signal.max), (Some(0.0), Some(10.0)));
    assert_eq!(
        (signal.unit.as_str(), signal.receivers.as_slice()),
        ("V", &["Console".to_owned()][..])
    );
}
