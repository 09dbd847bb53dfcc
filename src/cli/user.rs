//! `busbar user`: accounts. Whoever may write the files of the data folder may do all of this; the
//! journal notes them as the local console.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::base::time::{Clock as _, SystemClock};
use crate::cli::records::{Permissions, Records, Source, password, print_table};
use crate::cli::{Outcome, Refused, say};
use crate::engine::{
    Account, AccountKind, AddAccount, ChangeAccount, Credential, DeleteAccount, GivePassword,
    MakeLink, MustChangeIt, OneTimeLink, Purpose, Roster, ServiceChoice, Status, WebSettings,
};
use crate::view::compose::users::{row, shown_link};
use crate::view::export::moment;
use crate::view::users::UserRow;

/// What to do with accounts.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Add an account, with a password, an invitation, or for a program.
    Add(AddArgs),
    /// List all accounts.
    List(ListArgs),
    /// Show one account.
    Show(ShowArgs),
    /// Change what an account may do; its sessions end.
    SetPermissions(PermissionsArgs),
    /// Let a disabled account in again.
    Enable(NameArgs),
    /// Let an account in no more, until it is enabled again; its sessions end.
    Disable(NameArgs),
    /// Give an account a new password, or a link to set one; its sessions end.
    Reset(ResetArgs),
    /// Delete an account with its sessions and tokens.
    Delete(NameArgs),
}

/// Arguments of `busbar user add`.
#[derive(clap::Args, Debug)]
pub struct AddArgs {
    /// The name to sign in with.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What the account may do.
    #[command(flatten)]
    pub permissions: Permissions,
    /// E-mail address; an invitation is sent there where e-mail is set up.
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// The service (team, organisation) it belongs to; made if it is not there.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Read the password from standard input instead of asking for it.
    #[arg(long, conflicts_with_all = ["invite", "machine"])]
    pub password_stdin: bool,
    /// The password must be changed at the first sign-in.
    #[arg(long, conflicts_with_all = ["invite", "machine"])]
    pub must_change_password: bool,
    /// Make an invitation link instead of asking for a password.
    #[arg(long, conflicts_with = "machine")]
    pub invite: bool,
    /// What the link begins with; the address of the web listener unless given.
    #[arg(long, value_name = "URL", requires = "invite")]
    pub link_base: Option<String>,
    /// The account is for a program: it has no password and comes in with tokens.
    #[arg(long)]
    pub machine: bool,
}

