//! Sends an alert once: by webhook, by email, or to a command.
//!
//! A refusal states whether a retry can help and how long the receiver asks not to be sent more; the loop decides what follows. Secrets are
//! read when they are needed and never part of an error.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use jiff::fmt::rfc2822;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use millwork_core::advice::one_line_of;
use millwork_core::alert::{Channel, Destination, Encryption, Mail, Secret, WebhookShape};
use millwork_storage::Delivery;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::http;
use crate::webhook_body::webhook_body;

/// Looks up the values of environment variables.
pub type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The reason why an alert was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The receiver would refuse it again.
    ForGood {
        /// The reason.
        reason: String,
    },
    /// A later attempt may succeed.
    Passing {
        /// The reason.
        reason: String,
        /// How long the receiver asks not to be sent more; `None` if it doesn't.
        hold: Option<Duration>,
    },
}

impl Refusal {
    pub(crate) fn for_good(reason: impl Into<String>) -> Self {
        Self::ForGood { reason: reason.into() }
    }

    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self::Passing { reason: reason.into(), hold: None }
    }

    /// How long the receiver asks not to be sent more.
    pub(crate) fn hold(&self) -> Option<Duration> {
        match self {
            Self::ForGood { .. } => None,
            Self::Passing { hold, .. } => *hold,
        }
    }
}

/// Sends an alert. Errors are free of secrets.
pub(crate) async fn send(
    destination: &Destination,
    delivery: &Delivery,
    environment: &Environment,
) -> Result<(), Refusal> {
    let secret = |secret: &Secret| {
        // A daemon that is started with the variable delivers the alert.
        let unset =
            || Refusal::passing(format!("the environment variable `{}` is not set", secret.variable()));
        environment(secret.variable()).ok_or_else(unset)
    };
    match &destination.channel {
        Channel::Webhook { url, shape } => webhook(&secret(url)?, *shape, delivery).await,
        Channel::Mail(mail) => {
            let login = match &mail.login {
                Some((user, password)) => Some((user.clone(), secret(password)?)),
                None => None,
            };
            e_mail(mail, login, delivery).await
        }
        Channel::Command { argv } => command(argv, delivery).await,
    }
}

async fn webhook(url: &str, shape: WebhookShape, delivery: &Delivery) -> Result<(), Refusal> {
    let client = http::client()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Refusal::passing(one_line_of(&error)))?;
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("idempotency-key", &delivery.key)
        .body(webhook_body(shape, &delivery.alert, &delivery.key).to_string());
    let answer = request.send().await.map_err(|error| {
        // The URL is a secret, and the error contains it.
        let (is_about_address, error) = (error.is_builder(), one_line_of(&error.without_url()));
        if is_about_address { Refusal::for_good(error) } else { Refusal::passing(error) }
    })?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(refused(status, answer.headers())),
    }
}

/// The refusal that a status other than success means: client errors are final, except three codes that mean "later"
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-15.5>).
fn refused(status: StatusCode, headers: &HeaderMap) -> Refusal {
    use StatusCode as Status;
    let reason = format!("the receiver answered {status}");
    let is_later = matches!(status, Status::REQUEST_TIMEOUT | Status::TOO_EARLY | Status::TOO_MANY_REQUESTS);
    if status.is_client_error() && !is_later {
        return Refusal::for_good(reason);
    }
    Refusal::Passing { reason, hold: retry_after(headers) }
}

/// How long a receiver asks not to be sent more: seconds, or a date, which is compared with the receiver's own clock
/// (<https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let moment = |text: &str| rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (until, from) = (moment(asked)?, moment(text(DATE)?)?);
    Duration::try_from(until.duration_since(from)).ok()
}

