//! What can happen to the hub, and what it asks for. Both are closed lists.

use std::sync::Arc;

use crate::base::id::BusId;
use crate::engine::can::address::Address;
use crate::engine::can::bus::{BusStatus, Received};
use crate::engine::can::frame::Frames;
use crate::engine::can::replay::Progress;
use crate::engine::orders::plant::Play;
use crate::engine::orders::{Admitted, Answer, Reply};
use crate::engine::snapshot::{Notice, Snapshot};

/// Which running of a plant an event belongs to: events of a plant that was replaced are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A bus brought frames.
    Frames {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// The frames.
        frames: Frames,
        /// What else the receive half said.
        received: Received,
    },
    /// A bus is doing differently.
    Bus {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// How it is doing.
        status: BusStatus,
    },
    /// Frames were lost before the hub because its inbox was full.
    Lost {
        /// Running of the plant.
        epoch: Epoch,
        /// The bus.
        bus: BusId,
        /// How many.
        frames: u64,
    },
    /// A recording was played on.
    Played {
        /// Running of the plant.
        epoch: Epoch,
        /// Where it stands.
        progress: Progress,
    },
    /// Somebody gave an order.
    Order {
        /// The order.
        order: Admitted,
        /// Where the answer goes.
        reply: Reply,
    },
    /// Something to tell everybody; an empty text takes the notice back.
    Notice(Notice),
    /// Time has passed.
    Tick,
}

/// What the hub asks of the threads around it.
#[derive(Debug)]
pub enum Effect {
    /// Close all buses and open these.
    Connect {
        /// Running of the plant that they belong to.
        epoch: Epoch,
        /// The buses, in the order of their handles.
        buses: Vec<BusPlan>,
    },
    /// Control the player.
    Play(Play),
    /// Show this to everybody.
    Publish(Arc<Snapshot>),
    /// Answer an order.
    Answer(Reply, Answer),
}

/// A bus to open.
#[derive(Clone, Debug)]
pub struct BusPlan {
    /// Handle.
    pub bus: BusId,
    /// Name, for the thread.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// Scene whose simulated devices are attached to it, where it has one.
    pub scene: Option<String>,
}
