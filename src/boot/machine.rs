//! How others may call this machine: its name and the addresses from which it speaks.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::Command;

/// Addresses of documentation (RFC 5737, RFC 3849): never asked for anything, but the way to them is
/// the way to everywhere else.
const ELSEWHERE: [(&str, &str); 2] = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
/// Longest name that is believed, in characters.
const NAME_CHARS: usize = 64;

/// How others may call this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub name: Option<String>,
    /// The addresses from which it speaks to other machines.
    pub addresses: Vec<IpAddr>,
}

impl Machine {
    /// This machine, as it is now.
    #[must_use]
    pub fn look() -> Self {
        Self { name: name(), addresses: ELSEWHERE.into_iter().filter_map(own_address).collect() }
    }

    /// All its names and addresses as hosts of a URL.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let name = self.name.iter().flat_map(|name| {
            let local = (!name.contains('.')).then(|| format!("{name}.local"));
            [Some(name.clone()), local].into_iter().flatten()
        });
        name.chain(self.addresses.iter().map(|address| host_of(*address))).collect()
    }
}

/// An address as a host of a URL.
#[must_use]
pub fn host_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The own address that the system would take to speak to another. Nothing is sent.
fn own_address((from, to): (&str, &str)) -> Option<IpAddr> {
    let to: SocketAddr = to.parse().ok()?;
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified() && !own.is_loopback()).then_some(own)
}

fn name() -> Option<String> {
    let file = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let variable = || std::env::var("COMPUTERNAME").ok();
    let command = || {
        let said = Command::new("hostname").output().ok()?;
        String::from_utf8(said.stdout).ok()
    };
    let name = file().or_else(variable).or_else(command)?.trim().to_ascii_lowercase();
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_name = !name.is_empty() && name.len() <= NAME_CHARS && name.chars().all(good);
    (is_name && name != "localhost").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_goes_by_its_name_and_its_addresses() {
        let addresses = vec!["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
        let machine = Machine { name: Some("rack-7".into()), addresses };
        assert_eq!(machine.hosts(), ["rack-7", "rack-7.local", "192.0.2.7", "[2001:db8::7]"]);
        let machine = Machine { name: Some("rack.example.org".into()), addresses: Vec::new() };
        assert_eq!(machine.hosts(), ["rack.example.org"]);
    }

    #[test]
    fn looking_says_nothing_that_is_no_name() {
        for host in Machine::look().hosts() {
            assert!(!host.is_empty() && !host.contains(char::is_whitespace), "{host:?}");
        }
    }
}
