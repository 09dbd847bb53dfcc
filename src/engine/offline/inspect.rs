//! Says what a recording tells about a pack.
