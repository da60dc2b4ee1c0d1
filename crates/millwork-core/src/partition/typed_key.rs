//! Keys as types of an author: a value of a key, or a whole key, is read as what a function takes.
//!
//! [`FromKeyValue`] reads the value of one dimension, [`FromPartitionKey`] a whole key: a tuple reads a value for each dimension. Both say
//! before anything runs what they can read, their [`KeyShape`]: it is held against the [`Dimensions`](super::Dimensions) of an asset by
//! [`fit_problem`](super::fit_problem), so that a function that can't be called is found with the definitions, not in a step.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Key, KeyValue, TimeWindow};
use crate::id::PartitionKey;
use crate::problem::Problem;

/// What a type can be read from, in one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyShape {
    /// A window or a text.
    Any,
    /// A window of time.
    Window,
    /// A text.
    Text,
    /// One of some texts.
    OneOf(Vec<Cow<'static, str>>),
}

/// A type that the value of a key is read as, in one dimension.
///
/// `#[derive(FromPartitionKey)]` implements it for an enum, whose variants are texts, and for a struct around another value, together with
/// [`FromPartitionKey`]. A type that implements only this trait is a part of keys; alone it is taken as a tuple, `(Country,)`.
///
/// ```
/// use millwork_core::Problem;
/// use millwork_core::partition::{FromKeyValue, Key, FromPartitionKey, KeyShape, KeyValue};
///
/// /// A country by its two letters.
/// #[derive(Debug, PartialEq)]
/// struct Country([char; 2]);
///
/// impl FromKeyValue for Country {
///     fn shape() -> KeyShape {
///         KeyShape::Text
///     }
///
///     fn from_value(value: &KeyValue) -> Result<Self, Problem> {
///         let letters: Vec<char> = value.text().chars().collect();
///         let letters = letters.try_into().map_err(|_| format!("`{value}` is not a country of two letters"))?;
///         Ok(Self(letters))
///     }
/// }
///
/// assert_eq!(Country::from_value(&KeyValue::Text("de".into()))?, Country(['d', 'e']));
/// let (country, top) = <(Country, u32)>::from_key(&Key::texts(["fr", "10"]))?;
/// assert_eq!((country, top), (Country(['f', 'r']), 10));
/// # Ok::<(), Problem>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a partition key in one dimension",
    label = "not the value of a dimension",
    note = "add `#[derive(FromPartitionKey)]` to an enum of the texts, or to a struct around another value",
    note = "without it there are `TimeWindow`, `String`, `Arc<str>`, `char`, `bool`, the integers, `jiff::civil::Date` and `KeyValue`"
)]
pub trait FromKeyValue: Sized {
    /// What it can be read from.
    fn shape() -> KeyShape;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// If the value is of another shape or has another form: the problem names it and what is expected.
    fn from_value(value: &KeyValue) -> Result<Self, Problem>;
}

/// A type that a whole key is read as: `K` of `Partition<K>`.
///
/// A key of one dimension is read as its value. A key of several dimensions is a tuple of up to six values, or a struct with
/// `#[derive(FromPartitionKey)]` and a field for each dimension, in their order. [`Key`] is any key.
///
/// ```
/// use jiff::civil::date;
/// use millwork_core::partition::{FromPartitionKey, Key, KeyShape, daily, fixed};
///
/// let dimensions = daily("UTC").from("2024-01-01").by(fixed(["10", "20"]).named("top"));
/// let keys = dimensions.space("2024-02-01T00:00:00Z".parse().unwrap())?;
/// let key = keys.key("2024-01-07|20")?;
///
/// assert_eq!(<(jiff::civil::Date, u32)>::from_key(&key)?, (date(2024, 1, 7), 20));
/// assert_eq!(<(jiff::civil::Date, u32)>::shapes(), Some(vec![KeyShape::Any, KeyShape::Text]));
///
/// let problem = <(jiff::civil::Date, bool)>::from_key(&key).unwrap_err();
/// assert_eq!(problem.to_string(), "value 2 of the key `2024-01-07|20`: the value `20` is not one of `false`, `true`");
/// # Ok::<(), millwork_core::Problem>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a partition key",
    label = "not the type of a key",
    note = "add `#[derive(FromPartitionKey)]` to an enum of the texts of one dimension, to a struct around the value of one, or to a struct with a field for each dimension",
    note = "a tuple of up to six values is a key as well, as in `(TimeWindow, String)` or `(Country,)`; `Key` is any key"
)]
pub trait FromPartitionKey: Sized {
    /// What its values can be read from, one for each dimension in their order; `None` for what takes any key.
    fn shapes() -> Option<Vec<KeyShape>>;

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// If the key has another number of values, or one of them can't be read.
    fn from_key(key: &Key) -> Result<Self, Problem>;
}

