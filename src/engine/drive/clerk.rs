//! Takes orders where there is no hub: in an office beside the records. What is about texts of profiles is
//! done, by the same work that a hub has done; what is about a plant is refused. Where an engine runs on
//! the folder, it alone works on profiles: it may run one of them.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};

use crate::engine::drive::writing;
use crate::engine::hub::Event;
use crate::engine::orders::plant::Command;
use crate::engine::orders::{Admitted, Answer, OrderError};
use crate::engine::people::People;
use crate::engine::store::lock;

/// Orders that may wait.
const ORDERS: usize = 4;

/// Begins to take orders, on a thread of its own that ends with the last sender.
///
/// # Errors
/// There can be no thread.
pub(super) fn start(folder: PathBuf, people: Arc<People>) -> std::io::Result<Sender<Event>> {
    let (inbox, events) = bounded(ORDERS);
    let body = move || {
        for event in events {
            if let Event::Order { order, reply } = event {
                reply.give(carry_out(&folder, &people, order));
            }
        }
    };
    std::thread::Builder::new().name("office".into()).spawn(body)?;
    Ok(inbox)
}

fn carry_out(folder: &std::path::Path, people: &Arc<People>, order: Admitted) -> Answer {
    let (by, face) = order.given();
    let (by, face) = (by.to_owned(), face);
    let Command::Profile(order) = order.into_command() else { return Err(OrderError::Stopping) };
    match lock::look(folder) {
        Ok(None) => writing::elsewhere(people, *order, (by, face)),
        Ok(Some(holder)) => Err(OrderError::Unfit(format!(
            "a Busbar runs on {} ({holder}), and it alone changes profiles meanwhile",
            folder.display()
        ))),
        Err(error) => Err(OrderError::Unfit(format!(
            "it cannot be found out whether a Busbar runs on {}: {error}",
            folder.display()
        ))),
    }
}
