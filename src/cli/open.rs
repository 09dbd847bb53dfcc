//! `busbar open`: recordings that the window shows beside what runs, and DBC files. What is in them is found out by
//! the window; that they are there is found out here, before anything starts.

use std::path::{Path, PathBuf};

use crate::cli::Refused;

/// Which recordings.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Recordings of any format that Busbar reads, and DBC files.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Looks whether all of them are there.
///
/// # Errors
/// Names the first that is not.
pub fn check(files: &[PathBuf]) -> Result<(), Refused> {
    let missing = |file: &&PathBuf| !file.exists();
    match files.iter().find(missing) {
        None => Ok(()),
        Some(file) if is_word(file) => {
            let word = file.display();
            Err(format!("{word}: there is no such command and no such file; see `busbar --help`")
                .into())
        }
        Some(file) => Err(format!("{}: there is no such file", file.display()).into()),
    }
}

/// Whether it looks like a command.
fn is_word(file: &Path) -> bool {
    file.to_string_lossy().chars().all(|letter| letter.is_ascii_alphabetic() || letter == '-')
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn a_file_alone_and_the_command_mean_the_same() {
        let alone = Cli::try_parse_from(["busbar", "drive.log"]).unwrap();
        assert_eq!(alone.files, [PathBuf::from("drive.log")]);
        let two = Cli::try_parse_from(["busbar", "drive.log", "car.dbc"]).unwrap();
        assert_eq!(two.files.len(), 2);
        let named = Cli::try_parse_from(["busbar", "open", "a.log", "b.blf"]).unwrap();
        let Some(Command::Open(args)) = named.command else { panic!("{:?}", named.command) };
        assert_eq!(args.files, [PathBuf::from("a.log"), PathBuf::from("b.blf")]);
        assert!(Cli::try_parse_from(["busbar", "open"]).is_err());
        let other = Cli::try_parse_from(["busbar", "doctor"]).unwrap();
        assert!(other.files.is_empty() && matches!(other.command, Some(Command::Doctor(_))));
    }

    #[test]
    fn what_is_not_there_is_named_before_anything_starts() {
        let said = |file: &str| check(&[PathBuf::from(file)]).unwrap_err().to_string();
        assert!(said("decod").contains("no such command"));
        assert!(said("/no/such/drive.log").contains("/no/such/drive.log: there is no such file"));
        assert!(check(&[]).is_ok());
    }
}
