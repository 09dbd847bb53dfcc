//! What orders about accounts, services and links do.

use crate::engine::access::account::{Account, Service};
use crate::engine::orders::OrderError;
use crate::engine::orders::accounts::{
    AddAccount, AddService, Added, ChangeAccount, DeleteAccount, GivePassword, MakeLink,
    RemoveService, RenameService,
};
use crate::engine::orders::desk::Desk;

macro_rules! unwritten {
    ($($name:ident($order:ty) -> $done:ty;)*) => {$(
        pub fn $name(_desk: &mut Desk<'_>, _order: $order) -> Result<$done, OrderError> {
            todo!()
        }
    )*};
}

unwritten! {
    add(AddAccount) -> Added;
    change(ChangeAccount) -> Account;
    delete(DeleteAccount) -> ();
    make_link(MakeLink) -> Added;
    give_password(GivePassword) -> Account;
    add_service(AddService) -> Service;
    rename_service(RenameService) -> Service;
    remove_service(RemoveService) -> ();
}
