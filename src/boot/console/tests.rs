//! The Admin pages' asks on a real engine in a folder of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use tempfile::TempDir;

use super::Console;
use crate::desktop::ask::{
    Answer, Ask, Brought, EditedUser, Existing, NewUser, Place, SaveTo, Way,
};
use crate::desktop::source::{Intent, Source};
use crate::engine::{
    self, AccountId, AccountKind, Config, Face, Library, MustChangeIt, Origin, Preset, Purpose,
    Right, Rights, Running, Secret, ServiceChoice, Status,
};
use crate::view::charge::ChargePrefs;
use crate::view::export::Format;
use crate::view::journal::JournalPrefs;
use crate::view::settings::Section;
use crate::view::users::{UserRow, UsersPrefs};

/// Longest that an answer may take: a password is hashed meanwhile.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) struct Desk {
    pub console: Console,
    pub running: Running,
    woken: Receiver<()>,
    pub folder: TempDir,
}

fn desk() -> Desk {
    desk_in(tempfile::tempdir().unwrap())
}

pub(super) fn desk_in(folder: TempDir) -> Desk {
    let mut running = engine::start(Config::new(folder.path().to_owned(), "the window")).unwrap();
    let session = running.take_seat().unwrap().sit(Face::Desktop);
    let library = Library::find(Some(folder.path())).unwrap();
    let (door, gate) = (running.door.clone(), running.gate.clone());
    let mut console = Console::new(door, gate, session, library);
    let (sender, woken) = unbounded();
    console.wake_with(Arc::new(move || {
        let _gone = sender.send(());
    }));
    Desk { console, running, woken, folder }
}

impl Desk {
    /// Waits for something that is done on another thread.
    pub fn until(&mut self, mut is_so: impl FnMut(&mut Console) -> bool) {
        while !is_so(&mut self.console) {
            self.woken.recv_timeout(LIMIT).expect("something happens in time");
        }
    }

    pub fn ask(&mut self, ask: Ask) -> Result<Brought, String> {
        let place = ask.place();
        self.console.submit(Intent::Admin(ask));
        loop {
            if let Some(Answer { place: at, outcome }) = self.console.answers().pop() {
                assert_eq!(at, place);
                return outcome;
            }
            self.woken.recv_timeout(LIMIT).expect("an answer in time");
        }
    }

    fn add(&mut self, name: &str, rights: Rights, way: Way) -> AccountId {
        let kind = if way == Way::None { AccountKind::Machine } else { AccountKind::Person };
        let service = ServiceChoice::Named("Race team".into());
        let (name, email) = (name.to_owned(), String::new());
        let new = NewUser { kind, name, email, service, rights, way };
        match self.ask(Ask::AddUser(new)).unwrap() {
            Brought::Added { id, .. } => id,
            other => panic!("{other:?}"),
        }
    }

    fn row(&self, name: &str) -> UserRow {
        let rows = self.console.users(&UsersPrefs::default()).rows;
        rows.into_iter().find(|row| row.name == name).unwrap()
    }

    fn sign_in(&self, name: &str, password: &str) -> bool {
        let from = Origin { face: Face::Web, address: Some([127, 0, 0, 1].into()), agent: None };
        self.running.gate.sign_in(name, &Secret::new(password.into()), &from).is_ok()
    }

    fn version(&self, id: AccountId) -> i64 {
        let prefs = UsersPrefs { selected: Some(id), ..UsersPrefs::default() };
        self.console.users(&prefs).editor.unwrap().version
    }
}

const PASSWORD: &str = "wet paint on the lathe";

fn password() -> Way {
    Way::Password(Secret::new(PASSWORD.into()), MustChangeIt::No)
}

#[test]
fn a_user_added_with_a_password_signs_in_and_is_shut_out_when_disabled() {
    let mut desk = desk();
    let ada = desk.add("ada", Preset::Administrator.rights(), password());
    let grace = desk.add("grace", Preset::Operator.rights(), password());
    assert_eq!(desk.row("grace").service, "Race team");
    assert!(desk.sign_in("grace", PASSWORD));
    assert_eq!(desk.console.sessions().people.len(), 1);
    let version = desk.version(grace);
    desk.ask(Ask::SetStatus { id: grace, version, status: Status::Disabled }).unwrap();
    assert_eq!(desk.row("grace").status.word, "Disabled");
    assert!(desk.console.sessions().people.is_empty(), "the session has ended with it");
    assert!(!desk.sign_in("grace", PASSWORD));
    let version = desk.version(ada);
    let refused = desk.ask(Ask::DeleteUser { id: ada, version }).unwrap_err();
    assert!(refused.ends_with("ada is the last enabled administrator."), "{refused}");
}

