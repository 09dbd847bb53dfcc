//! Names for filters without a plant, and what the fuzzer calls.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use crate::engine::can::frame::{Frame, Id};
use crate::engine::dbc::{Codec, parse};
use crate::engine::filter::{Filter, LONGEST, Memory, Mistake, Scope, Vocabulary, complete};

/// A bus with messages of these ids (bit 31 set for 29 bits) and names. Those whose name begins with
/// "Pack" have the signals `PackVoltage` and `PackCurrent`, the others none. Names may have any
/// letters but quotes.
#[must_use]
pub fn names<'a>(bus: &str, messages: impl IntoIterator<Item = (u32, &'a str)>) -> Vocabulary {
    let mut text = String::from("VERSION \"\"\n\nBU_:\n\n");
    let mut long = String::new();
    for (number, (id, name)) in messages.into_iter().enumerate() {
        let _ = writeln!(text, "BO_ {id} M{number}: 8 A");
        if name.starts_with("Pack") {
            text.push_str(" SG_ PackVoltage : 0|32@1+ (0.001,0) [0|0] \"V\" A\n");
            text.push_str(" SG_ PackCurrent : 32|32@1- (0.001,0) [0|0] \"A\" A\n");
        }
        text.push('\n');
        let _ = writeln!(long, "BA_ \"SystemMessageLongSymbol\" BO_ {id} \"{name}\";");
    }
    text.push_str("BA_DEF_ BO_ \"SystemMessageLongSymbol\" STRING ;\n");
    text.push_str(&long);
    let mut vocabulary = Vocabulary::new();
    vocabulary.add_bus(bus, &[Arc::new(Codec::compile(&[&parse(text.as_bytes()).schema]))]);
    vocabulary
}

/// The same of a DBC text, for benches.
#[must_use]
pub fn names_of(bus: &str, dbc: &str) -> Vocabulary {
    let mut vocabulary = Vocabulary::new();
    vocabulary.add_bus(bus, &[Arc::new(Codec::compile(&[&parse(dbc.as_bytes()).schema]))]);
    vocabulary
}

/// Filters: any text is read or refused with a place inside it, what is read runs over frames and is
/// written to a text that reads the same, and something may be completed at every place.
///
/// # Panics
/// Something is wrong.
pub fn filter_text(bytes: &[u8]) {
    static NAMES: OnceLock<Vocabulary> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let vocabulary = NAMES.get_or_init(|| names("can0", [(0x6FA, "Pack"), (0x9806_E5F4, "To it")]));
    let place = |mistake: &Mistake| {
        assert!(text.get(mistake.span.clone()).is_some(), "{mistake:?} is outside of the text");
        assert!(!mistake.text.is_empty(), "refused without a word");
    };
    for offer in complete(text, text.len() / 2, vocabulary) {
        assert!(text.get(offer.span.clone()).is_some(), "{offer:?} is outside of the text");
    }
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(mistake) => return place(&mistake),
    };
    let shown = filter.to_string();
    if shown.len() <= LONGEST {
        assert_eq!(Filter::parse(&shown).as_ref(), Ok(&filter), "it is written {shown}");
    }
    let ids = [Id::standard(0x6FA), Id::extended(0x1806_E5F4), Id::standard(0)];
    let frames = ids.into_iter().flatten().filter_map(|id| Frame::classic(id, &[0x80, 1, 2, 3]));
    let frames: Vec<Frame> = frames.collect();
    for scope in [Scope::Trace, Scope::Recording, Scope::Table] {
        match filter.compile(vocabulary, scope) {
            Ok(sieve) => {
                sieve.warnings().iter().for_each(place);
                let mut memory = Memory::new();
                for frame in &frames {
                    let _ = sieve.lets(frame.view(), &mut memory);
                }
            }
            Err(mistake) => place(&mistake),
        }
    }
}
