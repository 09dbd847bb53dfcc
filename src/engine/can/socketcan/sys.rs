//! The system calls that no crate wraps as needed here: `recvmmsg` with control messages, a
//! netlink socket, and waiting for either. The only unsafe code of the wires.
#![expect(unsafe_code, reason = "recvmmsg, poll and netlink sockets have no safe wrapper here")]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use crate::base::time::Wall;
use crate::engine::can::bus::BATCH_FRAMES;
use crate::engine::can::socketcan::layout::FD_SIZE;

/// Room for the control messages of one frame: a time stamp and a drop counter take 56 bytes.
const CONTROL: usize = 128;

/// Control bytes, aligned as the kernel writes them.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

/// What came with one frame besides its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Bytes of the frame.
    pub len: usize,
    /// When the kernel got it.
    pub stamp: Option<Wall>,
    /// Frames that this socket has lost so far, for want of room.
    pub drops: Option<u32>,
    /// It was sent through this very socket.
    pub own: bool,
}

/// Room for one batch of frames, used again and again.
pub struct Batch {
    bytes: Box<[[u8; FD_SIZE]; BATCH_FRAMES]>,
    control: Box<[Control; BATCH_FRAMES]>,
    envelopes: Vec<Envelope>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: Box::new([[0; FD_SIZE]; BATCH_FRAMES]),
            control: Box::new([Control([0; CONTROL]); BATCH_FRAMES]),
            envelopes: Vec::with_capacity(BATCH_FRAMES),
        }
    }

    /// Reads at most `limit` frames that are waiting in `socket`, and does not wait for any.
    /// Returns how many it was.
    ///
    /// # Errors
    /// What the kernel says; `WouldBlock` where nothing was waiting.
    pub fn fill(&mut self, socket: BorrowedFd<'_>, limit: usize) -> io::Result<usize> {
        self.envelopes.clear();
        let limit = limit.min(BATCH_FRAMES);
        // SAFETY: both are plain C structures of integers and pointers, for which all zeroes is a
        // valid value.
        let (mut places, mut headers): (
            [libc::iovec; BATCH_FRAMES],
            [libc::mmsghdr; BATCH_FRAMES],
        ) = unsafe { (zeroed(), zeroed()) };
        let rooms = self.bytes.iter_mut().zip(self.control.iter_mut());
        for ((header, place), (bytes, control)) in
            headers.iter_mut().zip(places.iter_mut()).zip(rooms).take(limit)
        {
            place.iov_base = bytes.as_mut_ptr().cast();
            place.iov_len = FD_SIZE;
            header.msg_hdr.msg_iov = place;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL as _;
        }
        // SAFETY: the first `limit` headers point to buffers of this batch and to `places`, all of
        // which outlive the call, and are not used through any other name during it.
        let got = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                limit as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
        for (header, control) in headers.iter().zip(self.control.iter()).take(got) {
            let used = header.msg_hdr.msg_controllen.min(CONTROL);
            let (stamp, drops) = read_control(&control.0[..used]);
            let own = header.msg_hdr.msg_flags & libc::MSG_CONFIRM != 0;
            let len = (header.msg_len as usize).min(FD_SIZE);
            self.envelopes.push(Envelope { len, stamp, drops, own });
        }
        Ok(got)
    }

    /// The frames of the last [`Batch::fill`], in the order the kernel gave them.
    pub fn iter(&self) -> impl Iterator<Item = (Envelope, &[u8])> {
        self.envelopes
            .iter()
            .zip(self.bytes.iter())
            .map(|(envelope, bytes)| (*envelope, bytes.get(..envelope.len).unwrap_or_default()))
    }
}

/// Reads time stamp and drop counter out of control messages (`struct cmsghdr`: length, level,
/// type, then the value, each padded to a machine word).
fn read_control(bytes: &[u8]) -> (Option<Wall>, Option<u32>) {
    const WORD: usize = size_of::<usize>();
    const HEAD: usize = WORD + 8;
    let (mut stamp, mut drops) = (None, None);
    let mut rest = bytes;
    while let Some(len) = rest.first_chunk::<WORD>().map(|len| usize::from_ne_bytes(*len)) {
        let Some(value) = rest.get(HEAD..len) else { break };
        let number = |place: usize| {
            rest.get(place..).and_then(|b| b.first_chunk::<4>()).map(|b| i32::from_ne_bytes(*b))
        };
        match (number(WORD), number(WORD + 4)) {
            (Some(libc::SOL_SOCKET), Some(libc::SCM_TIMESTAMPNS)) => stamp = timespec(value),
            (Some(libc::SOL_SOCKET), Some(libc::SO_RXQ_OVFL)) => {
                drops = value.first_chunk::<4>().map(|count| u32::from_ne_bytes(*count));
            }
            _ => {}
        }
        rest = rest.get(len.next_multiple_of(WORD)..).unwrap_or(&[]);
    }
    (stamp, drops)
}

