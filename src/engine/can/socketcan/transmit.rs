//! The transmit half: cleared frames to the socket, and the kernel's refusals in words.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use socketcan::{CanFdSocket, Socket};

use crate::engine::can::bus::{BusState, BusStatus, BusTx, Listening, SendError};
use crate::engine::can::frame::{Frame, Kind};
use crate::engine::can::guard::Cleared;
use crate::engine::can::socketcan::layout;

/// Where the receive half, which opens and loses the socket, leaves it for the transmit half. They
/// share one socket, because the kernel marks frames as our own only there.
pub type Outlet = Arc<Mutex<Opened>>;

/// What the transmit half needs to know.
#[derive(Debug, Default)]
pub struct Opened {
    /// The socket while there is one.
    pub socket: Option<Arc<CanFdSocket>>,
    /// There is no hardware behind it, so that an error frame may be sent for others to see. A
    /// real driver would put it on the wire as a data frame.
    pub is_virtual: bool,
    /// As the receive half sees it.
    pub status: Option<BusStatus>,
}

/// Sends on the interface `name`.
pub struct Tx {
    /// The interface.
    pub name: String,
    /// The socket, from the receive half.
    pub outlet: Outlet,
}

impl BusTx for Tx {
    fn transmit(&mut self, frame: Cleared) -> Result<(), SendError> {
        let frame = frame.into_frame();
        let opened = self.outlet.lock().unwrap_or_else(PoisonError::into_inner);
        let socket = self.fit(&opened, &frame)?;
        let (bytes, len) = layout::write(&frame.view());
        // The socket does not block; holding the lock keeps the receive half from losing it.
        let sent = socket.as_raw_socket().send(bytes.get(..len).unwrap_or_default());
        sent.map(|_| ()).map_err(|error| refusal(&self.name, &frame, &error))
    }
}

impl Tx {
    fn fit<'a>(&self, opened: &'a Opened, frame: &Frame) -> Result<&'a CanFdSocket, SendError> {
        let bus = || format!("socketcan:{}", self.name);
        let status = opened.status.as_ref();
        let idle = |why: &str| SendError::NotRunning { bus: bus(), why: why.to_owned() };
        let Some(socket) = &opened.socket else {
            let why = status.and_then(|status| status.sentence.as_deref());
            return Err(idle(why.unwrap_or("it is not yet open")));
        };
        if let Some(status) = status {
            match status.state {
                BusState::Off | BusState::Down | BusState::Missing | BusState::Failed => {
                    let why = status.sentence.as_deref();
                    return Err(idle(why.unwrap_or("it is off")));
                }
                BusState::Opening
                | BusState::Active
                | BusState::Warning
                | BusState::Passive
                | BusState::Ended => {}
            }
            if status.listening == Listening::Confirmed {
                return Err(idle("its controller is in listen-only mode"));
            }
        }
        if frame.kind() == Kind::Error && !opened.is_virtual {
            let why = "error frames are made by controllers; only a vcan interface passes one on";
            return Err(SendError::Unfit { bus: bus(), why: why.to_owned() });
        }
        Ok(socket)
    }
}

/// What a refusal of the kernel means.
fn refusal(name: &str, frame: &Frame, error: &io::Error) -> SendError {
    let bus = format!("socketcan:{name}");
    let idle = |why: String| SendError::NotRunning { bus: bus.clone(), why };
    match error.raw_os_error() {
        Some(libc::ENOBUFS | libc::EAGAIN) => SendError::Full { bus },
        Some(libc::ENETDOWN) => idle(format!("it is switched off: sudo ip link set {name} up")),
        Some(libc::ENODEV | libc::ENXIO) => idle("its interface has gone".to_owned()),
        Some(libc::ENETUNREACH | libc::EHOSTUNREACH) => idle("no device is on it".to_owned()),
        Some(libc::EINVAL | libc::EMSGSIZE) if frame.kind() == Kind::Fd => SendError::Unfit {
            why: format!(
                "the interface is set up for classic CAN: sudo ip link set {name} mtu 72, or for an \
                 adapter add dbitrate 2000000 fd on"
            ),
            bus,
        },
        Some(libc::EINVAL | libc::EMSGSIZE) => {
            SendError::Unfit { bus, why: "the interface does not take its length".to_owned() }
        }
        Some(libc::EPERM | libc::EACCES) => idle("this user may not send on it".to_owned()),
        _ => idle(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::frame::Id;

    fn said(errno: i32, frame: &Frame) -> String {
        refusal("can0", frame, &io::Error::from_raw_os_error(errno)).to_string()
    }

    #[test]
    fn refusals_of_the_kernel_say_what_to_do() {
        let id = Id::standard(0x505).unwrap();
        let classic = Frame::classic(id, &[1]).unwrap();
        let fd = Frame::fd(id, &[0; 12]).unwrap();
        assert_eq!(said(libc::ENOBUFS, &classic), "the send queue of socketcan:can0 is full");
        assert_eq!(said(libc::EAGAIN, &classic), "the send queue of socketcan:can0 is full");
        assert!(said(libc::ENETDOWN, &classic).contains("sudo ip link set can0 up"));
        assert!(said(libc::ENXIO, &classic).contains("has gone"));
        assert!(said(libc::ENETUNREACH, &classic).contains("no device"));
        assert!(said(libc::EINVAL, &fd).contains("set up for classic CAN"));
        assert!(said(libc::EINVAL, &classic).contains("length"));
        assert!(said(libc::EPERM, &classic).contains("may not send"));
        assert!(said(libc::EIO, &classic).contains("socketcan:can0 is not running"));
    }
}
