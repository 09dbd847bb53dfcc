//! What commands about accounts, tokens and profiles share: the records of the data folder, permissions and
//! passwords as they are given on a command line, and tables.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::id::Name;
use crate::base::time::Wall;
use crate::cli::Refused;
use crate::engine::{
    Account, Administer, Face, Library, Office, Order, Preset, ProfileVersion, ProfileVersionLine,
    RecordShelf, Right, Rights, Roster, Secret, Session, UseCan, VersionId, ViewPlant, office,
};

/// Longest password that is read, in bytes; the rules allow less.
const LONGEST: u64 = 64 * 1024;
/// Longest that a command waits for its mail.
const MAIL_LIMIT: Duration = Duration::from_secs(30);

/// The records of a data folder, and whoever sits at them.
pub struct Records {
    /// The records.
    pub office: Office,
    session: Session,
}

impl Records {
    /// Opens those of the data folder.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(data_dir: Option<&Path>) -> Result<Self, Refused> {
        let library = Library::find(data_dir)?;
        let office = office(library.folder())?;
        for remark in &office.remarks {
            eprintln!("busbar: {remark}");
        }
        let session = office.seat.sit(Face::CommandLine);
        Ok(Self { office, session })
    }

    /// Who there is.
    ///
    /// # Errors
    /// The seat may not look.
    pub fn roster(&self) -> Result<Arc<Roster>, Refused> {
        Ok(self.office.door.roster(&self.session.permit(Administer)?))
    }

    /// The account of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn account(&self, name: &str) -> Result<Account, Refused> {
        let roster = self.roster()?;
        let found = roster.named(name).cloned();
        Ok(found.ok_or_else(|| {
            format!("there is no account \u{201c}{name}\u{201d}: `busbar user list` shows those there are")
        })?)
    }

    /// The folder of recordings, and what time it is.
    ///
    /// # Errors
    /// The seat may not look.
    pub fn recordings(&self) -> Result<(RecordShelf, Wall), Refused> {
        let grant = self.session.permit(UseCan)?;
        let door = &self.office.door;
        Ok((door.recordings(&grant).clone(), door.clock().wall()))
    }

    /// The versions of a profile, newest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn versions(&self, profile: &Name) -> Result<Vec<ProfileVersionLine>, Refused> {
        let grant = self.session.permit(ViewPlant)?;
        Ok(self.office.door.profile_versions(&grant, profile.as_str())?)
    }

    /// One version of a profile; none where there is none with this number.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn version(
        &self,
        profile: &Name,
        id: VersionId,
    ) -> Result<Option<ProfileVersion>, Refused> {
        let grant = self.session.permit(ViewPlant)?;
        Ok(self.office.door.profile_version(&grant, profile.as_str(), id)?)
    }

    /// Gives an order and waits until it is carried out, and until an engine beside knows of it.
    ///
    /// # Errors
    /// It is not.
    pub fn order<O: Order>(&self, order: O) -> Result<O::Done, Refused> {
        let done = self.office.door.submit(&self.session, order)?.wait()?;
        self.office.wait_until_seen();
        Ok(done)
    }

    /// Waits until a mail to `address` was sent, and says so.
    pub fn post(&self, address: Option<&str>) {
        let Some(address) = address else { return };
        eprintln!("Sending the link to {address} …");
        if self.office.gate.wait_for_mail(MAIL_LIMIT) {
            eprintln!("The journal says whether it was taken.");
        } else {
            eprintln!("The mail server did not answer in time: hand the link over yourself.");
        }
    }
}

/// What somebody may do, on a command line.
#[derive(clap::Args, Debug, Default)]
#[group(required = false, multiple = true)]
pub struct Permissions {
    /// Grants this permission; give it once for each. Everybody may read.
    #[arg(
        long = "permission",
        value_name = "PERMISSION",
        long_help = "Grants this permission; give it once for each: administrator (which implies the others), read_settings (which everybody has), change_settings, charge_packs, send_receive_can."
    )]
    pub permissions: Vec<Right>,
    /// Grants a usual set of permissions.
    #[arg(long, value_enum)]
    pub preset: Option<PresetName>,
}

