//! What a person asks of the recording that plays.

use std::time::Duration;

use super::Console;
use crate::desktop::source::{Pace, PlayerIntent};
use crate::engine::{Play, PlayState, Speed};

impl Console {
    /// Does what was asked.
    pub(super) fn player(&self, intent: PlayerIntent) {
        let play = match intent {
            PlayerIntent::Toggle => {
                let snapshot = self.snapshot();
                let state = snapshot.and_then(|s| s.player.as_ref().map(|player| player.state));
                match state {
                    Some(PlayState::Playing) => Play::Pause,
                    Some(PlayState::Ended) => {
                        self.shared.submit(Play::Seek(Duration::ZERO));
                        Play::Resume
                    }
                    Some(PlayState::Paused) | None => Play::Resume,
                }
            }
            PlayerIntent::Pace(Pace::Times(factor)) => Play::Speed(Speed::Factor(factor)),
            PlayerIntent::Pace(Pace::Fastest) => Play::Speed(Speed::Fastest),
            PlayerIntent::Seek(seconds) => {
                let offset = Duration::try_from_secs_f64(seconds.max(0.0));
                Play::Seek(offset.unwrap_or(Duration::ZERO))
            }
        };
        self.shared.submit(play);
    }
}
