//! Everything that can go wrong, and how it shows.

use super::{BARE, bytes, hold_key, id, long, parsed, run, state, times, word};
use crate::engine::can::frame::{Frame, Frames};
use crate::engine::sim::{Parked, Scene, Truth, World};

/// The bare scene with a driver and one fault.
fn faulty(fault: &str) -> World {
    let tail = "[controls]\nname = 'EVDC'\n[charger]\nname = 'Charger'\nvolts = 70.0\n\
                [[leg]]\ndo = 'rest'\nseconds = 3600\n[[fault]]\nfrom = 20\nuntil = 30\n";
    parsed(&format!("{BARE}last_module_cells = 6\n{tail}{fault}\n"))
}

#[test]
fn every_way_to_go_wrong_shows_in_the_frames() {
    let during = |fault: &str| {
        let mut world = faulty(fault);
        run(&mut world, 20.5);
        run(&mut world, 9.0)
    };
    let healthy = during("do = 'no-mains'\non = 'Charger'");
    assert_eq!(bytes(&healthy, 0x18FF_50E5).pop().unwrap()[4] & 0x04, 0x04);
    assert_eq!(state(bytes(&healthy, 0x6F7).last().unwrap()), 4);

    let seen = during("do = 'silent'\non = 'BMU'\nmessage = 'BMU_PackSoc'");
    assert!(times(&seen, 0x6F4).is_empty() && !times(&seen, 0x6F5).is_empty());
    let seen = during("do = 'silent'\non = 'EVDC'");
    assert!(times(&seen, 0x505).is_empty());
    assert_eq!(bytes(&seen, 0x6FD).pop().unwrap()[0] & 0x20, 0x20);

    let seen = during("do = 'lost'\non = 'BMU'\nby = 0.5");
    let share = times(&seen, 0x6FA).len() as f64 / times(&healthy, 0x6FA).len() as f64;
    assert!((0.3..0.7).contains(&share), "{share}");

    let seen = during("do = 'stuck'\non = 'BMU'\nmessage = 'BMU_PackVoltageCurrent'");
    let all = bytes(&seen, 0x6FA);
    assert!(all.len() > 80 && all.windows(2).all(|pair| pair[0] == pair[1]));
    let seen = during("do = 'wrong'\non = 'BMU'\nmessage = 'BMU_PackVoltageCurrent'");
    let all = bytes(&seen, 0x6FA);
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));

    let seen = during("do = 'wrong'\non = 'BMU'\nmodule = 1\ncell = 2\nby = -400");
    let cells = bytes(&seen, 0x602).pop().unwrap();
    assert!(word(&cells, 4) < word(&cells, 2) - 350);
    let range = bytes(&seen, 0x6F8).pop().unwrap();
    assert_eq!([range[4], range[5]], [1, 2], "CMU from 1, cell from 0");

    let seen = during("do = 'extra-cell'\non = 'BMU'\nmodule = 2\ncell = 7");
    assert_eq!(word(&bytes(&seen, 0x606).pop().unwrap(), 6), -32767);
    assert_eq!(bytes(&seen, 0x6FD).pop().unwrap()[1] & 0x10, 0x10);
    assert_eq!(state(bytes(&seen, 0x6F7).last().unwrap()), 0);

    let seen = during("do = 'contactor-supply'\non = 'BMU'");
    let told = bytes(&seen, 0x6F7).pop().unwrap();
    assert_eq!([told[0], told[1]], [0x6F, 6]);
    let seen = during("do = 'contactor-stuck'\non = 'BMU'");
    assert_eq!(bytes(&seen, 0x6FD).pop().unwrap()[1] & 0x08, 0x08);

    let seen = during("do = 'second-controls'");
    let count = times(&seen, 0x505).len();
    assert!((170..190).contains(&count), "two of them: {count}");
    assert!(bytes(&seen, 0x6F7).iter().any(|data| state(data) != 4), "the pack opens");

    let mut world = faulty("do = 'late'\non = 'BMU'\nby = 3.0");
    let frames = run(&mut world, 60.0);
    let seen = times(&frames, 0x6FA);
    let gaps: Vec<f64> = seen.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let longest = gaps.iter().copied().fold(0.0, f64::max);
    assert!((2.9..3.2).contains(&longest), "{longest}");
    let mut world = parsed(&format!(
        "{BARE}[controls]\nname = 'EVDC'\n[[leg]]\ndo = 'rest'\nseconds = 99\n\
         [[fault]]\ndo = 'precharge-fails'\non = 'BMU'\nfrom = 0\n"
    ));
    let frames = run(&mut world, 10.0);
    let timers: Vec<u8> =
        bytes(&frames, 0x6F7).iter().filter(|d| state(d) == 3).map(|d| d[7]).collect();
    assert!(timers.len() >= 2 && timers.windows(2).all(|pair| pair[1] < pair[0]), "{timers:?}");
    assert!(bytes(&frames, 0x6F7).iter().any(|d| state(d) == 0));
}

