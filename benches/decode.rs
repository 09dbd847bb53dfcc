//! Decoding of frames, one core, and loading of DBC files.
//!
//! By itself: criterion over the shared DBC files, where they are. With `BUSBAR_DBC` and
//! `BUSBAR_FRAMES` set it decodes those frames and prints frames a second, signals a second and
//! the sum of all values, for `against_c.sh`.

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use busbar::engine::testing::dbc::{Codec, Id, MessageIndex, Row, parse};
use busbar::engine::testing::shared_folder;
use criterion::{Criterion, Throughput};

/// One frame: which file it belongs to, id, length and bytes.
type Frame = (usize, Id, usize, [u8; 8]);

fn main() {
    let dbc = std::env::var("BUSBAR_DBC");
    let frames = std::env::var("BUSBAR_FRAMES");
    if let (Ok(dbc), Ok(frames)) = (dbc, frames) {
        compare(&dbc, &std::fs::read(frames).unwrap());
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    match shared_folder() {
        Some(folder) => shared(&mut criterion, &folder.join("data/dbc")),
        None => println!("skipped: the shared folder is not there"),
    }
    criterion.final_summary();
}

fn compare(files: &str, bytes: &[u8]) {
    let texts = files.split(':').map(|file| std::fs::read(file).unwrap());
    let codecs: Vec<_> = texts.map(|text| Codec::compile(&[&parse(&text).schema])).collect();
    let frames: Vec<Frame> = bytes
        .chunks_exact(16)
        .map(|chunk| {
            let raw = u32::from_le_bytes(chunk[..4].try_into().unwrap());
            // Bit 31 marks a 29-bit id.
            let id =
                if raw >> 31 == 1 { Id::extended(raw & !(1 << 31)) } else { Id::standard(raw) };
            let short = |at: usize| usize::from(u16::from_le_bytes([chunk[at], chunk[at + 1]]));
            (short(6), id.unwrap(), short(4), chunk[8..16].try_into().unwrap())
        })
        .collect();
    let mut row = Row::new();
    let mut best = f64::MAX;
    let mut signals = 0;
    for _ in 0..12 {
        let start = Instant::now();
        signals = (0..8).map(|_| pass(&codecs, &frames, &mut row)).sum();
        best = best.min(start.elapsed().as_secs_f64());
    }
    let mut sum = 0.0;
    for (file, id, len, data) in &frames {
        let Some(index) = codecs[*file].find(*id) else { continue };
        codecs[*file].decode(index, &data[..*len], &mut row);
        sum += row.values().map(|(_, value)| value).filter(|v| v.is_finite()).sum::<f64>();
    }
    let groups = by_message(frames.iter().filter_map(|(file, id, len, data)| {
        let codec = &codecs[*file];
        Some((codec, codec.find(*id)?, data.get(..*len)?))
    }));
    let mut grouped = f64::MAX;
    for _ in 0..12 {
        let start = Instant::now();
        (0..8).for_each(|_| pass_grouped(&groups, &mut row));
        grouped = grouped.min(start.elapsed().as_secs_f64());
    }
    let all = (frames.len() * 8) as f64;
    println!("{:.0} {:.0} {sum:.10e} {:.0}", all / best, signals as f64 / best, all / grouped);
}

fn pass(codecs: &[Codec], frames: &[Frame], row: &mut Row) -> usize {
    let mut signals = 0;
    for (file, id, len, data) in frames {
        let codec = &codecs[*file];
        if let Some(index) = codec.find(*id) {
            codec.decode(index, &data[..*len], row);
            signals += row.len();
            black_box(&mut *row);
        }
    }
    signals
}

/// Frames of one message, one behind the other.
struct Group<'a> {
    codec: &'a Codec,
    index: MessageIndex,
    len: usize,
    bytes: Vec<u8>,
}

/// Puts frames of the same message and length together, as the index of a log has them.
fn by_message<'a>(
    frames: impl Iterator<Item = (&'a Codec, MessageIndex, &'a [u8])>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (codec, index, data) in frames {
        let key = (std::ptr::from_ref(codec), index, data.len());
        let place = *places.entry(key).or_insert_with(|| {
            groups.push(Group { codec, index, len: data.len(), bytes: Vec::new() });
            groups.len() - 1
        });
        groups[place].bytes.extend(data);
    }
    groups
}

fn pass_grouped(groups: &[Group<'_>], row: &mut Row) {
    for Group { codec, index, len, bytes } in groups {
        for data in bytes.chunks_exact((*len).max(1)) {
            codec.decode(*index, data, row);
            black_box(&mut *row);
        }
    }
}

fn shared(criterion: &mut Criterion, folder: &Path) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let texts: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let mut group = criterion.benchmark_group("load");
    group.throughput(Throughput::Bytes(texts.iter().map(|t| t.len() as u64).sum()));
    group.bench_function("all DBC files, text to codec", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                black_box(Codec::compile(&[&parse(text).schema]));
            }
        });
    });
    group.finish();
    let mut group = criterion.benchmark_group("decode");
    let schemas: Vec<_> = texts.iter().map(|text| parse(text).schema).collect();
    let codecs: Vec<_> = schemas.iter().map(|schema| Codec::compile(&[schema])).collect();
    let frames: Vec<_> = codecs.iter().flat_map(random_frames).collect();
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("frames of all DBC files, mixed", |bencher| {
        let mut row = Row::new();
        bencher.iter(|| {
            for (codec, index, data) in &frames {
                codec.decode(*index, data, &mut row);
                black_box(&mut row);
            }
        });
    });
    let groups = by_message(frames.iter().map(|(codec, index, data)| (*codec, *index, &data[..])));
    group.bench_function("the same frames, grouped by message", |bencher| {
        let mut row = Row::new();
        bencher.iter(|| pass_grouped(&groups, &mut row));
    });
    group.finish();
}

/// Twenty random frames of each message, in random order.
fn random_frames(codec: &Codec) -> Vec<(&Codec, MessageIndex, Vec<u8>)> {
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut frames = Vec::new();
    for _ in 0..20 {
        for (index, message) in codec.messages() {
            let data = (0..message.len.min(64)).map(|_| random() as u8).collect();
            frames.push((codec, index, data));
        }
    }
    frames.sort_by_cached_key(|_| random());
    frames
}
