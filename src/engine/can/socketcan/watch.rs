//! Asks the kernel about interfaces and hears when one comes, goes or changes.
//!
//! Spoken by hand instead of through the `netlink` feature of the `socketcan` crate: that feature
//! cannot hear changes, answers only for interfaces that are already there, and brings `neli` with
//! eight further crates for the three messages needed here.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crate::engine::can::socketcan::link::{self, Link, Message};
use crate::engine::can::socketcan::sys;

/// Longest wait for an answer of the kernel, which answers at once.
const ANSWER: Duration = Duration::from_millis(500);
/// The kernel sends no larger datagrams than this.
const DATAGRAM: usize = 32 * 1024;
/// Most datagrams read for one answer, and at one time from the notices.
const DATAGRAMS: usize = 256;

/// Hears notices about interfaces.
pub struct Watch {
    socket: File,
    room: Vec<u8>,
}

impl Watch {
    /// Starts to listen.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn start() -> io::Result<Self> {
        let socket = File::from(sys::netlink(libc::RTMGRP_LINK as u32)?);
        Ok(Self { socket, room: vec![0; DATAGRAM] })
    }

    /// Whether any notice since the last call was about `name`. Does not wait.
    pub fn heard_of(&mut self, name: &str) -> bool {
        let mut heard = false;
        for _ in 0..DATAGRAMS {
            match self.socket.read(&mut self.room) {
                Ok(len) => {
                    let messages = link::read(self.room.get(..len).unwrap_or_default());
                    heard |= messages.iter().any(|message| match message {
                        Message::Present(link) | Message::Gone(link) => link.name == name,
                        Message::Refused(_) | Message::Done => false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The kernel lost notices: one of them may have been about this interface.
                Err(_) => return true,
            }
        }
        heard
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The interface `name`; `None` where there is none.
///
/// # Errors
/// The kernel does not answer.
pub fn look_up(name: &str) -> io::Result<Option<Link>> {
    for message in ask(&link::ask_for(name))? {
        match message {
            Message::Present(link) if link.name == name => return Ok(Some(link)),
            Message::Refused(libc::ENODEV | libc::ERANGE | libc::EINVAL) => return Ok(None),
            Message::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
            Message::Present(_) | Message::Gone(_) | Message::Done => {}
        }
    }
    Ok(None)
}

/// All interfaces of the machine.
///
/// # Errors
/// The kernel does not answer.
pub fn look_at_all() -> io::Result<Vec<Link>> {
    let present = |message| match message {
        Message::Present(link) => Some(link),
        Message::Gone(_) | Message::Refused(_) | Message::Done => None,
    };
    Ok(ask(&link::ask_for_all())?.into_iter().filter_map(present).collect())
}

/// Gives an order about an interface.
///
/// # Errors
/// The kernel refuses, or does not answer.
pub fn tell(order: &[u8]) -> io::Result<()> {
    for message in ask(order)? {
        match message {
            Message::Done => return Ok(()),
            Message::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
            Message::Present(_) | Message::Gone(_) => {}
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn ask(request: &[u8]) -> io::Result<Vec<Message>> {
    let mut socket = File::from(sys::netlink(0)?);
    socket.write_all(request)?;
    let mut room = vec![0; DATAGRAM];
    let mut messages = Vec::new();
    let list = request == link::ask_for_all();
    for _ in 0..DATAGRAMS {
        if sys::wait([Some(socket.as_fd())], ANSWER) == [false] {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let len = match socket.read(&mut room) {
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        messages.extend(link::read(room.get(..len).unwrap_or_default()));
        let last = |message: &Message| matches!(message, Message::Done | Message::Refused(_));
        if !list || messages.iter().any(last) {
            break;
        }
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_a_loopback_interface_that_is_no_can() {
        let lo = look_up("lo").unwrap().expect("no lo");
        assert!(!lo.is_can());
        assert!(look_at_all().unwrap().iter().any(|link| link.name == "lo"));
    }

    #[test]
    fn an_interface_that_is_not_there_is_none() {
        assert_eq!(look_up("nosuchcan7").unwrap(), None);
    }

    #[test]
    fn a_quiet_table_gives_no_notice() {
        let mut watch = Watch::start().unwrap();
        assert!(!watch.heard_of("nosuchcan7"));
    }
}