/// Usual sets of permissions.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetName {
    /// Reads.
    Viewer,
    /// Reads and charges.
    Operator,
    /// Reads, changes settings, sends and receives CAN.
    Engineer,
    /// Everything.
    Administrator,
}

impl Permissions {
    /// Whether any was named.
    #[must_use]
    pub const fn is_something(&self) -> bool {
        self.preset.is_some() || !self.permissions.is_empty()
    }

    /// The set that an account holds with them.
    #[must_use]
    pub fn rights(&self) -> Rights {
        let preset = self.preset.map(|preset| match preset {
            PresetName::Viewer => Preset::Viewer,
            PresetName::Operator => Preset::Operator,
            PresetName::Engineer => Preset::Engineer,
            PresetName::Administrator => Preset::Administrator,
        });
        let mut all: Vec<Right> = preset.iter().flat_map(|preset| preset.rights().iter()).collect();
        all.extend(&self.permissions);
        Rights::of_account(&all)
    }
}

/// Reads a password: from standard input where `given` says so, otherwise twice from the terminal. `option`
/// is the one that says so.
///
/// # Errors
/// There is no terminal, the two differ, or it cannot be read.
pub fn password(given: Source, of: &str, option: &str) -> Result<Secret, Refused> {
    match given {
        Source::StandardInput => from_standard_input(io::stdin().lock()),
        Source::Terminal if !io::stdin().is_terminal() => Err(format!(
            "there is no terminal to ask for it at: give it on standard input with {option}"
        )
        .into()),
        Source::Terminal => {
            let first = Zeroizing::new(rpassword::prompt_password(format!("Password of {of}: "))?);
            let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
            if first != again {
                return Err("the two passwords differ: nothing was changed".into());
            }
            Ok(Secret::new(first.to_string()))
        }
    }
}

/// Where a password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input: all of it, without a line end at its end.
    StandardInput,
    /// A person at the terminal.
    Terminal,
}

fn from_standard_input(input: impl Read) -> Result<Secret, Refused> {
    let mut bytes = Zeroizing::new(Vec::new());
    input.take(LONGEST).read_to_end(&mut bytes)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| "the password on standard input is not text in UTF-8")?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err("there is no password on standard input".into());
    }
    Ok(Secret::new(text.to_owned()))
}

/// Prints rows under `heads`, each column as wide as it needs to be.
///
/// # Errors
/// Standard output is gone.
pub fn print_table<const N: usize>(
    out: &mut impl Write,
    heads: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let heads = heads.map(str::to_owned);
    let mut widths = [0; N];
    for row in std::iter::once(&heads).chain(rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in std::iter::once(&heads).chain(rows) {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_no_part_of_a_password_but_spaces_are() {
        let read = |text: &str| from_standard_input(text.as_bytes()).map(|s| s.reveal().to_owned());
        assert_eq!(read("tin of beans").unwrap(), "tin of beans");
        assert_eq!(read(" tin of beans \r\n").unwrap(), " tin of beans ");
        assert_eq!(read("a\nb\n").unwrap(), "a\nb");
        assert!(read("").is_err() && read("\n").is_err());
        assert!(from_standard_input(&[0xff_u8, 0xfe][..]).is_err());
    }

    #[test]
    fn permissions_and_a_preset_add_up() {
        let permissions = vec![Right::SendReceiveCan];
        let both = Permissions { permissions, preset: Some(PresetName::Operator) };
        let expected =
            Rights::of(&[Right::ReadSettings, Right::ChargePacks, Right::SendReceiveCan]);
        assert_eq!(both.rights(), expected);
        assert_eq!(Permissions::default().rights(), Rights::of(&[Right::ReadSettings]));
    }

    #[test]
    fn a_table_is_as_wide_as_its_cells() {
        let mut out = Vec::new();
        let rows = [["ada".into(), "x".into()], ["zoë-maria".into(), String::new()]];
        print_table(&mut out, ["Name", "B"], &rows).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "Name       B\nada        x\nzoë-maria\n");
    }
}
