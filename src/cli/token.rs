//! `busbar token`: tokens of the API.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::time::{Clock as _, SystemClock, Wall};
use crate::cli::records::{Permissions, Records, print_table};
use crate::cli::{Outcome, Refused, say};
use crate::engine::{CreateToken, RevokeToken, Right, Rights, Roster, TokenEntry};
use crate::view::export::moment;

/// What to do with tokens.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Make a token of an account, and print it this once.
    Create(CreateArgs),
    /// List all tokens.
    List(ListArgs),
    /// Let a token in no more.
    Revoke(RevokeArgs),
}

/// Arguments of `busbar token create`.
#[derive(clap::Args, Debug)]
pub struct CreateArgs {
    /// The account it acts for.
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// Its name, by which it can be told from the account's others.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it allows, of what the account may do; to read where none is given.
    #[command(flatten)]
    pub permissions: Permissions,
    /// It runs out after so many days.
    #[arg(long, value_name = "DAYS", default_value_t = 90, allow_hyphen_values = true)]
    pub days: u32,
}

/// Arguments of `busbar token list`.
#[derive(clap::Args, Debug)]
pub struct ListArgs {
    /// Only those of this account.
    #[arg(value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// A JSON array instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `busbar token revoke`.
#[derive(clap::Args, Debug)]
pub struct RevokeArgs {
    /// The account it acts for.
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// Its name, or its number in the list.
    #[arg(value_name = "NAME|NUMBER")]
    pub token: String,
}

/// Runs it; `data_dir` overrides the data folder.
///
/// # Errors
/// Says what and where.
pub fn run(command: &Command, data_dir: Option<&Path>) -> Outcome {
    let records = Records::open(data_dir)?;
    match command {
        Command::Create(args) => create(&records, args)?,
        Command::List(args) => list(&records, args)?,
        Command::Revoke(args) => revoke(&records, args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn create(records: &Records, args: &CreateArgs) -> Result<(), Refused> {
    let account = records.account(&args.account)?;
    let days = Duration::from_secs(u64::from(args.days) * 24 * 3600);
    let span = i64::try_from(days.as_nanos()).unwrap_or(i64::MAX);
    let now = SystemClock::new().wall();
    let expires = Wall::from_nanos(now.nanos().saturating_add(span));
    let rights = args.permissions.rights();
    let order = CreateToken { account: account.id, name: args.name.clone(), rights, expires };
    let made = records.order(order)?;
    eprintln!(
        "The token {} of {} allows {} until {}. It is shown this once:",
        made.entry.name,
        account.name,
        codes(made.entry.rights),
        moment(made.entry.expires)
    );
    let mut out = io::stdout().lock();
    writeln!(out, "{}", made.token.reveal())?;
    Ok(out.flush()?)
}

fn list(records: &Records, args: &ListArgs) -> Result<(), Refused> {
    let of = args.account.as_deref().map(|name| records.account(name)).transpose()?;
    let roster = records.roster()?;
    let wanted = |token: &&TokenEntry| of.as_ref().is_none_or(|of| of.id == token.account);
    let tokens: Vec<&TokenEntry> = roster.tokens.iter().filter(wanted).collect();
    let mut out = io::stdout().lock();
    if args.json {
        let all: Vec<Value> = tokens.iter().map(|token| object(&roster, token)).collect();
        return Ok(writeln!(out, "{:#}", Value::Array(all))?);
    }
    if tokens.is_empty() {
        eprintln!("There is no token: `busbar token create ACCOUNT --name NAME` makes one.");
        return Ok(());
    }
    let rows: Vec<[String; 6]> = tokens
        .iter()
        .map(|token| {
            [
                token.id.to_string(),
                owner(&roster, token),
                token.name.clone(),
                state(token).to_owned(),
                codes(token.rights),
                moment(token.expires),
            ]
        })
        .collect();
    let heads = ["Number", "Account", "Name", "Status", "Permissions", "Expires"];
    Ok(print_table(&mut out, heads, &rows)?)
}

fn revoke(records: &Records, args: &RevokeArgs) -> Result<(), Refused> {
    let account = records.account(&args.account)?;
    let roster = records.roster()?;
    let named = |token: &&TokenEntry| {
        token.name.to_lowercase() == args.token.to_lowercase() || token.id.to_string() == args.token
    };
    let own = roster.tokens.iter().filter(|t| t.account == account.id && t.revoked.is_none());
    let found: Vec<&TokenEntry> = own.filter(named).collect();
    let [token] = found.as_slice() else {
        let why = if found.is_empty() { "no token" } else { "more than one token" };
        return Err(format!(
            "{} has {why} \u{201c}{}\u{201d} in use: `busbar token list {}` shows them with their numbers",
            account.name, args.token, account.name
        )
        .into());
    };
    records.order(RevokeToken { account: account.id, id: token.id })?;
    say(format_args!("the token {} of {} lets in no more", token.name, account.name))?;
    Ok(())
}

fn owner(roster: &Roster, token: &TokenEntry) -> String {
    roster.account(token.account).map(|account| account.name.clone()).unwrap_or_default()
}

fn state(token: &TokenEntry) -> &'static str {
    if token.revoked.is_some() {
        "revoked"
    } else if token.expires <= SystemClock::new().wall() {
        "run out"
    } else {
        "in use"
    }
}

fn codes(rights: Rights) -> String {
    rights.iter().map(Right::code).collect::<Vec<_>>().join(", ")
}

fn object(roster: &Roster, token: &TokenEntry) -> Value {
    json!({
        "id": token.id,
        "account": owner(roster, token),
        "name": token.name,
        "permissions": token.rights.iter().collect::<Vec<_>>(),
        "status": state(token),
        "created": moment(token.created),
        "expires": moment(token.expires),
        "last_used": token.used.map(moment),
    })
}
