//! Makes the document out of what stands beside each route, with the problems that any route of its kind may
//! answer. Only the test does so: what it makes is a file (`assets/api.json`), which `UPDATE_GOLDEN=1` writes.

use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, SecurityRequirement};
use utoipa::{Modify, OpenApi as _};

use crate::engine::testing::golden;
use crate::web::api::{
    backup, buses, charge, charges, components, dbc, devices, discovery, exchange, export, filters,
    frames, journal, messages, packs, plant, profile_list, profiles, recordings, replays, rules,
    sending, services, session, sessions, settings, system, tokens, trace, users,
};
use crate::web::problem::Problem;

/// The document.
fn document() -> OpenApi {
    let mut document = Document::openapi();
    // Only what the routes need is told: no version of the program.
    document.info.license = None;
    document.info.contact = None;
    document
}

/// Routes that others answer and that only have to be told here.
mod elsewhere {
    use crate::web::api::document::Health;

    /// Says that the listener answers.
    #[utoipa::path(get, path = "/health", tag = "system", security(()),
        responses((status = 200, description = "It does", body = Health)))]
    #[expect(dead_code, reason = "only what stands above it is used")]
    fn health() {}

    /// The same as `/api/v1/metrics`, where Prometheus looks unless told otherwise.
    #[utoipa::path(get, path = "/metrics", tag = "system",
        security((), ("bearer" = []), ("cookie" = [])),
        responses((status = 200, description = "Metrics, text format 0.0.4; from this machine \
            itself without signing in", body = String, content_type = "text/plain")))]
    #[expect(dead_code, reason = "only what stands above it is used")]
    fn metrics() {}

    /// This document.
    #[utoipa::path(get, path = "/api/v1/openapi.json", tag = "system", security(()),
        responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
    #[expect(dead_code, reason = "only what stands above it is used")]
    fn openapi() {}

    /// Live snapshots and changes over WebSocket: packs, charges, signals by pattern, events,
    /// frames, replays.
    ///
    /// Text messages with JSON. A client sends
    /// `{"subscribe": {"id": "a", "packs": ["*"], "charges": ["*"], "signals": ["pack/*/voltage_v",
    /// "signal/can0/*"], "events": true, "frames": {"bus": "can0", "ids": ["0x6F4"]}, "rate_hz": 10}}`,
    /// at least one of them, and `{"unsubscribe": "a"}`; at most 8 subscriptions, 20 messages a
    /// second, 16 KiB a message. `packs` are names or `*`, and so are `charges`: by the name of the
    /// pack, each tells what `GET /api/v1/packs/{id}/charge` tells (state, step, set points, what
    /// governs, what is told, meter, latches, what was seen), without ages and lists, and `reasons`:
    /// by the name of a check that does not hold, why not. In `signals` each `*` stands for any characters, and signals
    /// are called `pack/PACK/QUANTITY` and `signal/BUS/MESSAGE/SIGNAL`; `frames` (`bus`, `ids`, `id`
    /// with `mask`, `name`; `{}` for all) and `replays` (`true`) need `send_receive_can`; `rate_hz` is
    /// 1 to 20.
    ///
    /// It is told `{"subscription": "a", "rate_hz", "at", "snapshot"}`, then
    /// `{"subscription": "a", "at", "change"}` where the change is a JSON merge patch (RFC 7396) on
    /// what was told before, empty once a second where nothing changes. Who does not read in time gets
    /// `{"subscription": "a", "missed": 3, "at", "snapshot"}` instead. What is not understood is
    /// answered with `{"error": {"code", "detail"}}`. Before the stream is closed it says
    /// `{"ended": {"code", "reason"}}`: close code 4001 where the session has ended, 4003 where a
    /// right is missing, 1001 where the listener stops, 1008 after more than 5 faulty messages or
    /// more than 20 a second. A browser's page must be one of Busbar's own.
    #[utoipa::path(get, path = "/api/v1/live", tag = "plant",
        responses(
            (status = 101, description = "The connection is a WebSocket from now on"),
            (status = 400, description = "The handshake has no key"),
            (status = 426, description = "The request asks for no WebSocket"),
        ))]
    #[expect(dead_code, reason = "only what stands above it is used")]
    fn live() {}
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Busbar",
        version = "1",
        description = "Everything that the pages and the window of Busbar do, as JSON. \
            Sign in with `POST /api/v1/session` or make a token with `POST /api/v1/tokens`, and send \
            it as `Authorization: Bearer`. Times are RFC 3339 in UTC. Current and power into the \
            battery are positive. What is unknown is `null`. Problems are answered as RFC 9457 has \
            them, with a stable `code`. Whoever must change the password \
            first may look at the session, change the password, end sessions and tokens of their own, \
            and stop a charge; all else is refused with `password_change_required`. Fields and query parameters that are not known are refused."
    ),
    paths(
        elsewhere::health, elsewhere::openapi, elsewhere::live, elsewhere::metrics,
        crate::web::api::document::health,
        crate::web::metrics::metrics,
        session::sign_in, session::look, session::sign_out, session::change_password,
        session::look_at_link, session::redeem,
        users::list, users::add, users::look, users::change, users::delete,
        users::invite, users::reset, users::lift_wait,
        services::list, services::add, services::look, services::rename, services::remove,
        sessions::list, sessions::end, sessions::end_all,
        tokens::list, tokens::create, tokens::revoke,
        journal::list, journal::verify, export::export,
        settings::look, settings::change, settings::fields, settings::reset,
        backup::weigh, backup::make,
        system::doctor, system::information, system::licences, system::log, system::feedback,
        system::mail_feedback,
        plant::buses, buses::restart, buses::scan, plant::components, packs::list, packs::look, packs::cells, frames::list, trace::list,
        components::kinds, components::kind, components::look, components::put, components::delete,
        components::enable, components::disable,
        charge::look, charge::start, charge::change, charge::stop, charge::stop_all, charge::clear,
        charge::contactors, charge::safety_text, charge::demo, charges::list, charges::look, rules::rules, rules::change,
        dbc::list, dbc::look_at, dbc::download, dbc::upload, dbc::remove, dbc::assign, dbc::unassign,
        profile_list::list, profiles::add, profiles::look, profiles::alter, profiles::delete,
        profiles::activate, profiles::undo, profiles::versions, profiles::version, profiles::restore,
        discovery::on_bus, discovery::in_recording, exchange::export, exchange::import,
        devices::list, devices::look_at, devices::patch, devices::remove, devices::put_dbc,
        devices::put_manifest,
        sending::arm, sending::silence, sending::silence_all, sending::send, sending::schedules,
        replays::list, replays::start, replays::one, replays::change, replays::stop,
        sending::start, sending::stop, messages::list, messages::look_at, messages::keep, messages::forget,
        messages::send, messages::start, filters::list, filters::keep, filters::forget,
        recordings::list, recordings::start, recordings::look, recordings::file, recordings::upload,
        recordings::delete, recordings::recorders, recordings::stop, recordings::forget,
    ),
    components(schemas(Problem, export::Format)),
    modifiers(&Common),
    tags(
        (name = "session", description = "Signing in and out, one's own password, one-time links"),
        (name = "users", description = "Accounts; for administrators"),
        (name = "services", description = "Teams and organisations; for administrators"),
        (name = "sessions", description = "Who is signed in"),
        (name = "tokens", description = "Tokens of the API"),
        (name = "journal", description = "What was done; for administrators"),
        (name = "settings", description = "The system's own settings"),
        (name = "components", description = "Changing the components of the running profile"),
        (name = "plant", description = "Buses, components, packs, frames"),
        (name = "charge", description = "Charging packs; a stop is open to everybody signed in"),
        (name = "sending", description = "Sending by hand; a bus is listened to only until it is armed"),
        (name = "replays", description = "Recordings that are sent onto buses"),
        (name = "recordings", description = "Recording buses into files, and the folder of recordings"),
        (name = "dbc", description = "DBC files, and by which a bus is read"),
        (name = "profiles", description = "Profiles of the data folder, what they say and said"),
        (name = "system", description = "The listener itself"),
    )
)]
struct Document;

