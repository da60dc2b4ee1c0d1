//! The keys of rows, by which a row is known again in another data set.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

/// The key of a row: an integer or a text, such as the id of a record.
///
/// A text that is the decimal form of an integer is the same key as that integer: `"17"` and `17` are one key, `"017"` is another.
///
/// ```
/// use millwork_ml::features::RowKey;
///
/// assert_eq!(RowKey::from(17), RowKey::from("17"));
/// assert_ne!(RowKey::from(17), RowKey::from("017"));
/// assert_eq!(RowKey::from(u64::MAX).to_string(), "18446744073709551615");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowKey(Key);

/// A text is never the decimal form of an `i64`, so that keys are the same exactly if they are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Integer(i64),
    Text(String),
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for RowKey {
            fn from(key: $integer) -> Self {
                Self(i64::try_from(key).map_or_else(|_| Key::Text(key.to_string()), Key::Integer))
            }
        }
    )*};
}

from_integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

impl From<&str> for RowKey {
    fn from(key: &str) -> Self {
        Self(match KeyRef::of(key) {
            KeyRef::Integer(key) => Key::Integer(key),
            KeyRef::Text(key) => Key::Text(key.to_owned()),
        })
    }
}

impl From<String> for RowKey {
    fn from(key: String) -> Self {
        Self(match KeyRef::of(&key) {
            KeyRef::Integer(key) => Key::Integer(key),
            KeyRef::Text(_) => Key::Text(key),
        })
    }
}

impl From<&String> for RowKey {
    fn from(key: &String) -> Self {
        key.as_str().into()
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Key::Integer(key) => key.fmt(f),
            Key::Text(key) => key.fmt(f),
        }
    }
}

impl RowKey {
    /// The hash of 64 bits by which sets hold the key.
    pub(crate) fn digest(&self) -> u64 {
        self.as_ref().digest()
    }

    fn as_ref(&self) -> KeyRef<'_> {
        match &self.0 {
            Key::Integer(key) => KeyRef::Integer(*key),
            Key::Text(key) => KeyRef::Text(key),
        }
    }
}

/// A key, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyRef<'a> {
    Integer(i64),
    Text(&'a str),
}

/// The decimal form of any `i64` has at most so many bytes.
const DECIMAL: usize = 20;

impl<'a> KeyRef<'a> {
    /// The key that a text is.
    fn of(text: &'a str) -> Self {
        let starts = |bytes: &[u8]| matches!(bytes, [b'0'] | [b'-', b'1'..=b'9', ..] | [b'1'..=b'9', ..]);
        let may_be = text.len() <= DECIMAL && starts(text.as_bytes());
        match may_be.then(|| text.parse()) {
            Some(Ok(integer)) => Self::Integer(integer),
            Some(Err(_)) | None => Self::Text(text),
        }
    }

    /// The first 64 bits of the BLAKE3 hash of its text. It is stored, and therefore stays as it is.
    fn digest(self) -> u64 {
        let of = |text: &[u8]| {
            let hash = blake3::hash(text);
            u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
        };
        match self {
            Self::Text(text) => of(text.as_bytes()),
            Self::Integer(integer) => {
                let mut digits = [0; DECIMAL];
                let mut rest = &mut digits[..];
                write!(rest, "{integer}").expect("a decimal form of 20 bytes");
                let length = DECIMAL - rest.len();
                of(&digits[..length])
            }
        }
    }

    fn to_text(self) -> Cow<'a, str> {
        match self {
            Self::Integer(integer) => integer.to_string().into(),
            Self::Text(text) => text.into(),
        }
    }
}

/// A key for each row of a data set. Several rows may have the same one, such as the customer that they are about: a check by key then
/// takes them for one.
///
/// ```
/// use millwork_ml::features::RowKeys;
///
/// let stories = RowKeys::new([8863, 8864]);
/// assert_eq!(stories, RowKeys::new(["8863", "8864"]));
/// assert_eq!(stories.get(1).as_deref(), Some("8864"));
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RowKeys {
    column: Column,
}

/// Integers if all keys are, so that equal keys are equal columns.
#[derive(Clone, PartialEq, Eq)]
enum Column {
    Integers(Vec<i64>),
    Texts(Texts),
}

impl Default for Column {
    fn default() -> Self {
        Self::Integers(Vec::new())
    }
}

/// Texts end to end, and where each ends.
#[derive(Clone, PartialEq, Eq, Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }
}

/// The form in which keys are stored.
pub(super) enum StoredKeys<'a> {
    Integers(&'a [i64]),
    /// The texts end to end, and where each ends.
    Texts(&'a str, &'a [usize]),
}

