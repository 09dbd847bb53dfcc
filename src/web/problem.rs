//! Errors as problem details (RFC 9457): a stable code, the sentence, the advice.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{
    CustomError, Denied, DeviceFault, DevicesError, FieldError, NotIn, OrderError,
    OwnPasswordError, PasswordError, RedeemError, Refusal, SignInError, StoreError,
};

/// What went wrong, for programs and people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the code says more.
    #[serde(rename = "type")]
    kind: Kind,
    /// Short and the same for every problem of this code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable, for programs.
    code: &'static str,
    /// What happened this time.
    detail: Cow<'static, str>,
    /// What to do.
    advice: &'static str,
    /// The field that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Cow<'static, str>>,
    /// How many seconds to wait.
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// Kinds of problem that have a page of their own: there is none.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
enum Kind {
    /// The code says more.
    #[serde(rename = "about:blank")]
    Blank,
}

/// The code of an edit that was made on an older version.
pub const CHANGED_MEANWHILE: &str = "changed_meanwhile";

impl Problem {
    /// The same, with other advice: what helps on a page is not what helps a program.
    #[must_use]
    pub const fn advising(mut self, advice: &'static str) -> Self {
        self.advice = advice;
        self
    }

    /// A problem.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
        advice: &'static str,
    ) -> Self {
        let (kind, status, detail) = (Kind::Blank, status.as_u16(), detail.into());
        Self { kind, title, status, code, detail, advice, field: None, retry_after: None }
    }

    /// The same, about `field`.
    #[must_use]
    pub fn about(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The same, over after so many seconds.
    #[must_use]
    pub fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Short and the same for every problem of this code.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// The field that it is about, where it is about one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// How many seconds to wait, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// What happened.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        self.advice
    }

    /// The listener is stopping.
    #[must_use]
    pub fn stopping() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "Not available",
            "The listener is stopping.",
            "Try again in a moment.",
        )
    }

    /// There is nothing at this address.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            detail,
            "Check the address; lists say what there is.",
        )
    }

    /// A request that cannot be understood.
    #[must_use]
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "Not valid",
            detail,
            "Correct what is named and send it again.",
        )
    }

    /// Wait first.
    #[must_use]
    pub fn wait(seconds: u32) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "try_later",
            "Too many attempts",
            format!("Too many attempts: try again in {seconds} s."),
            "Wait as long as it says.",
        )
        .after(seconds)
    }

    /// Too much of this kind is going on.
    #[must_use]
    pub fn busy(detail: impl Into<String>) -> Self {
        busy(detail.into())
    }

    /// What was to be written is not.
    #[must_use]
    pub fn not_kept(detail: String) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_written",
            "Cannot be written down",
            detail,
            "Nothing was changed. Look at the disk of the machine that runs Busbar, then try again.",
        )
    }
}

impl Problem {
    /// What is wrong with a device folder, each with file and line.
    #[must_use]
    pub fn faults(faults: &[DeviceFault]) -> Self {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Self::invalid(sentence(&told.join("; ")))
    }

    fn permission_missing(detail: String) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "permission_missing",
            "Not permitted",
            detail,
            "An administrator can give this permission on the Users page.",
        )
    }
}

impl From<NotIn> for Problem {
    fn from(not_in: NotIn) -> Self {
        let detail = format!("{}", not_in);
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
            "Not signed in",
            sentence(&detail),
            "Sign in, or send a token as Authorization: Bearer.",
        )
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let detail = sentence(&denied.to_string());
        match denied {
            Denied::Ended(ended) => NotIn::Ended(ended).into(),
            Denied::Lacks { .. } => Self::permission_missing(detail),
            Denied::MustChangePassword { .. } => Self::new(
                StatusCode::FORBIDDEN,
                "password_change_required",
                "Change the password first",
                detail,
                "Set a password of your own: POST /api/v1/session/password, or the page Own account.",
            ),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denied) => denied.into(),
            Refusal::Busy => busy(sentence(&refusal.to_string())),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => busy(sentence(&error.to_string())),
            // It names the key file and what to do, and nothing that is secret.
            StoreError::Secret(_) => Self::not_kept(sentence(&error.to_string())),
            StoreError::Database(_)
            | StoreError::NotWritten(_)
            | StoreError::Odd(_)
            | StoreError::Fault
            | StoreError::Closed => {
                // What the database says is for the log, not for whoever asks.
                tracing::error!(%error, "the store");
                Self::not_kept("The database cannot be read or written.".to_owned())
            }
        }
    }
}

impl From<DevicesError> for Problem {
    fn from(error: DevicesError) -> Self {
        match error {
            DevicesError::Unknown(which) => {
                OrderError::NotFound { what: "device folder", which }.into()
            }
            DevicesError::Changed(name) => {
                OrderError::Stale { what: format!("the device folder {name}") }.into()
            }
            DevicesError::Unsound(faults) => Self::faults(&faults),
            DevicesError::Builtin(_) | DevicesError::Full => {
                OrderError::Unfit(error.to_string()).into()
            }
            DevicesError::File { .. } => Self::not_kept(sentence(&error.to_string())),
        }
    }
}

