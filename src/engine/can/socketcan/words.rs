//! An interface's status, and what to type where it cannot be used as it is. Pure: from what the
//! kernel says to words.

use std::io;

use crate::engine::can::bus::{BusState, BusStatus, Listening};
use crate::engine::can::controller::{self, Controller};
use crate::engine::can::socketcan::layout::FD_SIZE;
use crate::engine::can::socketcan::link::Link;

/// Longest name of an interface, in bytes.
const NAME_BYTES: usize = 15;

/// What to type to get an interface, where there is none.
pub const NONE_FOUND: &str = "There is no CAN interface. Plug in an adapter, or make a virtual one: \
     sudo ip link add dev vcan0 type vcan && sudo ip link set vcan0 up";

/// What to do where the kernel has no CAN.
pub const NO_CAN: &str = "This kernel has no CAN support: sudo modprobe can-raw (and vcan for a \
     virtual bus), or install a kernel that has it.";

/// A name that no interface can have.
#[must_use]
pub fn bad_name(name: &str) -> Option<BusStatus> {
    if name.is_empty() {
        return Some(failed("The interface has no name: write one, such as can0.".to_owned()));
    }
    (name.len() > NAME_BYTES).then(|| {
        failed(format!(
            "{name:?} is no interface name: Linux allows at most {NAME_BYTES} characters, this has \
             {}.",
            name.len()
        ))
    })
}

/// No interface has this name.
#[must_use]
pub fn missing(name: &str) -> BusStatus {
    let sentence = if name.starts_with("vcan") {
        format!(
            "There is no interface {name}: sudo ip link add dev {name} type vcan && sudo ip link \
             set {name} up"
        )
    } else {
        format!(
            "There is no interface {name}: plug in its adapter, then sudo ip link set {name} up \
             type can bitrate 500000 (\"ip link\" lists the names there are)."
        )
    };
    BusStatus { sentence: Some(sentence), ..BusStatus::plain(BusState::Missing) }
}

/// The interface exists and is none for CAN.
#[must_use]
pub fn no_can_interface(link: &Link) -> BusStatus {
    let what = match link.hardware {
        libc::ARPHRD_ETHER => "an Ethernet interface".to_owned(),
        libc::ARPHRD_LOOPBACK => "the loopback interface".to_owned(),
        libc::ARPHRD_IEEE80211 => "a wireless interface".to_owned(),
        other => format!("an interface of another kind (type {other})"),
    };
    failed(format!(
        "{} is {what}, not CAN: choose one that \"ip -brief link show type can\" or \"ip -brief \
         link show type vcan\" lists.",
        link.name
    ))
}

/// The interfaces cannot be asked for.
#[must_use]
pub fn no_answer(error: &io::Error) -> BusStatus {
    failed(format!(
        "The kernel does not say which network interfaces there are ({error}); a container or \
         sandbox may forbid it."
    ))
}

/// The socket could not be opened.
#[must_use]
pub fn not_opened(name: &str, error: &io::Error) -> BusStatus {
    match error.raw_os_error() {
        Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::ESOCKTNOSUPPORT) => {
            failed(NO_CAN.to_owned())
        }
        Some(libc::EPERM | libc::EACCES) => failed(format!(
            "No permission to open {name}: this user may not use CAN sockets here; run Busbar \
             outside the container or sandbox, or allow it AF_CAN."
        )),
        Some(libc::ENODEV | libc::ENXIO) => missing(name),
        Some(libc::EMFILE | libc::ENFILE) => failed(format!(
            "{name} cannot be opened, because too many files are open: close some programs, or \
             raise the limit with ulimit -n."
        )),
        _ => failed(format!("{name} cannot be opened: {error}.")),
    }
}

fn failed(sentence: String) -> BusStatus {
    BusStatus { sentence: Some(sentence), ..BusStatus::plain(BusState::Failed) }
}