impl RowKeys {
    /// The keys of rows, in the order of the rows.
    pub fn new(keys: impl IntoIterator<Item = impl Into<RowKey>>) -> Self {
        let mut all = Self::default();
        keys.into_iter().for_each(|key| all.push(key.into().as_ref()));
        all
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.column {
            Column::Integers(keys) => keys.len(),
            Column::Texts(texts) => texts.ends.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a row's key, or `None` past the last row.
    pub fn get(&self, row: usize) -> Option<Cow<'_, str>> {
        self.key(row).map(KeyRef::to_text)
    }

    /// The keys in the order of the rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RowKey> + '_ {
        (0..self.len()).map(|row| match self.key(row).expect("a row below the number of rows") {
            KeyRef::Integer(key) => RowKey(Key::Integer(key)),
            KeyRef::Text(key) => RowKey(Key::Text(key.to_owned())),
        })
    }

    /// The keys of texts that are end to end.
    pub(super) fn of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        texts.for_each(|text| all.push(KeyRef::of(text)));
        all
    }

    pub(super) fn of_integers(keys: Vec<i64>) -> Self {
        Self { column: Column::Integers(keys) }
    }

    pub(super) fn stored(&self) -> StoredKeys<'_> {
        match &self.column {
            Column::Integers(keys) => StoredKeys::Integers(keys),
            Column::Texts(texts) => StoredKeys::Texts(&texts.text, &texts.ends),
        }
    }

    /// The keys of the given rows, all of which there are, in the given order.
    pub(crate) fn select(&self, selection: &[usize]) -> Self {
        let mut selected = Self::default();
        selection.iter().filter_map(|&row| self.key(row)).for_each(|key| selected.push(key));
        selected
    }

    /// The hash of 64 bits of each row's key.
    pub(crate) fn digests(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.len()).filter_map(|row| self.key(row)).map(KeyRef::digest)
    }

    fn key(&self, row: usize) -> Option<KeyRef<'_>> {
        match &self.column {
            Column::Integers(keys) => keys.get(row).copied().map(KeyRef::Integer),
            Column::Texts(texts) => texts.get(row).map(KeyRef::of),
        }
    }

    fn push(&mut self, key: KeyRef<'_>) {
        match (&mut self.column, key) {
            (Column::Integers(keys), KeyRef::Integer(key)) => keys.push(key),
            (Column::Integers(keys), KeyRef::Text(key)) => {
                let mut texts = Texts::default();
                keys.iter().for_each(|key| texts.push(&key.to_string()));
                texts.push(key);
                self.column = Column::Texts(texts);
            }
            (Column::Texts(texts), key) => texts.push(&key.to_text()),
        }
    }
}

impl fmt::Debug for RowKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..self.len()).filter_map(|row| self.get(row))).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_decimal_form_is_the_integer() {
        let check = |text: &str, integer: Option<i64>| {
            let expected = integer.map_or(KeyRef::Text(text), KeyRef::Integer);
            assert_eq!(KeyRef::of(text), expected, "{text:?}");
            assert_eq!(KeyRef::of(text).digest(), KeyRef::Text(text).digest(), "{text:?}");
        };
        check("0", Some(0));
        check("-1", Some(-1));
        check("9223372036854775807", Some(i64::MAX));
        check("-9223372036854775808", Some(i64::MIN));
        for text in ["", "-", "-0", "+1", "017", " 1", "1 ", "1.0", "1_000", "9223372036854775808", "一"] {
            check(text, None);
        }
    }

    #[test]
    fn the_hash_of_a_key_stays_as_it_is() {
        // BLAKE3 of no bytes begins with af1349b9f5f9a1a6.
        assert_eq!(RowKey::from("").digest(), 0xa6a1_f9f5_b949_13af);
    }

    #[test]
    fn keys_of_both_kinds_are_texts() {
        let mixed = RowKeys::new([RowKey::from(8), RowKey::from("a"), RowKey::from(-9)]);
        assert_eq!(mixed.len(), 3);
        assert_eq!(format!("{mixed:?}"), r#"["8", "a", "-9"]"#);
        assert_eq!(mixed.select(&[2, 0]), RowKeys::new([-9, 8]));
        assert_eq!(mixed.get(3), None);
        assert!(RowKeys::default().is_empty() && RowKeys::new([""; 1]).len() == 1);
    }

    proptest! {
        #[test]
        fn keys_come_back_and_selections_are_those_of_texts(
            texts in prop::collection::vec(prop_oneof!["[a-c]{0,2}", "-?[0-9]{1,3}", "\\PC{0,3}"], 0..12),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let keys = RowKeys::new(&texts);
            prop_assert_eq!(keys.iter().map(|key| key.to_string()).collect::<Vec<_>>(), texts.clone());
            prop_assert_eq!(&RowKeys::new(keys.iter()), &keys);
            let rows: Vec<usize> =
                picks.iter().filter(|_| !texts.is_empty()).map(|pick| pick.index(texts.len())).collect();
            let selected: Vec<&String> = rows.iter().map(|&row| &texts[row]).collect();
            prop_assert_eq!(keys.select(&rows), RowKeys::new(selected.iter().copied()));
            let digests: Vec<u64> = texts.iter().map(|text| RowKey::from(text).digest()).collect();
            prop_assert_eq!(keys.digests().collect::<Vec<_>>(), digests);
        }
    }
}