/// What all routes of a kind have in common: how one proves who one is, and the problems.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some("A session's token, or an API token".to_owned());
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description("busbar", "What the pages use");
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        document.security = Some(vec![
            SecurityRequirement::new("bearer", [""; 0]),
            SecurityRequirement::new("cookie", [""; 0]),
        ]);
        for (name, schema) in &mut components.schemas {
            if let (true, RefOr::T(Schema::Object(reading))) =
                (name.starts_with("Reading_"), schema)
            {
                reading.properties.entry("value".to_owned()).and_modify(or_null);
            }
        }
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                operation.operation_id = Some(name_of(method, path));
                complete(path, operation);
            }
        }
    }
}

/// A value of any type may be unknown: what is made for each type leaves that out.
fn or_null(value: &mut RefOr<Schema>) {
    let null = Schema::Object(ObjectBuilder::new().schema_type(Type::Null).build());
    *value = OneOfBuilder::new().item(null).item(value.clone()).into();
}

/// The operations of a path with the names of their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// A name for the operation that no other has: `get_users_id`.
fn name_of(method: &str, path: &str) -> String {
    let begin =
        if path.starts_with("/api/v1/") { method.to_owned() } else { format!("{method}_root") };
    let parts = path.trim_start_matches("/api/v1").split('/').filter(|part| !part.is_empty());
    parts.fold(begin, |name, part| {
        let part = part.trim_matches(['{', '}']).replace(['-', '.'], "_");
        format!("{name}_{part}")
    })
}

