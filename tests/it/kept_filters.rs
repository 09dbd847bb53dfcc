//! Filters that an account keeps: through the API and on the pages, each account's own.

use busbar::engine::Preset;

use crate::visit::Inn;

const PAGE: &str = "/can/trace?filter=id%3A600";

fn inn() -> Inn {
    let inn = Inn::new();
    inn.add("ada", Preset::Administrator);
    inn.add("eve", Preset::Administrator);
    inn.add("viv", Preset::Viewer);
    inn
}

#[test]
fn a_filter_is_kept_on_a_page_chosen_there_and_forgotten_and_nobody_else_sees_it() {
    let inn = inn();
    let (ada, eve, origin) = (inn.cookie("ada"), inn.cookie("eve"), inn.origin());
    let own = [("Cookie", ada.as_str())];
    let page = inn.get(PAGE, &own);
    let referer = format!("{origin}{PAGE}");
    let from = [own[0], ("Origin", origin.as_str()), ("Referer", referer.as_str())];
    let token = page.form_token();
    let post = |fields: &str, told: &str| {
        let answer = inn.form("/can/filters", &from, &format!("{fields}&form_token={token}"));
        let place = format!("{PAGE}&{told}");
        assert_eq!(
            answer.header("location"),
            Some(&*format!("{place}#kept-filters")),
            "{answer:?}"
        );
        inn.get(&place, &own).plain_body()
    };
    let said = post("name=Cells+of+one&filter=id%3A600..60F", "kept=Cells%20of%20one");
    assert!(said.contains("Filter \u{201c}Cells of one\u{201d} is kept."), "{said}");
    for page in ["/can", PAGE] {
        let shown = inn.get(page, &own).plain_body();
        assert!(shown.contains("filter=id%3A600..60F"), "{page}: {shown}");
        assert!(shown.contains("Cells of one"), "{page}");
        let other = inn.get(page, &[("Cookie", eve.as_str())]).plain_body();
        assert!(!other.contains("Cells of one"), "{page}");
    }
    let said = post("forget=Cells+of+one", "forgot=Cells%20of%20one");
    assert!(said.contains("Filter \u{201c}Cells of one\u{201d} is forgotten."), "{said}");
    assert!(!inn.get(PAGE, &own).plain_body().contains("Cells of one"));
}

#[test]
fn programs_keep_the_same_filters_and_what_is_none_is_refused() {
    let inn = inn();
    let bearer = |name: &str| format!("Bearer {}", inn.token(name));
    let (ada, viv) = (bearer("ada"), bearer("viv"));
    let (own, viewer) = ([("Authorization", ada.as_str())], [("Authorization", viv.as_str())]);
    let put = |name: &str, filter: &str| {
        let body = serde_json::json!({ "filter": filter }).to_string();
        inn.json("PUT", &format!("/api/v1/filters/{name}"), &own, &body)
    };
    assert_eq!(put("Pack", " id:600 ").status, 200);
    assert_eq!(put("pack", "id:6FA").status, 200, "one of the same name is replaced");
    for (filter, what) in [("", "nothing"), ("id:zz", "no filter"), ("(id:1", "half of one")] {
        assert_eq!(put("other", filter).status, 409, "{what}");
    }
    assert_eq!(put(&"n".repeat(61), "id:1").status, 409);
    let list = inn.get("/api/v1/filters", &own).plain_body();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["items"], serde_json::json!([{ "name": "pack", "filter": "id:6FA" }]));
    assert_eq!(inn.get("/api/v1/filters", &viewer).status, 403);
    let version = inn.roster().settings.version;
    assert_eq!(put("More", "id:1").status, 200);
    assert_eq!(inn.roster().settings.version, version, "nobody's settings have changed");
    for status in [204, 404] {
        assert_eq!(inn.json("DELETE", "/api/v1/filters/PACK", &own, "").status, status);
    }
}
