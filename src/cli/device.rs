//! `busbar device`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::cli::records::Records;
use crate::cli::{Outcome, Refused, say};
use crate::engine::{
    Catalog, DeviceDraft, DeviceFiles, DeviceOrigin, DeviceRole, DeviceStays, Devices,
    ExpectedFile, KeepDevice, Library, RemoveDevice,
};

/// Greatest file that is read, bytes: no device folder has a larger one.
const MOST_BYTES: u64 = 2 << 20;

/// What to do with kinds of device.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List the kinds of device that are known, and the device folders that are refused.
    List(ListArgs),
    /// Check a device folder. Exits with 0 when it is sound, with 1 when it is not.
    Check(CheckArgs),
    /// Make a device folder of the data folder out of a DBC.
    Make(MakeArgs),
    /// Put a device folder that was written elsewhere into the data folder.
    Add(AddArgs),
    /// Remove a device folder of the data folder that no profile names.
    Remove(RemoveArgs),
}

/// Arguments of `busbar device list`.
#[derive(clap::Args, Debug)]
pub struct ListArgs {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `busbar device check`.
#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    /// The folder, with device.toml and messages.dbc in it.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// Arguments of `busbar device add`.
#[derive(clap::Args, Debug)]
pub struct AddArgs {
    /// The folder, with device.toml and messages.dbc in it.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Replace one of the same name.
    #[arg(long)]
    pub replace: bool,
}

/// Arguments of `busbar device make`.
#[derive(clap::Args, Debug)]
pub struct MakeArgs {
    /// The DBC.
    #[arg(value_name = "DBC")]
    pub dbc: PathBuf,
    /// Name of the folder: small letters, digits and hyphens.
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// What people call it [default: its name].
    #[arg(long, value_name = "TITLE")]
    pub title: Option<String>,
    /// Take only these messages [default: all of them].
    #[arg(long = "message", value_name = "NAME")]
    pub messages: Vec<String>,
    /// What a signal is, such as Main.Volts="pack voltage", Cells.A="cell 1 in mV", or signal for one
    /// that is not shown [default: a reading].
    #[arg(long = "map", value_name = "MESSAGE.SIGNAL=WHAT")]
    pub maps: Vec<String>,
    /// Replace one of the same name.
    #[arg(long)]
    pub replace: bool,
}

/// Arguments of `busbar device remove`.
#[derive(clap::Args, Debug)]
pub struct RemoveArgs {
    /// Name of the folder.
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(command: &Command, data_dir: Option<&Path>) -> Outcome {
    match command {
        Command::List(args) => list(args, &Library::find(data_dir)?.catalog())?,
        Command::Check(args) => return check(&args.folder),
        Command::Make(args) => {
            let files = made(args)?;
            keep((&args.id, files), args.replace, data_dir)?;
        }
        Command::Add(args) => {
            let (name, files) = folder(&args.folder)?;
            keep((&name, files), args.replace, data_dir)?;
        }
        Command::Remove(args) => {
            let name = args.id.clone();
            let expected = ExpectedFile::Anything;
            Records::open(data_dir)?.order(RemoveDevice { name, expected })?;
            say(format_args!("the device folder {} is removed", args.id))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &ListArgs, catalog: &Catalog) -> Result<(), Refused> {
    let mut out = io::stdout().lock();
    if args.json {
        let kinds = catalog.iter().map(|kind| {
            json!({
                "id": kind.manifest.id,
                "title": kind.manifest.title,
                "maker": kind.manifest.maker,
                "category": kind.manifest.category.words(),
                "own": kind.origin == DeviceOrigin::Own,
            })
        });
        let refused = catalog.refused().iter().map(|refused| {
            let faults: Vec<String> = refused.faults.iter().map(ToString::to_string).collect();
            json!({ "folder": refused.folder, "faults": faults })
        });
        let kinds: Vec<_> = kinds.collect();
        let all = json!({ "kinds": kinds, "refused": refused.collect::<Vec<_>>() });
        return Ok(writeln!(out, "{all:#}")?);
    }
    let width = catalog.iter().map(|kind| kind.manifest.id.len()).max().unwrap_or(0);
    for kind in catalog.iter() {
        let own = if kind.origin == DeviceOrigin::Own { ", own" } else { "" };
        let (id, title) = (&kind.manifest.id, &kind.manifest.title);
        writeln!(out, "{id:width$}  {title} ({}{own})", kind.manifest.category.words())?;
    }
    for refused in catalog.refused() {
        let stays = match refused.stays {
            DeviceStays::Former => "; what it said before stays",
            DeviceStays::Nothing => "",
        };
        for fault in &refused.faults {
            writeln!(out, "{}: refused: {fault}{stays}", refused.folder)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Refused> {
    let told = |why: String| format!("{}: {why}", file.display());
    let meta = std::fs::metadata(file).map_err(|error| told(error.to_string()))?;
    if !meta.is_file() || meta.len() > MOST_BYTES {
        return Err(told(format!("it is no file of at most {} MiB", MOST_BYTES >> 20)).into());
    }
    Ok(std::fs::read(file).map_err(|error| told(error.to_string()))?)
}

/// The name of a folder, and what it says.
fn folder(path: &Path) -> Result<(String, DeviceFiles), Refused> {
    let whole = std::path::absolute(path)?;
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| format!("{} is no folder", path.display()))?;
    let manifest = read(&path.join("device.toml"))?;
    let messages = read(&path.join("messages.dbc"))?;
    Ok((name, DeviceFiles { manifest, messages }))
}

fn check(path: &Path) -> Outcome {
    let (name, files) = folder(path)?;
    match files.faults(&name) {
        faults if faults.is_empty() => {
            say(format_args!("{name} is sound"))?;
            Ok(ExitCode::SUCCESS)
        }
        faults => {
            for fault in faults {
                say(format_args!("{}/{fault}", path.display()))?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn made(args: &MakeArgs) -> Result<DeviceFiles, Refused> {
    let title = args.title.as_deref().unwrap_or(&args.id);
    let mut draft = DeviceDraft::new(&args.id, title, &read(&args.dbc)?)
        .map_err(|why| format!("{}: {why}", args.dbc.display()))?;
    if !args.messages.is_empty() {
        let strange = args.messages.iter().find(|name| !draft.messages.contains_key(*name));
        if let Some(name) = strange {
            return Err(format!("{} has no message {name}", args.dbc.display()).into());
        }
        draft.messages.retain(|name, _| args.messages.contains(name));
    }
    for map in &args.maps {
        let wrong = || format!("--map {map:?}: write it as Main.Volts=\"pack voltage\"");
        let (signal, what) = map.split_once('=').ok_or_else(wrong)?;
        let (message, signal) = signal.split_once('.').ok_or_else(wrong)?;
        let chosen: DeviceRole = what.parse().map_err(|why| format!("--map {map:?}: {why}"))?;
        draft.roles.insert((message.to_owned(), signal.to_owned()), chosen);
    }
    Ok(draft.make()?)
}

fn keep(
    (name, files): (&str, DeviceFiles),
    replace: bool,
    data_dir: Option<&Path>,
) -> Result<(), Refused> {
    if !replace && Devices::open(Library::find(data_dir)?.folder()).read(name).is_ok() {
        return Err(
            format!("the device folder {name} is there already; --replace replaces it").into()
        );
    }
    let expected = if replace { ExpectedFile::Anything } else { ExpectedFile::Nothing };
    let records = Records::open(data_dir)?;
    records.order(KeepDevice { name: name.to_owned(), files, expected })?;
    say(format_args!("{name} is in the data folder; an open Busbar knows it within a second"))?;
    Ok(())
}
