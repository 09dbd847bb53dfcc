//! `busbar backup` and `busbar restore`.

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::base::time::SystemClock;
use crate::cli::records::{self, Records};
use crate::cli::{Outcome, Refused};
use crate::engine::{
    BackupPreview, BackupRecordings, BackupStand, Library, MakeBackup, NoteBackup, Secret,
    is_sealed_backup, preview_backup, restore_backup,
};

/// Keep everything of the data folder in one file, while Busbar runs.
///
/// Profiles, device folders of one's own, DBC files, settings, accounts and the journal are in it; recordings
/// if asked for. Passwords of other systems and private keys are in an encrypted one only. What was written
/// is read back before it is called done.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The file that is written. One that is there is not replaced.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Take the recordings along.
    #[arg(long)]
    pub recordings: bool,
    /// Encrypt it with a passphrase, which is asked for. Without it nobody can ever open the file.
    #[arg(long)]
    pub encrypt: bool,
    /// Take the passphrase from standard input.
    #[arg(long, requires = "encrypt")]
    pub passphrase_stdin: bool,
}

/// Put a backup in the place of the data folder, while Busbar does not run.
///
/// The backup is read whole and unpacked beside the data folder before anything is touched; what was there
/// is kept under another name. Says what would be replaced and asks before it does it.
#[derive(clap::Args, Debug)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Change nothing: say what is in it and what it would replace.
    #[arg(long)]
    pub preview: bool,
    /// Do not ask.
    #[arg(long, conflicts_with = "preview")]
    pub yes: bool,
    /// Take the passphrase of an encrypted one from standard input.
    #[arg(long)]
    pub passphrase_stdin: bool,
}

/// What gives the passphrase on standard input.
const STDIN: &str = "--passphrase-stdin";

/// Makes a backup.
///
/// # Errors
/// The file is there already, something cannot be read or written, or the passphrase cannot be one.
pub fn run(args: &Args, data_dir: Option<&Path>) -> Outcome {
    let passphrase = match (args.encrypt, args.passphrase_stdin) {
        (false, _) => None,
        (true, true) => {
            Some(records::password(records::Source::StandardInput, "the backup", STDIN)?)
        }
        (true, false) => Some(records::password(records::Source::Terminal, "the backup", STDIN)?),
    };
    let library = Library::find(data_dir)?;
    if !library.folder().is_dir() {
        // Most likely another one was meant: an empty backup would be found out when it is needed.
        let folder = library.folder().display();
        return Err(format!("there is no data folder {folder}: nothing is backed up").into());
    }
    let records = Records::open(data_dir)?;
    let recordings = if args.recordings { BackupRecordings::Take } else { BackupRecordings::Leave };
    let source = records.order(MakeBackup { recordings, sealed: passphrase.is_some() })?;
    let came = source.write(&args.file, passphrase.as_ref());
    let noted = records.order(NoteBackup::of(&source, came.as_ref()));
    let made = came?;
    noted?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}: {} bytes, {} entries, read back and found whole",
        args.file.display(),
        made.bytes,
        made.entries
    )?;
    made.left_out.iter().try_for_each(|what| writeln!(out, "left out: {what}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Restores one, or says what that would do.
///
/// # Errors
/// It cannot be used, Busbar runs on the data folder, or nobody said yes.
pub fn restore(args: &RestoreArgs, data_dir: Option<&Path>) -> Outcome {
    let passphrase = passphrase_for(args)?;
    let library = Library::find(data_dir)?;
    let folder = library.folder();
    let preview = preview_backup(&args.file, passphrase.as_ref(), folder)?;
    let mut out = io::stdout().lock();
    print(&mut out, &preview, folder)?;
    if args.preview {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !agreed(&mut out, folder)? {
        return Err("nothing was changed".into());
    }
    let done = restore_backup(&args.file, passphrase.as_ref(), folder, SystemClock::new())?;
    writeln!(out, "restored into {}", folder.display())?;
    if let Some(aside) = &done.aside {
        writeln!(out, "what was there is kept in {}", aside.display())?;
    }
    for remark in done.remarks.iter().filter(|remark| !preview.remarks.contains(remark)) {
        writeln!(out, "note     {remark}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn passphrase_for(args: &RestoreArgs) -> Result<Option<Secret>, Refused> {
    if !is_sealed_backup(&args.file)? {
        return Ok(None);
    }
    if args.passphrase_stdin {
        return records::password(records::Source::StandardInput, "the backup", STDIN).map(Some);
    }
    if !io::stdin().is_terminal() {
        return Err(
            "the backup is encrypted, and there is no terminal to ask for its passphrase at: give it on standard input with --passphrase-stdin"
                .into(),
        );
    }
    let typed = Zeroizing::new(rpassword::prompt_password("Passphrase of the backup: ")?);
    Ok(Some(Secret::new(typed.to_string())))
}

/// What somebody else has written, as a terminal may have it: it takes some letters for orders.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// How many files that go are named.
const MOST_TOLD: usize = 40;

fn print(out: &mut impl Write, preview: &BackupPreview, folder: &Path) -> Result<(), Refused> {
    let about = &preview.about;
    writeln!(out, "a backup of {}, made by Busbar {}", plain(&about.made), plain(&about.busbar))?;
    for item in &preview.items {
        writeln!(out, "{:8} {} ({} bytes)", item.stand.word(), plain(&item.name), item.bytes)?;
    }
    let replaced = preview.items.iter().filter(|one| one.stand == BackupStand::Replaces).count();
    writeln!(out, "{} entries, {replaced} of them replace something", preview.items.len())?;
    for name in preview.goes.iter().take(MOST_TOLD) {
        writeln!(out, "goes     {}", plain(name))?;
    }
    match preview.goes.len() {
        0 => {}
        count => {
            let more = count.saturating_sub(MOST_TOLD);
            let rest =
                if more > 0 { format!(" ({more} more than are named)") } else { String::new() };
            let files = if count == 1 { "file is" } else { "files are" };
            writeln!(
                out,
                "{count} {files} here and not in it{rest}: afterwards only in the folder kept aside, {}.before-restore-…",
                folder.display()
            )?;
        }
    }
    preview.remarks.iter().try_for_each(|remark| writeln!(out, "note     {remark}"))?;
    Ok(())
}

fn agreed(out: &mut impl Write, folder: &Path) -> Result<bool, Refused> {
    if !io::stdin().is_terminal() {
        return Err("there is no terminal to ask at: say --yes, or look with --preview".into());
    }
    write!(
        out,
        "Put this in the place of {}? What is there is kept aside. [y/N] ",
        folder.display()
    )?;
    out.flush()?;
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    Ok(matches!(typed.trim(), "y" | "Y" | "yes"))
}
