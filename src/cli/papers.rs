//! What a shell and `man` are told about the command line, made out of its own definition: completions
//! for people to install themselves, and the pages that packages bring along.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::base::problem::system_words;
use crate::cli::{Cli, Outcome, printed};

/// Arguments of `busbar completions`.
#[derive(clap::Args, Debug)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `busbar manual`.
#[derive(clap::Args, Debug)]
pub struct Manual {
    /// Folder to write the pages to; it is made where it is missing.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Prints the completions of a shell.
///
/// # Errors
/// Standard output is gone.
pub fn completions(args: &Completions) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "busbar", &mut text);
    printed(io::stdout().write_all(&text))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a page for the program and one for each of its commands.
///
/// # Errors
/// The folder cannot be written to.
pub fn manual(args: &Manual) -> Outcome {
    let cannot =
        |error| format!("{} cannot be written: {}", args.folder.display(), system_words(&error));
    fs::create_dir_all(&args.folder).map_err(cannot)?;
    let mut program = Cli::command();
    program.build();
    page(&args.folder, &program).map_err(cannot)?;
    Ok(ExitCode::SUCCESS)
}

/// The page of `command`, and those of the commands below it.
fn page(folder: &Path, command: &clap::Command) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let mut text = Vec::new();
    // Without a date, so that the same program always has the same pages.
    let paper = clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).manual("Busbar");
    paper.render(&mut text)?;
    fs::write(folder.join(format!("{name}.1")), text)?;
    let below = command.get_subcommands().filter(|one| !one.is_hide_set());
    below.filter(|one| one.get_name() != "help").try_for_each(|one| page(folder, one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_that_names_its_arguments() {
        let folder = tempfile::tempdir().unwrap();
        manual(&Manual { folder: folder.path().to_owned() }).unwrap();
        let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(page("busbar.1").contains("busbar\\-serve(1)"), "{}", page("busbar.1"));
        assert!(page("busbar-record.1").contains("rotate\\-size"));
        assert!(page("busbar-charge-start.1").contains("NAME"));
        assert!(!folder.path().join("busbar-watchdog.1").exists(), "nobody calls it by hand");
        let again = tempfile::tempdir().unwrap();
        manual(&Manual { folder: again.path().to_owned() }).unwrap();
        let other = fs::read_to_string(again.path().join("busbar.1")).unwrap();
        assert_eq!(other, page("busbar.1"), "the same at every call");
    }

    #[test]
    fn shells_complete_commands_and_their_options() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "busbar", &mut text);
            let text = String::from_utf8(text).unwrap();
            assert!(text.contains("convert") && text.contains("rotate-size"), "{shell}");
        }
    }
}