#[test]
fn the_charger_ramps_an_ampere_a_second_stops_in_silence_and_resumes() {
    let text = format!("{BARE}\n[charger]\nname = 'Charger'\nvolts = 100.0\namps = 10.0\n");
    let mut world = parsed(&text);
    let mut frames = Frames::default();
    hold_key(&mut world, 0, 20, &mut frames);
    hold_key(&mut world, 0x70, 20, &mut frames);
    let command = |amps: u8| {
        Frame::classic(id(0x1806_E5F4), &[0x03, 0x20, 0, amps * 10, 0, 0, 0, 0]).unwrap()
    };
    let status = |frames: &Frames| {
        let data = bytes(frames, 0x18FF_50E5).pop().unwrap();
        (u16::from_be_bytes([data[2], data[3]]), data[4])
    };
    assert_eq!(status(&frames), (0, 0));
    let mut ramp = Vec::new();
    for _ in 0..8 {
        world.receive(command(5).view());
        frames.clear();
        hold_key(&mut world, 0x30, 10, &mut frames);
        ramp.push(status(&frames).0);
    }
    assert!(ramp.windows(2).all(|pair| pair[1] - pair[0] <= 10), "{ramp:?}");
    assert_eq!(ramp.last(), Some(&50));
    let milliamps = long(bytes(&frames, 0x6FA).last().unwrap(), 4);
    assert!((4950..5050).contains(&milliamps), "it flows into the pack: {milliamps}");
    hold_key(&mut world, 0x30, 38, &mut frames);
    assert_eq!(status(&frames), (50, 0), "not yet five seconds of silence");
    hold_key(&mut world, 0x30, 22, &mut frames);
    assert_eq!(status(&frames), (0, 0x10));
    world.receive(command(5).view());
    hold_key(&mut world, 0x30, 15, &mut frames);
    let (amps, bits) = status(&frames);
    assert!(amps > 0 && bits == 0, "it resumes by itself");
    hold_key(&mut world, 0, 15, &mut frames);
    assert_eq!(status(&frames), (0, 0), "contactors open: it stays at the voltage it was told");
    let stop = Frame::classic(id(0x1806_E5F4), &[0, 0, 0, 0, 1, 0, 0, 0]).unwrap();
    world.receive(stop.view());
    hold_key(&mut world, 0, 30, &mut frames);
    assert_eq!(status(&frames), (0, 0x08), "told to stop it falls and sees no battery");
}

#[test]
fn a_charger_without_a_battery_rises_to_the_voltage_it_is_told() {
    let text = format!("{BARE}\n[charger]\nname = 'Charger'\nvolts = 100.0\namps = 10.0\n");
    let mut world = parsed(&text);
    let mut frames = Frames::default();
    let mut tell = |volts: u16, amps: u8, control: u8, seconds: usize| {
        let [high, low] = volts.to_be_bytes();
        let command = [high, low, 0, amps, control, 0, 0, 0];
        let frame = Frame::classic(id(0x1806_E5F4), &command).unwrap();
        for _ in 0..seconds {
            world.receive(frame.view());
            hold_key(&mut world, 0, 10, &mut frames);
        }
        let data = bytes(&frames, 0x18FF_50E5).pop().unwrap();
        (u16::from_be_bytes([data[0], data[1]]), u16::from_be_bytes([data[2], data[3]]))
    };
    assert_eq!(tell(655, 0, 0, 3), (0, 0), "zero amperes raise nothing");
    assert_eq!(tell(655, 1, 0, 3), (655, 0));
    assert_eq!(tell(655, 0, 0, 3), (655, 0), "and hold what is there");
    assert_eq!(tell(1200, 1, 0, 3), (1000, 0), "its rating is the end");
    assert_eq!(tell(0, 0, 1, 3), (0, 0));
}