/// A type with a text for each of its values, so that it can be a dimension: see [`fixed_of`](super::fixed_of).
///
/// `#[derive(FromPartitionKey)]` implements it for an enum.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no fixed texts",
    label = "not an enum of texts",
    note = "add `#[derive(FromPartitionKey)]` to an enum: its variants are the texts"
)]
pub trait FixedTexts: FromKeyValue {
    /// The name of a dimension of them: that of the type in snake case.
    const NAME: &'static str;

    /// The texts, in the order of the values.
    const TEXTS: &'static [&'static str];

    /// The value with a text; `None` if no value has it.
    fn from_text(text: &str) -> Option<Self>;
}

impl KeyShape {
    /// The texts of a type, each of which one of its values has.
    pub fn one_of<K: FixedTexts>() -> Self {
        Self::OneOf(K::TEXTS.iter().map(|text| Cow::Borrowed(*text)).collect())
    }
}

/// Reads a value as one of the texts of a type.
///
/// # Errors
///
/// If it is a window, or another text: the problem has the texts that there are.
pub fn fixed_value<K: FixedTexts>(value: &KeyValue) -> Result<K, Problem> {
    let text = text_of(value)?;
    K::from_text(text).ok_or_else(|| {
        let message = format!("the value `{text}` is not one of {}", quoted(K::TEXTS));
        Problem::new(message).with_hint(match near(text, K::TEXTS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it to the type, or take the value as a `String`".to_owned(),
        })
    })
}

/// A value that was read as a part of a key, `place` by its number or its name.
///
/// # Errors
///
/// If it couldn't be read: its problem, with the place and the key before it.
pub fn part_of_key<K>(key: &Key, place: &str, read: Result<K, Problem>) -> Result<K, Problem> {
    read.map_err(|problem| problem.within(format_args!("{place} of the key `{key}`")))
}

impl FromKeyValue for KeyValue {
    fn shape() -> KeyShape {
        KeyShape::Any
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        Ok(value.clone())
    }
}

impl FromKeyValue for TimeWindow {
    fn shape() -> KeyShape {
        KeyShape::Window
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        match value {
            KeyValue::Window(window) => Ok(window.clone()),
            KeyValue::Text(text) => {
                let problem = Problem::new(format!("the text `{text}` is not a window of time"));
                Err(problem.with_hint("take the value as a `String`"))
            }
        }
    }
}

/// The day on which a window starts, in the zone of its definition; of a text the date that it is.
impl FromKeyValue for Date {
    fn shape() -> KeyShape {
        KeyShape::Any
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        match value {
            KeyValue::Window(window) => Ok(window.date()),
            KeyValue::Text(text) => text.parse().map_err(|_| {
                let problem = Problem::new(format!("the value `{text}` is not a date"));
                problem.with_hint("a date is written as in `2024-01-31`")
            }),
        }
    }
}

impl FromKeyValue for Arc<str> {
    fn shape() -> KeyShape {
        KeyShape::Text
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        text_of(value).cloned()
    }
}

impl FromKeyValue for String {
    fn shape() -> KeyShape {
        KeyShape::Text
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        Ok(text_of(value)?.to_string())
    }
}

impl FromKeyValue for char {
    fn shape() -> KeyShape {
        KeyShape::Text
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        let text = text_of(value)?;
        text.parse().map_err(|_| Problem::new(format!("the value `{text}` is not one character")))
    }
}

impl FromKeyValue for bool {
    fn shape() -> KeyShape {
        KeyShape::one_of::<Self>()
    }

    fn from_value(value: &KeyValue) -> Result<Self, Problem> {
        fixed_value(value)
    }
}

impl FixedTexts for bool {
    const NAME: &'static str = "bool";
    const TEXTS: &'static [&'static str] = &["false", "true"];

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

macro_rules! integers {
    ($($integer:ty)+) => {
        $(impl FromKeyValue for $integer {
            fn shape() -> KeyShape {
                KeyShape::Text
            }

            fn from_value(value: &KeyValue) -> Result<Self, Problem> {
                let text = text_of(value)?;
                text.parse().map_err(|_| {
                    Problem::new(format!(
                        "the value `{text}` is not an integer from {} to {}",
                        Self::MIN,
                        Self::MAX
                    ))
                })
            }
        })+
    };
}

integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

// A blanket implementation would also match tuples: of a tuple with a wrong type the compiler would then say that the tuple is
// wrong, not which type.
macro_rules! keys_of_one_dimension {
    ($($value:ty)+) => {
        $(impl FromPartitionKey for $value {
            fn shapes() -> Option<Vec<KeyShape>> {
                Some(vec![Self::shape()])
            }

            fn from_key(key: &Key) -> Result<Self, Problem> {
                let [value] = key.exactly()?;
                Self::from_value(value)
            }
        })+
    };
}

keys_of_one_dimension!(KeyValue TimeWindow Date Arc<str> String char bool);
keys_of_one_dimension!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

impl FromPartitionKey for Key {
    fn shapes() -> Option<Vec<KeyShape>> {
        None
    }

    fn from_key(key: &Key) -> Result<Self, Problem> {
        Ok(key.clone())
    }
}

impl FromPartitionKey for PartitionKey {
    fn shapes() -> Option<Vec<KeyShape>> {
        None
    }

    fn from_key(key: &Key) -> Result<Self, Problem> {
        Ok(key.into())
    }
}

macro_rules! tuple {
    ($($type:ident $value:ident $number:literal),+) => {
        impl<$($type: FromKeyValue),+> FromPartitionKey for ($($type,)+) {
            fn shapes() -> Option<Vec<KeyShape>> {
                Some(vec![$($type::shape()),+])
            }

            fn from_key(key: &Key) -> Result<Self, Problem> {
                let [$($value),+] = key.exactly()?;
                Ok(($(part_of_key(key, concat!("value ", $number), $type::from_value($value))?,)+))
            }
        }
    };
}

tuple!(A a 1);
tuple!(A a 1, B b 2);
tuple!(A a 1, B b 2, C c 3);
tuple!(A a 1, B b 2, C c 3, D d 4);
tuple!(A a 1, B b 2, C c 3, D d 4, E e 5);
tuple!(A a 1, B b 2, C c 3, D d 4, E e 5, F f 6);

impl Key {
    /// Its values, if it has as many as are expected.
    ///
    /// ```
    /// use millwork_core::partition::Key;
    ///
    /// let key = Key::texts(["de", "a"]);
    /// let [country, arm] = key.exactly()?;
    /// assert_eq!((country.text(), arm.text()), ("de", "a"));
    /// # Ok::<(), millwork_core::Problem>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it has another number of values.
    pub fn exactly<const N: usize>(&self) -> Result<&[KeyValue; N], Problem> {
        self.values().try_into().map_err(|_| {
            let (found, verb) = (self.values().len(), if N == 1 { "is" } else { "are" });
            let values = if found == 1 { "value" } else { "values" };
            let message = format!("the key `{self}` has {found} {values}, and {N} {verb} expected");
            let types = self.values().iter().map(|value| match value {
                KeyValue::Window(_) => "TimeWindow",
                KeyValue::Text(_) => "String",
            });
            Problem::new(message).with_hint(format!("take the key as `{}`", written(types)))
        })
    }
}

/// The parameter that takes a key with values of some types.
pub(super) fn written<'a>(types: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 6;
    let types: Vec<&str> = types.collect();
    match &types[..] {
        [one] => format!("Partition<{one}>"),
        types if (1..=MOST).contains(&types.len()) => format!("Partition<({})>", types.join(", ")),
        _ => "Partition<Key>".to_owned(),
    }
}

/// Some texts in backticks, the first ones of many.
pub(super) fn quoted(texts: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = texts.iter().take(SHOWN).map(|text| format!("`{}`", text.as_ref())).collect();
    format!("{}{}", shown.join(", "), if texts.len() > SHOWN { ", …" } else { "" })
}

/// A known text that differs by one character. Any two of one or two characters are near.
pub(super) fn near<'a, T: AsRef<str>>(text: &str, known: &'a [T]) -> Option<&'a str> {
    let is_near = |known: &&str| text.chars().count() > 2 && strsim::damerau_levenshtein(known, text) == 1;
    known.iter().map(AsRef::as_ref).find(is_near)
}

fn text_of(value: &KeyValue) -> Result<&Arc<str>, Problem> {
    match value {
        KeyValue::Text(text) => Ok(text),
        KeyValue::Window(window) => {
            let problem = Problem::new(format!("the window `{window}` is not a text"));
            Err(problem.with_hint("take the value as a `TimeWindow`"))
        }
    }
}