async fn e_mail(mail: &Mail, login: Option<(String, String)>, delivery: &Delivery) -> Result<(), Refusal> {
    let mailbox = |address: &str| {
        let wrong = |error| Refusal::for_good(format!("`{address}` is not an email address: {error}"));
        address.parse::<Mailbox>().map_err(wrong)
    };
    let domain = mail.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain.trim_end_matches('>'));
    let mut message = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(delivery.alert.title.clone())
        .message_id(Some(format!("<{}@{domain}>", delivery.key)));
    for to in &mail.to {
        message = message.to(mailbox(to)?);
    }
    let message = message.body(delivery.alert.text.clone());
    let message = message.map_err(|error| Refusal::for_good(one_line_of(&error)))?;
    let relay = match mail.encryption {
        Encryption::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.server)),
        Encryption::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&mail.server),
        Encryption::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&mail.server),
    };
    let relay = relay.map_err(|error| Refusal::passing(one_line_of(&error)))?;
    let mut relay = relay.port(mail.port);
    if let Some((user, password)) = login {
        relay = relay.credentials(Credentials::new(user, password));
    }
    let refused = |error: lettre::transport::smtp::Error| {
        let reason = one_line_of(&error);
        // A reply of class 5, such as to an unknown recipient.
        if error.is_permanent() { Refusal::for_good(reason) } else { Refusal::passing(reason) }
    };
    relay.build().send(message).await.map_err(refused).map(drop)
}

/// Gives the alert to a command as JSON on its standard input.
async fn command(argv: &[String], delivery: &Delivery) -> Result<(), Refusal> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Refusal::for_good("the command is empty"));
    };
    let mut command = Command::new(program);
    command.args(arguments).env("MILLWORK_IDEMPOTENCY_KEY", &delivery.key).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let unstarted = |error| Refusal::passing(format!("`{program}` could not be started: {error}"));
    let mut process = command.spawn().map_err(unstarted)?;
    let body = webhook_body(WebhookShape::Json, &delivery.alert, &delivery.key).to_string();
    if let Some(mut input) = process.stdin.take() {
        // A command may end without reading all of it.
        let _ = input.write_all(body.as_bytes()).await;
    }
    let exit = process.wait().await.map_err(|error| Refusal::passing(error.to_string()))?;
    if exit.success() { Ok(()) } else { Err(ended(program, exit)) }
}

/// The refusal that an unsuccessful exit means: the codes of `sysexits.h`, 64 to 78, are final, except 75, which asks for a retry. Every
/// other end can be retried.
fn ended(program: &str, exit: ExitStatus) -> Refusal {
    let reason = format!("`{program}` ended with {exit}");
    match exit.code() {
        Some(64..=74 | 76..=78) => Refusal::for_good(reason),
        Some(_) | None => Refusal::passing(reason),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
            .collect()
    }

    /// Whether an answer is final, and how many seconds it asks to wait.
    fn check(status: u16, fields: &[(&'static str, &'static str)], for_good: bool, hold: Option<u64>) {
        let status = StatusCode::from_u16(status).expect("a status");
        let refusal = refused(status, &headers(fields));
        let found = (matches!(refusal, Refusal::ForGood { .. }), refusal.hold());
        assert_eq!(found, (for_good, hold.map(Duration::from_secs)), "{status} {fields:?}");
    }

    #[test]
    fn what_a_client_is_blamed_for_is_refused_for_good() {
        for status in [400, 401, 403, 404, 405, 410, 413, 422, 451, 499] {
            check(status, &[("retry-after", "7")], true, None);
        }
        for status in [302, 408, 425, 429, 500, 502, 503, 504] {
            check(status, &[], false, None);
        }
    }

    #[test]
    fn receivers_say_for_how_long() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        check(429, &[("retry-after", "7")], false, Some(7));
        check(503, &[("retry-after", " 120 ")], false, Some(120));
        check(503, &[date, ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], false, Some(30));
        check(503, &[date, ("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT")], false, None);
        check(503, &[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], false, None);
        for nonsense in ["", "soon", "-7", "1e9", "7.5"] {
            check(503, &[date, ("retry-after", nonsense)], false, None);
        }
    }

    #[test]
    fn commands_refuse_for_good_by_agreed_codes() {
        let for_good =
            |code: i32| matches!(ended("notify", ExitStatus::from_raw(code << 8)), Refusal::ForGood { .. });
        let refused: Vec<i32> = (1..256).filter(|code| for_good(*code)).collect();
        assert_eq!(refused, (64..=78).filter(|code| *code != 75).collect::<Vec<_>>());
        assert_eq!(
            ended("notify", ExitStatus::from_raw(9)),
            Refusal::passing("`notify` ended with signal: 9 (SIGKILL)")
        );
    }
}
