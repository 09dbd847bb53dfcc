//! MF4 written by hand, sorted and unsorted, packed and broken, and a real one where the machine has
//! it.

use crate::engine::can::frame::{Direction, Frame, Frames, Id, Kind};
use crate::engine::can::trace::mf4::Writer;
use crate::engine::can::trace::{Log, LogFormat};
use crate::engine::testing::shared_data;

const START: i64 = 1_581_670_280_123_456_789;

/// A file being built: blocks are put at its end and linked by where they stand.
struct File(Vec<u8>);

impl File {
    fn new(mark: &[u8; 8]) -> Self {
        let mut bytes = vec![0; 64];
        bytes[..8].copy_from_slice(mark);
        bytes[8..12].copy_from_slice(b"4.11");
        bytes[28..30].copy_from_slice(&411_u16.to_le_bytes());
        let mut file = Self(bytes);
        let mut body = START.to_le_bytes().to_vec();
        body.extend([0; 24]);
        assert_eq!(file.block(b"HD", &[0; 6], &body), 64);
        file
    }

    fn block(&mut self, name: &[u8; 2], links: &[u64], body: &[u8]) -> u64 {
        let at = self.0.len().next_multiple_of(8);
        self.0.resize(at, 0);
        self.0.extend(b"##");
        self.0.extend(name);
        self.0.extend([0; 4]);
        self.0.extend((24 + 8 * links.len() as u64 + body.len() as u64).to_le_bytes());
        self.0.extend((links.len() as u64).to_le_bytes());
        links.iter().for_each(|link| self.0.extend(link.to_le_bytes()));
        self.0.extend(body);
        at as u64
    }

    fn link(&mut self, block: u64, place: usize, to: u64) {
        let at = block as usize + 24 + 8 * place;
        self.0[at..at + 8].copy_from_slice(&to.to_le_bytes());
    }

    /// A channel: its kind, type, bits and place; linked before `next`.
    fn channel(
        &mut self,
        next: u64,
        name: &str,
        kind: [u8; 2],
        place: (u32, u8, u32),
        data: u64,
    ) -> u64 {
        let text = self.block(b"TX", &[], format!("{name}\0").as_bytes());
        let (byte, shift, bits) = place;
        let mut body = vec![kind[0], u8::from(kind[0] == 2), kind[1], shift];
        body.extend(byte.to_le_bytes());
        body.extend(bits.to_le_bytes());
        body.extend([0; 60]);
        self.block(b"CN", &[next, 0, text, 0, 0, data, 0, 0], &body)
    }

    /// The channels of our records: 8 bytes of nanoseconds, 4 of id, bus, length, flags, then the
    /// bytes or where they are.
    fn channels(&mut self, bytes: [u8; 2], bits: u32, data: u64) -> u64 {
        let mut next = self.channel(0, "CAN_DataFrame.DataBytes", bytes, (16, 0, bits), data);
        let flags = [("Dir", 0), ("EDL", 1), ("BRS", 2), ("ESI", 3), ("IDE", 4)];
        for (name, shift) in flags {
            next = self.channel(next, &format!("CAN_DataFrame.{name}"), [0, 0], (14, shift, 1), 0);
        }
        for (name, byte, bits) in [("DataLength", 13, 8), ("BusChannel", 12, 8), ("ID", 8, 29)] {
            let name = format!("CAN_DataFrame.{name}");
            next = self.channel(next, &name, [0, 0], (byte, 0, bits), 0);
        }
        let mut conversion = vec![1, 0, 0, 0, 0, 0, 2, 0];
        conversion.extend([0; 16]);
        conversion.extend(0.0_f64.to_le_bytes());
        conversion.extend(1e-9_f64.to_le_bytes());
        let conversion = self.block(b"CC", &[0; 4], &conversion);
        let time = self.channel(next, "Timestamp", [2, 0], (0, 0, 64), 0);
        self.link(time, 4, conversion);
        time
    }

    fn group(&mut self, next: u64, id: u64, flags: u16, channels: u64, len: u32) -> u64 {
        let mut body = id.to_le_bytes().to_vec();
        body.extend([0; 8]);
        body.extend(flags.to_le_bytes());
        body.extend([0; 6]);
        body.extend(len.to_le_bytes());
        body.extend([0; 4]);
        self.block(b"CG", &[next, channels, 0, 0, 0, 0], &body)
    }

