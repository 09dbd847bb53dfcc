//! What every layer may use and what knows nothing of batteries: units, time, readings with an
//! age, ids and problems. No thread, no file, no socket; the one `now()` of the program is in
//! [`time`].

pub mod id;
pub mod problem;
pub mod reading;
pub mod time;
pub mod units;
