//! Keys as values, and their text.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::TimeWindow;
use crate::id::{PartitionKey, shortened_segment, text_segment};
use crate::problem::Problem;

/// The key of a partition: a value for each dimension, in their order.
///
/// Two keys are equal if their values are: a window is its interval. The text of a key is for people and depends on the labels
/// of windows; the [`identity`](Self::identity) does not, and no two keys share one.
///
/// ```
/// use millwork_core::partition::Key;
///
/// let key = Key::texts(["50% off", "a|b"]);
/// assert_eq!(key.text(), "50%25 off|a%7Cb");
/// // With one dimension, a text is as it stands.
/// assert_eq!(Key::texts(["a|b"]).text(), "a|b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<KeyValue>);

/// The value of a key in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyValue {
    /// A window of time.
    Window(TimeWindow),
    /// A text, of a fixed list or of a dynamic one.
    Text(Arc<str>),
}

impl Key {
    /// A key of some values.
    pub fn new(values: impl IntoIterator<Item = KeyValue>) -> Self {
        Self(values.into_iter().collect())
    }

    /// A key of texts only.
    pub fn texts<T: Into<Arc<str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(texts.into_iter().map(|text| KeyValue::Text(text.into())))
    }

    /// The values, a dimension each.
    pub fn values(&self) -> &[KeyValue] {
        &self.0
    }

    /// What people call it: the label of a window or the text as it stands, and with several dimensions those joined by `|`, with
    /// `%`, `|` and what else has a meaning in a set escaped by `%` and the hexadecimal number of a byte.
    pub fn text(&self) -> String {
        match &self.0[..] {
            [value] => value.text().to_owned(),
            values => values.iter().map(|value| escaped(value.text())).collect::<Vec<_>>().join("|"),
        }
    }

    /// The same whatever windows are called, and different for any two keys; also a segment of a path or of a URL. It has letters, digits,
    /// `_` and `-`, other characters of texts as `%` and the hexadecimal number of each byte, commas between dimensions, and `@` before the start
    /// and the end of a window in UTC: `@20240101T0000Z-20240102T0000Z,de`. One text is the segment that it always was
    /// ([`PartitionKey::path_segment`]).
    pub fn identity(&self) -> String {
        self.0.iter().map(KeyValue::identity).collect::<Vec<_>>().join(",")
    }

    /// The identity as a name of a file, which may have 255 bytes: a longer one ends with `~` and a hash.
    pub fn path_segment(&self) -> String {
        shortened_segment(&self.identity())
    }

    /// Why no partition can have the key; `None` if one may.
    pub fn problem(&self) -> Option<Problem> {
        if self.0.is_empty() {
            return Some(Problem::new("a key has no value").with_hint("give one for each dimension"));
        }
        self.0.iter().find_map(|value| match value {
            KeyValue::Text(text) => KeyValue::text_problem(text),
            KeyValue::Window(_) => None,
        })
    }
}

impl KeyValue {
    /// The label of a window, or the text.
    pub fn text(&self) -> &str {
        match self {
            Self::Window(window) => window.label(),
            Self::Text(text) => text,
        }
    }

    /// Why a text can't be a value; `None` if it can.
    pub(super) fn text_problem(text: &str) -> Option<Problem> {
        const LONGEST: usize = 255;
        if text.is_empty() {
            return Some(Problem::new("a text of a key is empty").with_hint("give the partition a name"));
        }
        let length = text.chars().count();
        (length > LONGEST).then(|| {
            let begin: String = text.chars().take(40).collect();
            let message =
                format!("the text `{begin}…` of a key has {length} characters, and may have {LONGEST}");
            Problem::new(message).with_hint("shorten it, for example to a hash")
        })
    }

    fn identity(&self) -> String {
        match self {
            Self::Window(window) => interval_text(window.start(), window.end()),
            Self::Text(text) => text_segment(text),
        }
    }
}

/// The identity of a window.
pub(super) fn interval_text(start: Timestamp, end: Timestamp) -> String {
    format!("@{}-{}", compact(start), compact(end))
}

impl From<&Key> for PartitionKey {
    fn from(key: &Key) -> Self {
        match key.values() {
            [KeyValue::Text(text)] => text.clone().into(),
            _ => Self::of_values(&key.identity(), key.text()),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

/// An instant without signs: `20240101T0000Z`, with seconds where they aren't 0.
fn compact(instant: Timestamp) -> String {
    let format = if instant.as_second().rem_euclid(60) == 0 { "%Y%m%dT%H%MZ" } else { "%Y%m%dT%H%M%SZ" };
    let zoned = instant.to_zoned(TimeZone::UTC);
    strtime::format(format, &zoned).unwrap_or_else(|_| instant.as_second().to_string())
}

/// The interval of a window, from its identity.
pub(super) fn interval(identity: &str) -> Option<(Timestamp, Timestamp)> {
    let instant = |text: &str| {
        let format = if text.len() > "20240101T0000Z".len() { "%Y%m%dT%H%M%SZ" } else { "%Y%m%dT%H%MZ" };
        let time = strtime::parse(format, text).ok()?.to_datetime().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    };
    let (start, end) = identity.strip_prefix('@')?.split_once('-')?;
    Some((instant(start)?, instant(end)?))
}

/// A text of a dimension within a text of several, or of a set.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    let length = text.len();
    for (at, character) in text.char_indices() {
        let is_at_an_end = at == 0 || at + character.len_utf8() == length;
        let means_something = match character {
            '%' | '|' | ',' | ';' => true,
            '.' => is_at_an_end || before == Some('.'),
            '*' => length == 1,
            character => is_at_an_end && character.is_whitespace(),
        };
        if means_something {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                escaped.push_str(&format!("%{byte:02X}"));
            }
        } else {
            escaped.push(character);
        }
        before = Some(character);
    }
    escaped
}

/// The text that was escaped.
pub(super) fn unescaped(text: &str) -> Result<String, Problem> {
    let problem = |part: &str| {
        let message = format!("`{part}` in `{text}` is not an escaped character");
        Problem::new(message).with_hint("write `%25` for a percent sign, `%7C` for `|`, `%2C` for a comma")
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let digits = escape.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let part: String = std::iter::once('%').chain(escape.chars().take(2)).collect();
        bytes.push(byte.ok_or_else(|| problem(&part))?);
        rest = &escape[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| problem("%"))
}
