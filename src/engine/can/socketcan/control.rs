//! What can be done to a CAN interface besides sending: starting its controller anew, and listening at
//! another bit rate. Both are the system's to permit (`CAP_NET_ADMIN`), and where it does not, the
//! sentence says what to type. What was set is read back.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::engine::can::bus::{BusState, Control, ControlError, Listening};
use crate::engine::can::socketcan::link::{self, Link, Setting};
use crate::engine::can::socketcan::watch;

/// A driver rounds the rate to what its clock can be divided into: so far it may be off.
const ROUNDING: u32 = 100;

/// The controller behind an interface.
pub struct Handle {
    name: String,
    /// How it was set before its bit rate was looked for.
    before: Mutex<Option<Link>>,
}

impl Handle {
    /// The controller of the interface `name`.
    #[must_use]
    pub const fn new(name: String) -> Self {
        Self { name, before: Mutex::new(None) }
    }

    fn look(&self) -> Result<Link, ControlError> {
        let name = &self.name;
        let link = watch::look_up(name).map_err(|error| {
            ControlError::Failed(format!("the kernel does not say how {name} is ({error})"))
        })?;
        let link =
            link.ok_or_else(|| ControlError::Failed(format!("there is no interface {name}")))?;
        match why_not(&link) {
            Some(why) => Err(ControlError::Failed(why)),
            None => Ok(link),
        }
    }

    fn tell(&self, request: &[u8], what: &str) -> Result<(), io::Error> {
        tracing::debug!(interface = self.name, what, "an interface is set");
        watch::tell(request)
    }

    fn set(&self, link: &Link, to: Setting) -> Result<(), ControlError> {
        let failed = |error: io::Error| self.refusal(&error);
        self.tell(&link::switch(link.index, link::Power::Off), "off").map_err(failed)?;
        if let Err(error) = self.tell(&link::configure(link.index, to), "rate") {
            return Err(match error.raw_os_error() {
                Some(libc::EINVAL | libc::ERANGE | libc::EDOM | libc::EOPNOTSUPP) => {
                    ControlError::Rate(format!("{} does not take {} bit/s", self.name, to.bit_rate))
                }
                _ => self.refusal(&error),
            });
        }
        self.tell(&link::switch(link.index, link::Power::On), "on").map_err(failed)
    }

    fn refusal(&self, error: &io::Error) -> ControlError {
        ControlError::Failed(refusal(&self.name, error))
    }
}

impl Control for Handle {
    fn restart(&self) -> Result<(), ControlError> {
        let link = self.look()?;
        if link.can.state != Some(BusState::Off) {
            let name = &self.name;
            return Err(ControlError::Failed(format!("{name} has not taken itself off the bus")));
        }
        if let Some(after) = link.can.restart_ms.filter(|ms| *ms > 0) {
            let name = &self.name;
            return Err(ControlError::Failed(format!(
                "the driver of {name} restarts it by itself, {after} ms after it went off"
            )));
        }
        self.tell(&link::restart(link.index), "restart").map_err(|error| self.refusal(&error))
    }

    fn listen_at(&self, rate: u32) -> Result<Listening, ControlError> {
        let link = self.look()?;
        {
            let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            before.get_or_insert_with(|| link.clone());
        }
        let to = Setting { bit_rate: rate, sample_point: None, listen_only: true };
        self.set(&link, to)?;
        let now = self.look()?;
        let near = now.can.bit_rate.is_some_and(|set| set.abs_diff(rate) <= rate / ROUNDING);
        Ok(if now.up && near && now.can.listen_only {
            Listening::Confirmed
        } else {
            Listening::Silent
        })
    }

    fn restore(&self) -> Result<(), ControlError> {
        let taken = self.before.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(before) = taken else { return Ok(()) };
        let link = self.look()?;
        let name = &self.name;
        match before.can.bit_rate {
            Some(bit_rate) => {
                let (sample_point, listen_only) = (before.can.sample_point, before.can.listen_only);
                self.set(&link, Setting { bit_rate, sample_point, listen_only })?;
                if before.up {
                    return Ok(());
                }
            }
            None => tracing::debug!(interface = name, "it had no bit rate before"),
        }
        let off = link::switch(link.index, link::Power::Off);
        self.tell(&off, "off").map_err(|error| self.refusal(&error))
    }
}

impl Drop for Handle {
    /// A program that ends in the midst of a search leaves the interface as it was.
    fn drop(&mut self) {
        if let Err(error) = self.restore() {
            tracing::error!("{error}");
        }
    }
}

/// Why nothing can be set on an interface.
fn why_not(link: &Link) -> Option<String> {
    let name = &link.name;
    if !link.is_can() {
        return Some(format!("{name} is no CAN interface"));
    }
    if link.is_virtual() {
        return Some(format!(
            "{name} is a virtual interface: it has no controller and no bit rate"
        ));
    }
    (link.kind != "can").then(|| {
        format!("the driver of {name} is set up by another program, and lets nobody else set it")
    })
}

fn refusal(name: &str, error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => format!(
            "this user may not set up {name}: type sudo ip link set {name} type can restart, or \
             give the program the capability with sudo setcap cap_net_admin+ep and its path"
        ),
        Some(libc::EOPNOTSUPP) => format!("the driver of {name} cannot do that"),
        Some(libc::EBUSY) => format!("{name} is running, or is not off the bus any more"),
        Some(libc::ENODEV) => format!("the interface {name} has gone"),
        _ => format!("the kernel refused to set up {name} ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::socketcan::link::TYPE_CAN;

    #[test]
    fn what_has_no_controller_is_not_set() {
        let link = |kind: &str, hardware| Link {
            name: "x0".into(),
            kind: kind.into(),
            hardware,
            ..Link::default()
        };
        assert!(why_not(&link("vcan", TYPE_CAN)).unwrap().contains("no bit rate"));
        assert!(why_not(&link("vxcan", TYPE_CAN)).unwrap().contains("virtual"));
        assert!(why_not(&link("slcan", TYPE_CAN)).unwrap().contains("another program"));
        assert!(why_not(&link("", 1)).unwrap().contains("no CAN interface"));
        assert_eq!(why_not(&link("can", TYPE_CAN)), None);
    }

    #[test]
    fn a_user_who_may_not_is_told_what_to_type() {
        let said = |errno| refusal("can0", &io::Error::from_raw_os_error(errno));
        assert!(said(libc::EPERM).contains("sudo ip link set can0 type can restart"));
        assert!(said(libc::EBUSY).contains("not off the bus"));
        assert!(said(libc::EIO).contains("refused"));
    }

    #[test]
    fn an_interface_that_is_not_there_says_so_and_nothing_is_restored() {
        let handle = Handle::new("nosuchcan0".to_owned());
        let said = handle.restart().unwrap_err().to_string();
        assert!(said.contains("no interface nosuchcan0"), "{said}");
        assert!(handle.listen_at(500_000).is_err());
        assert_eq!(handle.restore(), Ok(()));
    }
}
