//! How long somebody who is in stays in.