/// A CAN interface's status, with what its controller said last.
#[must_use]
pub fn status(link: &Link, controller: &Controller) -> BusStatus {
    let name = &link.name;
    let (state, sentence) = if link.up {
        let state = controller.state();
        let restart = match (state, link.is_virtual(), link.can.restart_ms) {
            (BusState::Off, true, _) => {
                format!(" sudo ip link set {name} down && sudo ip link set {name} up")
            }
            (BusState::Off, false, Some(after)) if after > 0 => {
                format!(" The driver tries again by itself after {after} ms.")
            }
            (BusState::Off, false, _) => format!(" sudo ip link set {name} type can restart"),
            _ => String::new(),
        };
        (state, controller::sentence(name, state).map(|sentence| sentence + &restart))
    } else {
        (BusState::Down, Some(switched_off(link)))
    };
    BusStatus {
        state,
        bit_rate: link.can.bit_rate,
        data_bit_rate: link.can.data_bit_rate,
        fd: link.mtu as usize >= FD_SIZE,
        error_counters: if link.up { controller.counters() } else { None },
        dropped: 0,
        listening: if link.can.listen_only { Listening::Confirmed } else { Listening::Silent },
        sample_point: link.can.sample_point,
        adapter: None,
        restart_ms: link.can.restart_ms,
        sentence,
    }
}

fn switched_off(link: &Link) -> String {
    let name = &link.name;
    if link.is_virtual() || link.can.bit_rate.is_some() || link.kind == "slcan" {
        format!("{name} is switched off: sudo ip link set {name} up")
    } else {
        format!("{name} is switched off: sudo ip link set {name} up type can bitrate 500000")
    }
}

/// A status in one line, for a list.
#[must_use]
pub fn line(status: &BusStatus) -> String {
    if status.state == BusState::Active && status.sentence.is_none() {
        let rate = match (status.bit_rate, status.data_bit_rate) {
            (Some(rate), Some(data)) => format!(", {} and {}", speed(rate), speed(data)),
            (Some(rate), None) => format!(", {}", speed(rate)),
            (None, _) => ", no bit rate".to_owned(),
        };
        let fd = if status.fd { ", FD" } else { "" };
        let listening = match status.listening {
            Listening::Confirmed => ", listen-only",
            Listening::Silent | Listening::Asked | Listening::Armed => "",
        };
        format!("up{rate}{fd}{listening}")
    } else {
        status.sentence.clone().unwrap_or_default()
    }
}

