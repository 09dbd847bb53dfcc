//! What orders about kept filters do.

use serde_json::json;

use crate::engine::filter::{Filter, LONGEST, LONGEST_NAME, MOST_SAVED, Saved, SavedFilter};
use crate::engine::filter::{forget as take, save};
use crate::engine::orders::OrderError;
use crate::engine::orders::desk::Desk;
use crate::engine::orders::filters::{ForgetFilter, KeepFilter};
use crate::engine::store::filters::{self, Owner};

pub fn keep(desk: &mut Desk<'_>, order: &KeepFilter) -> Result<SavedFilter, OrderError> {
    let owner = Owner::from(desk.by.account);
    let (name, text) = (order.filter.name.trim(), order.filter.text.trim());
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let why = format!("a name has at most {LONGEST_NAME} letters, in one line");
        return Err(OrderError::Unfit(why));
    }
    if text.len() > LONGEST {
        return Err(OrderError::Unfit(format!("a filter has at most {LONGEST} bytes")));
    }
    Filter::parse(text).map_err(|mistake| {
        OrderError::Unfit(format!(
            "the filter cannot be read: {}",
            mistake.text.trim_end_matches('.')
        ))
    })?;
    let mut kept = filters::of(&desk.writing.reading(), owner)?;
    let before = kept.iter().find(|one| one.name.to_lowercase() == name.to_lowercase()).cloned();
    match save(&mut kept, name, text) {
        Saved::Kept | Saved::Replaced => {}
        Saved::Nothing => {
            return Err(OrderError::Unfit(
                "a filter is kept by a name, and it asks something".into(),
            ));
        }
        Saved::Full => {
            let why = format!("{MOST_SAVED} filters are kept already: forget one first");
            return Err(OrderError::Unfit(why));
        }
    }
    filters::keep(desk.writing, owner, &kept)?;
    desk.before = before.map(|before| json!({ "filter": before.text }));
    desk.remember("filter", json!(text));
    Ok(SavedFilter { name: name.to_owned(), text: text.to_owned() })
}

pub fn forget(desk: &mut Desk<'_>, order: &ForgetFilter) -> Result<(), OrderError> {
    let owner = Owner::from(desk.by.account);
    let mut kept = filters::of(&desk.writing.reading(), owner)?;
    let Some(gone) = take(&mut kept, &order.name) else {
        let which: String = order.name.chars().take(LONGEST_NAME).collect();
        return Err(OrderError::NotFound { what: "kept filter", which });
    };
    filters::keep(desk.writing, owner, &kept)?;
    desk.before = Some(json!({ "filter": gone.text }));
    Ok(())
}