#[test]
fn a_parked_vehicle_says_nothing_and_draws_nothing_until_somebody_drives_it() {
    let mut world = World::new(&Scene::builtin("demo").unwrap(), 14).unwrap();
    let seen = run(&mut world, 20.0);
    assert!(!times(&seen, 0x505).is_empty() && !times(&seen, 0x1806_E5F4).is_empty());
    world.park(Parked::Parked);
    run(&mut world, 2.0);
    let seen = run(&mut world, 20.0);
    for silent in [0x500, 0x501, 0x502, 0x505, 0x1806_E5F4] {
        assert!(times(&seen, silent).is_empty(), "{silent:X}");
    }
    assert_eq!(state(bytes(&seen, 0x6F7).last().unwrap()), 0);
    assert!(bytes(&seen, 0x6FA).iter().all(|data| long(data, 4) == 0));
    assert_eq!(times(&seen, 0x18FF_50E5).len(), 20, "the charger stays plugged in");
    world.park(Parked::Driving);
    let seen = run(&mut world, 20.0);
    assert_eq!(state(bytes(&seen, 0x6F7).last().unwrap()), 4, "the driver starts anew");
}

#[test]
fn hurried_cells_take_in_more_while_frames_come_as_before() {
    let charged = |pace: f64| {
        let tail = "[charger]\nname = 'Charger'\nvolts = 70.0\n";
        let mut world = parsed(&format!("{BARE}{tail}"));
        world.pace(pace);
        let mut frames = Frames::default();
        hold_key(&mut world, 0, 20, &mut frames);
        hold_key(&mut world, 0x70, 20, &mut frames);
        let go = Frame::classic(id(0x1806_E5F4), &[0x02, 0xBC, 0, 50, 0, 0, 0, 0]).unwrap();
        frames.clear();
        for _ in 0..60 {
            world.receive(go.view());
            hold_key(&mut world, 0x30, 10, &mut frames);
        }
        let used = |data: &[u8; 8]| f32::from_le_bytes(data[..4].try_into().unwrap());
        let told = bytes(&frames, 0x6F4);
        (used(&told[0]) - used(told.last().unwrap()), frames.len())
    };
    let ((slow, frames), (fast, hurried_frames)) = (charged(1.0), charged(60.0));
    assert!((0.06..0.09).contains(&slow), "{slow} Ah in a minute at 5 A");
    assert!((fast / slow - 60.0).abs() < 1.0, "{fast} Ah");
    assert_eq!(frames, hurried_frames);
    assert_eq!(charged(f64::NAN).0, slow);
    assert_eq!(charged(1000.0).0, fast, "no faster than sixty times");
}

/// A pack with a charger and a fault, parked; a host closes the contactors and has it charged at 5 A
/// until `from`, and then tells it what `then` says, for `seconds`. Gives the frames of that time, the
/// last state of the charger's output, and whether the contactors are closed.
fn charged(fault: &str, then: &[u8; 8], key_then: u16, seconds: usize) -> (Frames, f64, bool) {
    let tail = "[charger]\nname = 'Charger'\nvolts = 80.0\n[controls]\nname = 'EVDC'\n";
    let fault = format!("[[fault]]\nfrom = 12\n{fault}\n");
    let mut world = parsed(&format!("{BARE}{tail}{fault}"));
    world.park(Parked::Parked);
    let mut frames = Frames::default();
    let go = Frame::classic(id(0x1806_E5F4), &[0x03, 0x20, 0, 50, 0, 0, 0, 0]).unwrap();
    hold_key(&mut world, 0, 20, &mut frames);
    hold_key(&mut world, 0x70, 20, &mut frames);
    for _ in 0..9 {
        world.receive(go.view());
        hold_key(&mut world, 0x30, 10, &mut frames);
    }
    frames.clear();
    let then = Frame::classic(id(0x1806_E5F4), then).unwrap();
    for _ in 0..seconds {
        world.receive(then.view());
        hold_key(&mut world, key_then, 10, &mut frames);
    }
    let mut truth = Truth::default();
    world.look(&mut truth);
    (frames, truth.charger_amps, truth.strings[0].connected)
}

const GO: [u8; 8] = [0x03, 0x20, 0, 50, 0, 0, 0, 0];
const STOP: [u8; 8] = [0, 0, 0, 0, 1, 0, 0, 0];

