//! The name of one partition.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names one partition of an asset. It is equal to another one if both have the same *identity*, whatever they are called.
///
/// The key of one text is that text, whatever it is. The key of a window of time, or of several dimensions, is made of a
/// [`Key`](crate::partition::Key): its identity says which values it has, and its label is what people call it. Labels follow the
/// format of a definition and may change; identities don't.
///
/// ```
/// use millwork_core::PartitionKey;
/// use millwork_core::partition::daily;
///
/// let now = "2024-02-01T00:00:00Z".parse().unwrap();
/// let keys = |format: &str| millwork_core::partition::Dimensions::from(daily("UTC").from("2024-01-01").format(format)).space(now);
/// let day = PartitionKey::from(&keys("%Y-%m-%d")?.key("2024-01-02")?);
/// let same = PartitionKey::from(&keys("%Y%m%d")?.key("20240102")?);
/// assert_eq!((day.label(), same.label()), ("2024-01-02", "20240102"));
/// assert_eq!(day, same);
/// // A text that looks like it is another key.
/// assert_ne!(day, PartitionKey::from("2024-01-02"));
/// # Ok::<(), millwork_core::Problem>(())
/// ```
#[derive(Clone, Debug)]
pub struct PartitionKey {
    /// A text as it is, or [`STRUCTURED`] and the identity of a key.
    identity: Arc<str>,
    label: Arc<str>,
}

/// What an identity begins with that isn't a text as it stands.
const STRUCTURED: &str = "@:";

impl PartitionKey {
    /// The key of some values: of the [identity](crate::partition::Key::identity) of a key, called `label`.
    pub(crate) fn of_values(identity: &str, label: String) -> Self {
        Self { identity: format!("{STRUCTURED}{identity}").into(), label: label.into() }
    }

    /// The key with an [identity](Self::identity), called `label`; without one as its values are in UTC.
    pub fn of_identity(identity: &str, label: Option<&str>) -> Self {
        let identity: Arc<str> = identity.into();
        let label = match (identity.strip_prefix(STRUCTURED), label) {
            (None, _) => identity.clone(),
            (Some(_), Some(label)) => label.into(),
            (Some(values), None) => values.into(),
        };
        Self { identity, label }
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The text by which it is stored and linked to, which no other key has.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The label, where the identity isn't the text that people know.
    pub fn own_label(&self) -> Option<&str> {
        self.values().map(|_| self.label())
    }

    /// The [identity of its values](crate::partition::Key::identity); `None` for a single text.
    pub(crate) fn values(&self) -> Option<&str> {
        self.identity.strip_prefix(STRUCTURED)
    }

    /// Whether it is a single text, also one that looks like an identity.
    pub(crate) fn is_text(&self) -> bool {
        self.values().is_none_or(|values| values == text_segment(&self.label))
    }

    /// The key as a segment of a path: letters, digits, `_` and `-` as they are, other characters as `%` and the hexadecimal
    /// number of each of their bytes; of other keys than texts the [path segment](crate::partition::Key::path_segment) of the values.
    /// One of more than 255 bytes ends with `~` and a hash.
    pub fn path_segment(&self) -> String {
        match self.values() {
            Some(values) => shortened_segment(values),
            None => shortened_segment(&text_segment(&self.identity)),
        }
    }
}

/// A text as a segment of a path.
pub(crate) fn text_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for char in text.chars() {
        if is_kept(char) {
            segment.push(char);
        } else {
            segment.extend(utf8_percent_encode(char.encode_utf8(&mut [0; 4]), NON_ALPHANUMERIC));
        }
    }
    segment
}

/// A segment as a name of a file: one that is too long ends with `~` and a hash.
pub(crate) fn shortened_segment(segment: &str) -> String {
    const HASH: usize = 32;
    if segment.len() <= LONGEST_SEGMENT {
        return segment.to_owned();
    }
    let hash = blake3::hash(segment.as_bytes()).to_hex();
    let kept = segment.floor_char_boundary(LONGEST_SEGMENT - HASH - 1);
    format!("{}~{}", &segment[..kept], &hash[..HASH])
}

