//! The pages as a browser asks for them: forms and their seals, what is shown of hostile names, what
//! is kept, and the stream of a live page.

use std::net::TcpStream;
use std::time::Duration;

use busbar::engine::{
    ActivateProfile, DeleteAccount, MustChangeIt, Preset, Right, Rights, demo_profile,
};
use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::listening::{Answered, BETTER, GOOD, Listening};

/// Every page that an administrator sees.
const PAGES: [&str; 19] = [
    "/",
    "/pack",
    "/can",
    "/can/trace",
    "/can/send",
    "/can/recordings",
    "/can/replay",
    "/can/buses",
    "/can/dbc",
    "/parts",
    "/users",
    "/users/new",
    "/users/1",
    "/services",
    "/sessions",
    "/journal",
    "/settings",
    "/account",
    "/about",
];

/// A browser with a cookie.
struct Browser<'l> {
    house: &'l Listening,
    cookie: String,
}

/// Fields as a form sends them.
fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        text.bytes()
            .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

impl<'l> Browser<'l> {
    fn new(house: &'l Listening) -> Self {
        Self { house, cookie: String::new() }
    }

    /// Signed in.
    fn of(house: &'l Listening, name: &str) -> Self {
        let mut browser = Self::new(house);
        let fields = [("username", name), ("password", GOOD), ("next", "/")];
        let answer = browser.send("/sign-in", &fields).is(303);
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.clone_into(&mut browser.cookie);
        browser
    }

    fn get(&self, path: &str) -> Answered {
        self.house.send("GET", path, "", &[("cookie", &self.cookie)], "")
    }