    fn data(&mut self, next: u64, id_bytes: u8, group: u64, records: u64) -> u64 {
        self.block(b"DG", &[next, group, records, 0], &[id_bytes, 0, 0, 0, 0, 0, 0, 0])
    }
}

fn frames() -> Vec<Frame> {
    let id = |n: u32| Id::standard(n).unwrap();
    vec![
        Frame::classic(id(1), &[1, 2, 3]).unwrap(),
        Frame::classic(Id::extended(2).unwrap(), &[]).unwrap().going(Direction::Sent),
        Frame::fd(id(3), &[9; 64]).unwrap().with_bit_rate_switch(),
        Frame::fd(id(4), &[5; 12]).unwrap().with_error_state_indicator(),
        Frame::classic(id(5), &[8; 8]).unwrap(),
    ]
}

/// A record of ours without its bytes.
fn front(n: usize, bus: u8, frame: &Frame) -> Vec<u8> {
    let mut record = (n as u64 * 1001).to_le_bytes().to_vec();
    record.extend(frame.id().raw().to_le_bytes());
    let flags = u8::from(frame.direction() == Direction::Sent)
        | u8::from(frame.kind() == Kind::Fd) << 1
        | u8::from(frame.has_bit_rate_switch()) << 2
        | u8::from(frame.has_error_state_indicator()) << 3
        | u8::from(frame.id().is_extended()) << 4;
    record.extend([bus, frame.len() as u8, flags, 0]);
    record
}

fn fixed(n: usize, bus: u8, frame: &Frame) -> Vec<u8> {
    let mut record = front(n, bus, frame);
    record.extend(frame.view().data);
    record.resize(80, 0);
    record
}

fn zipped(kind: u8, row: u32, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let rows = bytes.len() / row.max(1) as usize;
    let turned: Vec<u8> = match kind {
        1 => (0..bytes.len()).map(|n| bytes[n % rows * row as usize + n / rows]).collect(),
        _ => bytes.to_vec(),
    };
    let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(&turned).unwrap();
    let packed = to.finish().unwrap();
    let mut body = b"DT".to_vec();
    body.extend([kind, 0]);
    body.extend(row.to_le_bytes());
    body.extend((bytes.len() as u64).to_le_bytes());
    body.extend((packed.len() as u64).to_le_bytes());
    body.extend(packed);
    body
}

fn read(bytes: Vec<u8>) -> (Vec<Frame>, Vec<String>) {
    let log = Log::from_bytes("some.mf4", bytes).unwrap();
    assert_eq!(log.format(), LogFormat::Mf4);
    let mut reader = log.reader();
    let mut batch = Frames::default();
    while reader.read(&mut batch, 100) > 0 {}
    let problems = reader.problems().into_iter().map(|problem| problem.text).collect();
    (batch.iter().map(|frame| frame.to_frame()).collect(), problems)
}

fn same(back: &[Frame], frames: &[Frame]) {
    assert_eq!(back.len(), frames.len());
    for (n, (back, frame)) in back.iter().zip(frames).enumerate() {
        assert_eq!(back.time().nanos(), START + n as i64 * 1001);
        assert_eq!(*back, frame.at(back.time()).on(back.bus()));
    }
}

/// A file of sorted records whose data is what `data` puts there.
fn sorted(data: impl FnOnce(&mut File, &[u8]) -> u64) -> Vec<u8> {
    let mut file = File::new(b"MDF     ");
    let channels = file.channels([0, 10], 512, 0);
    let group = file.group(0, 0, 6, channels, 80);
    let records: Vec<u8> =
        frames().iter().enumerate().flat_map(|(n, frame)| fixed(n, 1, frame)).collect();
    let records = data(&mut file, &records);
    let data = file.data(0, 0, group, records);
    file.link(64, 0, data);
    file.0
}

