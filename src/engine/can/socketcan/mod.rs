//! Real CAN interfaces of Linux: a raw socket read in batches, its frames stamped by the kernel,
//! and netlink to know how the interface is doing.
//!
//! An interface that is missing, switched off or unplugged is a status with a sentence; when it
//! comes back, the bus runs on without a restart. Opening never configures an interface and never
//! sends. Knows nothing of what frames mean.

mod control;
mod layout;
mod link;
mod stamp;
mod sys;
mod transmit;
mod watch;
mod words;

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use socketcan::{CanAddr, CanFdSocket, Socket, SocketOptions};

use crate::base::id::BusId;
use crate::base::time::{Clock, Mono, TimeSource};
use crate::engine::can::address::Address;
use crate::engine::can::bus::{
    self, BATCH_FRAMES, BATCH_WAIT, BusRx, BusState, BusStatus, Received, Stream,
};
use crate::engine::can::controller::Controller;
use crate::engine::can::frame::{Direction, Frames};
use crate::engine::can::interfaces::{Found, Interface};
use crate::engine::can::socketcan::link::Link;
use crate::engine::can::socketcan::stamp::Mapping;
use crate::engine::can::socketcan::sys::Batch;
use crate::engine::can::socketcan::transmit::{Outlet, Tx};
use crate::engine::can::socketcan::watch::Watch;

/// Room asked of the kernel for frames that wait to be read, bytes: about 20,000 frames.
const ROOM_BYTES: libc::c_int = 8 * 1024 * 1024;
/// How often the interface is looked at when no notice comes: for error counters, which change
/// without one, and in case notices cannot be had.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Opens the interface `name` to listen; its frames will carry `bus`. Never fails: what is wrong is
/// in the status.
#[must_use]
pub fn open(name: &str, bus: BusId, clock: Arc<dyn Clock>) -> bus::Link {
    let outlet = Outlet::default();
    let tx = Tx { name: name.to_owned(), outlet: Arc::clone(&outlet) };
    let rx = Rx::new(name, bus, clock, outlet);
    let control: Arc<dyn bus::Control> = Arc::new(control::Handle::new(name.to_owned()));
    let (rx, tx) = (Box::new(rx), Some(Box::new(tx) as Box<dyn bus::BusTx>));
    bus::Link { rx, tx, player: None, control: Some(control) }
}

/// The CAN interfaces of this machine.
#[must_use]
pub fn interfaces() -> Found {
    let links = match watch::look_at_all() {
        Ok(links) => links,
        Err(error) => {
            return Found { interfaces: Vec::new(), sentence: words::no_answer(&error).sentence };
        }
    };
    let mut interfaces: Vec<Interface> =
        links.iter().filter(|link| link.is_can()).map(found).collect();
    interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    let sentence = interfaces.is_empty().then(|| match kernel_has_can() {
        Ok(()) => words::NONE_FOUND.to_owned(),
        Err(error) => words::not_opened("CAN", &error).sentence.unwrap_or_default(),
    });
    Found { interfaces, sentence }
}

/// Whether there is no hardware behind the interface `name`.
#[must_use]
pub fn is_virtual(name: &str) -> bool {
    watch::look_up(name).is_ok_and(|found| found.is_some_and(|link| link.is_virtual()))
}

fn found(link: &Link) -> Interface {
    let mut controller = Controller::default();
    if let Some(state) = link.can.state {
        controller.report(state, link.can.error_counters);
    }
    let status = words::status(link, &controller);
    let address = Address::SocketCan(link.name.clone());
    Interface { name: link.name.clone(), address, words: words::line(&status), status }
}

/// Whether CAN sockets can be had at all.
fn kernel_has_can() -> io::Result<()> {
    CanFdSocket::open_addr(&CanAddr::new(0)).map(drop)
}