/// The longest name of a file, in bytes, that all file systems in use allow. Objects of buckets allow more.
pub(super) const LONGEST_SEGMENT: usize = 255;

/// Whether a path segment keeps a character as it is.
fn is_kept(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-')
}

/// The beginning of a text, for a message.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl PartialEq for PartitionKey {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl Eq for PartitionKey {}

impl PartialOrd for PartitionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PartitionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity.cmp(&other.identity)
    }
}

impl Hash for PartitionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity.hash(state);
    }
}

impl From<Arc<str>> for PartitionKey {
    /// The key of one text.
    fn from(text: Arc<str>) -> Self {
        if text.starts_with(STRUCTURED) {
            // No identity of values has an escaped text that begins so.
            return Self { identity: format!("{STRUCTURED}{}", text_segment(&text)).into(), label: text };
        }
        Self { identity: text.clone(), label: text }
    }
}

impl From<&str> for PartitionKey {
    fn from(text: &str) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl From<String> for PartitionKey {
    fn from(text: String) -> Self {
        Arc::<str>::from(text).into()
    }
}

/// The stored form of a key that isn't a text.
#[derive(Serialize, Deserialize)]
struct StoredValues<'k> {
    identity: Cow<'k, str>,
    label: Cow<'k, str>,
}

/// A text as it is, other keys with what they are called.
impl Serialize for PartitionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.own_label() {
            None => self.identity.serialize(serializer),
            Some(label) => {
                StoredValues { identity: self.identity().into(), label: label.into() }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for PartitionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StoredKey)
    }
}

struct StoredKey;

impl<'de> Visitor<'de> for StoredKey {
    type Value = PartitionKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or an identity with a label")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PartitionKey, E> {
        Ok(text.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PartitionKey, A::Error> {
        let StoredValues { identity, label } = StoredValues::deserialize(MapAccessDeserializer::new(map))?;
        Ok(PartitionKey::of_identity(&identity, Some(&label)))
    }
}

impl FromStr for PartitionKey {
    type Err = Infallible;

    fn from_str(key: &str) -> Result<Self, Infallible> {
        Ok(key.into())
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &PartitionKey, stored: &str, segment: &str) {
        let json = serde_json::to_string(key).unwrap();
        assert_eq!(json, stored);
        let read: PartitionKey = serde_json::from_str(&json).unwrap();
        assert_eq!((&read, read.label()), (key, key.label()));
        let linked = PartitionKey::of_identity(key.identity(), key.own_label());
        assert_eq!((&linked, linked.label()), (key, key.label()));
        assert_eq!(key.path_segment(), segment);
    }

    #[test]
    fn a_key_is_stored_as_its_text_or_with_its_label() {
        check(&"2024-01-01".into(), r#""2024-01-01""#, "2024-01-01");
        check(&"../ü%".into(), r#""../ü%""#, "%2E%2E%2Fü%25");
        let day = PartitionKey::of_values("@20240101T0000Z-20240102T0000Z", "2024-01-01".into());
        let stored = r#"{"identity":"@:@20240101T0000Z-20240102T0000Z","label":"2024-01-01"}"#;
        check(&day, stored, "@20240101T0000Z-20240102T0000Z");
        // What looks like an identity is another key.
        let text = PartitionKey::from(day.identity());
        assert_ne!(text, day);
        let stored = r#"{"identity":"@:%40%3A%4020240101T0000Z-20240102T0000Z","label":"@:@20240101T0000Z-20240102T0000Z"}"#;
        check(&text, stored, "%40%3A%4020240101T0000Z-20240102T0000Z");
    }

    #[test]
    fn a_path_segment_is_a_name_that_a_file_can_have() {
        let segment = |text: &str| PartitionKey::from(text).path_segment();
        assert_eq!(segment(&"a".repeat(255)), "a".repeat(255));
        let (one, other) = (segment(&"🙂".repeat(200)), segment(&"🙂".repeat(201)));
        assert!(one.len() <= LONGEST_SEGMENT && other.len() <= LONGEST_SEGMENT && one != other);
    }
}
