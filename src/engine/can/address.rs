//! A bus address as text, the same on the command line and in profiles: `socketcan:can0`,
//! `slcan:/dev/ttyACM0@500000`, `virtual:demo`, `replay:FILE`, `tcp:HOST:PORT`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::can::slcan::rate::{self, RateError};

/// Where a bus is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// A Linux network interface of type CAN.
    SocketCan(String),
    /// An adapter on a serial port.
    Slcan(Slcan),
    /// A named channel inside this program.
    Virtual(String),
    /// A recording played back.
    Replay(PathBuf),
    /// A device that speaks text over TCP: one device, and no frames.
    Tcp {
        /// Name or number of its machine on the network.
        host: String,
        /// Port there.
        port: u16,
    },
}

/// An adapter on a serial port, and how it is opened. As text: `PORT`, `@` and the bit rate, for FD `/`
/// and the data bit rate, `,listen` to listen only, `,baud=N` for the speed of a real serial line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slcan {
    /// The port: `/dev/ttyACM0`, `COM3`.
    pub port: String,
    /// Nominal bit rate, bit/s. Without one it cannot be opened: a wrong one disturbs the bus.
    pub bit_rate: Option<u32>,
    /// Data bit rate of FD, bit/s; none: classic CAN.
    pub data_bit_rate: Option<u32>,
    /// Open it so that it disturbs nothing and can send nothing.
    pub listen_only: bool,
    /// Speed of the serial line, where that is a real one.
    pub baud: Option<u32>,
}

impl Slcan {
    /// Whether an adapter can be set so.
    ///
    /// # Errors
    /// No rate, or one that cannot be said to it.
    pub fn check(&self) -> Result<(), SlcanError> {
        let rate = self.bit_rate.ok_or_else(|| SlcanError::NoRate(self.port.clone()))?;
        rate::nominal(rate)?;
        self.data_bit_rate.map(rate::data).transpose()?;
        Ok(())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let place = parts.next()?;
        let (port, rates) = match place.rsplit_once('@') {
            Some((port, rates)) => (port, Some(rates)),
            None => (place, None),
        };
        let mut to = Self { port: port.to_owned(), ..Self::default() };
        if let Some(rates) = rates {
            let (nominal, data) = match rates.split_once('/') {
                Some((nominal, data)) => (nominal, Some(data)),
                None => (rates, None),
            };
            to.bit_rate = Some(nominal.parse().ok()?);
            to.data_bit_rate = data.map(str::parse).transpose().ok()?;
        }
        for option in parts {
            match option.split_once('=') {
                None if option == "listen" => to.listen_only = true,
                Some(("baud", baud)) => to.baud = Some(baud.parse().ok().filter(|b| *b > 0)?),
                Some(_) | None => return None,
            }
        }
        let odd = |c: char| c.is_control() || c.is_whitespace();
        (!to.port.is_empty() && !to.port.contains(odd)).then_some(to)
    }
}

impl fmt::Display for Slcan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.port)?;
        if let Some(rate) = self.bit_rate {
            write!(f, "@{rate}")?;
            if let Some(data) = self.data_bit_rate {
                write!(f, "/{data}")?;
            }
        }
        if self.listen_only {
            f.write_str(",listen")?;
        }
        match self.baud {
            Some(baud) => write!(f, ",baud={baud}"),
            None => Ok(()),
        }
    }
}

/// Why an adapter cannot be set as an address says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SlcanError {
    /// No bit rate.
    #[error(
        "slcan:{0} says no bit rate, and a wrong one disturbs the bus: write slcan:{0}@500000, or          bit_rate = 500000 in a profile"
    )]
    NoRate(String),
    /// One that cannot be said.
    #[error(transparent)]
    Rate(#[from] RateError),
}

