//! What orders about sessions, tokens and waits do.

use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::sessions::{
    CreateToken, EndSession, EndSessions, LiftWait, NewToken, RevokeToken,
};

macro_rules! unwritten {
    ($($name:ident($order:ty) -> $done:ty;)*) => {$(
        pub fn $name(_desk: &mut Desk<'_>, _order: $order) -> Result<$done, OrderError> {
            todo!()
        }
    )*};
}

unwritten! {
    end(EndSession) -> ();
    end_all(EndSessions) -> usize;
    create_token(CreateToken) -> NewToken;
    revoke_token(RevokeToken) -> ();
    lift_wait(LiftWait) -> ();
}