/// Seconds and nanoseconds, each of the width that this machine's kernel uses.
fn timespec(value: &[u8]) -> Option<Wall> {
    let (seconds, nanos) = if let Some((seconds, rest)) =
        value.split_first_chunk::<8>().filter(|(_, rest)| rest.len() >= 8)
    {
        (i64::from_ne_bytes(*seconds), i64::from_ne_bytes(*rest.first_chunk()?))
    } else {
        let (seconds, rest) = value.split_first_chunk::<4>()?;
        let nanos = rest.first_chunk::<4>()?;
        (i64::from(i32::from_ne_bytes(*seconds)), i64::from(i32::from_ne_bytes(*nanos)))
    };
    Some(Wall::from_nanos(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?))
}

/// Waits until one of `sockets` has something to read or `wait` is over, and says which have. An
/// error of a socket counts as something to read.
#[must_use]
pub fn wait<const N: usize>(sockets: [Option<BorrowedFd<'_>>; N], wait: Duration) -> [bool; N] {
    let mut polled = sockets.map(|socket| libc::pollfd {
        // The kernel passes over negative numbers.
        fd: socket.map_or(-1, |socket| socket.as_raw_fd()),
        events: libc::POLLIN,
        revents: 0,
    });
    // Rounded up, so that a caller with a deadline does not spin through its last millisecond.
    let millis = wait.as_nanos().div_ceil(1_000_000).min(60_000) as libc::c_int;
    // SAFETY: `polled` is an array of `N` entries that outlives the call.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, millis) };
    polled.map(|entry| ready > 0 && entry.revents != 0)
}

/// A socket to the kernel's table of network interfaces that also hears the multicast `groups`
/// (`RTMGRP_*`; 0 for none). Reading from it does not block.
///
/// # Errors
/// What the kernel says.
pub fn netlink(groups: u32) -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes no pointer.
    let raw = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given this descriptor, and nobody else knows it.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: a plain C structure of integers, for which all zeroes is a valid value.
    let mut address: libc::sockaddr_nl = unsafe { zeroed() };
    address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    address.nl_groups = groups;
    // SAFETY: the pointer is to a `sockaddr_nl` that outlives the call, and the length is its own.
    let bound = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            std::ptr::from_ref(&address).cast(),
            size_of::<libc::sockaddr_nl>() as libc::socklen_t,
        )
    };
    if bound < 0 { Err(io::Error::last_os_error()) } else { Ok(socket) }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn control(kind: i32, value: &[u8]) -> Vec<u8> {
        let len = size_of::<usize>() + 8 + value.len();
        let mut bytes = len.to_ne_bytes().to_vec();
        bytes.extend_from_slice(&libc::SOL_SOCKET.to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(len.next_multiple_of(size_of::<usize>()), 0);
        bytes
    }

    #[test]
    fn stamp_and_drop_counter_are_found_in_either_order() {
        let stamp = [12_i64.to_ne_bytes(), 34_i64.to_ne_bytes()].concat();
        let stamp = control(libc::SCM_TIMESTAMPNS, &stamp);
        let drops = control(libc::SO_RXQ_OVFL, &7_u32.to_ne_bytes());
        let told = (Some(Wall::from_nanos(12_000_000_034)), Some(7));
        assert_eq!(read_control(&[stamp.clone(), drops.clone()].concat()), told);
        assert_eq!(read_control(&[drops.clone(), stamp].concat()), told);
        assert_eq!(read_control(&drops), (None, Some(7)));
        let narrow = [12_i32.to_ne_bytes(), 34_i32.to_ne_bytes()].concat();
        assert_eq!(read_control(&control(libc::SCM_TIMESTAMPNS, &narrow)).0, told.0);
    }

    #[test]
    fn broken_control_bytes_are_passed_over() {
        assert_eq!(read_control(&[]), (None, None));
        assert_eq!(read_control(&[0xFF; 40]), (None, None));
        assert_eq!(read_control(&[0; 64]), (None, None));
        assert_eq!(read_control(&control(libc::SCM_TIMESTAMPNS, &[1, 2])), (None, None));
    }

    #[test]
    fn a_batch_takes_what_is_waiting_and_no_more_than_the_limit() {
        let (near, far) = UnixDatagram::pair().unwrap();
        let mut batch = Batch::new();
        let nothing = batch.fill(far.as_fd(), 10).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(wait([Some(far.as_fd()), None], Duration::ZERO), [false, false]);
        for number in 0..5_u8 {
            near.send(&[number; 16]).unwrap();
        }
        assert_eq!(wait([None, Some(far.as_fd())], Duration::from_secs(5)), [false, true]);
        assert_eq!(batch.fill(far.as_fd(), 3).unwrap(), 3);
        let got: Vec<(usize, u8)> = batch.iter().map(|(e, bytes)| (e.len, bytes[0])).collect();
        assert_eq!(got, [(16, 0), (16, 1), (16, 2)]);
        assert_eq!(batch.fill(far.as_fd(), BATCH_FRAMES + 1).unwrap(), 2);
        assert_eq!(batch.iter().last().unwrap().1, [4; 16]);
    }

    #[test]
    fn the_kernel_has_a_table_of_interfaces() {
        assert!(netlink(0).is_ok());
    }
}
