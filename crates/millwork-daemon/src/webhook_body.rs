//! The bodies of webhooks, in the forms that receivers expect.
//!
//! An alert's text may contain anything that users wrote. So each form escapes markup, disables mentions, and is cut to the lengths that
//! its receiver accepts.

use millwork_core::alert::{Alert, AlertKind, WebhookShape};
use serde_json::{Value, json};

/// Maximum characters of a title and of a text that Discord accepts.
const DISCORD: (usize, usize) = (256, 4_000);

/// The body of a request to a webhook.
pub(crate) fn webhook_body(shape: WebhookShape, alert: &Alert, idempotency_key: &str) -> Value {
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
            // Nothing in a text may mention people.
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
                        // A card ignores a single line break.
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

/// Text for Slack, with its three special characters escaped.
fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks() {
        let now = "2026-05-01T08:00:00Z".parse().expect("a time");
        let alert = Alert { title: "a < b & \"c\"".to_owned(), ..Alert::test("rule", now) };
        let body = |shape: WebhookShape| webhook_body(shape, &alert, "k1").to_string();
        insta::assert_snapshot!(body(WebhookShape::Json), @r##"{"at":"2026-05-01T08:00:00Z","held_back":0,"idempotency_key":"k1","key":"test","kind":"test","rule":"rule","since":"2026-05-01T08:00:00Z","text":"This alert tests the rule's destinations. No event has occurred.","title":"a < b & \"c\""}"##);
        insta::assert_snapshot!(body(WebhookShape::Slack), @r##"{"text":":white_circle: *a &lt; b &amp; \"c\"*\nThis alert tests the rule's destinations. No event has occurred."}"##);
        insta::assert_snapshot!(body(WebhookShape::Discord), @r##"{"allowed_mentions":{"parse":[]},"embeds":[{"color":8421504,"description":"This alert tests the rule's destinations. No event has occurred.","title":"a < b & \"c\"","url":null}]}"##);
        insta::assert_snapshot!(body(WebhookShape::Teams), @r##"{"attachments":[{"content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","body":[{"size":"Medium","text":"a < b & \"c\"","type":"TextBlock","weight":"Bolder","wrap":true},{"text":"This alert tests the rule's destinations. No event has occurred.","type":"TextBlock","wrap":true}],"type":"AdaptiveCard","version":"1.4"},"contentType":"application/vnd.microsoft.card.adaptive"}],"type":"message"}"##);
    }
}
