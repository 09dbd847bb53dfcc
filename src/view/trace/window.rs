//! A page of the trace for a face that keeps nothing from one look to the next: so many rows beside a
//! frame's number, found within a bounded stretch of frames.

use serde::Serialize;

use crate::view::filter::FilterView;
use crate::view::trace::{TraceRow, TraceTimes};

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowAsk {
    /// What is shown, in the filter language.
    pub filter: String,
    /// How times are told.
    pub times: TraceTimes,
    /// Where the page is.
    pub place: WindowPlace,
    /// How many rows.
    pub rows: usize,
}

/// Where a page is, by the numbers of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowPlace {
    /// The newest rows.
    #[default]
    End,
    /// This frame first, or the next one that fits.
    From(u64),
    /// The rows before this frame.
    Until(u64),
    /// This frame in the middle.
    Around(u64),
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WindowView {
    /// The rows, oldest first.
    pub rows: Vec<TraceRow>,
    /// "1 412 frames are kept, 12 MB".
    pub summary: String,
    /// That older or newer frames were not looked at; empty where all that matter were.
    pub partly: String,
    /// What stands here when there are no rows.
    pub empty: String,
    /// What the filter says.
    pub filter: FilterView,
    /// Where the page before this one ends; `None` where there is none.
    pub older: Option<u64>,
    /// Where the next page begins; `None` where there is none yet.
    pub newer: Option<u64>,
    /// Number of the oldest frame that is kept.
    pub first: u64,
    /// Number that the next frame will have.
    pub end: u64,
}
