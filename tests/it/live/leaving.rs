//! Charges that stop when whoever started them leaves, over real sockets: one that is closed, one
//! whose other end has vanished without a word, and one that stays.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use busbar::engine::{
    ClearLatches, Confirm, Lease, Preset, SetDemo, SetPoints, SignedIn, StartCharge, ViewPlant,
};

use super::charges::Listener;
use super::stage::{Stage, Stream};

/// The page that whoever charges looks at.
const PAGE: &str = "/live/pages?page=charge";
/// Whoever has left is gone after ten seconds, from the last answer to a question asked every two.
const LONGEST: Duration = Duration::from_secs(16);

/// A charge of the demo that stops when `carl` leaves.
fn begin(stage: &Stage, listener: &mut Listener, carl: &SignedIn) {
    let grant = stage.desk.permit(ViewPlant).unwrap();
    let snapshot = stage.door().look(&grant);
    let (pack, rules) = snapshot.charges.first().map(|one| (one.pack.clone(), one.rules)).unwrap();
    stage.order(ClearLatches { pack: pack.clone() });
    stage.order(SetDemo { parked: true, pace: 1.0 });
    listener.until(|charge| charge["reasons"].as_object().is_some_and(|all| all.is_empty()));
    let (set, lease) = (SetPoints::usual(&rules), Lease::WhilePresent { present: true });
    let order = StartCharge { pack, charger: None, set, lease, confirm: Confirm };
    stage.door().submit(&carl.session, order).unwrap().wait().unwrap();
    listener.until(|charge| charge["running"] == true);
}

/// The charge ends because carl has left, so soon after `since`.
fn stops(listener: &mut Listener, since: Instant) -> Duration {
    let ended = listener.until(|charge| charge["ended"]["over"] == true);
    assert_eq!(ended["ended"]["why"], "left", "{ended}");
    since.elapsed()
}

/// Reads, and answers questions, for as long as the listener hears of a charge that runs.
fn stays(page: &mut Stream, listener: &mut Listener, span: Duration) {
    page.socket.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let since = Instant::now();
    listener.until(|charge| {
        assert_eq!(charge["running"], true, "{charge}");
        match page.socket.read() {
            Ok(_) => {}
            Err(tungstenite::Error::Io(error)) => {
                assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
            }
            Err(error) => unreachable!("{error}"),
        }
        since.elapsed() > span
    });
}

#[test]
fn a_charge_goes_on_while_its_page_is_open_and_stops_when_the_connection_is_closed() {
    let stage = Stage::playing("demo");
    let mut listener = Listener::new(stage.stream(&stage.token("vera", Preset::Viewer)));
    let carl = stage.sign_in("carl", Preset::Operator);
    let mut page = stage.page(PAGE, carl.token.reveal());
    begin(&stage, &mut listener, &carl);
    assert_eq!(listener.charge()["stop_if_i_leave"], true);
    stays(&mut page, &mut listener, Duration::from_secs(12));
    let since = Instant::now();
    drop(page);
    let took = stops(&mut listener, since);
    assert!(took > Duration::from_secs(6) && took < LONGEST, "it stopped after {took:?}");
}

#[test]
fn a_page_that_vanishes_without_a_word_stops_it_too_whatever_else_of_the_account_is_open() {
    let stage = Stage::playing("demo");
    let mut listener = Listener::new(stage.stream(&stage.token("vera", Preset::Viewer)));
    let carl = stage.sign_in("carl", Preset::Operator);
    // Another browser of the same person, which watches on.
    let mut elsewhere = Listener::new(stage.stream(stage.enter("carl").token.reveal()));
    let page = stage.page(PAGE, carl.token.reveal());
    begin(&stage, &mut listener, &carl);
    // The socket stays open, and nobody answers on it.
    let since = Instant::now();
    let took = stops(&mut elsewhere, since);
    assert!(took < LONGEST, "it stopped after {took:?}");
    drop(page);
}
