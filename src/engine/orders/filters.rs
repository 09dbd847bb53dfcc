//! Orders about the filters that a person keeps: each person's own, and nobody else's. Whoever sits at
//! the machine is a person of their own.

use crate::engine::access::permission::UseCan;
use crate::engine::filter::SavedFilter;
use crate::engine::orders::deeds::filters as deed;
use crate::engine::orders::{Order, Route};

/// Keeps a filter by a name for whoever gives the order; one of the same name is replaced.
#[derive(Clone, Debug)]
pub struct KeepFilter {
    /// The filter.
    pub filter: SavedFilter,
}

/// Takes a filter away that whoever gives the order keeps.
#[derive(Clone, Debug)]
pub struct ForgetFilter {
    /// Its name.
    pub name: String,
}

impl Order for KeepFilter {
    type Needs = UseCan;
    type Done = SavedFilter;
    const NAME: &'static str = "keep_filter";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        self.filter.name.clone()
    }

    fn route(self) -> Route<SavedFilter> {
        Route::records(move |desk| deed::keep(desk, &self))
    }
}

impl Order for ForgetFilter {
    type Needs = UseCan;
    type Done = ();
    const NAME: &'static str = "forget_filter";

    fn needs(&self) -> UseCan {
        UseCan
    }

    fn target(&self) -> String {
        self.name.clone()
    }

    fn route(self) -> Route<()> {
        Route::records(move |desk| deed::forget(desk, &self))
    }
}