    /// What the forms of its pages carry.
    fn seal(&self) -> String {
        let page = self.get("/account").is(200).text;
        let (_, rest) = page.split_once("name=\"form_token\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// Sends a form as it is.
    fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answered {
        let origin = self.house.url("");
        let kind = "application/x-www-form-urlencoded";
        let headers =
            [("cookie", self.cookie.as_str()), ("origin", &origin), ("content-type", kind)];
        let body = if fields.is_empty() { "x=".to_owned() } else { encoded(fields) };
        self.house.send("POST", path, "", &headers, &body)
    }

    /// Sends a form with its seal.
    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answered {
        let seal = self.seal();
        let all: Vec<(&str, &str)> =
            fields.iter().copied().chain([("form_token", seal.as_str())]).collect();
        self.send(path, &all)
    }

    /// Opens the stream of a page, as a page of `origin` would.
    fn watch(&self, path: &str, origin: &str) -> Result<Stream, u16> {
        let address = self.house.url(path).replacen("http", "ws", 1);
        let mut request = address.as_str().into_client_request().unwrap();
        request.headers_mut().insert("cookie", self.cookie.parse().unwrap());
        if !origin.is_empty() {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(self.house.listener.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        match tungstenite::client(request, MaybeTlsStream::Plain(stream)) {
            Ok((socket, _)) => Ok(Stream(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(error) => Err(u16::from(!error.to_string().is_empty())),
        }
    }
}

struct Stream(WebSocket<MaybeTlsStream<TcpStream>>);

impl Stream {
    /// The next message.
    fn next(&mut self) -> Value {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(_) => return Value::Null,
                _ => {}
            }
        }
    }

    /// What it says at its end.
    fn goodbye(&mut self) -> Value {
        loop {
            let said = self.next();
            if said["parts"].is_null() {
                return said;
            }
        }
    }
}

fn house() -> Listening {
    let house = Listening::new();
    house.administrator("ada");
    house
}

#[test]
fn what_people_type_is_shown_as_text_and_never_as_a_page() {
    let house = house();
    let ada = Browser::of(&house, "ada");
    let hostile = "<img src=x onerror=alert(1)>'; DROP TABLE account;--";
    let fields =
        [("name", hostile), ("new_service", hostile), ("way", "machine"), ("preset", "viewer")];
    ada.post("/users", &fields).is(303);
    ada.post("/users/2/tokens", &[("token_name", hostile), ("days", "7")]).is(200);
    let query = encoded(&[("filter", "\"><script>alert(1)</script>"), ("text", "\"><script>")]);
    for path in PAGES.iter().chain(&["/users/2"]) {
        for address in [(*path).to_owned(), format!("{path}?{query}")] {
            let page = ada.get(&address).is(200).text;
            assert!(!page.contains("<img") && !page.contains("<script>"), "{address}");
        }
    }
    let users = ada.get("/users").text;
    assert!(users.contains("&#60;img src=x"), "the name is not shown: {users}");
    ada.get("/users?filter=DROP").is(200);
    let wrong =
        ada.post("/users", &[("name", "\"><script>"), ("email", "\"><script>x")]).is(422).text;
    assert!(wrong.contains("is not an e-mail address") && !wrong.contains("<script>"));
}

#[test]
fn no_page_has_a_script_or_a_style_in_it() {
    let house = house();
    let ada = Browser::of(&house, "ada");
    for path in PAGES {
        let page = ada.get(path).is(200).text;
        assert_eq!(page.matches("<h1>").count(), 1, "{path}");
        assert_eq!(page.matches("<script").count(), page.matches("<script src=\"/assets/").count());
        for inline in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
            assert!(!page.contains(inline), "{path} has {inline}");
        }
    }
}

#[test]
fn a_form_without_its_seal_or_from_elsewhere_changes_nothing() {
    let house = house();
    let ada = Browser::of(&house, "ada");
    let name = [("name", "Pit")];
    ada.send("/services", &name).is(403);
    ada.send("/services", &[("name", "Pit"), ("form_token", "made-up")]).is(403);
    let seal = ada.seal();
    let body = encoded(&[("name", "Pit"), ("form_token", &seal)]);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for origin in [("origin", "https://evil.example"), ("referer", "https://evil.example/a")] {
        let headers = [("cookie", ada.cookie.as_str()), origin, kind];
        house.send("POST", "/services", "", &headers, &body).is(403);
    }
    let other = Browser::of(&house, "ada");
    other.send("/services", &[("name", "Pit"), ("form_token", &seal)]).is(403);
    assert!(ada.get("/services").text.contains("There is no service yet"));
    ada.post("/services", &name).is(303);
    assert!(ada.get("/services").text.contains("Pit"));
}

#[test]
fn pages_are_not_kept_and_their_files_are() {
    let house = house();
    let ada = Browser::of(&house, "ada");
    let page = ada.get("/pack").is(200);
    assert_eq!(page.header("cache-control"), "no-store");
    let (_, rest) = page.text.split_once("href=\"/assets/").unwrap();
    let set = rest.split_once('/').unwrap().0.to_owned();
    for (name, kind) in [
        ("site.css", "text/css; charset=utf-8"),
        ("theme.css", "text/css; charset=utf-8"),
        ("live.js", "text/javascript; charset=utf-8"),
        ("mark.svg", "image/svg+xml"),
        ("Inter-Regular.woff2", "font/woff2"),
    ] {
        let path = format!("/assets/{set}/{name}");
        // A font is no text, so its head alone is asked for.
        let file = house.ask("HEAD", &path, "").is(200);
        assert_eq!(file.header("content-type"), kind);
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        let seen = [("if-none-match", file.header("etag"))];
        house.send("GET", &path, "", &seen, "").is(304);
        let old = house.ask("HEAD", &format!("/assets/0123/{name}"), "").is(200);
        assert_eq!(old.header("cache-control"), "no-cache");
    }
    for path in ["/assets/x/../../Cargo.toml", "/assets/x/%2e%2e%2fCargo.toml", "/assets/x/none"] {
        assert_eq!(house.get(path, "").status, 404, "{path}");
    }
}

/// A form that brings a file, in so many pieces as fields.
fn multipart(fields: &[(&str, &str)], file: (&str, &str)) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    let (name, text) = file;
    body + &format!(
        "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--edge--\r\n"
    )
}

#[test]
fn a_dbc_file_is_brought_by_a_form_and_replaced_only_as_it_was_looked_at() {
    const DOOR: &str = "BO_ 291 Door: 8 X\n";
    let house = house();
    let ada = Browser::of(&house, "ada");
    let seal = ada.seal();
    let bring = |seal: &str, (name, mark): (&str, &str), text: &str| {
        let kind = ("content-type", "multipart/form-data; boundary=edge");
        let fields = [("form_token", seal), ("name", name), ("mark", mark)];
        let body = multipart(&fields, ("car.dbc", text));
        let origin = house.url("");
        let headers = [("cookie", ada.cookie.as_str()), ("origin", origin.as_str()), kind];
        house.send("POST", "/can/dbc/upload", "", &headers, &body)
    };
    bring("made-up", ("", ""), DOOR).is(403);
    // More than a form may have otherwise, named as its file.
    let large = DOOR.to_owned() + &"CM_ \"a comment\";\n".repeat(30_000);
    assert_eq!(bring(&seal, ("", ""), &large).is(303).header("location"), "/can/dbc?done=dbc-kept");
    let page = ada.get("/can/dbc?done=dbc-kept").is(200).text;
    assert!(page.contains("Kept. Buses") && page.contains("Remove car?"), "{page}");
    let (_, rest) = page.split_once("name=\"mark\" value=\"").unwrap();
    let mark = rest.split_once('"').unwrap().0.to_owned();
    let taken = bring(&seal, ("car", ""), DOOR).is(409).text;
    assert!(taken.contains("replace the kept one where it is listed"), "{taken}");
    bring(&seal, ("car", &mark), DOOR).is(303);
    bring(&seal, ("car", &mark), DOOR).is(412);
    assert_eq!(ada.get("/can/dbc/car/file").is(200).text, DOOR);
    // What was typed is there again where it is refused.
    let typed = [("do", "keep"), ("name", "car"), ("text", "BO_ 292 Seat: 8 X")];
    let refused = ada.post("/can/dbc", &typed).is(409).text;
    assert!(refused.contains("BO_ 292 Seat: 8 X</textarea>"), "{refused}");
    ada.post("/can/dbc", &[("do", "remove"), ("name", "car"), ("mark", &mark)]).is(412);
    ada.get("/can/dbc/car/file").is(200);
}

#[test]
fn a_recording_that_is_refused_leaves_the_page_of_recordings() {
    let house = house();
    let ada = Browser::of(&house, "ada");
    let (seal, origin) = (ada.seal(), house.url(""));
    let kind = ("content-type", "multipart/form-data; boundary=edge");
    let headers = [("cookie", ada.cookie.as_str()), ("origin", origin.as_str()), kind];
    let long = "x".repeat(300) + ".log";
    for (name, text, why) in [
        ("a<b>.log", "(1.0) can0 1#00", "is no name of a recording"),
        (long.as_str(), "(1.0) can0 1#00", "at most 160 letters"),
        ("empty.log", "", "It was not taken in"),
        ("junk.log", "nothing of this is a frame\n", "It was not taken in"),
    ] {
        let body = multipart(&[("form_token", &seal)], (name, text));
        let refused = house.send("POST", "/can/recordings/upload", "", &headers, &body);
        assert_eq!(refused.status, 422, "{name}: {}", refused.text);
        assert!(refused.text.contains(why), "{name}: {}", refused.text);
        assert!(refused.text.contains("Bring a recording"), "{name}: {}", refused.text);
    }
    // What cannot be found is said on a page with the menu too.
    let gone = ada.get("/can/recordings/none.log/file").is(404).text;
    assert!(gone.contains("<nav class=\"rail\"") && gone.contains("href=\"/can/recordings\""));
}

#[test]
fn a_second_save_is_refused_in_words_for_people() {
    let house = house();
    let ada = Browser::of(&house, "ada");
    let page = ada.get("/settings").is(200).text;
    let (_, rest) = page.split_once("action=\"/settings/general\"").unwrap();
    let (_, rest) = rest.split_once("name=\"version\" value=\"").unwrap();
    let version = rest.split_once('"').unwrap().0;
    let (_, rest) = rest.split_once(" name=\"general.").unwrap();
    let field = format!("general.{}", rest.split_once('"').unwrap().0);
    let save = |text| ada.post("/settings/general", &[("version", version), (&field, text)]);
    save("One").is(303);
    let late = save("Two").is(412).text;
    let said = "A setting was changed by somebody else meanwhile: look at it again before changing it. What stands here now is theirs. Make your change again.";
    assert!(late.contains(said) && !late.contains("ETag"), "{late}");
    assert!(late.contains("value=\"One\"") && !late.contains("value=\"Two\""), "{late}");
    // A profile: what was typed stays below, and on the text that it was typed on.
    ada.post("/profiles", &[("name", "Bench"), ("from", "")]).is(303);
    let page = ada.get("/profiles/Bench").is(200).text;
    let (_, rest) = page.split_once("name=\"revision\" value=\"").unwrap();
    let revision = rest.split_once('"').unwrap().0;
    let save = |text| {
        let fields = [("name", "Bench"), ("description", text), ("revision", revision)];
        ada.post("/profiles/Bench", &fields)
    };
    save("One").is(303);
    for _again in 0..2 {
        let late = save("Two").is(412).text;
        assert!(late.contains("open the page again") && !late.contains("ETag"), "{late}");
        assert!(late.contains(">Two</textarea>"), "{late}");
    }
}

#[test]
fn an_id_that_is_a_slip_or_was_emptied_is_not_sent() {
    let house = house();
    house.order(ActivateProfile::of(demo_profile("demo").unwrap()));
    let ada = Browser::of(&house, "ada");
    let page = ada.get("/can/send").is(200).text;
    let (_, choice) = page.split_once("id=\"d-bus\"").unwrap();
    let (_, bus) = choice.split_once("<option value=\"").unwrap();
    let bus = bus.split_once('"').unwrap().0;
    ada.post("/can/arm", &[("bus", bus)]).is(303);
    let draft = |id| [("bus", bus), ("id", id), ("was_id", "123"), ("bytes", "01"), ("was", "01")];
    for (id, said) in [
        ("800", "is no id: write it in hexadecimal digits, up to 7FF, or eight digits"),
        ("fff", "is no id: write it in hexadecimal digits, up to 7FF, or eight digits"),
        ("", "Type an id: hexadecimal digits, up to 7FF, or eight digits up to 1FFFFFFF."),
    ] {
        for path in ["/can/send/once", "/can/send/start", "/can/send/keep"] {
            let refused = ada.post(path, &draft(id)).is(422).text;
            assert!(refused.contains(said), "{path} {id}: {refused}");
            assert!(refused.contains(&format!("name=\"id\" value=\"{id}\"")), "{refused}");
        }
        let edited = ada.post("/can/send/edit", &draft(id)).is(303).header("location").to_owned();
        let shown = ada.get(&edited).is(200).text;
        assert!(shown.contains(said), "{edited}: {shown}");
        assert!(shown.contains(&format!("name=\"id\" value=\"{id}\"")), "{edited}: {shown}");
    }
    ada.post("/can/send/once", &draft("00000800")).is(303);
    ada.post("/can/send/once", &draft("7ff")).is(303);
}

#[test]
fn two_administrators_do_not_overwrite_each_other_unknowingly() {
    let house = house();
    house.person("grace", Preset::Viewer.rights(), MustChangeIt::No);
    let (one, two) = (Browser::of(&house, "ada"), Browser::of(&house, "ada"));
    let page = one.get("/users/2").is(200).text;
    let (_, rest) = page.split_once("name=\"version\" value=\"").unwrap();
    let version = rest.split_once('"').unwrap().0;
    let fields = |name| [("version", version), ("name", name), ("right", "charge_packs")];
    one.post("/users/2", &fields("gracie")).is(303);
    let late = two.post("/users/2", &fields("grazia")).is(412);
    assert!(late.text.contains("changed by somebody else meanwhile"), "{}", late.text);
    // Saved again as it stands, the form must not undo what the other has done.
    assert!(!late.text.contains("value=\"grazia\""), "{}", late.text);
    assert!(late.text.contains("value=\"gracie\""), "{}", late.text);
    assert!(one.get("/users/2").text.contains("gracie"));
}

#[test]
fn somebody_who_is_not_in_is_asked_to_sign_in_and_comes_back() {
    let house = house();
    let nobody = Browser::new(&house);
    let asked = nobody.get("/users?filter=a").is(401);
    assert!(asked.text.contains("name=\"next\" value=\"/users?filter=a\""), "{}", asked.text);
    let fields = |next| [("username", "ada"), ("password", GOOD), ("next", next)];
    let back = nobody.send("/sign-in", &fields("/users?filter=a")).is(303);
    assert_eq!(back.header("location"), "/users?filter=a");
    let away = nobody.send("/sign-in", &fields("//evil.example/")).is(303);
    assert_eq!(away.header("location"), "/");
    let wrong = [("username", "ada"), ("password", BETTER), ("next", "/can")];
    let again = nobody.send("/sign-in", &wrong).is(401).text;
    assert!(again.contains("value=\"ada\"") && again.contains("value=\"/can\""));
    assert!(!again.contains(BETTER), "a password came back");
    let ended = nobody.get("/sign-in?why=account_disabled").text;
    assert!(ended.contains("This account is disabled"));
    assert!(!nobody.get("/sign-in?why=%3Cb%3E").text.contains("<b>"));
}

#[test]
fn a_live_page_sends_parts_to_its_own_pages_and_ends_with_the_session() {
    let house = house();
    let rights = Rights::of_account(&[Right::ReadSettings]);
    let lin = house.person("lin", rights, MustChangeIt::No).account.id;
    let browser = Browser::of(&house, "lin");
    let own = house.url("");
    assert_eq!(browser.watch("/live/pages?page=pack", "https://evil.example").err(), Some(403));
    assert_eq!(browser.watch("/live/pages?page=pack", "").err(), Some(403));
    assert_eq!(browser.watch("/live/pages?page=can", &own).err(), Some(403));
    assert_eq!(browser.watch("/live/pages?page=none", &own).err(), Some(404));
    assert_eq!(Browser::new(&house).watch("/live/pages?page=pack", &own).err(), Some(401));
    let mut stream = browser.watch("/live/pages?page=pack", &own).unwrap();
    let first = stream.next();
    for id in ["bar", "notes", "bottom", "pack-head", "tiles", "cells", "trend"] {
        let html = first["parts"][id].as_str().unwrap_or_default();
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}: {html}");
    }
    house.order(DeleteAccount { id: lin, expected: None });
    let end = stream.goodbye();
    assert_eq!(end["go"], "/sign-in?why=account_deleted&next=%2Fpack");
}

#[test]
fn an_address_that_cannot_be_taken_apart_gets_a_page_of_the_house() {
    let house = house();
    let browser = Browser::new(&house);
    let signed_in = Browser::of(&house, "ada");
    let strange = [
        (&browser, "/invitation/%ff"),
        (&browser, "/set-up/%c3%28"),
        (&browser, "/sign-in?next=a&next=b"),
        (&signed_in, "/users/%ff"),
        (&signed_in, "/journal?who=a&who=b"),
    ];
    for (browser, path) in strange {
        let answer = browser.get(path);
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.text.contains("This address cannot be understood."), "{path}");
    }
}
