//! What one bus of a recording brings.

use super::*;
use crate::engine::can::bus::Received;
use crate::engine::can::frame::{Frame, Id};

/// A bus that brings a frame and fails then.
struct Failing {
    looks: u32,
}

impl BusRx for Failing {
    fn receive(&mut self, into: &mut Frames, _wait: Duration) -> Received {
        self.looks += 1;
        if self.looks == 1 {
            into.push(Frame::classic(Id::standard(1).unwrap(), &[]).unwrap().view());
        }
        std::thread::yield_now();
        Received { status_changed: self.looks == 2, ..Received::default() }
    }

    fn status(&self) -> BusStatus {
        let state = if self.looks < 2 { BusState::Active } else { BusState::Failed };
        BusStatus {
            sentence: Some("it cannot be read any further".into()),
            ..BusStatus::plain(state)
        }
    }
}

#[test]
fn a_recording_that_is_broken_ends_there_and_an_interface_may_come_back() {
    for is_recording in [true, false] {
        let (tap, told, _aside) = tap(10);
        let over = Arc::new(AtomicBool::new(false));
        let ear = Ear { rx: Box::new(Failing { looks: 0 }), name: "a".into(), tap, is_recording };
        let asked = Arc::clone(&over);
        let thread = std::thread::spawn(move || ear.run(&asked));
        let limit = Duration::from_secs(20);
        let first = told.recv_timeout(limit).unwrap();
        assert!(matches!(first.what, Told::Frames(0, frames) if frames.len() == 1));
        let second = told.recv_timeout(limit).unwrap();
        assert!(matches!(second.what, Told::Gap(0, why) if why.contains("cannot be read")));
        if is_recording {
            // Nobody says that it is over.
            assert!(told.recv_timeout(limit).is_err_and(|error| error.is_disconnected()));
        }
        over.store(true, Ordering::SeqCst);
        thread.join().unwrap();
    }
}