/// Adds the problems that every route like this one may answer.
fn complete(path: &str, operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        // What a route says of its own problems is the sentence; their form is always the same.
        if let (true, RefOr::T(response)) = (status.as_str() >= "400", response) {
            *response = problem(&response.description);
        }
    }
    // What names a way to sign in beside none (from this machine itself) may refuse others.
    let is_open = operation.security.as_ref().is_some_and(|ways| ways.len() == 1);
    let has_body = operation.request_body.is_some();
    let asks = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let mut may = |status: &str, description: &str| {
        let responses = &mut operation.responses.responses;
        if !responses.contains_key(status) {
            responses.insert(status.to_owned(), RefOr::T(problem(description)));
        }
    };
    may("400", "The request cannot be understood");
    if path == "/api/v1/session" || !is_open {
        may("401", "Not signed in, or not any more");
        may("403", "The permission is missing, or the password must be changed first");
    } else {
        may("403", "The request comes from a page of another site");
    }
    if path.contains('{') {
        may("404", "There is no such thing");
    }
    if has_body {
        may("408", "The body did not arrive in time");
        may("413", "The body is too large");
        may("415", "The body is not JSON");
    }
    if asks {
        may("414", "The address is too long");
    }
    if has_body || asks {
        may("422", "A field or a query parameter cannot be; `field` names it");
    }
    if path == "/api/v1/session" || path.contains("/invitations/") || path.ends_with("/password") {
        may("429", "Too many attempts; `Retry-After` says how long to wait");
    }
    may("431", "The head of the request is too large");
    may("500", "A fault of Busbar's own");
    may("503", "Too much to do, it cannot be written down, or the listener is stopping");
}

fn problem(description: &str) -> utoipa::openapi::Response {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}

/// The document as the file has it: a route, a schema or what else there is of a kind a line, so that a
/// change shows as the line it is.
fn text() -> String {
    let mut text = String::new();
    lines(&serde_json::to_value(document()).unwrap(), 0, &mut text);
    text.push('\n');
    text
}

fn lines(value: &Value, depth: usize, text: &mut String) {
    let Some(fields) = value.as_object().filter(|fields| depth < 3 && !fields.is_empty()) else {
        text.push_str(&value.to_string());
        return;
    };
    text.push_str("{\n");
    for (at, (name, value)) in fields.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { ",\n" });
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        lines(value, depth + 1, text);
    }
    text.push_str("\n}");
}

#[test]
fn it_is_openapi_3_1_and_every_problem_is_told_as_one() {
    let json: Value = serde_json::to_value(document()).unwrap();
    assert!(json["openapi"].as_str().unwrap().starts_with("3.1."), "{}", json["openapi"]);
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in json["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(names.insert(name.to_owned()), "two operations are called {name}");
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(summary.len() > 5, "{method} {path} says nothing of itself");
            for (status, response) in operation["responses"].as_object().unwrap() {
                if status.as_str() >= "400" {
                    let content = &response["content"]["application/problem+json"];
                    assert!(content.is_object(), "{method} {path} {status}: {response}");
                }
            }
        }
    }
}

#[test]
fn the_file_is_what_is_made() {
    golden("../../assets/api.json", &text());
}
