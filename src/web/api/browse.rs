//! The API as a page: every route with what it does, who may use it and what it answers, made out of
//! the document. No script.

use std::sync::{Arc, OnceLock};

use askama::Template;
use axum::body::Bytes;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::web::api::document::{DOCUMENT, PLACE};
use crate::web::table::{Access, Table};

/// Enters the page. It is made when somebody wants it, once.
pub fn routes(table: Table) -> Table {
    let made = Arc::new(OnceLock::new());
    let show = move || std::future::ready(shown(made.get_or_init(page)));
    table.page(Method::GET, "/api", Access::Open, show)
}

fn shown(text: &Bytes) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text.clone()).into_response()
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Busbar: the API</title>
<link rel="icon" type="image/svg+xml" href="/assets/{{ files }}/mark.svg">
<link rel="stylesheet" href="/assets/{{ files }}/theme.css">
<link rel="stylesheet" href="/assets/{{ files }}/site.css">
</head>
<body class="document">
<main>
<h1>The API</h1>
<p>{{ about }}</p>
<p>For programs: <a href="{{ place }}">{{ place }}</a> (OpenAPI 3.1).</p>
{% for tag in tags %}
<section>
<h2>{{ tag.name }}</h2>
<p>{{ tag.about }}</p>
{% for route in tag.routes %}
<article id="{{ route.anchor }}">
<h3><code>{{ route.method }} {{ route.path }}</code></h3>
<p>{{ route.about }}</p>
{% if !route.takes.is_empty() %}
<table>
<caption>Takes</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Where</th><th scope="col">What</th></tr></thead>
<tbody>
{% for field in route.takes %}<tr><td><code>{{ field.name }}</code></td><td>{{ field.place }}</td><td>{{ field.about }}</td></tr>
{% endfor %}</tbody>
</table>
{% endif %}
<table>
<caption>Answers</caption>
<thead><tr><th scope="col">Status</th><th scope="col">What</th></tr></thead>
<tbody>
{% for answer in route.answers %}<tr><td>{{ answer.name }}</td><td>{{ answer.about }}</td></tr>
{% endfor %}</tbody>
</table>
</article>
{% endfor %}
</section>
{% endfor %}
</main>
</body>
</html>
"##
)]
struct Page {
    files: &'static str,
    about: String,
    place: &'static str,
    tags: Vec<Tag>,
}

struct Tag {
    name: String,
    about: String,
    routes: Vec<Route>,
}

struct Route {
    anchor: String,
    method: String,
    path: String,
    about: String,
    takes: Vec<Field>,
    answers: Vec<Field>,
}

struct Field {
    name: String,
    place: String,
    about: String,
}

/// The page, finished.
fn page() -> Bytes {
    // The document is our own: it can be read, and the page be made of it.
    let document: Value = serde_json::from_slice(DOCUMENT).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let tags = tags.iter().map(|tag| {
        let name = text(&tag["name"]);
        let routes = routes_of(&document, &name);
        Tag { about: text(&tag["description"]), routes, name }
    });
    let about = text(&document["info"]["description"]);
    let files = crate::web::pages::files();
    let page = Page { files, about, place: PLACE, tags: tags.collect() };
    Bytes::from(page.render().unwrap_or_default())
}

fn routes_of(document: &Value, tag: &str) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tags = operation["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
            if tags.iter().any(|one| one == tag) {
                routes.push(route(document, path, method, operation));
            }
        }
    }
    routes
}

fn route(document: &Value, path: &str, method: &str, operation: &Value) -> Route {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let summary = text(&operation["summary"]);
    let more = text(&operation["description"]);
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let mut takes: Vec<Field> = parameters
        .map(|parameter| Field {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            about: text(&parameter["description"]),
        })
        .collect();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = body["$ref"].as_str().and_then(|place| place.rsplit('/').next());
    let schema = name.map_or(body, |name| &document["components"]["schemas"][name]);
    for (field, about) in schema["properties"].as_object().into_iter().flatten() {
        let about = text(&about["description"]);
        takes.push(Field { name: field.clone(), place: "body".to_owned(), about });
    }
    let answers = operation["responses"].as_object().into_iter().flatten();
    let answers = answers.map(|(status, response)| Field {
        name: status.clone(),
        place: String::new(),
        about: text(&response["description"]),
    });
    Route {
        anchor: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        about: format!("{summary} {more}").trim().to_owned(),
        takes,
        answers: answers.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_document_is_on_the_page_without_script_or_style() {
        let page = String::from_utf8(page().to_vec()).unwrap();
        let document: Value = serde_json::from_slice(DOCUMENT).unwrap();
        for path in document["paths"].as_object().unwrap().keys() {
            assert!(page.contains(path.as_str()), "{path}");
        }
        assert!(!page.contains("<script") && !page.contains("<style") && !page.contains("style="));
        assert!(page.contains("permissions"), "fields of bodies are told");
    }
}
