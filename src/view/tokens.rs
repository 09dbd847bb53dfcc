//! API tokens of an account.

use crate::engine::{AccountId, TokenId};
use crate::view::chrome::Chip;
use crate::view::offer::{Grave, Offer};
use crate::view::shown::Badge;
use crate::view::users::RightChoice;

/// The tokens of one account.
#[derive(Clone, Debug, Default)]
pub struct TokensView {
    /// Those in use first, each part by name.
    pub rows: Vec<TokenRow>,
    /// What stands here when there are none.
    pub empty: String,
    /// "New token…".
    pub create: Offer,
    /// What a new token may be allowed: what its account holds.
    pub rights: Vec<RightChoice>,
    /// Lengths of life to choose, in days, with their words; the first is the usual one.
    pub lives: Vec<(u32, String)>,
}

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenRow {
    /// Its number.
    pub id: TokenId,
    /// Whose.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub permissions: Vec<Chip>,
    /// When it was made.
    pub created: String,
    /// Until when.
    pub expires: String,
    /// When it was last used.
    pub used: String,
    /// "In use", "Expired", "Revoked".
    pub state: Badge,
    /// "Revoke…"; absent where it is over.
    pub revoke: Option<Grave>,
}