/// Arguments of `busbar user list`.
#[derive(clap::Args, Debug)]
pub struct ListArgs {
    /// A JSON array instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `busbar user show`.
#[derive(clap::Args, Debug)]
pub struct ShowArgs {
    /// The account.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// A JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of commands that need no more than an account.
#[derive(clap::Args, Debug)]
pub struct NameArgs {
    /// The account.
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Arguments of `busbar user set-permissions`.
#[derive(clap::Args, Debug)]
pub struct PermissionsArgs {
    /// The account.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it may do from now on, instead of what it may do now.
    #[command(flatten)]
    pub permissions: Permissions,
}

/// Arguments of `busbar user reset`.
#[derive(clap::Args, Debug)]
pub struct ResetArgs {
    /// The account.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Read the new password from standard input instead of asking for it.
    #[arg(long, conflicts_with = "link")]
    pub password_stdin: bool,
    /// The password must be changed at the next sign-in.
    #[arg(long, conflicts_with = "link")]
    pub must_change_password: bool,
    /// Make a link to set a password with; the old one lets in no more.
    #[arg(long)]
    pub link: bool,
    /// What the link begins with; the address of the web listener unless given.
    #[arg(long, value_name = "URL", requires = "link")]
    pub link_base: Option<String>,
}

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(command: &Command, data_dir: Option<&Path>) -> Outcome {
    let records = Records::open(data_dir)?;
    match command {
        Command::Add(args) => add(&records, args)?,
        Command::List(args) => list(&records, args)?,
        Command::Show(args) => show(&records, args)?,
        Command::SetPermissions(args) => set_permissions(&records, args)?,
        Command::Enable(args) => set_status(&records, &args.name, Status::Active)?,
        Command::Disable(args) => set_status(&records, &args.name, Status::Disabled)?,
        Command::Reset(args) => reset(&records, args)?,
        Command::Delete(args) => {
            let account = records.account(&args.name)?;
            records.order(DeleteAccount { id: account.id, expected: Some(account.version) })?;
            say(format_args!("{} is deleted, with its sessions and tokens", account.name))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn add(records: &Records, args: &AddArgs) -> Result<(), Refused> {
    let credential = if args.machine {
        Credential::None
    } else if args.invite {
        Credential::Invitation
    } else {
        let password = password(source(args.password_stdin), &args.name, "--password-stdin")?;
        let hash = records.office.gate.hash(&args.name, &password)?;
        Credential::Password { hash, must_change: must_change(args.must_change_password) }
    };
    let service = args.service.clone().map_or(ServiceChoice::None, ServiceChoice::Named);
    let kind = if args.machine { AccountKind::Machine } else { AccountKind::Person };
    let added = records.order(AddAccount {
        kind,
        name: args.name.clone(),
        email: args.email.clone(),
        service,
        rights: args.permissions.rights(),
        credential,
        link_base: link_base(records, args.link_base.as_ref())?,
    })?;
    match &added.link {
        None => say(format_args!("{} is added: {}", added.account.name, rights(&added.account)))?,
        Some(link) => hand_over(records, &added.account, link)?,
    }
    if args.machine {
        eprintln!(
            "It comes in with tokens: `busbar token create {} --name NAME` makes one.",
            args.name
        );
    }
    Ok(())
}

fn list(records: &Records, args: &ListArgs) -> Result<(), Refused> {
    let roster = records.roster()?;
    let mut out = io::stdout().lock();
    if args.json {
        let all: Vec<Value> = roster.accounts.iter().map(|one| object(&roster, one)).collect();
        return Ok(writeln!(out, "{:#}", Value::Array(all))?);
    }
    if roster.accounts.is_empty() {
        eprintln!(
            "There is no account yet: `busbar user add NAME --permission administrator` makes the first."
        );
        return Ok(());
    }
    let rows: Vec<_> = roster.accounts.iter().map(|one| shown(&roster, one)).collect();
    let rows: Vec<[String; 6]> = rows
        .into_iter()
        .map(|(row, permissions)| {
            [row.name, row.status.word, permissions, row.service, row.email, row.last_sign_in]
        })
        .collect();
    let heads = ["Name", "Status", "Permissions", "Service", "E-mail", "Last sign-in"];
    Ok(print_table(&mut out, heads, &rows)?)
}

/// An account as a row, and what it may do.
fn shown(roster: &Roster, account: &Account) -> (UserRow, String) {
    let row = row(roster, account, SystemClock::new().wall(), &TimeZone::system());
    (row, rights(account))
}

fn show(records: &Records, args: &ShowArgs) -> Result<(), Refused> {
    let account = records.account(&args.name)?;
    let roster = records.roster()?;
    let mut out = io::stdout().lock();
    if args.json {
        return Ok(writeln!(out, "{:#}", object(&roster, &account))?);
    }
    let (row, permissions) = shown(&roster, &account);
    let sessions = roster.sessions.iter().filter(|s| s.account == account.id && s.ended.is_none());
    let tokens = roster.tokens.iter().filter(|t| t.account == account.id && t.revoked.is_none());
    let lines = [
        ("Name", row.name),
        ("Status", row.status.word),
        ("Permissions", permissions),
        ("Service", row.service),
        ("E-mail", row.email),
        ("Added", moment(account.created)),
        ("Last sign-in", row.last_sign_in),
        ("Sessions", sessions.count().to_string()),
        ("Tokens", tokens.count().to_string()),
    ];
    for (name, value) in lines {
        writeln!(out, "{name:<13} {value}")?;
    }
    Ok(())
}

fn set_permissions(records: &Records, args: &PermissionsArgs) -> Result<(), Refused> {
    if !args.permissions.is_something() {
        return Err("no permission was named: give --permission or --preset".into());
    }
    let old = records.account(&args.name)?;
    let account = records.order(ChangeAccount {
        id: Some(old.id),
        expected: Some(old.version),
        rights: Some(args.permissions.rights()),
        ..ChangeAccount::default()
    })?;
    say(format_args!("{} may now: {}", account.name, rights(&account)))?;
    Ok(())
}

fn set_status(records: &Records, name: &str, status: Status) -> Result<(), Refused> {
    let old = records.account(name)?;
    let account = records.order(ChangeAccount {
        id: Some(old.id),
        expected: Some(old.version),
        status: Some(status),
        ..ChangeAccount::default()
    })?;
    let (row, _) = shown(&*records.roster()?, &account);
    say(format_args!("{}: {}", account.name, row.status.word))?;
    Ok(())
}

fn reset(records: &Records, args: &ResetArgs) -> Result<(), Refused> {
    let old = records.account(&args.name)?;
    if args.link {
        // Whoever never had a password is invited once more.
        let invited = old.status == Status::Invited;
        let purpose = if invited { Purpose::Invitation } else { Purpose::Reset };
        let link_base = link_base(records, args.link_base.as_ref())?;
        let made = records.order(MakeLink { id: old.id, purpose, link_base })?;
        if let Some(link) = &made.link {
            hand_over(records, &made.account, link)?;
        }
        return Ok(());
    }
    let password = password(source(args.password_stdin), &old.name, "--password-stdin")?;
    let hash = records.office.gate.hash(&old.name, &password)?;
    let must_change = must_change(args.must_change_password);
    let expected = Some(old.version);
    let account = records.order(GivePassword { id: old.id, expected, hash, must_change })?;
    say(format_args!("{} has a new password", account.name))?;
    Ok(())
}

/// Prints a link: alone on standard output, so that it can be captured.
fn hand_over(records: &Records, account: &Account, link: &OneTimeLink) -> Result<(), Refused> {
    let shown = shown_link(link, &account.name, SystemClock::new().wall(), &TimeZone::system());
    eprintln!("{}. {}", shown.title, shown.sentence);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", link.url.reveal())?;
    out.flush()?;
    records.post(link.mailed_to.as_deref());
    Ok(())
}

fn link_base(records: &Records, given: Option<&String>) -> Result<String, Refused> {
    match given {
        Some(base) => {
            let public_url = Some(base.trim_end_matches('/').to_owned());
            let checked = WebSettings { public_url, ..WebSettings::default() }.check();
            checked.map_err(|error| format!("--link-base: {}", error.why))?;
            Ok(base.clone())
        }
        None => Ok(records.roster()?.settings.web.link_base()),
    }
}

const fn source(standard_input: bool) -> Source {
    if standard_input { Source::StandardInput } else { Source::Terminal }
}

const fn must_change(it_must: bool) -> MustChangeIt {
    if it_must { MustChangeIt::Yes } else { MustChangeIt::No }
}

fn rights(account: &Account) -> String {
    let words: Vec<&str> = account.rights.iter().map(|right| right.code()).collect();
    words.join(", ")
}

/// An account as the API shows it.
fn object(roster: &Roster, account: &Account) -> Value {
    let service = account.service.and_then(|id| roster.service(id));
    json!({
        "id": account.id,
        "kind": account.kind,
        "name": account.name,
        "email": account.email,
        "service": service.map(|service| &service.name),
        "permissions": account.rights.iter().collect::<Vec<_>>(),
        "status": account.status,
        "last_sign_in": account.last_sign_in.map(moment),
        "must_change_password": account.must_change_password,
        "version": account.version,
    })
}
