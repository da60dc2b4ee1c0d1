//! Destinations of alerts.

use std::fmt;

use crate::problem::Problem;
use crate::secret::Secret;

/// Where an alert goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// How it gets there.
    pub channel: Channel,
    /// Whether nothing is sent, without a complaint, as long as one of its secrets isn't set.
    pub is_optional: bool,
}

/// How an alert gets to its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A `POST` of JSON.
    Webhook {
        /// The address, which may hold a token and is therefore a secret.
        url: Secret,
        /// The JSON that the receiver expects.
        shape: WebhookShape,
    },
    /// Sends an email over SMTP.
    Mail(Mail),
    /// A program that gets the alert's JSON on its standard input.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
    },
}

/// The JSON that a webhook wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookShape {
    /// The alert as JSON.
    Json,
    /// Slack's incoming webhooks, which Mattermost understands as well.
    Slack,
    /// Discord's webhooks.
    Discord,
    /// Microsoft Teams: an adaptive card.
    Teams,
}

/// How emails are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The host name of the SMTP server.
    pub server: String,
    /// The port of the SMTP server.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// The address of the sender.
    pub from: String,
    /// The addresses of the recipients.
    pub to: Vec<String>,
    /// The user and the password; `None` to send without a login.
    pub login: Option<(String, Secret)>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: for a server on this machine.
    None,
    /// It begins in the clear and must be upgraded (STARTTLS), usually on port 587.
    StartTls,
    /// From the beginning, usually on port 465.
    Tls,
}

impl Destination {
    /// A webhook that takes the alert itself as JSON.
    pub fn webhook(url: Secret) -> Self {
        Self::shaped(url, WebhookShape::Json)
    }

    /// An incoming webhook of Slack or Mattermost.
    pub fn slack(url: Secret) -> Self {
        Self::shaped(url, WebhookShape::Slack)
    }

    /// A webhook of Discord.
    pub fn discord(url: Secret) -> Self {
        Self::shaped(url, WebhookShape::Discord)
    }

    /// A webhook of Microsoft Teams.
    pub fn teams(url: Secret) -> Self {
        Self::shaped(url, WebhookShape::Teams)
    }

    /// A destination that sends emails.
    pub fn mail(mail: Mail) -> Self {
        Self { channel: Channel::Mail(mail), is_optional: false }
    }

    /// A program, which is run with the alert's JSON on its standard input.
    pub fn command<'a>(argv: impl IntoIterator<Item = &'a str>) -> Self {
        let argv = argv.into_iter().map(str::to_owned).collect();
        Self { channel: Channel::Command { argv }, is_optional: false }
    }

    /// The same destination; as long as one of its secrets isn't set, nothing is sent to it. Otherwise such an alert is
    /// kept, and shown as what could not be delivered.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// The secrets that a delivery to it needs.
    pub fn secrets(&self) -> Vec<&Secret> {
        match &self.channel {
            Channel::Webhook { url, .. } => vec![url],
            Channel::Mail(mail) => mail.login.iter().map(|(_, password)| password).collect(),
            Channel::Command { .. } => Vec::new(),
        }
    }

    /// The reason why it is invalid; `None` if it is valid.
    pub(crate) fn problem(&self) -> Option<Problem> {
        match &self.channel {
            Channel::Command { argv } if argv.is_empty() => {
                Some(Problem::new("its command is empty").with_hint("the first word is the program"))
            }
            Channel::Mail(mail) if mail.to.is_empty() => Some(Problem::new("its email has no recipients")),
            Channel::Mail(mail) => std::iter::once(&mail.from)
                .chain(&mail.to)
                .find(|address| !address.contains('@'))
                .map(|address| Problem::new(format!("`{address}` is not an email address"))),
            Channel::Webhook { .. } | Channel::Command { .. } => None,
        }
    }

    /// Its name in the store, without any secret: deliveries are for the destination of that name. It never changes, or
    /// alerts that wait would have no destination any more.
    pub fn stored_name(&self) -> String {
        match &self.channel {
            Channel::Webhook { url, shape } => format!("{} ${}", shape.as_str(), url.variable()),
            Channel::Mail(Mail { to, server, port, .. }) => {
                format!("mail to {} by {server}:{port}", to.join(", "))
            }
            // Arguments may be secrets.
            Channel::Command { argv } => format!("command {}", argv.first().map_or("", String::as_str)),
        }
    }

    fn shaped(url: Secret, shape: WebhookShape) -> Self {
        Self { channel: Channel::Webhook { url, shape }, is_optional: false }
    }
}

impl Mail {
    /// E-mails to one recipient, over an upgraded connection on port 587.
    pub fn new(server: impl Into<String>, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            port: 587,
            encryption: Encryption::StartTls,
            from: from.into(),
            to: vec![to.into()],
            login: None,
        }
    }

    /// To one more recipient.
    #[must_use]
    pub fn and_to(mut self, to: impl Into<String>) -> Self {
        self.to.push(to.into());
        self
    }

    /// On another port, protected in another way.
    #[must_use]
    pub fn port(self, port: u16, encryption: Encryption) -> Self {
        Self { port, encryption, ..self }
    }

    /// Sets the user and the password of the SMTP server.
    #[must_use]
    pub fn login(self, user: impl Into<String>, password: Secret) -> Self {
        Self { login: Some((user.into(), password)), ..self }
    }
}

impl WebhookShape {
    /// The shape as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "webhook",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Teams => "teams",
        }
    }
}

/// The destination in words, without any secret.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.channel {
            Channel::Webhook { url, shape } => write!(f, "{} {url}", shape.as_str()),
            Channel::Mail(mail) => {
                write!(f, "mail to {} by {}:{}", mail.to.join(", "), mail.server, mail.port)
            }
            // Arguments may be anything, so they aren't shown.
            Channel::Command { argv } => {
                write!(f, "command {}", argv.first().map_or("", String::as_str))
            }
        }
    }
}
