//! Feeds and connections without a network: one end of a pipe is the client.
