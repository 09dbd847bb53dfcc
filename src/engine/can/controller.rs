//! What error frames say about the controller they come from: its state and its error counters.
//! Knows the classes and bytes of `linux/can/error.h`, nothing of sockets.

use crate::engine::can::bus::BusState;
use crate::engine::can::frame::{FrameRef, Kind};

/// Error class: the controller's state or its buffers changed; byte 1 says how.
const CONTROLLER: u32 = 0x004;
/// Error class: the controller has gone off the bus.
const BUS_OFF: u32 = 0x040;
/// Error class: the controller has come back.
const RESTARTED: u32 = 0x100;
/// Error class: bytes 6 and 7 hold the transmit and receive error counters.
const COUNTERS: u32 = 0x200;

/// Byte 1: a frame came in before the last one was fetched.
const RX_OVERFLOW: u8 = 0x01;
/// Byte 1: either counter has reached 96.
const WARNING: u8 = 0x04 | 0x08;
/// Byte 1: either counter has reached 128.
const PASSIVE: u8 = 0x10 | 0x20;
/// Byte 1: error active again.
const ACTIVE: u8 = 0x40;

/// A controller as its error frames describe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controller {
    state: BusState,
    counters: Option<(u16, u16)>,
    overflows: u64,
}

impl Default for Controller {
    fn default() -> Self {
        Self { state: BusState::Active, counters: None, overflows: 0 }
    }
}

impl Controller {
    /// Takes in a frame; all but error frames say nothing.
    pub fn hear(&mut self, frame: &FrameRef<'_>) {
        if frame.kind() != Kind::Error {
            return;
        }
        let class = frame.id().raw();
        let byte = |place: usize| frame.data.get(place).copied().unwrap_or(0);
        if class & CONTROLLER != 0 {
            let what = byte(1);
            if what & RX_OVERFLOW != 0 {
                self.overflows = self.overflows.saturating_add(1);
            }
            if what & ACTIVE != 0 {
                self.state = BusState::Active;
            }
            if what & WARNING != 0 {
                self.state = BusState::Warning;
            }
            if what & PASSIVE != 0 {
                self.state = BusState::Passive;
            }
        }
        if class & RESTARTED != 0 {
            self.state = BusState::Active;
        }
        if class & BUS_OFF != 0 {
            self.state = BusState::Off;
        }
        if class & COUNTERS != 0 {
            self.counters = Some((u16::from(byte(6)), u16::from(byte(7))));
        }
    }

    /// Takes over what the driver itself reports.
    #[cfg_attr(
        not(any(test, all(target_os = "linux", feature = "socketcan"))),
        expect(dead_code, reason = "no driver reports")
    )]
    pub const fn report(&mut self, state: BusState, counters: Option<(u16, u16)>) {
        self.state = state;
        if counters.is_some() {
            self.counters = counters;
        }
    }

    /// The interface was switched off or is gone: its next start is a fresh one.
    #[cfg_attr(
        not(any(test, all(target_os = "linux", feature = "socketcan"))),
        expect(dead_code, reason = "no driver reports")
    )]
    pub const fn restart(&mut self) {
        self.state = BusState::Active;
        self.counters = None;
    }

    /// Active, warning, passive or off.
    #[must_use]
    pub const fn state(&self) -> BusState {
        self.state
    }

    /// Transmit and receive error counters, where anything told them.
    #[must_use]
    pub const fn counters(&self) -> Option<(u16, u16)> {
        self.counters
    }

    /// How often the controller said that it lost a frame itself.
    #[must_use]
    pub const fn overflows(&self) -> u64 {
        self.overflows
    }
}

/// What a person should know about a controller in `state`, and do.
#[must_use]
pub fn sentence(bus: &str, state: BusState) -> Option<String> {
    match state {
        BusState::Warning => Some(format!(
            "{bus} counts many errors (96 or more): check bit rate, wiring and termination."
        )),
        BusState::Passive => Some(format!(
            "{bus} counts so many errors (128 or more) that it no longer signals them: check bit \
             rate, wiring and termination, and that another device is switched on."
        )),
        BusState::Off => Some(format!(
            "{bus} has taken itself off the bus after too many errors: check bit rate, wiring and \
             termination, then restart it."
        )),
        BusState::Opening
        | BusState::Active
        | BusState::Down
        | BusState::Missing
        | BusState::Failed
        | BusState::Ended => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::frame::{Frame, Id};

    fn after(frames: &[(u32, [u8; 8])]) -> Controller {
        let mut controller = Controller::default();
        for (class, details) in frames {
            controller.hear(&Frame::error(*class, details).unwrap().view());
        }
        controller
    }

    const fn how(what: u8) -> (u32, [u8; 8]) {
        (CONTROLLER, [0, what, 0, 0, 0, 0, 0, 0])
    }

    #[test]
    fn error_frames_walk_the_controller_through_its_states() {
        assert_eq!(after(&[]).state(), BusState::Active);
        assert_eq!(after(&[how(0x04)]).state(), BusState::Warning);
        assert_eq!(after(&[how(0x08)]).state(), BusState::Warning);
        assert_eq!(after(&[how(0x10)]).state(), BusState::Passive);
        assert_eq!(after(&[how(0x28)]).state(), BusState::Passive, "the worse of two wins");
        assert_eq!(after(&[how(0x20), how(0x40)]).state(), BusState::Active);
        assert_eq!(after(&[(BUS_OFF, [0; 8])]).state(), BusState::Off);
        assert_eq!(after(&[(BUS_OFF, [0; 8]), (RESTARTED, [0; 8])]).state(), BusState::Active);
        assert_eq!(
            after(&[(0x08, [0; 8])]).state(),
            BusState::Active,
            "protocol errors only count"
        );
    }

    #[test]
    fn error_frames_tell_counters_and_overflows() {
        let told = after(&[(COUNTERS, [0, 0, 0, 0, 0, 0, 96, 12]), how(0x01), how(0x01)]);
        assert_eq!(told.counters(), Some((96, 12)));
        assert_eq!(told.overflows(), 2);
        assert_eq!(told.state(), BusState::Active);
    }

    #[test]
    fn a_data_frame_whose_id_looks_like_bus_off_is_not_bus_off() {
        let mut controller = Controller::default();
        let data = Frame::classic(Id::standard(0x40).unwrap(), &[0; 8]).unwrap();
        controller.hear(&data.view());
        assert_eq!(controller.state(), BusState::Active);
    }

    #[test]
    fn a_short_error_frame_is_read_as_far_as_it_goes() {
        let mut controller = Controller::default();
        controller.hear(&Frame::error(CONTROLLER | COUNTERS, &[]).unwrap().view());
        assert_eq!(controller.state(), BusState::Active);
        assert_eq!(controller.counters(), Some((0, 0)));
    }
}
