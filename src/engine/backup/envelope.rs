//! What is sealed with a passphrase: argon2id makes the key, ChaCha20-Poly1305 seals chunk after chunk.
//! Each chunk knows its number and whether it is the last one, so that what is cut off, doubled, moved or
//! swapped is noticed, and the head belongs to each. Knows nothing of what is inside.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use zeroize::Zeroizing;

use crate::engine::access::password::key_of;
use crate::engine::access::secret::{Secret, random};
use crate::engine::backup::{BackupError, LEAST_PASSPHRASE, MOST_PASSPHRASE};

/// What a sealed backup begins with: its last byte is the form.
const MAGIC: &[u8; 8] = b"BUSBARB\x01";
/// Length of the head: the magic, the salt, and what the key costs.
const HEAD: usize = 8 + SALT + 12;
const SALT: usize = 16;
/// Bytes in a chunk before it is sealed.
const CHUNK: usize = 64 << 10;
/// What sealing adds to a chunk.
const TAG: usize = 16;
/// The most that a file may ask of whoever opens it: memory in KiB, passes, lanes.
const MOST_COST: [u32; 3] = [256 << 10, 16, 4];

/// What making the key costs: memory in KiB, passes, lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCost(pub [u32; 3]);

impl KeyCost {
    /// What new backups cost: as much as a password.
    pub const STANDARD: Self = Self([64 << 10, 3, 1]);
    /// For tests, which make many.
    #[cfg(any(test, feature = "testing"))]
    pub const CHEAP: Self = Self([64, 1, 1]);
}

/// Whether the file is sealed.
///
/// # Errors
/// It cannot be read.
pub fn is_sealed(file: &Path) -> Result<bool, BackupError> {
    let mut begin = Vec::new();
    File::open(file)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut begin))
        .map_err(BackupError::of(file, "read"))?;
    // Of whatever form: it is told later which can be opened here.
    Ok(MAGIC.get(..7).is_some_and(|magic| begin.starts_with(magic)))
}

/// Looks whether a passphrase can be one.
///
/// # Errors
/// Says what is wrong with it.
pub fn fit(passphrase: &Secret) -> Result<(), BackupError> {
    let text = passphrase.reveal();
    if text.chars().count() < LEAST_PASSPHRASE {
        let why = format!("the passphrase has fewer than {LEAST_PASSPHRASE} characters");
        return Err(BackupError::Passphrase(why));
    }
    if text.len() > MOST_PASSPHRASE {
        let why = format!("the passphrase has more than {MOST_PASSPHRASE} bytes");
        return Err(BackupError::Passphrase(why));
    }
    Ok(())
}

fn cipher(
    passphrase: &Secret,
    salt: &[u8],
    KeyCost(cost): KeyCost,
) -> Result<ChaCha20Poly1305, BackupError> {
    let key = key_of(passphrase, salt, cost)
        .map_err(|error| BackupError::Broken(format!("its key: {error}")))?;
    Ok(ChaCha20Poly1305::new((&*key).into()))
}

/// The number that a chunk is sealed under. The key is this file's alone, so that it is used once.
fn nonce(number: u64, last: Last) -> Nonce {
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    if let Some(to) = nonce.last_mut() {
        *to = u8::from(last == Last::Yes);
    }
    Nonce::from(nonce)
}

/// Whether a chunk is the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Yes,
    No,
}

/// Seals what is written to it.
pub struct Sealer<W> {
    cipher: ChaCha20Poly1305,
    head: [u8; HEAD],
    to: W,
    waiting: Zeroizing<Vec<u8>>,
    number: u64,
}

impl<W: Write> Sealer<W> {
    /// Begins with the head.
    ///
    /// # Errors
    /// There are no random numbers, or nothing can be written.
    pub fn new(mut to: W, passphrase: &Secret, cost: KeyCost) -> Result<Self, BackupError> {
        fit(passphrase)?;
        let salt = random::<SALT>()?;
        let cipher = cipher(passphrase, &salt, cost)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(salt);
        bytes.extend(cost.0.iter().flat_map(|number| number.to_be_bytes()));
        let mut head = [0; HEAD];
        head.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
        let unwritten = |source: io::Error| BackupError::Broken(format!("its head: {source}"));
        to.write_all(&head).map_err(unwritten)?;
        let waiting = Zeroizing::new(Vec::with_capacity(CHUNK));
        Ok(Self { cipher, head, to, waiting, number: 0 })
    }

    fn seal(&mut self, last: Last) -> io::Result<()> {
        let payload = Payload { msg: &self.waiting, aad: &self.head };
        let sealed = self.cipher.encrypt(&nonce(self.number, last), payload);
        let sealed = sealed.map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
        self.to.write_all(&sealed)?;
        self.number += 1;
        self.waiting.clear();
        Ok(())
    }

    /// Seals the last chunk.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(Last::Yes)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.len() == CHUNK {
            self.seal(Last::No)?;
        }
        let room = CHUNK - self.waiting.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.waiting.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // A chunk that is not full would be the last one.
        Ok(())
    }
}

/// Opens what was sealed.
pub struct Opener<R> {
    cipher: ChaCha20Poly1305,
    head: [u8; HEAD],
    from: R,
    /// The chunk after the one that is read: only it says whether there is one.
    next: Vec<u8>,
    opened: Zeroizing<Vec<u8>>,
    at: usize,
    number: u64,
    ended: bool,
}

