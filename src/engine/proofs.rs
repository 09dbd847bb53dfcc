//! Proofs that the walls hold, as documentation tests: each thing that must not compile stands
//! beside a twin that does and differs in one place, so that a test does not pass because of a slip.
//!
//! # A grant comes from a session and from nowhere else
//!
//! ```
//! use busbar::engine::{Grant, Session, ViewPlant};
//! fn grant(session: &Session) -> Option<Grant<'_, ViewPlant>> {
//!     session.permit(ViewPlant).ok()
//! }
//! ```
//!
//! It cannot be written down:
//!
//! ```compile_fail,E0451
//! use busbar::engine::{Grant, Session, ViewPlant};
//! fn grant(session: &Session) -> Option<Grant<'_, ViewPlant>> {
//!     Some(Grant { actor: session.actor(), what: ViewPlant, _session: std::marker::PhantomData })
//! }
//! ```
//!
//! It has no default:
//!
//! ```compile_fail,E0277
//! use busbar::engine::{Grant, Session, ViewPlant};
//! fn grant(session: &Session) -> Option<Grant<'_, ViewPlant>> {
//!     session.permit(ViewPlant).ok().or(Some(std::iter::once(()).map(|()| Default::default()).next()?))
//! }
//! ```
//!
//! It cannot be copied; what it permits can:
//!
//! ```
//! use busbar::engine::{Grant, ViewPlant};
//! fn twice(grant: &Grant<'_, ViewPlant>) -> (ViewPlant, ViewPlant) {
//!     (grant.what().clone(), grant.what().clone())
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use busbar::engine::{Grant, ViewPlant};
//! fn twice<'s>(grant: &Grant<'s, ViewPlant>) -> (Grant<'s, ViewPlant>, Grant<'s, ViewPlant>) {
//!     (grant.clone(), grant.clone())
//! }
//! ```
//!
//! It does not outlive its session:
//!
//! ```compile_fail,E0597
//! use busbar::engine::{Face, Grant, LocalSeat, ViewPlant};
//! fn later(seat: &LocalSeat) -> bool {
//!     let grant: Grant<'_, ViewPlant>;
//!     {
//!         let session = seat.sit(Face::Desktop);
//!         grant = session.permit(ViewPlant).unwrap();
//!     }
//!     grant.actor().to_string().is_empty()
//! }
//! ```
//!
//! ```
//! use busbar::engine::{Face, Grant, LocalSeat, ViewPlant};
//! fn later(seat: &LocalSeat) -> bool {
//!     let grant: Grant<'_, ViewPlant>;
//!     let session = seat.sit(Face::Desktop);
//!     {
//!         grant = session.permit(ViewPlant).unwrap();
//!     }
//!     grant.actor().to_string().is_empty()
//! }
//! ```
//!
//! A grant for one thing is not a grant for another:
//!
//! ```
//! use busbar::engine::{ChangeSettings, Grant, Session};
//! fn change(_: &Grant<'_, ChangeSettings>) {}
//! fn ask(session: &Session) {
//!     change(&session.permit(ChangeSettings).unwrap());
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use busbar::engine::{ChangeSettings, Grant, Session, ViewPlant};
//! fn change(_: &Grant<'_, ChangeSettings>) {}
//! fn ask(session: &Session) {
//!     change(&session.permit(ViewPlant).unwrap());
//! }
//! ```
//!
//! # There is one local seat, and only the engine makes it
//!
//! ```
//! use busbar::engine::{Face, LocalSeat, Session};
//! fn sit(seat: &LocalSeat) -> Session {
//!     seat.sit(Face::Desktop)
//! }
//! ```
//!
//! ```compile_fail,E0624
//! use busbar::engine::{Face, LocalSeat, Session};
//! fn sit() -> Session {
//!     LocalSeat::new().sit(Face::Desktop)
//! }
//! ```
//!
//! ```compile_fail,E0423
//! use busbar::engine::{Face, LocalSeat, Session};
//! fn sit() -> Session {
//!     LocalSeat(()).sit(Face::Desktop)
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use busbar::engine::LocalSeat;
//! fn second(seat: &LocalSeat) -> LocalSeat {
//!     seat.clone()
//! }
//! ```
//!
//! Nor is a session made without one:
//!
//! ```
//! use busbar::engine::{Actor, Face, Session};
//! fn look(session: &Session) -> (Actor, Face) {
//!     (session.actor().clone(), session.face())
//! }
//! ```
//!
//! ```compile_fail,E0624
//! use busbar::engine::{Actor, Face, Session};
//! fn forge(actor: Actor) -> Session {
//!     Session::local(actor, Face::Desktop)
//! }
//! ```
//!
//! ```compile_fail,E0624
//! use busbar::engine::{Actor, Right, Rights, Who};
//! fn forge() -> Actor {
//!     Actor::new(Who::LocalConsole, Rights::of(&[Right::Administrator]))
//! }
//! ```
//!
//! # A password is kept only as a hash, and hashed only after the rules were asked
//!
//! ```
//! use busbar::engine::{Credential, MustChangeIt, PasswordHash};
//! fn given(hash: PasswordHash) -> Credential {
//!     Credential::Password { hash, must_change: MustChangeIt::Yes }
//! }
//! ```
//!
//! ```compile_fail,E0423
//! use busbar::engine::{Credential, MustChangeIt, PasswordHash};
//! fn given(text: String) -> Credential {
//!     Credential::Password { hash: PasswordHash(text), must_change: MustChangeIt::Yes }
//! }
//! ```
//!
//! A secret has no text of its own; whoever shows it says so:
//!
//! ```
//! use busbar::engine::Secret;
//! fn show(secret: &Secret) -> String {
//!     format!("{}", secret.reveal())
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use busbar::engine::Secret;
//! fn show(secret: &Secret) -> String {
//!     format!("{}", secret)
//! }
//! ```
//!
//! # Only a guard clears a frame
//!
//! ```
//! use busbar::engine::Cleared;
//! fn pass(cleared: Cleared) -> Cleared {
//!     cleared
//! }
//! ```
//!
//! ```compile_fail,E0423
//! use busbar::engine::Cleared;
//! fn pass(cleared: Cleared) -> Cleared {
//!     Cleared(cleared.into_frame())
//! }
//! ```
//!
//! ```compile_fail,E0599
//! use busbar::engine::Cleared;
//! fn pass(cleared: Cleared) -> Cleared {
//!     let again = cleared.clone();
//!     again
//! }
//! ```
//!
//! # Faces name what the engine offers, never a part inside it
//!
//! ```
//! use busbar::engine::Library;
//! ```
//!
//! ```compile_fail,E0603
//! use busbar::engine::profile::library::Library;
//! ```
//!
//! ```compile_fail,E0603
//! use busbar::engine::can::guard::Guard;
//! ```
