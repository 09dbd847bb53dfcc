//! Orders about reports of feedback: having one mailed.
//!
//! Busbar must not become an open relay, through which whoever may look writes to the world under the name
//! of its owner's mail server. So there are two orders. [`MailReport`] is for everybody who may make a
//! report, and reaches those who are known here: accounts that are not disabled, and the address that the
//! settings name for feedback, which is there for that. [`MailReportAnywhere`] reaches every address and is
//! an administrator's, who could give an account that address anyway. Both are counted in the same way,
//! refused addresses too, so that nobody finds out by trying whose address is known. The journal has to
//! whom and how large, never the text.

use crate::engine::access::permission::{Administer, PassOn};
use crate::engine::orders::deeds::reports as deed;
use crate::engine::orders::{Order, Route};

/// Longest report that is mailed, in bytes.
pub const REPORT_BYTES: usize = 512 * 1024;

/// A report, and to whom.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The address, as it was typed.
    pub to: String,
    /// The text. Secrets are taken out of it once more before it is sent.
    pub text: String,
}

/// A report that waits to be sent; what came of it will be in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailed {
    /// To which address.
    pub to: String,
    /// How large it is.
    pub bytes: usize,
}

/// Mails a report to somebody who is known here.
#[derive(Clone, Debug, Default)]
pub struct MailReport(pub Report);

/// Mails a report to any address.
#[derive(Clone, Debug, Default)]
pub struct MailReportAnywhere(pub Report);

/// Which addresses are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those that are known here.
    Known,
    /// Every one.
    Anywhere,
}

macro_rules! order {
    ($order:ident, $name:literal, $needs:ident, $reach:ident) => {
        impl Order for $order {
            type Needs = $needs;
            type Done = Mailed;
            const NAME: &'static str = $name;

            fn needs(&self) -> $needs {
                $needs
            }

            fn target(&self) -> String {
                "report of feedback".to_owned()
            }

            fn route(self) -> Route<Mailed> {
                Route::records(move |desk| deed::mail(desk, self.0, Reach::$reach))
            }
        }
    };
}

order!(MailReport, "mail_report", PassOn, Known);
order!(MailReportAnywhere, "mail_report_anywhere", Administer, Anywhere);