#[test]
fn sorted_records_are_read_however_they_are_packed() {
    let plain = sorted(|file, bytes| file.block(b"DT", &[], bytes));
    let packed = sorted(|file, bytes| file.block(b"DZ", &[], &zipped(0, 0, bytes)));
    let turned = sorted(|file, bytes| file.block(b"DZ", &[], &zipped(1, 80, bytes)));
    let listed = sorted(|file, bytes| {
        let parts: Vec<u64> = bytes.chunks(33).map(|part| file.block(b"DT", &[], part)).collect();
        let half = parts.len() / 2;
        let mut links = vec![0];
        links.extend(&parts[half..]);
        let second = file.block(b"DL", &links, &[0; 8]);
        let mut links = vec![second];
        links.extend(&parts[..half]);
        let first = file.block(b"DL", &links, &[0; 8]);
        file.block(b"HL", &[first], &[0; 8])
    });
    for bytes in [plain, packed, turned, listed] {
        let (back, problems) = read(bytes);
        same(&back, &frames());
        assert_eq!(problems, [""; 0]);
    }
}

#[test]
fn bytes_of_varying_length_are_found_in_their_signal() {
    let mut file = File::new(b"MDF     ");
    let (mut signal, mut records) = (Vec::new(), Vec::new());
    for (n, frame) in frames().iter().enumerate() {
        records.extend(front(n, 1, frame));
        records.extend((signal.len() as u64).to_le_bytes());
        signal.extend((frame.view().data.len() as u32).to_le_bytes());
        signal.extend(frame.view().data);
    }
    let signal = file.block(b"SD", &[], &signal);
    let channels = file.channels([1, 10], 64, signal);
    let group = file.group(0, 0, 6, channels, 24);
    let records = file.block(b"DT", &[], &records);
    let data = file.data(0, 0, group, records);
    file.link(64, 0, data);
    let (back, problems) = read(file.0);
    same(&back, &frames());
    assert_eq!(problems, [""; 0]);
}

/// Records in turn: values before or behind the frames that they belong to.
fn unsorted(mark: &[u8; 8], values_first: u8) -> Vec<u8> {
    let mut file = File::new(mark);
    let values = file.group(0, 2, 1, 0, 0);
    let channels = file.channels([1, 10], 64, values);
    let group = file.group(values, 1, 6, channels, 24);
    let (mut passed, mut records) = (0_u64, Vec::new());
    for (n, frame) in frames().iter().enumerate() {
        let mut record = vec![1];
        record.extend(front(n, 1, frame));
        record.extend(passed.to_le_bytes());
        let bytes = frame.view().data;
        let mut value = vec![2];
        value.extend((bytes.len() as u32).to_le_bytes());
        value.extend(bytes);
        passed += 4 + bytes.len() as u64;
        if values_first == 1 {
            records.extend(value);
            records.extend(record);
        } else {
            records.extend(record);
            records.extend(value);
        }
    }
    let data = file.data(0, 1, group, 0);
    file.link(64, 0, data);
    let at = file.block(b"DT", &[], &records);
    file.link(data, 2, at);
    if mark.starts_with(b"UnFin") {
        let size = at as usize + 8;
        file.0[size..size + 8].copy_from_slice(&24_u64.to_le_bytes());
    }
    file.0
}

#[test]
fn records_in_turn_are_read_finished_or_not() {
    for values_first in [0, 1] {
        for mark in [b"MDF     ", b"UnFinMF "] {
            let (back, problems) = read(unsorted(mark, values_first));
            same(&back, &frames());
            assert_eq!(problems, [""; 0]);
        }
    }
}

#[test]
fn reading_goes_on_at_every_place() {
    for bytes in [unsorted(b"MDF     ", 0), sorted(|file, bytes| file.block(b"DT", &[], bytes))] {
        let log = Log::from_bytes("some.mf4", bytes).unwrap();
        let mut reader = log.reader();
        let (mut all, mut marks) = (Frames::default(), Vec::new());
        loop {
            marks.push((reader.mark(), all.len()));
            if reader.read(&mut all, 1) == 0 {
                break;
            }
        }
        for (mark, count) in marks {
            let mut other = log.reader();
            other.go_to(&mark);
            let mut rest = Frames::default();
            while other.read(&mut rest, 10) > 0 {}
            assert_eq!(rest.len(), all.len() - count);
            assert_eq!(rest.get(0), all.get(count));
        }
    }
}

