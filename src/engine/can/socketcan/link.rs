//! Network interfaces in the words of rtnetlink: requests as bytes, and answers read from bytes.
//! Pure functions; the socket is in `watch`. Layouts are those of `linux/rtnetlink.h`,
//! `linux/if_link.h` and `linux/can/netlink.h`.

use crate::engine::can::bus::BusState;

/// Interface type of a CAN interface (`ARPHRD_CAN`).
pub const TYPE_CAN: u16 = libc::ARPHRD_CAN;

const HEADER: usize = 16;
const INTERFACE: usize = 16;
/// Most messages read out of one datagram.
const MESSAGES: usize = 4096;
/// Most attributes read out of one list.
const ATTRIBUTES: usize = 512;
const ATTRIBUTE_MASK: u16 = 0x3FFF;

/// An interface as the kernel describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its number; another one when it was plugged in anew.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Hardware type: [`TYPE_CAN`], 1 for Ethernet.
    pub hardware: u16,
    /// Switched on.
    pub up: bool,
    /// Largest frame: 16 for classic CAN, 72 for FD.
    pub mtu: u32,
    /// Its driver's kind: "can", "vcan", "slcan"; empty where the driver has none.
    pub kind: String,
    /// What the CAN driver says.
    pub can: CanLink,
}

/// The part of a [`Link`] that only CAN has; a virtual interface leaves it empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CanLink {
    /// Nominal bit rate, bit/s.
    pub bit_rate: Option<u32>,
    /// Where a bit is sampled, in thousandths of it.
    pub sample_point: Option<u16>,
    /// Data bit rate of FD, bit/s.
    pub data_bit_rate: Option<u32>,
    /// State of the controller while it runs.
    pub state: Option<BusState>,
    /// Transmit and receive error counters.
    pub error_counters: Option<(u16, u16)>,
    /// The controller is in listen-only mode.
    pub listen_only: bool,
    /// Milliseconds after which the driver restarts the controller by itself; 0 for never.
    pub restart_ms: Option<u32>,
}

impl Link {
    /// Whether it is a CAN interface at all.
    #[must_use]
    pub const fn is_can(&self) -> bool {
        self.hardware == TYPE_CAN
    }

    /// Whether it has no hardware behind it, so that frames sent on it disturb nothing.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.kind == "vcan" || self.kind == "vxcan"
    }
}

/// One message of the kernel about interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// An interface is there, or has changed.
    Present(Link),
    /// An interface has gone.
    Gone(Link),
    /// The kernel refused a request, with an `errno`.
    Refused(i32),
    /// The end of a list, or a request that was carried out.
    Done,
}

/// A request for the interface `name`.
#[must_use]
pub fn ask_for(name: &str) -> Vec<u8> {
    let mut body = vec![0; INTERFACE];
    // The name with its closing zero, in an attribute padded to four bytes.
    let len = 4 + name.len() + 1;
    body.extend_from_slice(&(len as u16).to_ne_bytes());
    body.extend_from_slice(&libc::IFLA_IFNAME.to_ne_bytes());
    body.extend_from_slice(name.as_bytes());
    body.resize(INTERFACE + pad(len), 0);
    request(libc::NLM_F_REQUEST as u16, &body)
}

/// A request for all interfaces.
#[must_use]
pub fn ask_for_all() -> Vec<u8> {
    request((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16, &[0; INTERFACE])
}

/// Whether an interface is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// How a controller is set; only while its interface is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Nominal bit rate, bit/s.
    pub bit_rate: u32,
    /// Where a bit is sampled, in thousandths of it; none: where the kernel likes.
    pub sample_point: Option<u16>,
    /// Disturb nothing.
    pub listen_only: bool,
}

/// A request to switch the interface `index` on or off.
#[must_use]
pub fn switch(index: u32, power: Power) -> Vec<u8> {
    let on = if power == Power::On { libc::IFF_UP as u32 } else { 0 };
    let mut body = interface(index);
    body[8..12].copy_from_slice(&on.to_ne_bytes());
    body[12..16].copy_from_slice(&(libc::IFF_UP as u32).to_ne_bytes());
    order(&body)
}

