//! `busbar dbc show` and `busbar dbc format`: what a DBC file says, and the file written anew.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::dbc::Format;
use crate::base::problem::system_words;
use crate::cli::{Outcome, Over, printed, say};
use crate::engine::{
    BitKind, BitOrder, DbcEncoding, DbcForm, DbcMessage, DbcSignal, check, dbc_mark, write_dbc,
    write_dbc_file,
};

/// Arguments of `busbar dbc show`.
#[derive(clap::Args, Debug)]
pub struct ShowArgs {
    /// The DBC file.
    pub file: PathBuf,
    /// Only this message, by its name or id (0x123).
    #[arg(long)]
    pub message: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `busbar dbc format`.
#[derive(clap::Args, Debug)]
pub struct FormatArgs {
    /// The DBC file.
    pub file: PathBuf,
    /// Where to write it; left out: to the standard output.
    pub out: Option<PathBuf>,
    /// Whether a file that is there may be replaced.
    #[command(flatten)]
    pub over: Over,
    /// Writes UTF-8, whatever the file was written in.
    #[arg(long)]
    pub utf8: bool,
    /// How to print what was written to a file.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Prints what a file says.
///
/// # Errors
/// It cannot be read, or the result cannot be written.
pub fn show(args: &ShowArgs) -> Outcome {
    let schema = check::read(&args.file)?.schema;
    let wanted = |message: &&DbcMessage| match &args.message {
        Some(name) => message.name == *name || message.id.to_string().eq_ignore_ascii_case(name),
        None => true,
    };
    let messages: Vec<&DbcMessage> = schema.messages.iter().filter(wanted).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Json => {
            let all: Vec<Value> = messages.iter().map(|message| as_json(message)).collect();
            serde_json::to_writer_pretty(&mut out, &json!({ "messages": all }))
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        }
        Format::Text => messages.iter().try_for_each(|message| text(message, &mut out)),
    };
    printed(written.and_then(|()| out.flush()))?;
    if messages.is_empty() {
        eprintln!("busbar: {} has no such message", args.file.display());
    }
    Ok(ExitCode::from(u8::from(messages.is_empty())))
}

const fn words(signal: &DbcSignal) -> (&'static str, &'static str) {
    let order = match signal.order {
        BitOrder::Little => "intel",
        BitOrder::Big => "motorola",
    };
    let kind = match signal.kind {
        BitKind::Unsigned => "unsigned",
        BitKind::Signed => "signed",
        BitKind::Float => "float",
        BitKind::Double => "double",
    };
    (order, kind)
}

fn text(message: &DbcMessage, out: &mut impl Write) -> io::Result<()> {
    let from = match message.senders.as_slice() {
        [] => String::new(),
        senders => format!(", sent by {}", senders.join(", ")),
    };
    writeln!(out, "{} {}: {} bytes{from}", message.id, message.name, message.len)?;
    for signal in &message.signals {
        let (order, kind) = words(signal);
        writeln!(
            out,
            "  {} {}|{} {order} {kind}, \u{d7} {} + {} {}",
            signal.name, signal.start, signal.length, signal.factor, signal.offset, signal.unit
        )?;
    }
    Ok(())
}

fn as_json(message: &DbcMessage) -> Value {
    let signal = |signal: &DbcSignal| {
        let (order, kind) = words(signal);
        let selection = signal.selection.as_ref().and_then(|selection| {
            let switch = &message.signals.get(selection.switch)?.name;
            Some(json!({ "switch": switch, "ranges": selection.ranges }))
        });
        let labels: Vec<Value> = signal
            .labels
            .iter()
            .map(|label| json!({ "value": label.value, "text": label.text }))
            .collect();
        json!({
            "name": signal.name, "start": signal.start, "length": signal.length, "order": order,
            "kind": kind, "factor": signal.factor, "offset": signal.offset, "min": signal.min,
            "max": signal.max, "unit": signal.unit, "receivers": signal.receivers,
            "labels": labels, "selection": selection, "comment": signal.comment,
        })
    };
    let signals: Vec<Value> = message.signals.iter().map(signal).collect();
    json!({
        "id": message.id.raw(), "extended": message.id.is_extended(), "name": message.name,
        "length": message.len, "senders": message.senders, "cycle_ms": message.cycle_ms(),
        "comment": message.comment, "signals": signals,
    })
}

/// Writes a file anew, in the order of the format's own tools.
///
/// # Errors
/// It cannot be read or written, or its encoding lacks a character.
pub fn format(args: &FormatArgs) -> Outcome {
    let parsed = check::read(&args.file)?;
    let encoding = if args.utf8 { DbcEncoding::Utf8 } else { parsed.form.encoding };
    let written = write_dbc(&parsed.schema, DbcForm { encoding, ..parsed.form })?;
    let Some(out) = &args.out else {
        printed(io::stdout().lock().write_all(&written.bytes))?;
        return Ok(ExitCode::SUCCESS);
    };
    args.over.may_write(out)?;
    // A link stays one: what it leads to is written anew.
    let place = std::fs::canonicalize(out).unwrap_or_else(|_| out.clone());
    write_dbc_file(&place, &written.bytes)
        .map_err(|error| format!("cannot write {}: {}", out.display(), system_words(&error)))?;
    report(args, out, &written.bytes, &written.notes)
}

fn report(args: &FormatArgs, out: &Path, bytes: &[u8], notes: &[String]) -> Outcome {
    match args.format {
        Format::Json => {
            let said = json!({
                "file": out, "bytes": bytes.len(), "mark": dbc_mark(bytes), "notes": notes,
            });
            say(format_args!("{said}"))?;
        }
        Format::Text => {
            notes.iter().for_each(|note| eprintln!("busbar: {note}"));
            say(format_args!("{}: {} bytes", out.display(), bytes.len()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
