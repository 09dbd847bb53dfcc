//! `busbar profile export` and `busbar profile import`.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::base::id::Name;
use crate::cli::profile::{ExportArgs, ImportArgs};
use crate::cli::records::Records;
use crate::cli::{Outcome, Refused};
use crate::engine::{
    Devices, ExportPack, ImportPack, LARGEST_PACK, Library, PackCarry, PackPreview, PackRecordings,
    PackStand, ProfilePack, environment, read_profile_text,
};

/// Writes a profile pack.
///
/// # Errors
/// There is no such profile, something that it needs cannot be read, or the file cannot be written.
pub fn export(
    out: &mut impl Write,
    args: &ExportArgs,
    data_dir: Option<&Path>,
) -> Result<(), Refused> {
    let library = Library::find(data_dir)?;
    let name = Name::new(&args.profile)?;
    let text = read_profile_text(&library.resolve(name.as_str())?)?;
    let devices = Devices::open(library.folder());
    let pack = ProfilePack::of((&library, &devices), &name, &text, &environment)?;
    let records = Records::open(data_dir)?;
    let pack = if args.recordings.is_empty() {
        pack
    } else {
        let (shelf, now) = records.recordings()?;
        pack.with_recordings(&shelf, &args.recordings, now)?
    };
    let bytes = pack.write()?;
    records.order(ExportPack::of(&name, &pack))?;
    let told = |error| format!("{}: {error}", args.file.display());
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&args.file).map_err(told)?;
    if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_all()) {
        // Half of a pack is of no use to anybody.
        drop(fs::remove_file(&args.file));
        return Err(told(error).into());
    }
    let (dbcs, devices) = (pack.dbcs().len(), pack.devices().len());
    let (file, recordings) = (args.file.display(), pack.recordings().len());
    Ok(writeln!(
        out,
        "{file}: {name}, DBC files: {dbcs}, device folders: {devices}, recordings: {recordings}"
    )?)
}

/// Takes a profile pack, or says what would become of it.
///
/// # Errors
/// It is refused, or would replace what nobody said it may.
pub fn import(out: &mut impl Write, args: &ImportArgs, data_dir: Option<&Path>) -> Outcome {
    let told = |error: std::io::Error| format!("{}: {error}", args.file.display());
    if !fs::metadata(&args.file).map_err(told)?.is_file() {
        return Err(format!("{} is no regular file", args.file.display()).into());
    }
    let mut bytes = Vec::new();
    let file = File::open(&args.file).map_err(told)?;
    file.take(LARGEST_PACK + 1).read_to_end(&mut bytes).map_err(told)?;
    let carry = if args.without_recordings { PackCarry::Leave } else { PackCarry::Take };
    let pack = ProfilePack::read(&bytes, &environment)?.carry(carry);
    let name = args.name.as_deref().map(Name::new).transpose()?;
    let library = Library::find(data_dir)?;
    let devices = Devices::open(library.folder());
    let mut opened = None;
    let recordings = if pack.recordings().is_empty() {
        PackRecordings::default()
    } else {
        let records = Records::open(data_dir)?;
        let (shelf, now) = records.recordings()?;
        opened = Some(records);
        pack.take_in(&shelf, now)?
    };
    let places = (&library, &devices);
    let preview = pack.preview(name.as_ref(), places, &recordings, &environment)?;
    print(out, &preview)?;
    let changes = preview.those(PackStand::Changed).next().is_some();
    if args.dry_run {
        let clashes = preview.those(PackStand::Clashes).next().is_some();
        let refused = clashes || (changes && !args.replace);
        return Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    if let Some(item) = preview.those(PackStand::Changed).next().filter(|_| !args.replace) {
        let (what, name) = (item.part.words(), &item.name);
        return Err(format!("there is another {what} {name} already; --replace replaces it").into());
    }
    let seen = args.replace.then_some(preview.mark);
    let records = match opened {
        Some(records) => records,
        None => Records::open(data_dir)?,
    };
    let done = records.order(ImportPack { pack: Box::new(pack), name, seen, recordings })?;
    writeln!(out, "the profile {} is in the data folder; it does not run yet", done.name)?;
    Ok(ExitCode::SUCCESS)
}

fn print(out: &mut impl Write, preview: &PackPreview) -> Result<(), Refused> {
    for item in &preview.items {
        writeln!(out, "{:8} {} {}", item.stand.word(), item.part.words(), item.name)?;
    }
    for lack in &preview.lacks {
        writeln!(out, "lacks    {lack}")?;
    }
    Ok(())
}
