//! A bus address as text, the same on the command line and in profiles: `socketcan:can0`,
//! `virtual:demo`, `replay:FILE`, `tcp:HOST:PORT`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where a bus is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// A Linux network interface of type CAN.
    SocketCan(String),
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

/// Why a text is no [`Address`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// No `kind:` in front.
    #[error(
        "{0:?} is no bus address: write socketcan:can0, virtual:demo, replay:FILE or tcp:HOST:PORT"
    )]
    NoKind(String),
    /// A kind that does not exist.
    #[error("{0:?} is no kind of bus: there are socketcan, virtual, replay and tcp")]
    UnknownKind(String),
    /// Nothing behind the colon.
    #[error("the address {0:?} names nothing behind the colon")]
    Empty(String),
    /// An interface name the kernel cannot have.
    #[error("{0:?} is no interface name: at most 15 characters, no space, no slash")]
    BadInterface(String),
    /// No host, or no port behind it.
    #[error("{0:?} is no place on a network: write tcp:HOST:PORT, such as tcp:10.0.0.7:5025")]
    BadPlace(String),
}

impl Address {
    /// The word in front of the colon.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SocketCan(_) => "socketcan",
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
            "virtual" => Ok(Self::Virtual(rest.to_owned())),
            "replay" => Ok(Self::Replay(PathBuf::from(rest))),
            "tcp" => place(rest).ok_or_else(|| AddressError::BadPlace(rest.to_owned())),
            _ => Err(AddressError::UnknownKind(kind.to_owned())),
        }
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
        assert!(said("usb:1").contains("there are socketcan, virtual, replay and tcp"));
        for text in ["tcp:host", "tcp::5025", "tcp:host:0", "tcp:a b:1", "tcp:fe80::1:5025"] {
            assert!(said(text).contains("tcp:HOST:PORT"), "{text}");
        }
        assert!(said("socketcan:").contains("names nothing"));
        assert!(said("socketcan:averyveryverylongname").contains("15 characters"));
    }
}
