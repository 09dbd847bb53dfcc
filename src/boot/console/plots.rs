//! The plots of the window: asks the thread that gathers values for what is shown, and composes what
//! it has so far. None of it waits.

use std::sync::Arc;

use super::Shared;
use crate::engine::{CurveLine, Curves, CurvesWanted, Decoders, Reel, Subject};
use crate::view::compose;
use crate::view::compose::trace::Naming;
use crate::view::plot::{MOST_LINES, PlotAsk, PlotPicture};
use crate::view::traffic::{RowKey, StudyView};

/// What is gathered of one trace.
pub(super) struct Plots {
    curves: Curves,
    lines: Vec<CurveLine>,
    study: Option<Subject>,
}

impl Plots {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let shared = Arc::downgrade(shared);
        let told = Box::new(move || {
            if let Some(shared) = shared.upgrade() {
                shared.changed();
            }
        });
        Self { curves: Curves::new(told), lines: Vec::new(), study: None }
    }

    fn want(&mut self, reel: &Reel, decoders: &Arc<Decoders>) {
        let (lines, study) = (self.lines.clone(), self.study);
        self.curves.want(CurvesWanted {
            reel: reel.clone(),
            decoders: Arc::clone(decoders),
            lines,
            study,
        });
    }

    /// A close look at an id.
    pub(super) fn study(
        &mut self,
        reel: &Reel,
        decoders: &Arc<Decoders>,
        row: RowKey,
    ) -> StudyView {
        self.study = compose::study::subject(row);
        self.want(reel, decoders);
        let found = self.study.and_then(|subject| self.curves.study(subject));
        found.map_or_else(StudyView::default, |found| compose::study::study(&found, decoders))
    }

    /// The plot of signals.
    pub(super) fn plot(&mut self, naming: &Naming<'_>, reel: &Reel, ask: &PlotAsk) -> PlotPicture {
        let keys = ask.lines.iter().take(MOST_LINES);
        self.lines = keys.filter_map(|key| compose::signal_plot::line(naming, key)).collect();
        self.want(reel, naming.decoders());
        compose::signal_plot::signal_plot(naming, reel, &self.curves, ask)
    }
}
