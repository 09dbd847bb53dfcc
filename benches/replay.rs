//! How exactly a recording is replayed onto a virtual bus: by how much frames are late, at the
//! recording's own pace and at ten times it. Prints figures; each run takes `BUSBAR_SECONDS` (10).

#![expect(clippy::unwrap_used, reason = "a bench says what went wrong by failing")]

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::AtomicBool;

use busbar::base::time::SystemClock;
use busbar::engine::Catalog;
use busbar::engine::replay::{Arming, Ended, Job, ReplayPlan, Request, Speed};

/// Frames a second of the recording, at irregular times as on a real bus.
const RATE: u64 = 1_000;

fn main() {
    let seconds: u64 = std::env::var("BUSBAR_SECONDS").map_or(10, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    for factor in [1, 10] {
        let frames = RATE * seconds * factor;
        let (mut text, mut us, mut seed) = (String::new(), 1_700_000_000_000_000, 7_u64);
        for n in 0..frames {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // A thousandth of a second apart, more or less.
            us += 500 + (seed >> 33) % 1_000;
            let (whole, part) = (us / 1_000_000, us % 1_000_000);
            let _ = writeln!(text, "({whole}.{part:06}) can0 {:03X}#{n:016X}", 0x600 + n % 50);
        }
        let file = folder.path().join("drive.log");
        fs::write(&file, text).unwrap();
        let request = Request {
            dbcs: Vec::new(),
            file,
            bus: "virtual:bench".to_owned(),
            named: Vec::new(),
            plan: ReplayPlan { speed: Speed::Factor(factor as f64), ..ReplayPlan::default() },
            filter: String::new(),
            arming: Arming::VirtualOnly,
            catalog: Catalog::builtin().into(),
        };
        let job = Job::open(&request, SystemClock::new()).unwrap();
        let summary = job.run(&AtomicBool::new(false), &mut |_| {}).unwrap();
        assert_eq!((summary.ended, summary.frames_sent), (Ended::End, frames));
        let late = summary.late_us;
        println!(
            "{factor:2} times as fast, {frames} frames: late by p50 {:.1} us (target 5), p90 {:.1} us \
             (target 20), p99 {:.1} us, at most {:.1} us; {} by more than a millisecond; behind the \
             clock by {:.6} s in all",
            late.p50, late.p90, late.p99, late.max, summary.late_frames, summary.behind_s
        );
    }
}
