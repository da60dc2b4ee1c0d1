//! One item as the API's JSON describes it: <https://github.com/HackerNews/API#items>.
//!
//! Every field may be missing, and a field of an unexpected type, or an invalid time, counts as missing: one odd item must not cost the
//! window.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// An item of any type: story, comment, job, poll or an answer to a poll.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// The item's number: one sequence for all types, ascending with time.
    #[serde(deserialize_with = "lenient")]
    pub id: u64,
    /// The item's type; `None` for an unknown type and for some deleted items.
    #[serde(rename = "type", deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ItemKind>,
    /// The author's name.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When the item was created, in seconds since 1970 (UTC).
    #[serde(deserialize_with = "lenient_time", skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// The title of a story, poll or job, with HTML entities.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The address that a story links to; text posts have none.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The text of a comment, text post or poll, in HTML.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The story's points, or the votes for an answer to a poll.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// The number of comments on a story or poll, replies to replies included.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub descendants: Option<u32>,
    /// The id of the item that a comment replies to.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// The id of the poll that an answer belongs to.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub poll: Option<u64>,
    /// The ids of the direct comments, best first.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub kids: Vec<u64>,
    /// The ids of a poll's answers.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<u64>,
    /// Whether its author or a moderator deleted it.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Whether moderation hides it.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "is_false")]
    pub dead: bool,
}

/// The API's item types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// A submission: a link or a text post.
    Story,
    /// A reply to a story, poll or comment.
    Comment,
    /// A job advertisement.
    Job,
    /// A question with answers to vote for.
    Poll,
    /// One answer of a poll.
    Pollopt,
}

impl Item {
    /// Parses the API's answer to the request for item `id`; `None` where the API answers `null`.
    ///
    /// Fails on anything but `null` and a JSON object.
    pub fn parse(id: u64, body: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        // By way of a map, because a derived struct would accept an array, too.
        let Some(fields) = serde_json::from_slice::<Option<Map<String, Value>>>(body)? else {
            return Ok(None);
        };
        let item = serde_json::from_value(Value::Object(fields))?;
        Ok(Some(Self { id, ..item }))
    }
}

fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    lenient_option(deserializer).map(Option::unwrap_or_default)
}

fn lenient_option<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Seconds since 1970 within the calendar, so that later sums of times don't overflow.
fn lenient_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let time: Option<i64> = lenient_option(deserializer)?;
    Ok(time.filter(|&seconds| jiff::Timestamp::from_second(seconds).is_ok()))
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Item) {
        assert_eq!(Item::parse(7, body.as_bytes()).unwrap(), Some(Item { id: 7, ..expected }), "{body}");
    }

    fn check_fails(body: &str) {
        assert!(Item::parse(7, body.as_bytes()).is_err(), "{body}");
    }

    #[test]
    fn fields_are_read_and_unknown_ones_ignored() {
        check("{}", Item::default());
        check(r#"{"id":99,"future":{"x":1}}"#, Item::default());
        check(
            r#"{"type":"pollopt","poll":3}"#,
            Item { kind: Some(ItemKind::Pollopt), poll: Some(3), ..Item::default() },
        );
        check(
            r#"{"id":7,"type":"story","by":"ada","time":1175714200,"title":"T","descendants":3,"kids":[8,9]}"#,
            Item {
                kind: Some(ItemKind::Story),
                by: Some("ada".into()),
                time: Some(1_175_714_200),
                title: Some("T".into()),
                descendants: Some(3),
                kids: vec![8, 9],
                ..Item::default()
            },
        );
    }

    #[test]
    fn odd_fields_count_as_missing() {
        check(r#"{"type":"haiku"}"#, Item::default());
        check(r#"{"type":null,"title":null,"kids":null,"deleted":null}"#, Item::default());
        check(r#"{"descendants":-1,"score":"many","time":"today","kids":"none","dead":1}"#, Item::default());
        for time in ["9223372036854775807", "-9223372036854775808", "1e300", "999999999999999"] {
            check(&format!(r#"{{"time":{time}}}"#), Item::default());
        }
        check(r#"{"title":27,"deleted":true}"#, Item { deleted: true, ..Item::default() });
    }

    #[test]
    fn null_is_no_item() {
        assert_eq!(Item::parse(7, b"null").unwrap(), None);
    }

    #[test]
    fn other_json_and_garbage_fail() {
        for body in ["", "5", "\"item\"", "[1]", "{\"id\":", "<html>busy</html>"] {
            check_fails(body);
        }
    }

    #[test]
    fn an_item_survives_its_own_json() {
        let item = Item { id: 7, kind: Some(ItemKind::Job), dead: true, parts: vec![1], ..Item::default() };
        let body = serde_json::to_string(&item).unwrap();
        assert_eq!(body, r#"{"id":7,"type":"job","parts":[1],"dead":true}"#);
        check(&body, item);
    }
}
