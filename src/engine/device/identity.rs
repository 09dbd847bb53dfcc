//! Who a Tritium or Prohelion device says it is: the id word of its heartbeat and the questions it
//! answers (protocol note, section 1).

use serde::Serialize;

/// What a device is, by the id word of its heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Model {
    /// D1000 Gen 1 BMU, version 5 and later.
    Bmu,
    /// BMU up to version 4: the letters TO67.
    OldBmu,
    /// EV driver controls.
    DriverControls,
    /// EV driver controls of the old documents: the letters TRIb.
    OldDriverControls,
    /// WaveSculptor 200.
    WaveSculptor200,
    /// WaveSculptor 22.
    WaveSculptor22,
    /// 12 V pack controller.
    TwelveVoltController,
    /// Contactor board.
    ContactorBoard,
    /// M48 battery.
    M48,
    /// D1000 Gen 2 BMS, by the numbers that its configuration may hold (protocol note, section 1).
    BmsGen2,
    /// A word that is not known.
    Unknown(u32),
}

/// Asks for something in byte 3 of the id word; 0 is the plain heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Question {
    /// Everything.
    All,
    /// Device id.
    DeviceId,
    /// Hardware version.
    HardwareVersion,
    /// Model.
    Model,
    /// Version of the bootloader.
    BootloaderVersion,
    /// Serial number.
    Serial,
    /// Firmware build.
    FirmwareBuild,
    /// Hardware model.
    HardwareModel,
    /// Something happened.
    Event,
    /// The device did not understand the question.
    NotUnderstood,
    /// The device is in its bootloader and does not do its work.
    Bootloader,
    /// A number that is not known.
    Unknown(u8),
}

impl Model {
    /// Takes an id word apart: what it is and what it answers. The old letters come first, since
    /// their fourth byte is a letter and no question.
    #[must_use]
    pub const fn from_word(word: u32) -> (Self, Option<Question>) {
        match word.to_le_bytes() {
            [b'T', b'O', b'6', b'7'] => (Self::OldBmu, None),
            [b'T', b'R', b'I', b'b'] => (Self::OldDriverControls, None),
            [.., code] => (Self::from_code(word & 0x00FF_FFFF), Question::from_code(code)),
        }
    }

    const fn from_code(code: u32) -> Self {
        match code {
            0x1000 => Self::Bmu,
            0x1002 => Self::DriverControls,
            0x4002 => Self::WaveSculptor200,
            0x4003 => Self::WaveSculptor22,
            0x5003 => Self::TwelveVoltController,
            0x5002 => Self::ContactorBoard,
            0x0035_0100 => Self::M48,
            4472 | 4476 => Self::BmsGen2,
            other => Self::Unknown(other),
        }
    }

    /// What to call it in a sentence.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Bmu => "a D1000 Gen 1 BMU".to_owned(),
            Self::OldBmu => "a BMU of version 4 or older".to_owned(),
            Self::DriverControls => "EV driver controls".to_owned(),
            Self::OldDriverControls => "EV driver controls of the old kind".to_owned(),
            Self::WaveSculptor200 => "a WaveSculptor 200".to_owned(),
            Self::WaveSculptor22 => "a WaveSculptor 22".to_owned(),
            Self::TwelveVoltController => "a 12 V pack controller".to_owned(),
            Self::ContactorBoard => "a contactor board".to_owned(),
            Self::M48 => "an M48 battery".to_owned(),
            Self::BmsGen2 => "a D1000 Gen 2 BMS".to_owned(),
            Self::Unknown(code) => format!("a device with the unknown id word 0x{code:06X}"),
        }
    }
}

impl Question {
    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => return None,
            1 => Self::All,
            2 => Self::DeviceId,
            3 => Self::HardwareVersion,
            4 => Self::Model,
            5 => Self::BootloaderVersion,
            7 => Self::Serial,
            8 => Self::FirmwareBuild,
            9 => Self::HardwareModel,
            0xFD => Self::Event,
            0xFE => Self::NotUnderstood,
            0xFF => Self::Bootloader,
            other => Self::Unknown(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_letters_are_read_before_the_question_code() {
        assert_eq!(Model::from_word(u32::from_le_bytes(*b"TO67")), (Model::OldBmu, None));
        assert_eq!(
            Model::from_word(u32::from_le_bytes(*b"TRIb")),
            (Model::OldDriverControls, None)
        );
    }

    #[test]
    fn byte_three_is_a_question_and_not_part_of_the_id() {
        assert_eq!(Model::from_word(0x1000), (Model::Bmu, None));
        assert_eq!(Model::from_word(0x0800_1000), (Model::Bmu, Some(Question::FirmwareBuild)));
        assert_eq!(
            Model::from_word(0xFF00_4003),
            (Model::WaveSculptor22, Some(Question::Bootloader))
        );
        assert_eq!(Model::from_word(0x1002).0, Model::DriverControls);
        assert!(Model::from_word(0x0012_3456).0.words().contains("0x123456"));
    }
}
