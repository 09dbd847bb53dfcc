//! EV driver controls (protocol note, sections 2.5 and 5).

use super::{HEARTBEAT, Values, heartbeat};
use crate::engine::device::fact::{Fact, Switches};

/// What a message of the driver controls is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Says {
    Heartbeat,
    Drive,
    Power,
    Switches,
}

/// How many signals make up the switch word, and where each of its bits is.
const WORD: [(usize, u32); 14] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (6, 6),
    (7, 7),
    (8, 8),
    (9, 9),
    (10, 12),
    (11, 13),
    (12, 14),
    (13, 15),
];

impl Says {
    pub fn of(message: &str) -> Option<Self> {
        Some(match message {
            "EVDC_Heartbeat" => Self::Heartbeat,
            "EVDC_MotorDrive" => Self::Drive,
            "EVDC_MotorPower" => Self::Power,
            "EVDC_Switches" => Self::Switches,
            _ => return None,
        })
    }

    pub const fn signals(self) -> &'static [&'static str] {
        match self {
            Self::Heartbeat => HEARTBEAT,
            Self::Drive => &["Velocity", "MotorCurrent"],
            Self::Power => &["BusCurrent"],
            Self::Switches => &[
                "Reverse",
                "Neutral",
                "Regeneration",
                "Drive",
                "Accessories",
                "Run",
                "Start",
                "Brake",
                "FuelDoor",
                "Spare",
                "AcceleratorFault",
                "CanFault",
                "BrakeLightFault",
                "ReverseLightFault",
                "Flags",
                "State",
            ],
        }
    }

    pub fn say(self, v: &Values<'_>, facts: &mut Vec<Fact>) {
        match self {
            Self::Heartbeat => facts.push(heartbeat(v)),
            Self::Drive => {
                if let (Some(velocity_rpm), Some(motor_current)) = (v.finite(0), v.finite(1)) {
                    facts.push(Fact::Drive { velocity_rpm, motor_current });
                }
            }
            Self::Power => {
                if let Some(bus_current) = v.finite(0) {
                    facts.push(Fact::DrivePower { bus_current });
                }
            }
            Self::Switches => {
                let word = WORD.iter().fold(0, |word, &(number, bit)| word | v.word(number) << bit);
                let (flags, state) = (v.byte(14), v.byte(15));
                facts.push(Fact::Switches(Switches { word, flags, state }));
            }
        }
    }
}