/// A request to start the controller of the interface `index` anew after it went off the bus.
#[must_use]
pub fn restart(index: u32) -> Vec<u8> {
    order(&can_order(index, &attribute(libc::IFLA_CAN_RESTART as u16, &1_u32.to_ne_bytes())))
}

/// A request to set the controller of the interface `index`.
#[must_use]
pub fn configure(index: u32, to: Setting) -> Vec<u8> {
    // `struct can_bittiming` has eight numbers; where all but these are zero the kernel finds them.
    let mut timing = [0; 32];
    timing[..4].copy_from_slice(&to.bit_rate.to_ne_bytes());
    timing[4..8].copy_from_slice(&u32::from(to.sample_point.unwrap_or(0)).to_ne_bytes());
    let quiet = libc::CAN_CTRLMODE_LISTENONLY;
    let mode = [quiet.to_ne_bytes(), if to.listen_only { quiet } else { 0 }.to_ne_bytes()].concat();
    let mut list = attribute(libc::IFLA_CAN_BITTIMING as u16, &timing);
    list.extend(attribute(libc::IFLA_CAN_CTRLMODE as u16, &mode));
    order(&can_order(index, &list))
}

fn interface(index: u32) -> Vec<u8> {
    let mut body = vec![0; INTERFACE];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body
}

fn can_order(index: u32, list: &[u8]) -> Vec<u8> {
    let mut inner = attribute(libc::IFLA_INFO_KIND, b"can");
    inner.extend(attribute(libc::IFLA_INFO_DATA, list));
    let mut body = interface(index);
    body.extend(attribute(libc::IFLA_LINKINFO, &inner));
    body
}

