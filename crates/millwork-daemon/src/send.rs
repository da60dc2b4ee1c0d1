//! Sending an alert: by webhook, by e-mail, to a command.

use std::process::Stdio;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use millwork_core::alert::{Channel, Destination, Encryption, Mail, Secret, WebhookShape, webhook_body};
use millwork_storage::Delivery;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::daemon::error_with_causes;
use crate::http;

/// What environment variables are set to.
pub type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Sends an alert. What is wrong is said without secrets.
pub(crate) async fn send(
    destination: &Destination,
    delivery: &Delivery,
    environment: &Environment,
) -> Result<(), String> {
    let secret = |secret: &Secret| {
        let unset = || format!("the environment variable `{}` is not set", secret.variable());
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
        _ => Err("this kind of destination is unknown".to_owned()),
    }
}

async fn webhook(url: &str, shape: WebhookShape, delivery: &Delivery) -> Result<(), String> {
    let client = http::client()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error_with_causes(&error))?;
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("idempotency-key", &delivery.key)
        .body(webhook_body(shape, &delivery.alert, &delivery.key).to_string());
    // The address is a secret, and the error has it.
    let answer = request.send().await.map_err(|error| error_with_causes(&error.without_url()))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(format!("the receiver answered {}", answer.status()))
}

async fn e_mail(mail: &Mail, login: Option<(String, String)>, delivery: &Delivery) -> Result<(), String> {
    let mailbox = |address: &str| {
        address.parse::<Mailbox>().map_err(|error| format!("`{address}` is no e-mail address: {error}"))
    };
    let domain = mail.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain.trim_end_matches('>'));
    let mut message = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(delivery.alert.title.clone())
        .message_id(Some(format!("<{}@{domain}>", delivery.key)));
    for to in &mail.to {
        message = message.to(mailbox(to)?);
    }
    let message = message.body(delivery.alert.text.clone()).map_err(|error| error_with_causes(&error))?;
    let relay = match mail.encryption {
        Encryption::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.server)),
        Encryption::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&mail.server),
        Encryption::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&mail.server),
    };
    let mut relay = relay.map_err(|error| error_with_causes(&error))?.port(mail.port);
    if let Some((user, password)) = login {
        relay = relay.credentials(Credentials::new(user, password));
    }
    relay.build().send(message).await.map_err(|error| error_with_causes(&error)).map(drop)
}

/// Gives the alert to a command as JSON on its standard input.
async fn command(argv: &[String], delivery: &Delivery) -> Result<(), String> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err("the command is empty".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).env("MILLWORK_IDEMPOTENCY_KEY", &delivery.key).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process =
        command.spawn().map_err(|error| format!("`{program}` could not be started: {error}"))?;
    let body = webhook_body(WebhookShape::Json, &delivery.alert, &delivery.key).to_string();
    if let Some(mut input) = process.stdin.take() {
        // A command that doesn't read all of it may have its reasons.
        let _ = input.write_all(body.as_bytes()).await;
    }
    let exit = process.wait().await.map_err(|error| error.to_string())?;
    if exit.success() { Ok(()) } else { Err(format!("`{program}` ended with {exit}")) }
}
