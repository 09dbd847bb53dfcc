//! Composes how a recording stands that is looked at beside the running plant.

use crate::engine::logs::{Dictionary, LogPicture, LogState};
use crate::view::logs::{LogId, LogView};
use crate::view::shown::Tone;
use crate::view::text;

/// How the recording stands.
#[must_use]
pub fn log<'a>(
    id: LogId,
    picture: &LogPicture,
    chosen: impl IntoIterator<Item = &'a Dictionary>,
) -> LogView {
    let file = |path: &std::path::Path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let progress = picture.size.filter(|size| *size > 0 && picture.state.is_reading());
    LogView {
        id,
        name: file(&picture.path),
        path: picture.path.display().to_string(),
        progress: progress.map(|size| (picture.read as f64 / size as f64).min(1.0) as f32),
        is_reading: picture.state.is_reading(),
        is_refused: matches!(picture.state, LogState::Refused(_)),
        summary: summary(picture),
        remark: remark(picture),
        passed_over: passed_over(picture),
        dictionaries: chosen.into_iter().map(|one| file(&one.path)).collect(),
    }
}

fn summary(picture: &LogPicture) -> String {
    if picture.format.is_empty() {
        return if picture.state.is_reading() { "being opened".into() } else { String::new() };
    }
    let frames = text::grouped(picture.reel.len());
    let buses = match picture.buses.as_slice() {
        [only] => only.clone(),
        buses => format!("{} buses", buses.len()),
    };
    let megabytes = text::grouped(picture.reel.bytes().div_ceil(1_000_000));
    format!("{}, {frames} frames of {buses}, {megabytes} MB in memory", picture.format)
}

/// What is to be said of it, the worst first.
fn remark(picture: &LogPicture) -> (Tone, String) {
    let read = || match picture.size.filter(|size| *size > 0) {
        Some(size) => {
            format!("the first {} % of the file", picture.read.saturating_mul(100) / size)
        }
        None => "what came first".to_owned(),
    };
    match &picture.state {
        LogState::Refused(sentence) | LogState::Broken(sentence) => (Tone::Fault, sentence.clone()),
        LogState::Full => {
            let words = format!(
                "The memory for one recording is full: {} is here, the rest is not read. \
                 Memory of an opened recording, on the Settings page, allows more.",
                read()
            );
            (Tone::Warning, words)
        }
        LogState::Stopped => (Tone::Warning, format!("Reading was stopped: {} is here.", read())),
        LogState::Reading | LogState::Whole => match picture.skipped {
            0 => (Tone::Plain, String::new()),
            1 => (Tone::Warning, "1 line or part was skipped".to_owned()),
            n => (Tone::Warning, format!("{} lines or parts were skipped", text::grouped(n))),
        },
    }
}

fn passed_over(picture: &LogPicture) -> Vec<String> {
    picture.problems.iter().map(text::problem).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::base::problem::{Problem, Severity};
    use crate::engine::{Frame, Frames, Id, Tape};

    fn picture(state: LogState) -> LogPicture {
        let mut frames = Frames::default();
        let frame = Frame::classic(Id::standard(1).unwrap(), &[1]).unwrap();
        (0..2_000).for_each(|_| frames.push(frame.view()));
        let mut tape = Tape::default();
        tape.push(&frames);
        LogPicture {
            path: PathBuf::from("/logs/drive.log"),
            format: "candump log",
            buses: vec!["can0".into(), "can1".into()],
            reel: tape.reel(),
            read: 250,
            size: Some(1_000),
            state,
            ..LogPicture::default()
        }
    }

    fn view(picture: &LogPicture) -> LogView {
        log(LogId(1), picture, [])
    }

    #[test]
    fn what_is_there_is_told_with_its_memory_and_how_far_reading_is() {
        let view = view(&picture(LogState::Reading));
        assert_eq!(view.summary, "candump log, 2\u{a0}000 frames of 2 buses, 1 MB in memory");
        assert_eq!((view.name.as_str(), view.progress), ("drive.log", Some(0.25)));
        assert_eq!(view.remark.1, "");
    }

    #[test]
    fn what_is_not_there_is_told_too() {
        let said = |state| view(&picture(state)).remark.1;
        assert!(said(LogState::Full).contains("the first 25 % of the file is here"));
        assert!(said(LogState::Stopped).contains("stopped"));
        assert_eq!(said(LogState::Refused("It is empty.".into())), "It is empty.");
        assert!(view(&picture(LogState::Refused("It is empty.".into()))).is_refused);
        assert!(!view(&picture(LogState::Whole)).is_refused);
        let problem = Problem { line: 1_200, severity: Severity::Error, text: "no".into() };
        let bad = LogPicture { skipped: 3, problems: vec![problem], ..picture(LogState::Whole) };
        assert_eq!(view(&bad).remark, (Tone::Warning, "3 lines or parts were skipped".into()));
        assert_eq!(view(&bad).passed_over, ["line 1\u{a0}200: no"]);
        assert_eq!(view(&bad).progress, None);
    }
}
