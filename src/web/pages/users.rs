//! The Users page: the list, the editor of one account, and a new account.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::engine::{AccountId, Administer, Preset, Right, Status};
use crate::view::compose;
use crate::view::traffic::SortOrder;
use crate::view::users::{
    AddForm, RightChoice, ServiceFilter, ServiceName, ShownOnce, UserColumn, UsersPrefs, UsersView,
};
use crate::web::pages::form::{self, Typed};
use crate::web::pages::shell::{Ask, Shell, draw_as, failed};
use crate::web::pages::wrong::Wrong;
use crate::web::pages::{escaped, plain};
use crate::web::problem::Problem;
use crate::web::shared::Shared;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct UsersQuery {
    filter: String,
    status: String,
    service: String,
    sort: String,
    order: String,
    done: String,
}

/// Statuses by their name in the address.
const STATUSES: [(&str, &str, Status); 3] = [
    ("active", "Active", Status::Active),
    ("invited", "Invited", Status::Invited),
    ("disabled", "Disabled", Status::Disabled),
];

impl UsersQuery {
    fn prefs(&self, selected: Option<AccountId>) -> UsersPrefs {
        let column = UserColumn::ALL.into_iter().find(|column| column.code() == self.sort);
        let status = STATUSES.iter().find(|(code, ..)| *code == self.status);
        UsersPrefs {
            filter: self.filter.chars().take(64).collect(),
            status: status.map(|(.., status)| *status),
            service: match self.service.as_str() {
                "" => ServiceFilter::Any,
                "none" => ServiceFilter::Nobody,
                id => id.parse().map_or(ServiceFilter::Any, ServiceFilter::Of),
            },
            sort: column.unwrap_or_default(),
            order: if self.order == "down" { SortOrder::Descending } else { SortOrder::Ascending },
            selected,
        }
    }

    fn columns(&self) -> Vec<Column> {
        let down = self.order == "down";
        let sorted = self.prefs(None).sort;
        let column = |column: UserColumn| {
            let here = column == sorted;
            let order = if here && !down { "down" } else { "" };
            let fields = [
                ("filter", self.filter.as_str()),
                ("status", &self.status),
                ("service", &self.service),
                ("sort", column.code()),
                ("order", order),
            ];
            let said = fields.iter().filter(|(_, value)| !value.is_empty());
            let said: Vec<String> =
                said.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
            let (sorted, sign) = match (here, down) {
                (false, _) => ("", ""),
                (true, false) => ("ascending", " \u{25b2}"),
                (true, true) => ("descending", " \u{25bc}"),
            };
            let href = format!("/users?{}", said.join("&"));
            Column { title: column.title(), href, sorted, sign }
        };
        let mut columns: Vec<Column> = UserColumn::ALL.into_iter().map(column).collect();
        let (href, sorted, sign) = (String::new(), "", "");
        columns.insert(3, Column { title: "Permissions", href, sorted, sign });
        columns
    }
}

/// The head of a column.
struct Column {
    title: &'static str,
    href: String,
    sorted: &'static str,
    sign: &'static str,
}

/// What stands in the text fields of the editor.
#[derive(Clone, Debug, Default)]
struct Texts {
    name: String,
    email: String,
    new_service: String,
    way: String,
}

impl Texts {
    fn of(typed: &Typed) -> Self {
        let text = |name: &str| typed.text(name).to_owned();
        Self {
            name: text("name"),
            email: text("email"),
            new_service: text("new_service"),
            way: text("way"),
        }
    }
}

#[derive(Template)]
#[template(path = "users.html", config = ".config/askama.toml")]
struct UsersPage {
    shell: Shell,
    query: UsersQuery,
    columns: Vec<Column>,
    statuses: Vec<(&'static str, &'static str)>,
    view: UsersView,
    typed: Texts,
    chosen_service: String,
    permissions: Vec<RightChoice>,
    done: &'static str,
    once: Option<ShownOnce>,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "user_new.html", config = ".config/askama.toml")]
struct NewPage {
    shell: Shell,
    add: AddForm,
    services: Vec<ServiceName>,
    typed: Texts,
    chosen_service: String,
    chosen_preset: String,
    rights: Vec<RightChoice>,
    wrong: Wrong,
}

/// What an answer shows besides the page itself.
#[derive(Default)]
pub struct Came {
    /// A link or a token, shown this once.
    pub once: Option<ShownOnce>,
    /// What is wrong with the form that came, and what was typed into it.
    pub wrong: Option<(Problem, Typed)>,
}

/// The list of all users.
pub async fn list(
    State(shared): State<Shared>,
    ask: Ask,
    Query(query): Query<UsersQuery>,
) -> Response {
    answer(&shared, &ask, query, None, Came::default())
}

/// The list with the editor of one account.
pub async fn edit(
    State(shared): State<Shared>,
    ask: Ask,
    Path(id): Path<String>,
    Query(query): Query<UsersQuery>,
) -> Response {
    match form::account(&id) {
        Ok(id) => answer(&shared, &ask, query, Some(id), Came::default()),
        Err(problem) => failed(&problem, &ask),
    }
}

