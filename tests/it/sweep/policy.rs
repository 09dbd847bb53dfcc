//! What is expected of the sweep, and the golden it is kept in.

use std::fmt::Write as _;
use std::sync::Arc;

use busbar::base::id::Name;
use busbar::base::time::Wall;
use busbar::engine::{
    AccountId, AccountKind, ActivateProfile, AddAccount, AddProfile, AddService, ArmBus,
    AssignDbcs, BackupError, BackupRecordings, BackupSource, Begins, ChangeAccount, ChangeCharge,
    ChangeReplay, ChargeKey, ChargeRules, ClearLatches, ClearTraffic, Confirm, CreateToken,
    Credential, DeleteAccount, DeleteProfile, DeleteRecording, DeviceFiles, Dress, EditProfile,
    EndSession, EndSessions, EngageContactors, ExpectedFile, ExportPack, Face, ForgetFilter,
    ForgetMessage, ForgetRecording, Frame, GivePassword, Id, ImportPack, KeepDbc, KeepDevice,
    KeepFilter, KeepMessage, KeepUpload, Keeps, Lease, LiftWait, MailReport, MailReportAnywhere,
    MakeBackup, MakeLink, MessageEntry, MustChangeIt, NewProfile, NoteBackup, Order, Origin,
    PackRecordings, PauseReplay, Permission, Play, ProfilePack, Purpose, ReadSafetyText,
    RecordSettings, RecorderEntry, RememberProfile, RemoveDbc, RemoveDevice, RemoveService,
    RenameProfile, RenameService, ReplayChange, ReplayPlan, RestartBus, RestoreProfile, Revision,
    RevokeToken, Right, Rights, SaveSettings, SaveSystem, SavedFilter, ScanBitRate, Schedule,
    Secret, SendFrames, ServiceChoice, ServiceId, Session, SessionId, SetChargeRule, SetDemo,
    SetPoints, Silence, StartCharge, StartRecording, StartReplay, StartSchedule, StopCharge,
    StopRecording, StopReplay, StopSchedule, TakeEdit, Then, TokenId, UseCan, VersionId,
    demo_profile, environment,
};
use busbar::web::Access;

use super::Came;
use super::people::{Crowd, Somebody};
use crate::listening::{GOOD, Listening};

/// The least that is a profile pack, as another program made it.
fn a_pack() -> ProfilePack {
    ProfilePack::read(include_bytes!("../../fuzz/packs/small.zip"), &environment).unwrap()
}

/// The same with a recording.
fn a_recorded_pack() -> ProfilePack {
    ProfilePack::read(include_bytes!("../../fuzz/packs/recorded.zip"), &environment).unwrap()
}

fn import(pack: ProfilePack) -> ImportPack {
    let recordings = PackRecordings::default();
    ImportPack { pack: Box::new(pack), name: None, seen: None, recordings }
}

/// What a backup of the bench would be made of.
fn a_source(house: &Listening) -> BackupSource {
    let at = Wall::from_nanos(1_780_300_800_000_000_000);
    BackupSource::new(house.folder(), &RecordSettings::default(), BackupRecordings::Leave, at)
}

/// What the access of a route says about `who`: the policy once more, in other words than those of
/// the program.
pub fn expected(access: Access, who: Somebody) -> Came {
    let holds: Option<&[Right]> = match who {
        Somebody::Nobody
        | Somebody::Disabled
        | Somebody::Expired
        | Somebody::Revoked
        | Somebody::Garbage => None,
        Somebody::Reader => Some(&[Right::ReadSettings]),
        Somebody::Changer => Some(&[Right::ReadSettings, Right::ChangeSettings]),
        Somebody::Charger => Some(&[Right::ReadSettings, Right::ChargePacks]),
        Somebody::CanUser => Some(&[Right::ReadSettings, Right::SendReceiveCan]),
        Somebody::Administrator => Some(&Right::ALL),
        Somebody::MustChange => Some(&[]),
    };
    match (access, holds) {
        // The sweep comes from this machine itself.
        (Access::Open | Access::NeedsOrLoopback(_), _) => Came::Through,
        // No person is a display, whatever they hold.
        (Access::Display, _) => Came::NotIn,
        (Access::SignedIn | Access::Needs(_), None) => Came::NotIn,
        (Access::SignedIn, Some(_)) => Came::Through,
        (Access::Needs(right), Some(held)) if held.contains(&right) => Came::Through,
        (Access::Needs(_), Some(_)) => Came::Denied,
    }
}

/// An order and who may give it.
pub struct OrderLine {
    pub name: &'static str,
    needs: &'static str,
    may: Vec<Came>,
}

