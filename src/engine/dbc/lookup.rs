//! From an id to a message: a table for 11-bit ids, open addressing for 29-bit ids and for J1939
//! parameter groups.

use crate::engine::can::frame::Id;

const NONE: u32 = u32::MAX;

/// The J1939 parameter group number of a 29-bit id: without priority and source address, and
/// without the destination address where the format has one.
#[must_use]
pub const fn parameter_group(raw: u32) -> u32 {
    let group = (raw >> 8) & 0x3_FFFF;
    if (group >> 8) & 0xFF < 240 { group & 0x3_FF00 } else { group }
}

/// Which message an id stands for.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    standard: Vec<u32>,
    extended: Hashed,
    groups: Hashed,
}

impl Lookup {
    /// A lookup with room for so many messages.
    pub fn new(messages: usize) -> Self {
        Self {
            standard: vec![NONE; 2048],
            extended: Hashed::new(messages),
            groups: Hashed::new(messages),
        }
    }

    /// Enters a message; the first one with an id stays.
    pub fn insert(&mut self, id: Id, index: u32) {
        if id.is_extended() {
            self.extended.insert(id.raw(), index);
        } else if let Some(slot) = self.standard.get_mut(id.raw() as usize)
            && *slot == NONE
        {
            *slot = index;
        }
    }

    /// Enters a message under its parameter group; the first one stays.
    pub fn insert_group(&mut self, id: Id, index: u32) {
        self.groups.insert(parameter_group(id.raw()), index);
    }

    /// The message for this id.
    #[inline]
    pub fn find(&self, id: Id) -> Option<u32> {
        let found = if id.is_extended() {
            match self.extended.find(id.raw()) {
                NONE if self.groups.used > 0 => self.groups.find(parameter_group(id.raw())),
                found => found,
            }
        } else {
            self.standard.get(id.raw() as usize).copied().unwrap_or(NONE)
        };
        (found != NONE).then_some(found)
    }
}

/// A hash table of `u32` to `u32`, at most half full.
#[derive(Clone, Debug)]
struct Hashed {
    slots: Vec<(u32, u32)>,
    shift: u32,
    used: usize,
}

impl Hashed {
    fn new(entries: usize) -> Self {
        let size = (entries.max(1) * 4).next_power_of_two();
        Self { slots: vec![(0, NONE); size], shift: 64 - size.trailing_zeros(), used: 0 }
    }

    const fn home(&self, key: u32) -> usize {
        ((key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    fn insert(&mut self, key: u32, value: u32) {
        let mask = self.slots.len() - 1;
        let home = self.home(key);
        for at in home..home + self.slots.len() {
            let Some(slot) = self.slots.get_mut(at & mask) else { return };
            if slot.1 == NONE {
                *slot = (key, value);
                self.used += 1;
                return;
            }
            if slot.0 == key {
                return;
            }
        }
    }

    #[inline]
    fn find(&self, key: u32) -> u32 {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        // Half of the slots are free, so this ends.
        while let Some(&(other, value)) = self.slots.get(at & mask) {
            if value == NONE || other == key {
                return value;
            }
            at += 1;
        }
        NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_group_has_no_addresses_and_no_priority() {
        assert_eq!(parameter_group(0x18FE_F2E5), 0xFEF2);
        assert_eq!(parameter_group(0x0CFE_F200), 0xFEF2);
        assert_eq!(parameter_group(0x18EA_00F9), 0xEA00);
        assert_eq!(parameter_group(0x18EA_FFF9), 0xEA00);
        assert_eq!(parameter_group(0x1DEF_0011), parameter_group(0x01EF_2211));
    }

    #[test]
    fn every_id_that_was_entered_is_found_and_no_other() {
        let mut lookup = Lookup::new(5000);
        for n in 0..5000u32 {
            lookup.insert(Id::extended(n * 7919 % 0x2000_0000).unwrap(), n);
        }
        for n in 0..5000u32 {
            assert_eq!(lookup.find(Id::extended(n * 7919).unwrap()), Some(n));
            assert_eq!(lookup.find(Id::extended(n * 7919 + 1).unwrap()), None);
        }
        assert_eq!(lookup.find(Id::standard(0).unwrap()), None);
    }

    #[test]
    fn a_standard_id_is_not_the_extended_one_with_the_same_number() {
        let mut lookup = Lookup::new(2);
        lookup.insert(Id::standard(0x100).unwrap(), 0);
        lookup.insert(Id::extended(0x200).unwrap(), 1);
        assert_eq!(lookup.find(Id::standard(0x100).unwrap()), Some(0));
        assert_eq!(lookup.find(Id::extended(0x100).unwrap()), None);
        assert_eq!(lookup.find(Id::extended(0x200).unwrap()), Some(1));
        assert_eq!(lookup.find(Id::standard(0x200).unwrap()), None);
    }
}
