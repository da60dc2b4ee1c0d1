//! The moment at which keys are asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Texts;

/// When keys are asked for: the time, by which windows have ended, and the texts that dynamic dimensions have then.
///
/// The default is the beginning of 1970, which does where all partitions are fixed.
#[derive(Clone, Debug, Default)]
pub struct KeyMoment {
    now: Timestamp,
    texts: Arc<BTreeMap<String, Texts>>,
}

impl KeyMoment {
    /// A time, at which dynamic dimensions have no text.
    pub fn at(now: Timestamp) -> Self {
        Self { now, texts: Arc::default() }
    }

    /// The moment with the texts of dynamic dimensions, by their names.
    #[must_use]
    pub fn with_texts(self, texts: BTreeMap<String, Texts>) -> Self {
        Self { texts: Arc::new(texts), ..self }
    }

    /// The same texts at another time.
    #[must_use]
    pub fn moved_to(&self, now: Timestamp) -> Self {
        Self { now, texts: self.texts.clone() }
    }

    /// Whether dynamic dimensions have the same texts at another moment.
    pub fn has_same_texts(&self, other: &Self) -> bool {
        let present = |(own, other): ((&String, &Texts), (&String, &Texts))| {
            own.0 == other.0 && own.1.present() == other.1.present()
        };
        self.shares_texts(other)
            || (self.texts.len() == other.texts.len() && self.texts.iter().zip(&*other.texts).all(present))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The texts of the dynamic dimensions with a name; `None` if there never was one.
    pub fn texts(&self, name: &str) -> Option<&Texts> {
        self.texts.get(name)
    }

    /// Whether the texts are those of another moment, because neither was read again.
    pub(super) fn shares_texts(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.texts, &other.texts)
    }
}
