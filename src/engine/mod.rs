//! Everything behind the door. The children are private modules; what faces may name is
//! re-exported here and nothing else.

mod access;
mod backup;
mod campaign;
mod can;
mod charge;
mod curves;
mod dbc;
mod device;
mod discovery;
mod door;
mod drive;
mod filter;
mod hub;
mod log;
mod machine;
mod needs;
mod offline;
mod orders;
mod pack;
mod people;
mod prepare;
mod profile;
#[cfg(doctest)]
mod proofs;
mod sim;
mod snapshot;
mod store;
mod supply;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod watchdog;

pub use access::account::{
    Account, AccountId, AccountKind, EMAIL_CHARS, FieldError, NAME_CHARS, OneTimeLink, PendingLink,
    Preset, Purpose, Service, ServiceId, SessionEntry, SessionId, Status, TokenEntry, TokenId,
};
pub use access::actor::{Actor, Rights, Who};
pub use access::grant::{Denied, Face, Grant, LocalSeat, Origin, Session};
pub use access::life::{Ended, Life};
pub use access::password::{PasswordError, PasswordHash};
pub use access::permission::{
    Administer, CarryPack, ChangeSettings, ChargePacks, MakeSafe, OwnAccount, PassOn, Permission,
    Right, UnknownRight, UseCan, ViewPlant,
};
pub use access::range::{AddressRange, NoRange};
pub use access::roster::Roster;
pub use access::secret::{Secret, SecretChange};
pub use access::settings::kiosk::unfit as display_unfit;
pub use access::settings::{
    GeneralSettings, KioskSettings, LogLevel, LookSettings, MailSecurity, MailSettings, Mark,
    Marks, Override, OverrideBy, PORT, RecordSettings, SessionSettings, SettingError, Settings,
    TemperatureUnit, ThemeChoice, Tls, WebSettings,
};
pub use backup::{
    About as BackupAbout, BackupError, BackupItem, BackupPreview, BackupStand, LEAST_PASSPHRASE,
    Made as BackupMade, Recordings as BackupRecordings, Restored, Source as BackupSource,
    Weight as BackupWeight, is_sealed as is_sealed_backup, preview as preview_backup,
    restore as restore_backup, weigh as weigh_backup,
};
pub use campaign::{Campaign, CampaignError, FAMILIES, Failure, Family, Tally, replay_run};
pub use can::address::{Address, AddressError, Slcan};
pub use can::bus::{BusState, BusStatus, Listening};
pub use can::dress::{Checksum, ChecksumRule, Counter, Dress, DressError};
pub use can::frame::{Direction, ERROR_CLASSES, Frame, FrameRef, Frames, Id, Kind};
pub use can::guard::Cleared;
pub use can::interfaces::{Found, Interface, interfaces};
pub use can::record::label::{Gap as RecordGap, Label as RecordLabel};
pub use can::record::plan::{
    FilePlan as RecordFiles, Keeping as RecordKeeping, PlanError as RecordPlanError,
    WhenFull as RecordWhenFull,
};
pub use can::record::roll::Figures as RecordFigures;
pub use can::record::shelf::{
    Incoming, Shelf as RecordShelf, ShelfError as RecordShelfError, Shelved,
};
pub use can::replay::{
    EndKnown, IdMap, Odd as ReplayOdd, PlanError, PlayState, Progress, Refusal as ReplayRefusal,
    ReplayFigures, ReplayPlan, ReplayProgress, SeekTo, Speed, check_speed,
};
pub use can::scan::{
    Counts as ScanCounts, RATES as SCAN_RATES, Report as ScanReport, Tried as TriedRate,
};
pub use can::schedule::{Schedule, ScheduleError, ScheduleFigures};
pub use can::slcan::rate::STANDARD as ADAPTER_RATES;
pub use can::tape::{Reel, Tape, USUAL_FRAMES};
pub use can::trace::Packing;
pub use can::trace::write::write_line as write_candump;
pub use charge::{
    ChargePicture, ChargeReport, ChargerIntent, ChargerView, Check as ChargeCheck, CheckId, Curve,
    CurvePoint, Flow as ChargeFlow, Foreign, Governor, Key as ChargeKey, KeyIntent, Latches, Lease,
    Meter, Origin as RuleOrigin, Outcome as ChargeOutcome, PackView as ChargePackView, PauseReason,
    Rating, ReportEvent, ReportPoint, Rule as ChargeRule, RuleError, Rules as ChargeRules,
    Run as ChargeRun, SetPointError, SetPoints, State as ChargeState, Step as ChargeStep,
    StopReason, Stopping, Switch as ChargeSwitch, cell_target as charge_cell_target,
};
pub use curves::{
    Column as CurveColumn, Curves, Group as MuxGroup, Joint, Line as CurveLine, LineState,
    Point as CurvePointAt, Series, SignalStudy, Study, Subject, Take as TakeRows,
    Wanted as CurvesWanted, table as curve_table,
};
pub use dbc::edit as dbc_edit;
pub use dbc::{
    Attribute as DbcAttribute, AttributeValue as DbcAttributeValue, Codec, Encoding as DbcEncoding,
    Extent as DbcExtent, Form as DbcForm, Kind as BitKind, Label as DbcLabel,
    LineEnd as DbcLineEnd, Message as DbcMessage, Order as BitOrder, Parsed as ParsedDbc,
    Role as SignalRole, Row as DbcRow, Schema as DbcSchema, Selection as DbcSelection,
    Signal as DbcSignal, WriteError as DbcWriteError, Written as WrittenDbc, bits as signal_bits,
    parse as parse_dbc, write as write_dbc,
};
pub use device::{
    Beside, Catalog, Category, CellsTold, ChargerCommand, ChargerControl, ChargerFaults,
    Contactors, Fault as DeviceFault, Flag, Kind as DeviceKind, Level, Origin as DeviceOrigin,
    Outputs, PackState, Permits, Refused as RefusedDevice, Sending, SettingRule, SettingShape,
    SettingValue, Sheet, SheetLamp, SheetReading, Stays as DeviceStays, Switching,
};
pub use discovery::{
    Candidate, Configured as ConfiguredDevice, Discovery, OFFERED, Reason as DiscoveryReason,
    Side as DiscoverySide,
};
pub use door::{Door, LastChange, Own, ProfileText, Refusal, Taken, Vitals, Waker};
pub use drive::stopper::{StopFirst, Stopper};
pub use drive::{Config, Office, Running, StartError, office, start};
pub use filter::{
    Change, Completion, Filter, LONGEST as LONGEST_FILTER, LONGEST_NAME, MOST_SAVED,
    Memory as FilterMemory, Mistake, RowFacts, Saved, SavedFilter, Scope, Sieve, Vocabulary,
    Weight, complete, save as save_filter, terms,
};
pub use hub::decoders::{DecodedFrame, DecodedSignal, Decoders, Source as DbcSource, Value};
pub use hub::traffic::{Row as TrafficEntry, Traffic};
pub use log::{
    CleanStderr, LogFilter, LogLine, SystemLog, scrub::scrub, written as write_log_line,
};
pub use machine::{Machine, size as byte_size};
pub use needs::{KernelCan, Library as NeededLibrary, Needs, Screen};
pub use offline::{
    check, convert, decode, discover, inspect, logs, profiles, record, replay, save,
};
pub use orders::accounts::{
    AddAccount, AddService, Added, ChangeAccount, Credential, DeleteAccount, GivePassword,
    MakeLink, MustChangeIt, RemoveService, RenameService, ServiceChoice,
};
pub use orders::backup::{MakeBackup, NoteBackup};
pub use orders::buses::{RestartBus, ScanBitRate};
pub use orders::charging::{
    ChangeCharge, ClearLatches, Confirm, EngageContactors, ReadSafetyText, SetChargeRule, SetDemo,
    StartCharge, StopCharge,
};
pub use orders::dbc::{AssignDbcs, BusDbc, DbcChange, KeepDbc, RemoveDbc};
pub use orders::devices::{KeepDevice, RemoveDevice};
pub use orders::filters::{ForgetFilter, KeepFilter};
pub use orders::plant::{ActivateProfile, ClearTraffic, Play};
pub use orders::profiles::{
    AddProfile, DeleteProfile, EditProfile, ExportPack, ImportPack, NewProfile, RememberProfile,
    RenameProfile, RestoreProfile, TakeEdit,
};
pub use orders::recording::{
    DeleteRecording, ForgetRecording, KeepUpload, StartRecording, StopRecording,
};
pub use orders::replaying::{
    Begins, ChangeReplay, PauseReplay, ReplayChange, StartReplay, StopReplay,
};
pub use orders::reports::{MailReport, MailReportAnywhere, Mailed, REPORT_BYTES, Report};
pub use orders::sending::{
    ArmBus, ForgetMessage, KeepMessage, Keeps, SendFrames, Silence, StartSchedule, StopSchedule,
    Then,
};
pub use orders::sessions::{CreateToken, EndSession, EndSessions, LiftWait, NewToken, RevokeToken};
pub use orders::settings::{SaveSettings, SaveSystem};
pub use orders::{Answer, Haste, Order, OrderError, Ticket};
pub use pack::{
    Among, CellAt, CellPicture, CellState, ChargerPicture, DriverPicture, FlagPicture, Lack,
    ModulePicture, PackPicture, PartPicture, ReadingPicture, Remark, Seen, Share, Soc,
    TemperatureAt,
};
pub use people::displays::NoDisplay;
pub use people::gate::{
    Gate, LinkOffer, NotIn, OwnPasswordError, RedeemError, SignInError, SignedIn,
};
pub use prepare::{PrepareError, bus_profile, demo_profile, interpret_profile, load_profile};
pub use profile::custom::{
    Chosen as DeviceRole, CustomError, Draft as DeviceDraft, DraftMessage, Role as SignalMeaning,
};
pub use profile::devices::{Devices, DevicesError, Files as DeviceFiles};
pub use profile::diff::{DiffKind, DiffLine, diff};
pub use profile::edit::{
    Change as ProfileChange, EditError as ProfileEditError, MOST_CHANGES as MOST_PROFILE_CHANGES,
    Revision,
};
pub use profile::expand::environment;
pub use profile::form::{
    Checked as FormChecked, Field as FormField, Form as ComponentForm, Group as FieldGroup,
    Need as FieldNeed, Typed, Wrong as FormWrong,
};
pub use profile::library::{Library, LibraryError, Loaded, read as read_profile_text};
pub use profile::message::{HotKey, MessageEntry, MessageError, typed_id};
pub use profile::model::{
    Begins as RecordBegins, BusEntry, ComponentEntry, Limits, Profile, RecorderEntry,
};
pub use profile::pack::{
    Brought as PackRecordings, Carry as PackCarry, Item as PackItem, LARGEST as LARGEST_PACK,
    MOST_RECORDED, MOST_RECORDINGS, Pack as ProfilePack, PackError as ProfilePackError,
    Part as PackPart, Preview as PackPreview, Stand as PackStand,
};
pub use profile::shelf::{
    Expected as ExpectedFile, LARGEST as LARGEST_DBC, Shelf, ShelfError, mark as dbc_mark,
    same_file as same_dbc_file, write_whole as write_dbc_file,
};
pub use profile::starters::StartError as StarterError;
pub use profile::watch::{Change as WatchedChange, Watch as WatchedFile};
pub use sim::simulate;
pub use sim::{Scene, SceneError, SceneLine};
pub use snapshot::{
    ArmPicture, BusPicture, ComponentPicture, ControllerPicture, GroupPicture, ModelPicture,
    Notice, OwnMessage, ProfilePicture, RecordPicture, RecordState, ReplayPicture, ReplayState,
    RulesPicture, ScanPicture, SchedulePicture, ScheduleState, Snapshot, Totals,
};
pub use store::charges::{
    Filter as ChargeFilter, INTERRUPTED, Line as ChargeLine, Page as ChargePage,
};
pub use store::checkup::{Finding, Health, examine};
pub use store::journal::{
    Filter as JournalFilter, Line as JournalLine, Outcome, Page as JournalPage, Verdict,
};
pub use store::versions::{
    MOST_BYTES as MOST_VERSION_BYTES, MOST_VERSIONS, Version as ProfileVersion, VersionId,
    VersionLine as ProfileVersionLine,
};
pub use store::{OpenError, StoreError};
pub use supply::{
    Brand as SupplyBrand, Fault as SupplyFault, Pretend as PretendSupply, Stand as SupplyStand,
};
pub use watchdog::{Ended as WatchdogEnded, watch as watch_over};
