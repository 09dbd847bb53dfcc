//! Recordings: log formats found by content, read line by line into frames.

use thiserror::Error;

/// Why a recording cannot be opened.
#[derive(Debug, Error)]
#[error("not built yet")]
pub struct OpenLogError;
