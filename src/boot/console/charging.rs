//! What a person asks for on the Charge page, turned into orders. None of it waits: a stop least.

use std::io::Write as _;

use jiff::tz::TimeZone;

use super::people::sentence;
use super::{Shared, file};
use crate::base::id::Name;
use crate::desktop::ask::{ChargeAsk, ReportForm, SaveTo};
use crate::engine::{
    ChangeCharge, ChargeFilter, ClearLatches, Confirm, EngageContactors, Lease, ReadSafetyText,
    SetDemo, SetPoints, Snapshot, StartCharge, StopCharge, ViewPlant,
};
use crate::view::charge::{ChargePrefs, ChargeView, SafetyText};
use crate::view::compose::{charge, report};
use crate::view::export::{charge_csv, charge_html};
use crate::view::report::ReportsView;
use crate::view::shown::Tone;
use crate::view::text::a_name;

/// The Charge page.
pub(super) fn view(
    shared: &Shared,
    snapshot: Option<&Snapshot>,
    prefs: &ChargePrefs,
    zone: &TimeZone,
) -> ChargeView {
    let Some(snapshot) = snapshot else { return ChargeView::default() };
    let safety = match shared.door.has_read_safety_text(&shared.session) {
        true => SafetyText::Read,
        false => SafetyText::Unread,
    };
    let prefs = ChargePrefs { safety, ..prefs.clone() };
    charge::charge(snapshot, &prefs, &shared.session, zone)
}

/// Gives the order; what was refused is left to be read.
pub(super) fn carry_out(shared: &Shared, snapshot: Option<&Snapshot>, ask: ChargeAsk) {
    let done = match ask {
        ChargeAsk::Stop => {
            shared.submit(StopCharge { pack: None });
            Ok(())
        }
        ChargeAsk::Start(prefs) => start(shared, snapshot, &prefs),
        ChargeAsk::Apply(prefs) => set_points(snapshot, &prefs)
            .map(|(pack, set)| shared.submit(ChangeCharge { pack, set })),
        ChargeAsk::Engage(pack) => {
            a_name(&pack).map(|pack| shared.submit(EngageContactors { pack, confirm: Confirm }))
        }
        ChargeAsk::Clear(pack) => a_name(&pack).map(|pack| shared.submit(ClearLatches { pack })),
        ChargeAsk::Demo { parked, pace } => {
            shared.submit(SetDemo { parked, pace });
            Ok(())
        }
        ChargeAsk::ReadSafetyText => {
            shared.submit(ReadSafetyText);
            Ok(())
        }
    };
    if let Err(sentence) = done {
        shared.note(Tone::Fault, sentence);
    }
}

/// The pack and its set points as they stood on the page when the person said yes.
fn set_points(
    snapshot: Option<&Snapshot>,
    prefs: &ChargePrefs,
) -> Result<(Name, SetPoints), String> {
    let gone = || "The pack is no longer there: nothing was done.".to_owned();
    let wanted = prefs.pack.as_deref();
    let all = snapshot.map_or(&[][..], |snapshot| &snapshot.charges);
    let found = all.iter().find(|picture| Some(picture.pack.as_str()) == wanted);
    let picture = found.ok_or_else(gone)?;
    let read = |field: &str| prefs.typed.get(field).map(String::as_str);
    let set = charge::typed(&picture.set, &picture.rules, &read).map_err(|bad| {
        let sentences: Vec<String> = bad.iter().map(|error| format!("{error}.")).collect();
        sentences.join(" ")
    })?;
    Ok((picture.pack.clone(), set))
}

fn start(shared: &Shared, snapshot: Option<&Snapshot>, prefs: &ChargePrefs) -> Result<(), String> {
    let (pack, set) = set_points(snapshot, prefs)?;
    let charger = prefs.charger.as_deref().map(a_name).transpose()?;
    // The window asks before it closes, and closing it stops: nothing is left to itself.
    let lease = Lease::GoesOn;
    shared.submit(StartCharge { pack, charger, set, lease, confirm: Confirm });
    Ok(())
}

/// Most charges in the list.
const CHARGES: usize = 200;

/// The kept charges, newest first. Reads the store.
pub(super) fn list(shared: &Shared, zone: &TimeZone) -> Result<ReportsView, String> {
    let grant = shared.session.permit(ViewPlant).map_err(sentence)?;
    let filter = ChargeFilter { pack: None };
    let page = shared.door.charges(&grant, &filter, None, CHARGES).map_err(sentence)?;
    Ok(report::list(&page, zone))
}

/// Writes a report into a file.
pub(super) fn save(
    shared: &Shared,
    zone: &TimeZone,
    id: u64,
    (form, to): (ReportForm, &SaveTo),
) -> Result<String, String> {
    let grant = shared.session.permit(ViewPlant).map_err(sentence)?;
    let kept = shared.door.charge(&grant, id).map_err(sentence)?;
    let kept = kept.ok_or("This charge is no longer kept: nothing was saved.")?;
    file::write(to, |out| {
        match form {
            ReportForm::Html => {
                let view = report::report(&kept, zone, shared.door.clock().wall());
                out.write_all(charge_html::page(&view).as_bytes())?;
            }
            ReportForm::Csv => charge_csv::summary(&kept, out)?,
            ReportForm::Points => charge_csv::points(&kept, out)?,
        }
        Ok(())
    })?;
    Ok(format!("The report was saved in {}.", to.path.display()))
}
