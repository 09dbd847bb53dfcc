//! The table of python-can (`can.io.csv`, its documentation of `CSVWriter`): seven columns, ones and
//! zeros for what is extended, a remote or an error frame, and the data in base64.

use data_encoding::BASE64;

use crate::engine::can::frame::{FD_BYTES, Frame, Id};
use crate::engine::can::trace::line::{self, Bus, Entry, Fault, Line, Stamp};
use crate::engine::can::trace::scan;

/// Room for 64 bytes in base64, as its decoder wants it.
const ROOM: usize = FD_BYTES.div_ceil(3) * 3;

/// Reads one line: `1483389946.197,0x00dadada,1,0,0,6,WzQyLCA5`.
///
/// It has neither a direction nor a bus. Its length is that of the data but for remote frames, and
/// more than 8 bytes are FD.
pub fn read(text: &[u8]) -> Result<Line<'_>, Fault> {
    let text = scan::trim(text);
    if text.is_empty() || text.starts_with(b"timestamp,") {
        return Ok(Line::Nothing);
    }
    let mut columns = text.split(|b| *b == b',');
    let mut next = || columns.next().ok_or(Fault::Form);
    let (time, id, extended, remote, error, len, data) =
        (next()?, next()?, next()?, next()?, next()?, next()?, next()?);
    if columns.next().is_some() {
        return Err(Fault::Form);
    }
    let at = seconds(time).ok_or(Fault::Time)?;
    let raw = id.strip_prefix(b"0x").and_then(scan::hex).ok_or(Fault::Id)?;
    let (extended, remote, error) = (is_set(extended)?, is_set(remote)?, is_set(error)?);
    let len = scan::decimal(len).and_then(|n| usize::try_from(n).ok()).ok_or(Fault::Length)?;
    let mut bytes = [0; ROOM];
    let data = decode(data, &mut bytes)?;
    if !remote && data.len() != len {
        return Err(Fault::Length);
    }
    let id = if extended { Id::extended(raw) } else { Id::standard(raw) }.ok_or(Fault::Id);
    let frame = match (error, remote) {
        (true, true) => return Err(Fault::Form),
        (true, false) => Frame::error(raw, data).ok_or(Fault::Length)?,
        (false, true) => Frame::remote(id?, len).ok_or(Fault::Length)?,
        (false, false) => line::data_frame(id?, data)?,
    };
    Ok(Line::Frame(Entry { stamp: Stamp::At(at), bus: Bus::Unsaid, frame }))
}

fn is_set(flag: &[u8]) -> Result<bool, Fault> {
    match flag {
        b"1" => Ok(true),
        b"0" => Ok(false),
        _ => Err(Fault::Form),
    }
}

/// Seconds as Python prints a number: one below 0.0001 has an exponent.
fn seconds(text: &[u8]) -> Option<i64> {
    scan::seconds(text).or_else(|| {
        let text = std::str::from_utf8(text).ok().filter(|text| text.contains("e-"))?;
        let small: f64 = text.parse().ok().filter(|small| (0.0..1.0).contains(small))?;
        Some((small * 1e9).round() as i64)
    })
}

fn decode<'a>(data: &[u8], room: &'a mut [u8; ROOM]) -> Result<&'a [u8], Fault> {
    let most = BASE64.decode_len(data.len()).map_err(|_| Fault::Data)?;
    let into = room.get_mut(..most).ok_or(Fault::Length)?;
    let len = BASE64.decode_mut(data, into).map_err(|_| Fault::Data)?;
    room.get(..len).ok_or(Fault::Length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::can::frame::Kind;

    fn frame(text: &str) -> (Stamp, Frame) {
        match read(text.as_bytes()) {
            Ok(Line::Frame(Entry { stamp, frame, .. })) => (stamp, frame),
            Ok(_) => panic!("no frame"),
            Err(fault) => panic!("{fault}"),
        }
    }

    #[test]
    fn a_line_is_read_as_python_can_documents_it() {
        let (stamp, data) = frame("1483389946.197,0x00dadada,1,0,0,7,WzQyLCA5XQ==\r");
        assert_eq!(stamp, Stamp::At(1_483_389_946_197_000_000));
        assert_eq!(data.id(), Id::extended(0xDA_DADA).unwrap());
        assert_eq!(data.view().data, b"[42, 9]");
        let (stamp, empty) = frame("2.5e-05,0x0,0,0,0,0,");
        assert_eq!((stamp, empty.len(), empty.kind()), (Stamp::At(25_000), 0, Kind::Data));
        let (_, remote) = frame("0.0,0x123,0,1,0,8,");
        assert_eq!((remote.kind(), remote.len()), (Kind::Remote, 8));
        let (_, error) = frame("0.0,0x4,1,0,1,8,AAAAAAAAAAA=");
        assert_eq!((error.kind(), error.id().raw()), (Kind::Error, 4));
        let (_, fd) = frame(&format!("0.0,0x123,0,0,0,64,{}", BASE64.encode(&[7; 64])));
        assert_eq!((fd.kind(), fd.view().data), (Kind::Fd, &[7_u8; 64][..]));
        let header = b"timestamp,arbitration_id,extended,remote,error,dlc,data";
        assert!(matches!(read(header), Ok(Line::Nothing)));
    }

    #[test]
    fn a_broken_line_says_what_is_wrong() {
        let fault = |text: &'static str| read(text.as_bytes()).err();
        assert_eq!(fault("0.0,0x1,0,0,0,0"), Some(Fault::Form));
        assert_eq!(fault("0.0,0x1,0,0,0,0,,"), Some(Fault::Form));
        assert_eq!(fault("0.0,0x1,0,2,0,0,"), Some(Fault::Form));
        assert_eq!(fault("0.0,0x1,0,1,1,0,"), Some(Fault::Form));
        assert_eq!(fault("-1.0,0x1,0,0,0,0,"), Some(Fault::Time));
        assert_eq!(fault("nan,0x1,0,0,0,0,"), Some(Fault::Time));
        assert_eq!(fault("0.0,1,0,0,0,0,"), Some(Fault::Id));
        assert_eq!(fault("0.0,0x800,0,0,0,0,"), Some(Fault::Id));
        assert_eq!(fault("0.0,0x1,0,0,0,2,AA=="), Some(Fault::Length));
        assert_eq!(fault("0.0,0x1,0,0,0,1,A"), Some(Fault::Data));
        assert_eq!(fault("0.0,0x1,0,0,0,1,A!=="), Some(Fault::Data));
        assert_eq!(fault("0.0,0x1,0,1,0,9,"), Some(Fault::Length));
        let long = format!("0.0,0x1,0,0,0,99,{}", BASE64.encode(&[7; 99]));
        assert_eq!(read(long.as_bytes()).err(), Some(Fault::Length));
    }
}