#[test]
fn an_invitation_leads_to_where_people_find_the_listener_and_a_newer_one_replaces_it() {
    let mut desk = desk();
    let told = desk.console.on_listener();
    told(crate::view::compose::settings::ListenerState {
        url: Some("http://127.0.0.1:4711".into()),
        ..Default::default()
    });
    assert!(desk.console.chrome().web.unwrap().text.contains("http://127.0.0.1:4711"));
    let id = desk.add("tim", Preset::Viewer.rights(), Way::Invitation);
    let link = |desk: &mut Desk| {
        let ask = Ask::MakeLink { id, purpose: Purpose::Invitation };
        match desk.ask(ask).unwrap() {
            Brought::Once(once) => once.secret.reveal().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let (first, second) = (link(&mut desk), link(&mut desk));
    assert!(second.starts_with("http://127.0.0.1:4711/"), "{second}");
    let token = |link: &str| link.rsplit('/').next().unwrap_or_default().to_owned();
    assert!(desk.running.gate.look_at_link(&token(&first)).is_none());
    assert!(desk.running.gate.look_at_link(&token(&second)).is_some());
    assert!(desk.row("tim").status.word.starts_with("Invited"));
}

#[test]
fn an_edit_on_an_older_version_is_refused_and_changes_nothing() {
    let mut desk = desk();
    let id = desk.add("grace", Preset::Viewer.rights(), password());
    let edit = |version: i64, rights: Rights| EditedUser {
        id,
        version,
        name: "grace".into(),
        email: "grace@example.org".into(),
        service: ServiceChoice::None,
        rights,
    };
    let version = desk.version(id);
    desk.ask(Ask::SaveUser(edit(version, Preset::Operator.rights()))).unwrap();
    let row = desk.row("grace");
    assert_eq!((row.email.as_str(), row.permissions.len()), ("grace@example.org", 2));
    let stale = desk.ask(Ask::SaveUser(edit(version, Preset::Viewer.rights()))).unwrap_err();
    assert!(stale.contains("changed by somebody else"), "{stale}");
    assert_eq!(desk.row("grace").permissions.len(), 2);
}

#[test]
fn a_weak_temporary_password_is_refused_and_a_good_one_signs_in() {
    let mut desk = desk();
    let id = desk.add("grace", Preset::Viewer.rights(), password());
    let give = |desk: &mut Desk, text: &str| {
        let version = desk.version(id);
        let (name, password) = ("grace".to_owned(), Secret::new(text.into()));
        let must_change = MustChangeIt::Yes;
        desk.ask(Ask::GivePassword { id, version, name, password, must_change })
    };
    let refused = give(&mut desk, "short").unwrap_err();
    assert!(refused.starts_with("The password has 5 characters"), "{refused}");
    give(&mut desk, "oil on the third shelf").unwrap();
    assert!(desk.sign_in("grace", "oil on the third shelf"));
    assert!(desk.row("grace").status.word.contains("must change password"));
}

#[test]
fn a_token_is_shown_once_and_lets_in_until_it_is_revoked() {
    let mut desk = desk();
    let id = desk.add("logger", Preset::Viewer.rights(), Way::None);
    let ask = Ask::NewToken {
        account: id,
        owner: "logger".into(),
        name: "bench".into(),
        rights: Rights::of(&[Right::ReadSettings]),
        days: 30,
    };
    let Brought::Once(once) = desk.ask(ask).unwrap() else { panic!() };
    let from = Origin { face: Face::Api, address: None, agent: None };
    assert!(desk.running.gate.enter(once.secret.reveal(), &from).is_ok());
    let prefs = UsersPrefs { selected: Some(id), ..UsersPrefs::default() };
    let token = desk.console.users(&prefs).editor.unwrap().tokens.rows.remove(0);
    desk.ask(Ask::RevokeToken { account: id, id: token.id }).unwrap();
    assert!(desk.running.gate.enter(once.secret.reveal(), &from).is_err());
}

#[test]
fn the_journal_shows_what_was_done_and_is_saved_as_a_file() {
    let mut desk = desk();
    desk.add("grace", Preset::Viewer.rights(), password());
    let read = |prefs: &JournalPrefs| Ask::ReadJournal { prefs: prefs.clone(), before: None };
    let Brought::Lines { view, .. } = desk.ask(read(&JournalPrefs::default())).unwrap() else {
        panic!()
    };
    let line = view.rows.iter().find(|row| row.code == "add_account").unwrap();
    assert_eq!((line.who.as_str(), line.from.as_str()), ("local console", "Desktop"));
    assert!(!format!("{view:?}").contains(PASSWORD));
    let odd = JournalPrefs { from: "soon".into(), ..JournalPrefs::default() };
    assert!(desk.ask(read(&odd)).unwrap_err().contains("is no time"));
    let Brought::Found(found) = desk.ask(Ask::VerifyJournal).unwrap() else { panic!() };
    assert!(found.text.starts_with("The journal is whole"), "{}", found.text);
    for format in Format::ALL {
        let path = desk.folder.path().join(format!("lines.{}", format.code()));
        let prefs = JournalPrefs { action: "add_account".into(), ..JournalPrefs::default() };
        let ask = |existing| Ask::ExportJournal {
            prefs: prefs.clone(),
            format,
            to: SaveTo { path: path.clone(), existing },
        };
        desk.ask(ask(Existing::Keep)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("local console") && text.contains("grace"), "{text}");
        std::fs::write(&path, "something else").unwrap();
        let refused = desk.ask(ask(Existing::Keep)).unwrap_err();
        assert!(refused.contains("is there already and was left alone"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "something else");
        desk.ask(ask(Existing::Replace)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "the dialog has asked");
    }
    let nowhere = desk.folder.path().join("no such folder").join("lines.csv");
    for existing in [Existing::Keep, Existing::Replace] {
        let to = SaveTo { path: nowhere.clone(), existing };
        let (prefs, format) = (JournalPrefs::default(), Format::Csv);
        let refused = desk.ask(Ask::ExportJournal { prefs, format, to }).unwrap_err();
        assert!(refused.contains("cannot be written"), "{refused}");
    }
    let left = std::fs::read_dir(desk.folder.path()).unwrap().flatten();
    let parts = left.filter(|entry| entry.path().extension().is_some_and(|end| end == "part"));
    assert_eq!(parts.count(), 0, "nothing half-written is left");
}

#[test]
fn settings_are_saved_by_section_and_bad_ones_are_named() {
    let mut desk = desk();
    let save = |desk: &mut Desk, minutes: &str| {
        let version = desk.console.settings("").version;
        let typed = BTreeMap::from([("sessions.idle_min", Secret::new(minutes.to_owned()))]);
        desk.ask(Ask::SaveSettings { section: Section::Sessions, version, typed })
    };
    let refused = save(&mut desk, "0").unwrap_err();
    assert_eq!(refused, "End a session after idling: 0 is not between 1 and 1440.");
    save(&mut desk, "5").unwrap();
    let view = desk.console.settings("");
    let fields = view.sections.iter().flat_map(|section| &section.fields);
    let field = fields.into_iter().find(|field| field.name == "sessions.idle_min").unwrap();
    assert_eq!(field.value, "5");
    assert_eq!(Ask::VerifyJournal.place(), Place::JournalTools);
}

#[test]
fn services_come_and_go() {
    let mut desk = desk();
    desk.ask(Ask::AddService("Workshop".into())).unwrap();
    let row = desk.console.services().rows.remove(0);
    let (id, version) = (row.id, row.version);
    desk.ask(Ask::RenameService { id, version, name: "Test lab".into() }).unwrap();
    let row = desk.console.services().rows.remove(0);
    assert_eq!(row.name, "Test lab");
    desk.ask(Ask::RemoveService { id, version: row.version }).unwrap();
    assert!(desk.console.services().rows.is_empty());
}

#[test]
fn a_rule_of_charging_is_changed_within_its_bounds_and_set_back() {
    let mut desk = desk();
    let set = |desk: &mut Desk, name: &str, text: &str| {
        let version = desk.console.charge(&ChargePrefs::default()).rules.version;
        desk.ask(Ask::SetRule { name: name.into(), text: text.into(), version })
    };
    let refused = set(&mut desk, "cell_max_mv", "9000").unwrap_err();
    assert_eq!(refused, "Highest cell voltage cannot be 9000: it is 2000 to 4250 mV.");
    let refused = set(&mut desk, "cell_max_mv", "much").unwrap_err();
    assert!(refused.contains("is no number"), "{refused}");
    assert!(set(&mut desk, "cell_max", "4000").is_err(), "there is no such rule");
}
