//! Everything behind the door. The children are private modules; what faces may name is
//! re-exported here and nothing else.

mod access;
mod can;
mod dbc;
mod device;
mod door;
mod drive;
mod hub;
mod offline;
mod order;
mod pack;
mod prepare;
mod profile;
#[cfg(doctest)]
mod proofs;
mod sim;
mod snapshot;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use access::actor::{Actor, Rights, Who};
pub use access::grant::{Denied, Face, Grant, LocalSeat, Session};
pub use access::permission::{
    Administer, ChangeSettings, ChargePacks, Permission, Right, UseCan, ViewPlant,
};
pub use can::address::{Address, AddressError};
pub use can::bus::{BusState, BusStatus, Listening};
pub use can::frame::{Direction, Frame, FrameRef, Id, Kind};
pub use can::guard::Cleared;
pub use can::interfaces::{Found, Interface, interfaces};
pub use can::replay::{PlayState, Progress, Speed};
pub use device::{Contactors, Flag, Level, PackState};
pub use door::{Door, Refusal, Waker};
pub use drive::{Running, StartError, start, start_on};
pub use hub::decoders::{DecodedFrame, DecodedSignal, Decoders};
pub use hub::traffic::{Row as TrafficEntry, Traffic};
pub use offline::{check, decode, inspect, profiles};
pub use order::{ActivateProfile, Answer, ClearTraffic, Order, OrderError, Play, Ticket};
pub use pack::{
    CellAt, CellPicture, CellState, ChargerPicture, DriverPicture, FlagPicture, ModulePicture,
    PackPicture, Remark, Seen, Soc, TemperatureAt,
};
pub use prepare::{PrepareError, bus_profile, demo_profile, interpret_profile, load_profile};
pub use profile::expand::environment;
pub use profile::library::{Library, LibraryError, Loaded};
pub use profile::model::{BusEntry, ComponentEntry, Limits, Profile};
pub use profile::starters::StartError as StarterError;
pub use profile::watch::{Change as WatchedChange, Watch as WatchedFile};
pub use sim::simulate;
pub use sim::{Scene, SceneError, SceneLine};
pub use snapshot::{
    BusPicture, ComponentPicture, GroupPicture, ModelPicture, Notice, ProfilePicture, Snapshot,
    Totals,
};