/// An open socket and the number of the interface it is bound to.
struct Wire {
    socket: Arc<CanFdSocket>,
    index: u32,
    /// The kernel's count of lost frames when it was last told; starts at zero with the socket.
    lost: u32,
}

struct Rx {
    name: String,
    bus: BusId,
    clock: Arc<dyn Clock>,
    watch: Option<Watch>,
    wire: Option<Wire>,
    outlet: Outlet,
    link: Option<Link>,
    controller: Controller,
    mapping: Mapping,
    batch: Batch,
    status: BusStatus,
    /// Frames lost by the kernel, over all sockets.
    lost: u64,
    next_look: Mono,
    stream: Stream,
}

impl BusRx for Rx {
    fn receive(&mut self, into: &mut Frames, wait: Duration) -> Received {
        let before = self.status.clone();
        self.keep_up();
        if self.wire.is_some() {
            self.read(into, wait);
        } else {
            into.set_timebase(self.clock.timebase(TimeSource::Kernel));
            let notices = self.watch.as_ref().map(AsFd::as_fd);
            if sys::wait([notices], wait) == [true] {
                self.keep_up();
            }
        }
        Received { status_changed: self.status != before, ..Received::default() }
    }

    fn status(&self) -> BusStatus {
        self.status.clone()
    }
}

impl Rx {
    fn new(name: &str, bus: BusId, clock: Arc<dyn Clock>, outlet: Outlet) -> Self {
        let mapping = Mapping::new(clock.as_ref());
        let mut rx = Self {
            name: name.to_owned(),
            bus,
            // Without notices the interface is looked at once a second all the same.
            watch: Watch::start().ok(),
            wire: None,
            outlet,
            link: None,
            controller: Controller::default(),
            mapping,
            batch: Batch::new(),
            status: BusStatus::plain(BusState::Opening),
            lost: 0,
            next_look: clock.now(),
            stream: Stream::default(),
            clock,
        };
        rx.keep_up();
        rx
    }

    /// Looks at the interface if there is a notice about it or it is time to.
    fn keep_up(&mut self) {
        let noticed = self.watch.as_mut().is_some_and(|watch| watch.heard_of(&self.name));
        let now = self.clock.now();
        if noticed || now >= self.next_look {
            self.next_look = now.after(LOOK_EVERY);
            self.look();
        }
    }

    /// Looks at the interface, opens or lets go of the socket as needed, and renews the status.
    fn look(&mut self) {
        let status = self.look_and_open();
        self.tell(status);
    }

    fn look_and_open(&mut self) -> BusStatus {
        if let Some(status) = words::bad_name(&self.name) {
            return status;
        }
        let link = match watch::look_up(&self.name) {
            Ok(link) => link,
            Err(error) => return words::no_answer(&error),
        };
        let Some(link) = link else {
            self.let_go();
            return match kernel_has_can() {
                Ok(()) => words::missing(&self.name),
                Err(error) => words::not_opened(&self.name, &error),
            };
        };
        if !link.is_can() {
            self.let_go();
            return words::no_can_interface(&link);
        }
        if self.wire.as_ref().is_some_and(|wire| wire.index != link.index) {
            // Another interface has taken the name: the adapter was plugged in again.
            self.let_go();
        }
        if self.wire.is_none() {
            match open_socket(link.index) {
                Ok(socket) => {
                    let wire = Wire { socket: Arc::new(socket), index: link.index, lost: 0 };
                    self.wire = Some(wire);
                }
                Err(error) => return words::not_opened(&self.name, &error),
            }
        }
        if !link.up {
            self.controller.restart();
        } else if let Some(state) = link.can.state {
            self.controller.report(state, link.can.error_counters);
        }
        let status = words::status(&link, &self.controller);
        self.link = Some(link);
        status
    }

    fn let_go(&mut self) {
        self.wire = None;
        self.link = None;
        self.controller.restart();
    }