/// Every order, as everybody. Orders that are about an account are about somebody else's.
pub fn orders(house: &Listening, crowd: &mut Crowd) -> Vec<OrderLine> {
    let from = Origin::local(Face::Api);
    let sessions: Vec<Option<Arc<Session>>> = Somebody::ALL
        .into_iter()
        .map(|who| house.running.gate.enter(&crowd.token(house, who), &from).ok())
        .collect();
    let account = AccountId(999_999);
    let (service, expected_version) = (ServiceId(999_999), None);
    let hash = house.running.gate.hash("nobody", &Secret::new(GOOD.into())).unwrap();
    let new = AddAccount {
        kind: AccountKind::Machine,
        name: "x".into(),
        email: None,
        service: ServiceChoice::None,
        rights: Rights::NONE,
        credential: Credential::None,
        link_base: String::new(),
    };
    let give = GivePassword {
        id: account,
        expected: expected_version,
        hash,
        must_change: MustChangeIt::Yes,
    };
    let link = MakeLink { id: account, purpose: Purpose::Reset, link_base: String::new() };
    let token = CreateToken {
        account,
        name: "x".into(),
        rights: Rights::NONE,
        expires: Wall::from_nanos(0),
    };
    let rename = RenameService { id: service, expected: expected_version, name: "x".into() };
    let pack = Name::new("x").unwrap();
    let (set, lease) = (SetPoints::usual(&ChargeRules::default()), Lease::GoesOn);
    let desk = house.desk.permit(UseCan).unwrap();
    let upload = house.running.door.recordings(&desk).take_in("x.log", 1_000).unwrap();
    let mut lines = vec![
        line(&sessions, &ActivateProfile::of(demo_profile("demo").unwrap())),
        line(&sessions, &Play::Pause),
        line(&sessions, &ClearTraffic),
        line(&sessions, &new),
        line(&sessions, &ChangeAccount { id: Some(account), ..ChangeAccount::default() }),
        line(&sessions, &DeleteAccount { id: account, expected: expected_version }),
        line(&sessions, &link),
        line(&sessions, &give),
        line(&sessions, &AddService { name: "x".into() }),
        line(&sessions, &rename),
        line(&sessions, &RemoveService { id: service, expected: expected_version }),
        line(&sessions, &EndSession { account, id: SessionId(1) }),
        line(&sessions, &EndSessions { account, keep: None }),
        line(&sessions, &token),
        line(&sessions, &RevokeToken { account, id: TokenId(1) }),
        line(&sessions, &LiftWait { account }),
        line(&sessions, &SaveSettings::default()),
        line(&sessions, &SaveSystem::default()),
        line(&sessions, &ReadSafetyText),
        line(&sessions, &StopCharge { pack: None }),
        line(&sessions, &ArmBus { bus: pack.clone(), span: ArmBus::USUAL }),
        line(&sessions, &Silence { bus: None }),
        line(&sessions, &SendFrames { bus: pack.clone(), frames: Vec::new() }),
        line(
            &sessions,
            &StartSchedule { bus: pack.clone(), schedule: schedule(), keeps: Keeps::Alone },
        ),
        line(&sessions, &RestartBus { bus: pack.clone() }),
        line(&sessions, &ScanBitRate { bus: pack.clone() }),
        line(
            &sessions,
            &KeepMessage { message: Box::new(message()), expected: ExpectedFile::Anything },
        ),
        line(&sessions, &ForgetMessage { name: pack.clone(), expected: None }),
        line(&sessions, &KeepFilter { filter: SavedFilter::default() }),
        line(&sessions, &ForgetFilter { name: "x".into() }),
        line(&sessions, &StopSchedule { name: pack.clone(), then: Then::Keep }),
        line(&sessions, &replay(&pack)),
        line(&sessions, &ChangeReplay { name: pack.clone(), change: ReplayChange::Play }),
        line(&sessions, &PauseReplay { name: pack.clone() }),
        line(&sessions, &StopReplay { name: pack.clone(), then: Then::Keep }),
        line(&sessions, &EngageContactors { pack: pack.clone(), confirm: Confirm }),
        line(&sessions, &ClearLatches { pack: pack.clone() }),
        line(
            &sessions,
            &SetChargeRule { key: ChargeKey::CellMax, value: Some(1e9), expected: None },
        ),
        line(&sessions, &EditProfile { profile: pack.clone(), on: on(), changes: Vec::new() }),
        line(&sessions, &RestoreProfile { profile: pack.clone(), on: on(), version: VersionId(1) }),
        line(&sessions, &RenameProfile { profile: pack.clone(), on: on(), to: pack.clone() }),
        line(&sessions, &DeleteProfile { profile: pack.clone(), on: None }),
        line(&sessions, &RememberProfile { profile: pack.clone() }),
        line(
            &sessions,
            &AddProfile { name: pack.clone(), says: NewProfile::Text("nothing".into()) },
        ),
        line(&sessions, &TakeEdit(activate())),
        line(&sessions, &AssignDbcs::remove(pack.clone(), "car.dbc".into())),
        line(
            &sessions,
            &KeepDbc { name: pack.clone(), bytes: Vec::new(), expected: ExpectedFile::Anything },
        ),
        line(&sessions, &RemoveDbc { name: pack.clone(), expected: None }),
        line(&sessions, &StartRecording { entry: RecorderEntry::new(pack.clone()) }),
        line(&sessions, &StopRecording { name: pack.clone() }),
        line(&sessions, &ForgetRecording { name: pack.clone() }),
        line(&sessions, &DeleteRecording { name: "x.log".into() }),
        line(&sessions, &KeepUpload::new(upload)),
        line(
            &sessions,
            &KeepDevice {
                name: "x".into(),
                files: DeviceFiles { manifest: Vec::new(), messages: Vec::new() },
                expected: ExpectedFile::Nothing,
            },
        ),
        line(&sessions, &MailReport::default()),
        line(&sessions, &MailReportAnywhere::default()),
        line(&sessions, &MakeBackup { recordings: BackupRecordings::Leave, sealed: false }),
        line(&sessions, &NoteBackup::of(&a_source(house), Err(&BackupError::NoPassphrase))),
        line(&sessions, &ExportPack::of(&pack, &a_pack())),
        line(&sessions, &import(a_pack())),
        OrderLine {
            name: "export_pack, with recordings",
            ..line(&sessions, &ExportPack::of(&pack, &a_recorded_pack()))
        },
        OrderLine {
            name: "import_pack, with recordings",
            ..line(&sessions, &import(a_recorded_pack()))
        },
        line(&sessions, &RemoveDevice { name: "x".into(), expected: ExpectedFile::Anything }),
        line(&sessions, &SetDemo { parked: true, pace: 1.0 }),
        line(&sessions, &ChangeCharge { pack: pack.clone(), set }),
        line(&sessions, &StartCharge { pack, charger: None, set, lease, confirm: Confirm }),
    ];
    lines.sort_by_key(|line| line.name);
    lines
}