impl From<CustomError> for Problem {
    fn from(error: CustomError) -> Self {
        match error {
            CustomError::Dbc(faults) | CustomError::Unsound(faults) => Self::faults(&faults),
            CustomError::At { .. } => Self::invalid(sentence(&error.to_string())).about("signals"),
            CustomError::ByHand => OrderError::Unfit(error.to_string()).into(),
        }
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        let detail = sentence(&error.to_string());
        let conflict = |code, title, advice| {
            Self::new(StatusCode::CONFLICT, code, title, detail.clone(), advice)
        };
        match error {
            OrderError::Stale { .. } => Self::new(
                StatusCode::PRECONDITION_FAILED,
                CHANGED_MEANWHILE,
                "Changed meanwhile",
                detail,
                "Read it again, look at what changed, and send the change with the new ETag.",
            ),
            OrderError::NotFound { .. } => Self::not_found(detail),
            OrderError::Taken { .. } => {
                conflict("name_taken", "Name taken", "Choose another name.").about("name")
            }
            OrderError::LastAdministrator { .. } => conflict(
                "last_administrator",
                "Last administrator",
                "Make another administrator first.",
            ),
            OrderError::ServiceInUse { .. } => {
                conflict("service_in_use", "In use", "Move its members to another service first.")
            }
            OrderError::NeedsToo { .. } => Self::permission_missing(detail),
            OrderError::Unfit(_) => conflict("unfit", "Not possible now", "Look at its state."),
            OrderError::Profile { .. } => {
                conflict("profile_refused", "Refused", "The running profile stays.")
            }
            OrderError::NoRecording => conflict("no_recording", "No recording", "Open one first."),
            OrderError::Field(ref error) => Self::invalid(detail).about(field_of(error)),
            OrderError::Rule(ref error) => {
                Self::invalid(detail).about(error.rule().unwrap_or("key"))
            }
            OrderError::SetPoint(ref error) => Self::invalid(detail).about(error.field()),
            // The field is named beside it.
            OrderError::Setting(ref error) => {
                Self::invalid(sentence(&error.why)).about(error.field)
            }
            OrderError::NoMail => conflict(
                "no_mail",
                "No e-mail",
                "Save it as a file instead. An administrator sets e-mail up on the Settings page.",
            ),
            OrderError::Wait { seconds } => Self { detail: detail.into(), ..Self::wait(seconds) },
            OrderError::NoRandom(_) => Self::not_kept(detail),
            OrderError::Store(error) => error.into(),
            OrderError::Busy => busy(detail),
            OrderError::Stopping => Self::stopping(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            PasswordError::Busy { seconds } => busy(detail).after(seconds),
            PasswordError::Hash(_) => Self::not_kept(detail),
            PasswordError::Short { .. }
            | PasswordError::Long { .. }
            | PasswordError::Common
            | PasswordError::LikeName => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "password_refused",
                "Password refused",
                detail,
                "Choose a longer, less common one: four words that do not belong together, say.",
            )
            .about("password"),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            SignInError::Wrong => Self::new(
                StatusCode::UNAUTHORIZED,
                "wrong_credentials",
                "Not signed in",
                detail,
                "Check both. An administrator can send a link for a new password.",
            ),
            SignInError::Wait { seconds } => Self::wait(seconds),
            SignInError::Busy { seconds } => busy(detail).after(seconds),
            SignInError::Store(error) => error.into(),
            SignInError::NoRandom(_) => Self::not_kept(detail),
        }
    }
}

impl From<RedeemError> for Problem {
    fn from(error: RedeemError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            RedeemError::NoLink => Self::new(
                StatusCode::NOT_FOUND,
                "link_unusable",
                "The link cannot be used",
                detail,
                "Ask an administrator for a new one.",
            ),
            RedeemError::Name(_) => Self::invalid(detail).about("name"),
            RedeemError::Taken(_) => Self::new(
                StatusCode::CONFLICT,
                "name_taken",
                "Name taken",
                detail,
                "Choose another name.",
            )
            .about("name"),
            RedeemError::Password(error) => error.into(),
            RedeemError::Wait { seconds } => Self::wait(seconds),
            RedeemError::Store(error) => error.into(),
            RedeemError::NoRandom(_) => Self::not_kept(detail),
        }
    }
}

impl From<OwnPasswordError> for Problem {
    fn from(error: OwnPasswordError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            // Signed in, but the present password is wrong: not 401, which would end a client's session.
            OwnPasswordError::Current(SignInError::Wrong) => Self::new(
                StatusCode::FORBIDDEN,
                "wrong_password",
                "Wrong password",
                "The present password is wrong.",
                "Type it again.",
            )
            .about("current_password"),
            OwnPasswordError::Current(error) => error.into(),
            OwnPasswordError::New(error) => Self::from(error).about("new_password"),
            OwnPasswordError::Same => Self::invalid(detail).about("new_password"),
            OwnPasswordError::NoAccount => Self::invalid(detail),
            OwnPasswordError::Denied(denied) => denied.into(),
        }
    }
}

/// The name in the API of the field that the error is about.
const fn field_of(error: &FieldError) -> &'static str {
    let what = match error {
        FieldError::Empty(what)
        | FieldError::Long { what, .. }
        | FieldError::Character { what, .. } => *what,
        FieldError::Email(_) | FieldError::Stranger(_) => return "email",
        FieldError::Reserved(_) => return "name",
    };
    // The only other fields with a text of their own are names.
    match what.as_bytes() {
        b"e-mail address" => "email",
        b"service" | b"name of the service" => "service",
        _ => "name",
    }
}

fn busy(detail: String) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Too much to do",
        detail,
        "Nothing was changed. Try again in a moment.",
    )
    .after(1)
}

/// The text as a sentence.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    // The name of a setting is written as it is.
    let is_key =
        text.split(' ').next().is_some_and(|word| word.trim_end_matches(':').contains('.'));
    let upper = |c: char| if is_key { c.to_string() } else { c.to_uppercase().to_string() };
    let first = chars.next().map(upper).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?', '\u{201d}']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry) = (self.status(), self.retry_after);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"busbar\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