/// One attribute, padded to four bytes.
fn attribute(what: u16, value: &[u8]) -> Vec<u8> {
    let len = 4 + value.len();
    let mut bytes = Vec::with_capacity(pad(len));
    bytes.extend_from_slice(&(len as u16).to_ne_bytes());
    bytes.extend_from_slice(&what.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(pad(len), 0);
    bytes
}

fn order(body: &[u8]) -> Vec<u8> {
    message_of(libc::RTM_NEWLINK, (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16, body)
}

fn request(flags: u16, body: &[u8]) -> Vec<u8> {
    message_of(libc::RTM_GETLINK, flags, body)
}

fn message_of(what: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend_from_slice(&((HEADER + body.len()) as u32).to_ne_bytes());
    bytes.extend_from_slice(&what.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&1_u32.to_ne_bytes());
    bytes.extend_from_slice(&0_u32.to_ne_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Reads a datagram of the kernel. What is cut short or not about interfaces is left out.
#[must_use]
pub fn read(bytes: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut rest = bytes;
    for _ in 0..MESSAGES {
        let Some(len) = u32_at(rest, 0).map(|len| len as usize) else { break };
        let Some(whole) = rest.get(..len).filter(|whole| whole.len() >= HEADER) else { break };
        let body = &whole[HEADER..];
        messages.extend(u16_at(whole, 4).and_then(|what| message(what, body)));
        rest = rest.get(pad(len)..).unwrap_or(&[]);
    }
    messages
}

fn message(what: u16, body: &[u8]) -> Option<Message> {
    match i32::from(what) {
        libc::NLMSG_DONE => Some(Message::Done),
        // Error zero is an acknowledgement.
        libc::NLMSG_ERROR => match i32_at(body, 0)? {
            0 => Some(Message::Done),
            negated => Some(Message::Refused(negated.saturating_neg())),
        },
        _ if what == libc::RTM_NEWLINK => Some(Message::Present(link(body)?)),
        _ if what == libc::RTM_DELLINK => Some(Message::Gone(link(body)?)),
        _ => None,
    }
}

fn link(body: &[u8]) -> Option<Link> {
    let flags = u32_at(body, 8)?;
    let mut link = Link {
        hardware: u16_at(body, 2)?,
        index: u32_at(body, 4)?,
        up: flags & libc::IFF_UP as u32 != 0,
        ..Link::default()
    };
    for (what, value) in attributes(body.get(INTERFACE..)?) {
        match what {
            libc::IFLA_IFNAME => link.name = text(value),
            libc::IFLA_MTU => link.mtu = u32_at(value, 0).unwrap_or(0),
            libc::IFLA_LINKINFO => {
                for (what, value) in attributes(value) {
                    match what {
                        libc::IFLA_INFO_KIND => link.kind = text(value),
                        libc::IFLA_INFO_DATA if link.is_can() => link.can = can(value),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Some(link)
}

fn can(bytes: &[u8]) -> CanLink {
    let mut can = CanLink::default();
    let rate = |value: &[u8]| u32_at(value, 0).filter(|&rate| rate > 0);
    for (what, value) in attributes(bytes) {
        match i32::from(what) {
            libc::IFLA_CAN_BITTIMING => {
                can.bit_rate = rate(value);
                let sample = u32_at(value, 4).and_then(|sample| u16::try_from(sample).ok());
                can.sample_point = sample.filter(|sample| can.bit_rate.is_some() && *sample > 0);
            }
            libc::IFLA_CAN_DATA_BITTIMING => can.data_bit_rate = rate(value),
            libc::IFLA_CAN_STATE => can.state = u32_at(value, 0).and_then(state),
            libc::IFLA_CAN_RESTART_MS => can.restart_ms = u32_at(value, 0),
            libc::IFLA_CAN_CTRLMODE => {
                let flags = u32_at(value, 4).unwrap_or(0);
                can.listen_only = flags & libc::CAN_CTRLMODE_LISTENONLY != 0;
            }
            libc::IFLA_CAN_BERR_COUNTER => {
                can.error_counters = u16_at(value, 0).zip(u16_at(value, 2));
            }
            _ => {}
        }
    }
    can
}

/// `enum can_state`; stopped and sleeping belong to an interface that is switched off.
const fn state(raw: u32) -> Option<BusState> {
    match raw {
        0 => Some(BusState::Active),
        1 => Some(BusState::Warning),
        2 => Some(BusState::Passive),
        3 => Some(BusState::Off),
        _ => None,
    }
}

/// The attributes of a list: type without its flags, and value.
fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let len = usize::from(u16_at(rest, 0)?);
        let what = u16_at(rest, 2)? & ATTRIBUTE_MASK;
        let value = rest.get(4..len)?;
        rest = rest.get(pad(len)..).unwrap_or(&[]);
        Some((what, value))
    })
    .take(ATTRIBUTES)
}

const fn pad(len: usize) -> usize {
    len.saturating_add(3) & !3
}

fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    bytes.get(place..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes))
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn i32_at(bytes: &[u8], place: usize) -> Option<i32> {
    u32_at(bytes, place).map(u32::cast_signed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute(what: i32, value: &[u8]) -> Vec<u8> {
        super::attribute(what as u16, value)
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_ne_bytes()).collect()
    }

    fn about(what: u16, hardware: u16, flags: u32, list: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![0, 0];
        body.extend_from_slice(&hardware.to_ne_bytes());
        body.extend_from_slice(&words(&[7, flags, 0]));
        list.iter().for_each(|attribute| body.extend_from_slice(attribute));
        let mut bytes = words(&[(HEADER + body.len()) as u32]);
        bytes.extend_from_slice(&what.to_ne_bytes());
        bytes.extend_from_slice(&[0; 10]);
        bytes.extend_from_slice(&body);
        bytes
    }

    /// A can0 at 500 kbit/s and 2 Mbit/s, listen-only, error passive, as a driver reports it.
    fn can0() -> Vec<u8> {
        let data = [
            attribute(libc::IFLA_CAN_BITTIMING, &words(&[500_000, 875, 125, 6, 7, 2, 1, 4])),
            attribute(libc::IFLA_CAN_STATE, &words(&[2])),
            attribute(libc::IFLA_CAN_CTRLMODE, &words(&[0, 0x22])),
            attribute(libc::IFLA_CAN_RESTART_MS, &words(&[100])),
            attribute(libc::IFLA_CAN_BERR_COUNTER, &[128, 0, 3, 0]),
            attribute(libc::IFLA_CAN_DATA_BITTIMING, &words(&[2_000_000, 750, 25])),
            // A list nested in the list, with its flag set, that Busbar does not read.
            attribute(libc::IFLA_CAN_CTRLMODE_EXT | 0x8000, &attribute(1, &words(&[0x33]))),
        ];
        let kind = attribute(i32::from(libc::IFLA_INFO_KIND), b"can\0");
        let data = attribute(i32::from(libc::IFLA_INFO_DATA) | 0x8000, &data.concat());
        let info = attribute(i32::from(libc::IFLA_LINKINFO) | 0x8000, &[kind, data].concat());
        let name = attribute(i32::from(libc::IFLA_IFNAME), b"can0\0");
        let mtu = attribute(i32::from(libc::IFLA_MTU), &words(&[72]));
        about(libc::RTM_NEWLINK, TYPE_CAN, 0x1_0041, &[name, mtu, info])
    }

    #[test]
    fn a_real_interface_tells_rates_state_counters_and_listen_only() {
        let messages = read(&can0());
        let [Message::Present(link)] = messages.as_slice() else { panic!("{messages:?}") };
        assert_eq!((link.index, link.name.as_str(), link.kind.as_str()), (7, "can0", "can"));
        assert!(link.is_can() && link.up && !link.is_virtual());
        assert_eq!(link.mtu, 72);
        let told = CanLink {
            bit_rate: Some(500_000),
            sample_point: Some(875),
            data_bit_rate: Some(2_000_000),
            state: Some(BusState::Passive),
            error_counters: Some((128, 3)),
            listen_only: true,
            restart_ms: Some(100),
        };
        assert_eq!(link.can, told);
    }

    #[test]
    fn an_ethernet_card_is_no_can_interface() {
        let name = attribute(i32::from(libc::IFLA_IFNAME), b"eth0\0");
        let messages = read(&about(libc::RTM_NEWLINK, 1, 0x1043, &[name]));
        let [Message::Present(link)] = messages.as_slice() else { panic!("{messages:?}") };
        assert!(!link.is_can());
        assert_eq!(link.can, CanLink::default());
    }

    #[test]
    fn a_datagram_holds_several_messages() {
        let mut bytes = can0();
        let name = attribute(i32::from(libc::IFLA_IFNAME), b"vcan0\0");
        bytes.extend(about(libc::RTM_DELLINK, TYPE_CAN, 0, &[name]));
        let mut done = words(&[20]);
        done.extend_from_slice(&(libc::NLMSG_DONE as u16).to_ne_bytes());
        done.extend_from_slice(&[0; 14]);
        bytes.extend(done);
        let messages = read(&bytes);
        assert_eq!(messages.len(), 3);
        assert!(matches!(&messages[1], Message::Gone(link) if link.name == "vcan0" && !link.up));
        assert_eq!(messages[2], Message::Done);
    }

    #[test]
    fn a_refusal_carries_its_reason() {
        let mut bytes = words(&[36]);
        bytes.extend_from_slice(&(libc::NLMSG_ERROR as u16).to_ne_bytes());
        bytes.extend_from_slice(&[0; 10]);
        bytes.extend_from_slice(&(-libc::ENODEV).to_ne_bytes());
        bytes.extend_from_slice(&[0; 16]);
        assert_eq!(read(&bytes), [Message::Refused(libc::ENODEV)]);
    }

    #[test]
    fn a_bit_rate_of_zero_is_none() {
        let data = attribute(libc::IFLA_CAN_BITTIMING, &words(&[0; 8]));
        assert_eq!(can(&data).bit_rate, None);
    }

    #[test]
    fn requests_are_laid_out_as_the_kernel_wants_them() {
        let bytes = ask_for("can0");
        assert_eq!(bytes.len(), 16 + 16 + 12);
        assert_eq!(u32_at(&bytes, 0), Some(44));
        let list: Vec<_> = attributes(&bytes[32..]).collect();
        assert_eq!(list, [(libc::IFLA_IFNAME, b"can0\0".as_slice())]);
        assert_eq!(ask_for_all().len(), 32);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_stumble(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_damage_makes_the_reader_stumble(place in 0_usize..160, byte: u8, cut in 0_usize..220) {
            let mut bytes = can0();
            if let Some(victim) = bytes.get_mut(place) {
                *victim = byte;
            }
            bytes.truncate(cut);
            let _ = read(&bytes);
        }
    }
}
