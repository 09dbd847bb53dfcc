//! `busbar inspect`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{Outcome, known_devices, printed};
use crate::engine::inspect::{CurrentSign, Request, inspect};

/// Say what a recording tells about a pack.
///
/// At its end, or at a moment. Current and power are positive into the battery. CMUs count from 1
/// and cells from 0, as the BMU counts them.
///
/// JSON has the units in its names; what is not known at that moment (lost, never received, no
/// sensor) is null. cells is a list with one list per CMU, in their order and without gaps; each
/// cell in it is {"mv": millivolts or null, "state": "ok"}; states are ok, untrusted (mv is the slow accurate
/// channel, or more than a cell can have; not in min, max or mean), absent, extra, lost and never. min_cell and max_cell are
/// {"mv", "module", "cell", "source"}; their source is cells, or bmu where not all CMUs were heard.
/// temperatures_c has one {"module", "cell", "board"} per CMU. flags lists what is raised, each with
/// its severity. ages has seconds, age_words fresh, late, lost or never.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The recording, of any format that `busbar convert` reads, found by content.
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// Kind of device; device folders of one's own count too.
    #[arg(long, value_name = "KIND", default_value = "prohelion-d1000-gen1")]
    pub device: String,
    /// Base address, such as 0x600 [default: that of the kind].
    #[arg(long, value_name = "ADDRESS", value_parser = address, allow_hyphen_values = true)]
    pub base: Option<u32>,
    /// The moment: seconds from the start of the recording, or the recording's own time in seconds
    /// [default: the end].
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub at: Option<f64>,
    /// Which way round the device counts current: charge-positive or discharge-positive [default:
    /// that of the kind].
    #[arg(long, value_name = "SIGN")]
    pub current_sign: Option<CurrentSign>,
    /// Parallel strings below the BMU.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub strings: u16,
    /// Bus of a recording that has several [default: the first on which the device is heard].
    #[arg(long, value_name = "NAME")]
    pub bus: Option<String>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How the report is written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// An address in hex with 0x, or in decimal.
fn address(text: &str) -> Result<u32, String> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let parsed = hex.map_or_else(|| text.parse(), |digits| u32::from_str_radix(digits, 16));
    parsed.map_err(|_| format!("{text:?} is no address; write it like 0x600 or 1536"))
}

/// Runs it; `data_dir` overrides the data folder, whose own device folders are known too.
///
/// # Errors
/// Says what and where.
pub fn run(args: &Args, data_dir: Option<&Path>) -> Outcome {
    let report = inspect(&Request {
        log: args.log.clone(),
        catalog: known_devices(data_dir),
        device: args.device.clone(),
        base: args.base,
        current_sign: args.current_sign,
        strings: args.strings,
        bus: args.bus.clone(),
        at: args.at,
    })?;
    let text = match args.format {
        Format::Text => report.to_text(),
        Format::Json => format!("{:#}\n", report.to_json()),
    };
    printed(io::stdout().lock().write_all(text.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_hex_or_decimal() {
        assert_eq!(address("0x600"), Ok(0x600));
        assert_eq!(address("1536"), Ok(0x600));
        let said = address("six").unwrap_err();
        assert!(said.contains("\"six\"") && said.contains("0x600"), "{said}");
    }
}