fn speed(rate: u32) -> String {
    if rate >= 1_000_000 {
        format!("{} Mbit/s", f64::from(rate) / 1e6)
    } else {
        format!("{} kbit/s", f64::from(rate) / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::socketcan::link::{CanLink, TYPE_CAN};

    fn can0() -> Link {
        Link {
            index: 3,
            name: "can0".to_owned(),
            hardware: TYPE_CAN,
            up: true,
            mtu: 16,
            kind: "can".to_owned(),
            can: CanLink { bit_rate: Some(500_000), ..CanLink::default() },
        }
    }

    fn vcan0() -> Link {
        let (name, kind) = ("vcan0".to_owned(), "vcan".to_owned());
        Link { name, kind, mtu: 72, can: CanLink::default(), ..can0() }
    }

    fn told(status: &BusStatus) -> &str {
        status.sentence.as_deref().unwrap_or_default()
    }

    #[test]
    fn a_running_interface_has_a_line_and_needs_no_sentence() {
        let status = status(&can0(), &Controller::default());
        assert_eq!((status.state, status.fd), (BusState::Active, false));
        assert_eq!(status.listening, Listening::Silent);
        assert_eq!(line(&status), "up, 500 kbit/s");
        assert_eq!(told(&status), "");
    }

    #[test]
    fn rates_fd_and_listen_only_are_in_the_line() {
        let can = CanLink {
            bit_rate: Some(1_000_000),
            data_bit_rate: Some(2_500_000),
            listen_only: true,
            ..CanLink::default()
        };
        let fast = status(&Link { mtu: 72, can, ..can0() }, &Controller::default());
        assert_eq!(fast.listening, Listening::Confirmed);
        assert_eq!(line(&fast), "up, 1 Mbit/s and 2.5 Mbit/s, FD, listen-only");
        assert_eq!(line(&status(&vcan0(), &Controller::default())), "up, no bit rate, FD");
    }

    #[test]
    fn an_interface_that_is_off_says_what_to_type() {
        let down = |link: Link| status(&Link { up: false, ..link }, &Controller::default());
        assert_eq!(down(can0()).state, BusState::Down);
        assert_eq!(told(&down(can0())), "can0 is switched off: sudo ip link set can0 up");
        let fresh = Link { can: CanLink::default(), ..can0() };
        assert!(told(&down(fresh)).ends_with("sudo ip link set can0 up type can bitrate 500000"));
        assert!(told(&down(vcan0())).ends_with("sudo ip link set vcan0 up"));
        assert!(line(&down(vcan0())).contains("switched off"));
    }

    #[test]
    fn a_missing_interface_says_what_to_type() {
        assert!(
            told(&missing("can0")).contains("sudo ip link set can0 up type can bitrate 500000")
        );
        let virtual_one = missing("vcan0");
        assert_eq!(virtual_one.state, BusState::Missing);
        assert!(
            told(&virtual_one)
                .contains("sudo ip link add dev vcan0 type vcan && sudo ip link set vcan0 up")
        );
    }

    #[test]
    fn what_is_no_can_interface_is_named() {
        let eth0 = Link { name: "eth0".to_owned(), hardware: libc::ARPHRD_ETHER, ..can0() };
        assert!(
            told(&no_can_interface(&eth0)).starts_with("eth0 is an Ethernet interface, not CAN")
        );
        let odd = Link { hardware: 65534, ..eth0 };
        assert!(told(&no_can_interface(&odd)).contains("type 65534"));
    }

    #[test]
    fn errors_of_the_socket_become_advice() {
        let said = |errno| not_opened("can0", &io::Error::from_raw_os_error(errno));
        assert!(told(&said(libc::EAFNOSUPPORT)).contains("sudo modprobe can-raw"));
        assert!(told(&said(libc::EPROTONOSUPPORT)).contains("sudo modprobe can-raw"));
        assert!(told(&said(libc::EPERM)).contains("No permission to open can0"));
        assert_eq!(said(libc::ENODEV).state, BusState::Missing);
        assert!(told(&said(libc::EMFILE)).contains("ulimit -n"));
        assert!(told(&said(libc::EIO)).contains("can0 cannot be opened"));
        assert!(told(&no_answer(&io::ErrorKind::TimedOut.into())).contains("network interfaces"));
    }

    #[test]
    fn a_name_that_linux_cannot_have_is_refused() {
        assert!(bad_name("can0").is_none());
        assert!(bad_name("exactly15chars_").is_none());
        assert!(told(&bad_name("").unwrap()).contains("no name"));
        assert!(told(&bad_name("averyverylongname").unwrap()).contains("at most 15"));
    }

    #[test]
    fn bus_off_says_how_to_restart() {
        let mut controller = Controller::default();
        controller.report(BusState::Off, Some((255, 3)));
        let off = status(&can0(), &controller);
        assert_eq!((off.state, off.error_counters), (BusState::Off, Some((255, 3))));
        assert!(told(&off).ends_with("sudo ip link set can0 type can restart"));
        let mut patient = can0();
        patient.can.restart_ms = Some(100);
        assert!(told(&status(&patient, &controller)).ends_with("after 100 ms."));
        let fake = status(&vcan0(), &controller);
        assert!(told(&fake).ends_with("sudo ip link set vcan0 down && sudo ip link set vcan0 up"));
        assert!(line(&fake).contains("taken itself off"));
    }
}
