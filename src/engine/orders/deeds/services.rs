//! What orders about services do.

use serde_json::json;

use crate::engine::access::account::{Service, ServiceId, name};
use crate::engine::orders::OrderError;
use crate::engine::orders::accounts::{AddService, RemoveService, RenameService, ServiceChoice};
use crate::engine::orders::desk::Desk;
use crate::engine::store::services;

pub fn add(desk: &mut Desk<'_>, order: AddService) -> Result<Service, OrderError> {
    let name = free_name(desk, &order.name, None)?;
    let id = services::insert(desk.writing, &name)?;
    desk.after = Some(json!({ "name": name }));
    desk.writing.touch();
    get(desk, id)
}

pub fn rename(desk: &mut Desk<'_>, order: RenameService) -> Result<Service, OrderError> {
    let old = current(desk, order.id, order.expected)?;
    let name = free_name(desk, &order.name, Some(old.id))?;
    if name == old.name {
        return Ok(old);
    }
    services::rename(desk.writing, old.id, &name)?;
    (desk.before, desk.after) = (Some(json!({ "name": old.name })), Some(json!({ "name": name })));
    desk.writing.touch();
    get(desk, old.id)
}

pub fn remove(desk: &mut Desk<'_>, order: RemoveService) -> Result<(), OrderError> {
    let old = current(desk, order.id, order.expected)?;
    if old.members > 0 {
        return Err(OrderError::ServiceInUse { name: old.name, members: old.members });
    }
    services::delete(desk.writing, old.id)?;
    desk.before = Some(json!({ "name": old.name }));
    desk.writing.touch();
    Ok(())
}

/// The service that was chosen, made if it is not there.
pub fn choose(desk: &Desk<'_>, choice: ServiceChoice) -> Result<Option<ServiceId>, OrderError> {
    match choice {
        ServiceChoice::None => Ok(None),
        ServiceChoice::Id(id) => Ok(Some(get(desk, id)?.id)),
        ServiceChoice::Named(text) => {
            let name = name("service", &text)?;
            match services::named(&desk.writing.reading(), &name)? {
                Some(service) => Ok(Some(service.id)),
                None => Ok(Some(services::insert(desk.writing, &name)?)),
            }
        }
    }
}

/// The service with this number.
pub fn get(desk: &Desk<'_>, id: ServiceId) -> Result<Service, OrderError> {
    let which = format!("with the number {id}");
    let absent = OrderError::NotFound { what: "service", which };
    services::get(&desk.writing.reading(), id)?.ok_or(absent)
}

fn current(
    desk: &mut Desk<'_>,
    id: ServiceId,
    expected: Option<i64>,
) -> Result<Service, OrderError> {
    let service = get(desk, id)?;
    desk.target = Some(format!("service {}", service.name));
    if expected.is_some_and(|version| version != service.version) {
        return Err(OrderError::Stale { what: format!("the service {}", service.name) });
    }
    Ok(service)
}

fn free_name(desk: &Desk<'_>, text: &str, own: Option<ServiceId>) -> Result<String, OrderError> {
    let name = name("name", text)?;
    let holder = services::named(&desk.writing.reading(), &name)?;
    if holder.is_some_and(|service| Some(service.id) != own) {
        return Err(OrderError::Taken { what: "a service", name });
    }
    Ok(name)
}