impl<R: Read> Opener<R> {
    /// Reads the head and makes the key.
    ///
    /// # Errors
    /// It is of another form, asks too much, or cannot be read.
    pub fn new(mut from: R, passphrase: &Secret) -> Result<Self, BackupError> {
        let broken = |why: &str| BackupError::Broken(why.to_owned());
        let mut head = [0; HEAD];
        from.read_exact(&mut head).map_err(|_| broken("it ends within its head"))?;
        let (magic, rest) = head.split_at(MAGIC.len());
        let (salt, cost) = rest.split_at(SALT);
        if magic != MAGIC {
            return Err(broken("it is of a form that this Busbar does not know"));
        }
        let mut asked = [0; 3];
        for (to, from) in asked.iter_mut().zip(cost.chunks_exact(4)) {
            *to = from.iter().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
        }
        if asked.iter().zip(MOST_COST).any(|(asked, most)| *asked > most) {
            return Err(broken("its key asks for more memory or time than any backup does"));
        }
        let cipher = cipher(passphrase, salt, KeyCost(asked))?;
        let opened = Zeroizing::new(Vec::new());
        let mut opener =
            Self { cipher, head, from, next: Vec::new(), opened, at: 0, number: 0, ended: false };
        let unread = |source: io::Error| BackupError::Broken(source.to_string());
        opener.next = opener.chunk().map_err(unread)?;
        // The first chunk shows whether the passphrase is right.
        opener.open().map_err(unread)?;
        Ok(opener)
    }

    /// The next chunk as it is; empty where there is none.
    fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut chunk = Vec::with_capacity(CHUNK + TAG);
        self.from.by_ref().take((CHUNK + TAG) as u64).read_to_end(&mut chunk)?;
        Ok(chunk)
    }

    fn open(&mut self) -> io::Result<()> {
        let after = self.chunk()?;
        let sealed = std::mem::replace(&mut self.next, after);
        let last = if self.next.is_empty() { Last::Yes } else { Last::No };
        let payload = Payload { msg: &sealed, aad: &self.head };
        let opened = self.cipher.decrypt(&nonce(self.number, last), payload).map_err(|_| {
            let why = match self.number {
                0 => "the passphrase is another one, or the file was changed or cut off",
                _ => "the file was changed or cut off",
            };
            io::Error::new(io::ErrorKind::InvalidData, why)
        })?;
        self.opened = Zeroizing::new(opened);
        self.at = 0;
        self.number += 1;
        self.ended = last == Last::Yes;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.opened.len() && !self.ended {
            self.open()?;
        }
        let left = self.opened.get(self.at..).unwrap_or_default();
        let count = left.len().min(to.len());
        to.iter_mut().zip(left).for_each(|(to, from)| *to = *from);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn sealed(text: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &word("tin of beans"), KeyCost::CHEAP).unwrap();
        sealer.write_all(text).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(bytes: &[u8], with: &str) -> Result<Vec<u8>, String> {
        let mut opener = Opener::new(bytes, &word(with)).map_err(|error| error.to_string())?;
        let mut all = Vec::new();
        opener.read_to_end(&mut all).map_err(|error| error.to_string())?;
        Ok(all)
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_alone() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17] {
            let text: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let sealed = sealed(&text);
            assert_eq!(opened(&sealed, "tin of beans").unwrap(), text, "{size}");
            let why = opened(&sealed, "tin of peas!").unwrap_err();
            assert!(why.contains("passphrase is another one"), "{why}");
        }
    }

    #[test]
    fn every_change_is_noticed() {
        let text: Vec<u8> = (0..3 * CHUNK + 100).map(|n| (n % 251) as u8).collect();
        let good = sealed(&text);
        let (head, chunks) = good.split_at(HEAD);
        let full = CHUNK + TAG;
        let whole = |parts: &[&[u8]]| opened(&[&[head], parts].concat().concat(), "tin of beans");
        let chunk = |at: usize| &chunks[at * full..chunks.len().min((at + 1) * full)];
        assert_eq!(whole(&[chunk(0), chunk(1), chunk(2), chunk(3)]).unwrap(), text);
        assert!(whole(&[chunk(0), chunk(1), chunk(2)]).is_err(), "cut off between chunks");
        assert!(whole(&[chunk(0), chunk(2), chunk(1), chunk(3)]).is_err(), "swapped");
        assert!(whole(&[chunk(0), chunk(1), chunk(1), chunk(2), chunk(3)]).is_err(), "doubled");
        assert!(whole(&[chunk(0), chunk(1), chunk(3)]).is_err(), "left out");
        assert!(whole(&[chunk(0), chunk(1), chunk(2), chunk(3), b"more"]).is_err(), "added to");
        for at in [0, 7, 9, HEAD - 1, HEAD, HEAD + full, good.len() - 1] {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(opened(&changed, "tin of beans").is_err(), "byte {at}");
        }
        for length in [0, 5, HEAD, HEAD + 3, good.len() - 1] {
            assert!(opened(&good[..length], "tin of beans").is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_file_that_asks_for_all_memory_is_refused_before_anything_is_computed() {
        let mut greedy = sealed(b"x");
        greedy[8 + SALT..8 + SALT + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        let why = opened(&greedy, "tin of beans").unwrap_err();
        assert!(why.contains("asks for more memory"), "{why}");
    }

    #[test]
    fn a_passphrase_has_a_least_length() {
        assert!(fit(&word("short")).unwrap_err().to_string().contains("fewer than 10"));
        fit(&word("long enough")).unwrap();
        assert!(fit(&word(&"x".repeat(2000))).is_err());
    }
}