#[test]
fn groups_come_out_in_the_order_of_their_times() {
    let mut file = File::new(b"MDF     ");
    let mut next = 0;
    for bus in [1_u8, 2] {
        let channels = file.channels([0, 10], 512, 0);
        let group = file.group(0, 0, 6, channels, 80);
        let mine = frames().into_iter().enumerate().filter(|(n, _)| n % 2 == usize::from(bus - 1));
        let records: Vec<u8> = mine.flat_map(|(n, frame)| fixed(n, bus, &frame)).collect();
        let records = file.block(b"DT", &[], &records);
        next = file.data(next, 0, group, records);
    }
    file.link(64, 0, next);
    let (back, problems) = read(file.0);
    same(&back, &frames());
    assert_eq!(problems, [""; 0]);
    assert_eq!(back.iter().map(|frame| frame.bus().0).collect::<Vec<_>>(), [0, 1, 0, 1, 0]);
}

#[test]
fn what_a_recorder_left_behind_unfinished_is_read_as_far_as_it_goes() {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, Some(START)).unwrap();
    for (n, frame) in frames().iter().enumerate() {
        writer.frame(&mut bytes, n as i64 * 1001, 1, frame.view()).unwrap();
    }
    let (back, problems) = read(bytes.clone());
    same(&back, &frames());
    assert_eq!(problems, [""; 0]);
    let (back, problems) = read(bytes[..bytes.len() - 5].to_vec());
    same(&back, &frames()[..4]);
    assert!(problems.len() == 1 && problems[0].contains("cut off"), "{problems:?}");
    let mut file = std::io::Cursor::new(bytes);
    writer.end(&mut file).unwrap();
    let bytes = file.into_inner();
    assert!(bytes.starts_with(b"MDF     4.10"));
    same(&read(bytes).0, &frames());
}

#[test]
fn lists_that_run_in_circles_come_to_an_end() {
    let mut bytes = sorted(|file, bytes| {
        let part = file.block(b"DT", &[], bytes);
        let list = file.block(b"DL", &[0, part], &[0; 8]);
        file.link(list, 0, list);
        list
    });
    // The list links to itself; the groups too.
    let group = u64::from_le_bytes(bytes[88..96].try_into().unwrap()) as usize;
    bytes[group + 24..group + 32].copy_from_slice(&(group as u64).to_le_bytes());
    match Log::from_bytes("circle.mf4", bytes) {
        Ok(log) => {
            let mut frames = Frames::default();
            let mut reader = log.reader();
            while reader.read(&mut frames, 1000) > 0 {
                frames.clear();
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

#[test]
fn what_cannot_be_is_refused_or_skipped_with_its_place() {
    let refusal = |bytes: &[u8]| Log::from_bytes("x.mf4", bytes.to_vec()).unwrap_err().to_string();
    assert!(refusal(b"MDF     ").contains("version"));
    let mut old = File::new(b"MDF     ").0;
    old[28..30].copy_from_slice(&330_u16.to_le_bytes());
    assert!(refusal(&old).contains("version"));
    assert!(refusal(&File::new(b"MDF     ").0).contains("none of its groups"));
    let huge = sorted(|file, bytes| {
        let mut body = zipped(0, 0, bytes);
        body[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        file.block(b"DZ", &[], &body)
    });
    let (back, problems) = read(huge);
    assert!(back.is_empty() && problems.iter().any(|p| p.contains("byte ")), "{problems:?}");
    let whole = sorted(|file, bytes| file.block(b"DZ", &[], &zipped(0, 0, bytes)));
    for cut in (64..whole.len()).step_by(7) {
        if let Ok(log) = Log::from_bytes("cut.mf4", whole[..cut].to_vec()) {
            let mut frames = Frames::default();
            let mut reader = log.reader();
            while reader.read(&mut frames, 100) > 0 {}
        }
    }
}

#[test]
fn a_real_file_is_read_whole() {
    let Some(path) = shared_data("logs/css-canedge.mf4") else { return };
    let (frames, problems) = read(std::fs::read(path).unwrap());
    let mut ids: Vec<u32> = frames.iter().map(|frame| frame.id().raw()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((frames.len(), ids.len()), (1_815, 16), "{problems:?}");
    let span = frames[frames.len() - 1].time().since(frames[0].time()).as_secs_f64();
    assert!((span - 186.1).abs() < 0.1, "{span}");
}