#[test]
fn a_charger_that_does_what_it_likes_does_so() {
    let on = "on = 'Charger'";
    let (_, amps, _) = charged("do = 'no-mains'\non = 'Charger'\nuntil = 12.1", &STOP, 0x30, 3);
    assert_eq!(amps, 0.0, "a healthy one stops");
    for deaf in ["ignores-stop", "keeps-on"] {
        let (_, amps, _) = charged(&format!("do = '{deaf}'\n{on}"), &STOP, 0x30, 8);
        assert!((amps - 5.0).abs() < 0.1, "{deaf}: {amps}");
    }
    let (frames, amps, _) = charged(&format!("do = 'lies'\n{on}"), &GO, 0x30, 3);
    assert!(amps > 4.9);
    assert_eq!(bytes(&frames, 0x18FF_50E5).pop().unwrap()[2..4], [0, 0]);
    let (frames, amps, _) = charged(&format!("do = 'reboots'\n{on}"), &GO, 0x30, 3);
    assert!(amps == 0.0 && times(&frames, 0x18FF_50E5).is_empty());
    let (frames, _, _) = charged(&format!("do = 'other-address'\n{on}"), &GO, 0x30, 3);
    assert!(times(&frames, 0x18FF_50E5).is_empty() && times(&frames, 0x18FF_50E7).len() == 3);
    let (frames, _, _) = charged("do = 'second-master'", &STOP, 0x30, 3);
    assert!(times(&frames, 0x1806_E5F4).len() >= 2, "and somebody else tells it to go");
}

#[test]
fn contactors_that_do_not_follow_are_told_of_or_not() {
    let on = "on = 'BMU'";
    let (_, _, closed) = charged(&format!("do = 'twice'\n{on}"), &STOP, 0, 3);
    assert!(!closed, "healthy ones open");
    let (frames, _, closed) = charged(&format!("do = 'welded'\n{on}"), &STOP, 0, 3);
    assert!(closed);
    assert_eq!(bytes(&frames, 0x6FD).pop().unwrap()[1] & 0x08, 0x08, "and it says so");
    assert_eq!(bytes(&frames, 0x6F7).pop().unwrap()[0], 0x7F);
    let (frames, amps, closed) = charged(&format!("do = 'never-closes'\n{on}"), &GO, 0x30, 3);
    assert!(!closed && amps == 0.0);
    assert_eq!(state(bytes(&frames, 0x6F7).last().unwrap()), 4, "but it says Run");
    let (frames, _, closed) = charged(&format!("do = 'reboots'\n{on}\nuntil = 14"), &GO, 0x30, 4);
    assert!(!closed && times(&frames, 0x6FA).len() < 35, "away for a while");
    assert_eq!(state(bytes(&frames, 0x6F7).last().unwrap()), 0, "it begins in Error");
}

#[test]
fn frames_come_twice_out_of_order_and_flipped_and_a_shunt_turned_round() {
    let on = "on = 'BMU'";
    let count = |fault: &str| times(&charged(fault, &GO, 0x30, 10).0, 0x6FA).len();
    let healthy = count("do = 'lies'\non = 'Charger'");
    assert_eq!(count(&format!("do = 'twice'\n{on}")), 2 * healthy);
    let (frames, _, _) = charged(&format!("do = 'shuffled'\n{on}\nby = 4.0"), &GO, 0x30, 10);
    let counts: Vec<i16> = bytes(&frames, 0x6F7).iter().map(|data| word(data, 4)).collect();
    assert!(counts.windows(2).any(|pair| pair[1] < pair[0]), "{counts:?}");
    let (frames, _, _) = charged(&format!("do = 'corrupt'\n{on}\nby = 1.0"), &GO, 0x30, 5);
    let names = bytes(&frames, 0x600);
    assert!(names.iter().all(|data| *data != [0x00, 0x10, 0, 0, 0xD1, 0xF1, 0, 0]), "{names:?}");
    let (frames, _, _) = charged(&format!("do = 'reversed'\n{on}"), &GO, 0x30, 3);
    assert!(long(bytes(&frames, 0x6FA).last().unwrap(), 4) < -4900);
    let jumps = format!("do = 'jumps'\n{on}\nmodule = 1\ncell = 2\nby = 300");
    let (frames, _, _) = charged(&jumps, &GO, 0x30, 10);
    let cells: Vec<i16> = bytes(&frames, 0x602).iter().map(|data| word(data, 4)).collect();
    assert!(cells.iter().max().unwrap() - cells.iter().min().unwrap() > 100, "{cells:?}");
}
