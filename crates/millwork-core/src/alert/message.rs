//! What webhooks are sent.

use serde_json::{Value, json};

use super::{Alert, AlertKind, WebhookShape};

/// The most characters of a title and of a text that Discord takes.
const DISCORD: (usize, usize) = (256, 4_000);

/// The body of a request to a webhook.
pub fn webhook_body(shape: WebhookShape, alert: &Alert, idempotency_key: &str) -> Value {
    match shape {
        WebhookShape::Json => {
            let mut body = json!(alert);
            body["idempotency_key"] = idempotency_key.into();
            body
        }
        WebhookShape::Slack => {
            json!({ "text": format!("{} *{}*\n{}", mark(alert.kind), slack(&alert.title), slack(&alert.text)) })
        }
        WebhookShape::Discord => json!({
            "embeds": [{
                "title": shortened(&alert.title, DISCORD.0),
                "description": shortened(&alert.text, DISCORD.1),
                "color": color(alert.kind),
                "url": alert.url,
            }],
            // Nothing in a text may call people.
            "allowed_mentions": { "parse": [] },
        }),
        WebhookShape::Teams => json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        { "type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true, "text": alert.title },
                        // A single line break is none in a card.
                        { "type": "TextBlock", "wrap": true, "text": alert.text.replace('\n', "\n\n") },
                    ],
                },
            }],
        }),
    }
}

fn mark(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Raised => ":red_circle:",
        AlertKind::Recovered => ":large_green_circle:",
        AlertKind::Test => ":white_circle:",
    }
}

fn color(kind: AlertKind) -> u32 {
    match kind {
        AlertKind::Raised => 0x00D9_3F3F,
        AlertKind::Recovered => 0x0034_A853,
        AlertKind::Test => 0x0080_8080,
    }
}

/// Text for Slack, in which three characters have a meaning.
fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}