/// Draws the page with what came of a form.
pub fn answer(
    shared: &Shared,
    ask: &Ask,
    query: UsersQuery,
    selected: Option<AccountId>,
    came: Came,
) -> Response {
    let status = came.wrong.as_ref().map_or(StatusCode::OK, |(problem, _)| problem.status());
    match users_page(shared, ask, query, selected, came) {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

/// Fields of the editor and of what stands below it.
const FIELDS: [&str; 6] = ["name", "email", "new_service", "password", "token_name", "days"];

fn users_page(
    shared: &Shared,
    ask: &Ask,
    query: UsersQuery,
    selected: Option<AccountId>,
    came: Came,
) -> Result<UsersPage, Problem> {
    let roster = shared.door().roster(&ask.session.permit(Administer)?);
    let (now, zone) = (shared.door().clock().wall(), TimeZone::system());
    let view = compose::users::users(&roster, &query.prefs(selected), &ask.session, now, &zone);
    if let (Some(id), None) = (selected, &view.editor) {
        return Err(Problem::not_found(format!("There is no account {id} (any more).")));
    }
    let editor = view.editor.as_ref();
    let mut typed = editor.map_or_else(Texts::default, |editor| Texts {
        name: editor.name.clone(),
        email: editor.email.clone(),
        ..Texts::default()
    });
    let mut chosen_service = editor.and_then(|editor| editor.service).map(|id| id.to_string());
    let mut permissions = editor.map_or_else(Vec::new, |editor| free(&editor.permissions));
    let mut wrong = Wrong::nothing();
    if let Some((problem, sent)) = &came.wrong {
        wrong = Wrong::from(problem).known(&FIELDS);
        // Only the editor's own form brings a name; what others hold is not typed in here.
        if sent.get("name").is_some() {
            typed = Texts::of(sent);
            chosen_service = Some(sent.text("service").to_owned());
            tick(&mut permissions, sent);
        }
    }
    let mut shell = plain::framed(shared, ask, "Users", "/users")?;
    if let Some(editor) = editor {
        shell.title = format!("{} \u{b7} Users", editor.name);
    }
    Ok(UsersPage {
        shell,
        columns: query.columns(),
        statuses: STATUSES.iter().map(|(code, words, _)| (*code, *words)).collect(),
        done: form::done(&query.done),
        query,
        view,
        typed,
        chosen_service: chosen_service.unwrap_or_default(),
        permissions,
        once: came.once,
        wrong,
    })
}

/// The boxes of an account's permissions. Nothing but a new page could free the boxes below an
/// administrator's once that is unticked, so they are free from the start, unless it must stay.
fn free(choices: &[RightChoice]) -> Vec<RightChoice> {
    let stays = choices.iter().any(|c| c.right == Right::Administrator && c.fixed.is_some());
    let free = |choice: &RightChoice| match choice.right {
        Right::ChangeSettings | Right::ChargePacks | Right::SendReceiveCan if !stays => {
            RightChoice { fixed: None, ..choice.clone() }
        }
        Right::Administrator
        | Right::ReadSettings
        | Right::ChangeSettings
        | Right::ChargePacks
        | Right::SendReceiveCan => choice.clone(),
    };
    choices.iter().map(free).collect()
}

/// Ticks what was ticked when the form was sent.
fn tick(choices: &mut [RightChoice], sent: &Typed) {
    let ticked = sent.rights().unwrap_or_default();
    for choice in choices.iter_mut().filter(|choice| choice.fixed.is_none()) {
        choice.held = ticked.contains(&choice.right);
    }
}

/// The page for a new account.
pub async fn add(State(shared): State<Shared>, ask: Ask) -> Response {
    new_page(&shared, &ask, None)
}

/// Draws the page for a new account, with what is wrong with what was typed.
pub fn new_page(shared: &Shared, ask: &Ask, wrong: Option<(Problem, Typed)>) -> Response {
    let status = wrong.as_ref().map_or(StatusCode::OK, |(problem, _)| problem.status());
    match try_new_page(shared, ask, wrong) {
        Ok(page) => draw_as(status, &page),
        Err(problem) => failed(&problem, ask),
    }
}

fn try_new_page(
    shared: &Shared,
    ask: &Ask,
    wrong: Option<(Problem, Typed)>,
) -> Result<NewPage, Problem> {
    let roster = shared.door().roster(&ask.session.permit(Administer)?);
    let (now, zone) = (shared.door().clock().wall(), TimeZone::system());
    let prefs = UsersPrefs::default();
    let view = compose::users::users(&roster, &prefs, &ask.session, now, &zone);
    let mut page = NewPage {
        shell: plain::framed(shared, ask, "Add user", "/users")?,
        rights: view.add.rights.clone(),
        add: view.add,
        services: view.services,
        typed: Texts::default(),
        chosen_service: String::new(),
        chosen_preset: preset_code(Preset::Viewer).to_owned(),
        wrong: Wrong::nothing(),
    };
    if let Some((problem, sent)) = wrong {
        page.wrong = Wrong::from(&problem).known(&FIELDS);
        page.typed = Texts::of(&sent);
        sent.text("service").clone_into(&mut page.chosen_service);
        sent.text("preset").clone_into(&mut page.chosen_preset);
        tick(&mut page.rights, &sent);
    }
    Ok(page)
}

/// The name of a preset in forms.
#[must_use]
pub const fn preset_code(preset: Preset) -> &'static str {
    match preset {
        Preset::Viewer => "viewer",
        Preset::Operator => "operator",
        Preset::Engineer => "engineer",
        Preset::Administrator => "administrator",
    }
}