    /// Makes `status` the status, for the transmit half too.
    fn tell(&mut self, mut status: BusStatus) {
        status.dropped = self.lost.saturating_add(self.controller.overflows());
        let mut opened = self.outlet.lock().unwrap_or_else(PoisonError::into_inner);
        opened.socket = self.wire.as_ref().map(|wire| Arc::clone(&wire.socket));
        opened.is_virtual = self.link.as_ref().is_some_and(Link::is_virtual);
        opened.status = Some(status.clone());
        drop(opened);
        self.status = status;
    }

    fn read(&mut self, into: &mut Frames, wait: Duration) {
        if self.await_frames(wait) {
            self.drain(into, BATCH_FRAMES);
            let got = into.len();
            if self.stream.flows(got, self.clock.now()) {
                let notices = self.watch.as_ref().map(AsFd::as_fd);
                let _ = sys::wait([notices], BATCH_WAIT.min(wait));
                self.drain(into, BATCH_FRAMES - got);
                self.stream.waited(into.len() - got);
            }
            if !into.is_empty() {
                self.stream.handed_on(self.clock.now());
            }
        } else {
            self.mapping.refresh(self.clock.as_ref());
        }
        into.set_timebase(self.mapping.timebase());
    }

    /// Waits for frames; a notice that comes in between is heeded.
    fn await_frames(&mut self, wait: Duration) -> bool {
        let socket = self.wire.as_ref().map(|wire| wire.socket.as_fd());
        let notices = self.watch.as_ref().map(AsFd::as_fd);
        let [frames, noticed] = sys::wait([socket, notices], wait);
        if noticed {
            self.keep_up();
        }
        frames
    }

    /// Takes what is waiting in the socket, at most `limit` frames.
    fn drain(&mut self, into: &mut Frames, limit: usize) {
        let Some(wire) = &mut self.wire else { return };
        let filled = self.batch.fill(wire.socket.as_fd(), limit);
        self.mapping.refresh(self.clock.as_ref());
        if let Err(error) = filled {
            match error.raw_os_error() {
                Some(libc::EAGAIN | libc::EINTR) => {}
                // Switched off: the socket stays bound and works again when it is switched on.
                Some(libc::ENETDOWN) => self.look(),
                _ => {
                    self.let_go();
                    self.look();
                }
            }
            return;
        }
        let told = (self.lost, self.controller);
        for (envelope, bytes) in self.batch.iter() {
            if let Some(count) = envelope.drops {
                self.lost = self.lost.saturating_add(u64::from(count.wrapping_sub(wire.lost)));
                wire.lost = count;
            }
            let time = match envelope.stamp {
                Some(stamp) => self.mapping.place(stamp),
                None => self.mapping.place_unstamped(),
            };
            let Some(frame) = layout::read(bytes) else { continue };
            let direction = if envelope.own { Direction::Sent } else { Direction::Received };
            let frame = frame.at(time).on(self.bus).going(direction);
            self.controller.hear(&frame.view());
            into.push(frame.view());
        }
        if told != (self.lost, self.controller)
            && let Some(link) = &self.link
        {
            let status = words::status(link, &self.controller);
            self.tell(status);
        }
    }
}

/// A socket bound to the interface `index` that hears everything: FD, error frames, its own frames,
/// each with the kernel's stamp and the count of lost ones.
fn open_socket(index: u32) -> io::Result<CanFdSocket> {
    let socket = CanFdSocket::open_iface(index)?;
    socket.set_nonblocking(true)?;
    socket.set_error_filter_accept_all()?;
    socket.set_recv_own_msgs(true)?;
    socket.set_recv_timestamp(true)?;
    socket.set_socket_option_int(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)?;
    // Only root may go beyond the system's limit; everyone else gets as much as it allows.
    let forced = socket.set_socket_option_int(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, ROOM_BYTES);
    if forced.is_err() {
        socket.set_socket_option_int(libc::SOL_SOCKET, libc::SO_RCVBUF, ROOM_BYTES)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests;
