//! Bytes to lines: ended by CR or LF, at most [`LONGEST`] printable ASCII characters. Anything else
//! is garbage, and says so instead of growing.

/// Most characters of a line.
pub const LONGEST: usize = 128;

/// Puts lines together from what comes in.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
}

/// What came in was no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbage;

impl Lines {
    /// Takes bytes and appends the lines that they end; empty lines are left out.
    pub fn take(&mut self, bytes: &[u8], lines: &mut Vec<String>) -> Result<(), Garbage> {
        for &byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    if !self.begun.is_empty() {
                        let line = std::mem::take(&mut self.begun);
                        lines.push(String::from_utf8(line).map_err(|_| Garbage)?);
                    }
                }
                b' '..=b'~' | b'\t' if self.begun.len() < LONGEST => self.begun.push(byte),
                _ => return Err(Garbage),
            }
        }
        Ok(())
    }

    /// Forgets what was begun.
    pub fn clear(&mut self) {
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_came_in() {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for piece in [&b"O"[..], b"K\r\n", b"\n12.5\r1", b"3\n"] {
            lines.take(piece, &mut out).unwrap();
        }
        assert_eq!(out, ["OK", "12.5", "13"]);
    }

    #[test]
    fn what_is_no_text_or_never_ends_is_garbage() {
        let mut out = Vec::new();
        assert_eq!(Lines::default().take(&[0xFF], &mut out), Err(Garbage));
        let mut lines = Lines::default();
        assert_eq!(lines.take(&[b'x'; LONGEST], &mut out), Ok(()));
        assert_eq!(lines.take(b"x", &mut out), Err(Garbage));
        assert!(out.is_empty());
    }
}
