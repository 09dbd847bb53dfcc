//! `/api/v1` as JSON: the same orders and queries as every face.
//!
//! | module | what it is |
//! |---|---|
//! | `take`, `place` | what a request brings, and where in it something is wrong |
//! | `give` | what an answer is made of: moments, pages of lists, versions |
//! | `words` | the engine's enums as words |
//! | `session` | signing in and out, one's own password, one-time links |
//! | `users`, `service_choice`, `services` | accounts and what they belong to |
//! | `sessions`, `tokens` | who is in, and with what |
//! | `journal`, `export` | what was done |
//! | `settings` | the system's own settings |
//! | `system` | doctor, information, licences, log, feedback |
//! | `backup` | everything that is kept, as one file |
//! | `plant`, `packs`, `pack_json`, `pack_own_json`, `reading`, `frames`, `trace` | the running plant |
//! | `components` | changing the components of the running profile |
//! | `buses` | restarting the controller of a bus, looking for its bit rate |
//! | `filters` | the filters that an account keeps |
//! | `messages` | messages that the profile keeps to be sent |
//! | `sending`, `sending_json` | sending by hand: arming, frames, schedules, silence |
//! | `recordings`, `recordings_json` | recording, and the recordings in the folder |
//! | `charge`, `charge_json` | charging: start, change, stop, latches, the demo |
//! | `replays` | recordings that are sent onto buses |
//! | `rules` | the rules that charging decides by |
//! | `charges` | the charges that are kept, and their reports |
//! | `profile_list` | which profiles there are, and who changed each last |
//! | `profiles` | profiles of the data folder and their versions |
//! | `exchange` | profile packs: a profile for another machine, and from one |
//! | `dbc`, `dbc_json` | DBC files, and by which a bus is read |
//! | `devices` | kinds of device, and folders of one's own |
//! | `discovery` | what talks on a bus |
//! | `document` | what all of this is, as OpenAPI 3.1 |
//! | `browse` | the same as a page for people |
//!
//! A handler takes apart, gives an order or looks through the door, and puts the answer together; it
//! decides nothing.

mod backup;
mod browse;
mod buses;
mod charge;
mod charge_json;
mod charges;
mod components;
pub mod dbc;
pub mod dbc_json;
pub mod devices;
mod discovery;
mod document;
mod exchange;
mod export;
mod filters;
mod frames;
mod give;
mod journal;
mod messages;
mod pack_json;
mod pack_own_json;
mod packs;
mod panels;
mod place;
mod plant;
mod profile_list;
mod profiles;
mod reading;
mod recordings;
mod recordings_json;
mod replays;
mod rules;
mod sending;
mod sending_json;
mod service_choice;
mod services;
mod session;
mod sessions;
mod settings;
mod system;
mod take;
mod tokens;
mod trace;
mod users;
mod words;

use crate::web::table::Table;

pub use backup::{BackupWanted, made as make_backup, weight as backup_weight};
pub use charge::give_stop;
pub use charge_json::Charge;
pub use charges::{ReportFile, report_file};
pub use discovery::recorded as talks_in_recording;
pub use exchange::{
    name_of as pack_name, preview as preview_pack, read as read_pack, taken_in as take_pack_in,
    written as export_pack,
};
pub use give::{aside, order};
pub use profiles::{
    Begins, before as version_before, beginning as new_profile, named as profile_named,
    new_name as new_profile_name, problem as profile_problem, run as run_profile,
    text_of as profile_text,
};
pub use recordings::{send as send_recording, take_in as take_in_recording};
pub use replays::{ReplayShown as Replay, recording};
pub use take::named;

/// The routes of the API.
#[must_use]
pub fn routes(table: Table) -> Table {
    let table = document::routes(table);
    let table = browse::routes(table);
    let table = session::routes(table);
    let table = users::routes(table);
    let table = services::routes(table);
    let table = sessions::routes(table);
    let table = tokens::routes(table);
    let table = journal::routes(table);
    let table = settings::routes(table);
    let table = system::routes(table);
    let table = backup::routes(table);
    let table = plant::routes(table);
    let table = buses::routes(table);
    let table = packs::routes(table);
    let table = charge::routes(table);
    let table = rules::routes(table);
    let table = components::routes(table);
    let table = charges::routes(table);
    let table = sending::routes(table);
    let table = messages::routes(table);
    let table = filters::routes(table);
    let table = trace::routes(table);
    let table = dbc::routes(table);
    let table = profiles::routes(table);
    let table = exchange::routes(table);
    let table = devices::routes(table);
    let table = discovery::routes(table);
    let table = replays::routes(table);
    let table = recordings::routes(table);
    frames::routes(table)
}