/// Why a text is no [`Address`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// No `kind:` in front.
    #[error(
        "{0:?} is no bus address: write socketcan:can0, slcan:/dev/ttyACM0@500000, virtual:demo, \
         replay:FILE or tcp:HOST:PORT"
    )]
    NoKind(String),
    /// A kind that does not exist.
    #[error("{0:?} is no kind of bus: there are socketcan, slcan, virtual, replay and tcp")]
    UnknownKind(String),
    /// Nothing behind the colon.
    #[error("the address {0:?} names nothing behind the colon")]
    Empty(String),
    /// An interface name the kernel cannot have.
    #[error("{0:?} is no interface name: at most 15 characters, no space, no slash")]
    BadInterface(String),
    /// A serial port with something behind it that is not understood.
    #[error(
        "{0:?} is no adapter on a serial port: write slcan:PORT@BITRATE, such as \
         slcan:/dev/ttyACM0@500000 or slcan:COM3@250000,listen"
    )]
    BadPort(String),
    /// No host, or no port behind it.
    #[error(
        "{0:?} is no place on a network: write tcp:HOST:PORT without a name or password, such as \
         tcp:10.0.0.7:5025"
    )]
    BadPlace(String),
}

impl Address {
    /// The word in front of the colon.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SocketCan(_) => "socketcan",
            Self::Slcan(_) => "slcan",
            Self::Virtual(_) => "virtual",
            Self::Replay(_) => "replay",
            Self::Tcp { .. } => "tcp",
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let Some((kind, rest)) = text.split_once(':') else {
            return Err(AddressError::NoKind(text.to_owned()));
        };
        if rest.is_empty() {
            return Err(AddressError::Empty(text.to_owned()));
        }
        match kind {
            "socketcan" => {
                let bad = rest.len() > 15 || rest.contains(|c: char| c.is_whitespace() || c == '/');
                if bad {
                    return Err(AddressError::BadInterface(rest.to_owned()));
                }
                Ok(Self::SocketCan(rest.to_owned()))
            }
            "slcan" => {
                let to = Slcan::parse(rest).map(Self::Slcan);
                to.ok_or_else(|| AddressError::BadPort(rest.to_owned()))
            }
            "virtual" => Ok(Self::Virtual(rest.to_owned())),
            "replay" => Ok(Self::Replay(PathBuf::from(rest))),
            "tcp" => place(rest).ok_or_else(|| AddressError::BadPlace(without_password(rest))),
            _ => Err(AddressError::UnknownKind(kind.to_owned())),
        }
    }
}

/// What may be said of an address that is refused: in front of an "@" stands a name and a password.
fn without_password(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => format!("\u{2026}@{host}"),
        None => text.to_owned(),
    }
}

/// `HOST:PORT`. A host with colons of its own is written in brackets.
fn place(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let odd = |c: char| c.is_whitespace() || c.is_control() || "/[]@?#".contains(c);
    let inner = bare.unwrap_or(host);
    let fits = !inner.is_empty() && inner.len() <= 255 && !inner.contains(odd);
    let plain = bare.is_some() || !inner.contains(':');
    (fits && plain).then(|| Address::Tcp { host: host.to_owned(), port })
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SocketCan(name) => write!(f, "socketcan:{name}"),
            Self::Slcan(to) => write!(f, "slcan:{to}"),
            Self::Virtual(name) => write!(f, "virtual:{name}"),
            Self::Replay(path) => write!(f, "replay:{}", path.display()),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_written() {
        for text in [
            "socketcan:can0",
            "slcan:/dev/ttyACM0",
            "slcan:/dev/serial/by-id/usb-a@b_c@500000",
            "slcan:COM3@250000/2000000,listen,baud=1000000",
            "virtual:demo",
            "replay:logs/run 1.log",
            "replay:C:\\a.log",
            "tcp:10.0.0.7:5025",
            "tcp:[fe80::1]:5025",
            "tcp:supply.local:4001",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bad_address_says_what_to_write() {
        let said = |text: &str| text.parse::<Address>().unwrap_err().to_string();
        assert!(said("can0").contains("socketcan:can0"));
        assert!(said("usb:1").contains("there are socketcan, slcan, virtual, replay and tcp"));
        for text in ["slcan:@500000", "slcan:a@x", "slcan:a@1,loud", "slcan:a@1,baud=0"] {
            assert!(said(text).contains("slcan:PORT@BITRATE"), "{text}");
        }
        for text in ["tcp:host", "tcp::5025", "tcp:host:0", "tcp:a b:1", "tcp:fe80::1:5025"] {
            assert!(said(text).contains("tcp:HOST:PORT"), "{text}");
        }
        assert!(said("socketcan:").contains("names nothing"));
        assert!(said("socketcan:averyveryverylongname").contains("15 characters"));
    }
}