fn on() -> Revision {
    Revision::of("another text")
}

fn activate() -> ActivateProfile {
    ActivateProfile::of(demo_profile("demo").unwrap())
}

fn replay(name: &Name) -> StartReplay {
    StartReplay {
        name: name.clone(),
        file: "a.log".into(),
        bus: name.clone(),
        named: Vec::new(),
        plan: ReplayPlan::default(),
        filter: String::new(),
        keeps: Keeps::WithSession,
        begins: Begins::Playing,
    }
}

fn schedule() -> Schedule {
    Schedule {
        name: Name::new("beat").unwrap(),
        frame: Frame::remote(Id::standard(1).unwrap(), 0).unwrap(),
        every: std::time::Duration::from_secs(1),
        times: None,
        dress: Dress::default(),
    }
}

fn message() -> MessageEntry {
    let Schedule { name, frame, every, times, dress } = schedule();
    let bus = name.clone();
    MessageEntry { name, bus, frame, every, times, dress, key: None, stays: false }
}

fn line<O: Order>(sessions: &[Option<Arc<Session>>], order: &O) -> OrderLine {
    let may = sessions.iter().map(|session| match session {
        None => Came::NotIn,
        Some(session) if session.may(order.needs()) => Came::Through,
        Some(_) => Came::Denied,
    });
    OrderLine { name: O::NAME, needs: <O::Needs as Permission>::NAME, may: may.collect() }
}

/// The golden.
pub fn text(orders: &[OrderLine], routes: &[String], live: &[String]) -> String {
    let mut text = String::from(
        "Who may do what. Refreshed by the sweep with UPDATE_GOLDEN=1.\n\
         401: not signed in; 403: signed in without the right, or with a password that must be changed\n\
         first; passes: let through. must: an administrator whose password must be changed. disabled,\n\
         expired, revoked: an administrator until that happened.\n",
    );
    let heads: String =
        Somebody::ALL.iter().fold(String::new(), |text, who| text + &format!(" {:8}", who.word()));
    let head = |what: &str, name: &str, needs: &str| {
        format!("\n{what:6} {name:38} {needs:16}{}\n", heads.trim_end())
    };
    text += &head("", "Order (about another account)", "needs");
    for order in orders {
        _ = write!(text, "{:6} {:38} {:16}", "order", order.name, order.needs);
        let cells: String = order
            .may
            .iter()
            .fold(String::new(), |text, came| text + &format!(" {:8}", came.word()));
        text += cells.trim_end();
        text.push('\n');
    }
    text += &head("", "Route", "access");
    routes.iter().for_each(|line| _ = writeln!(text, "{line}"));
    text += &head("", "Live subscription", "access");
    live.iter().for_each(|line| _ = writeln!(text, "{line}"));
    text
}
