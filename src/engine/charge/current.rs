//! The chain of smallest limits, the slow rise and the taper. Pure numbers.
