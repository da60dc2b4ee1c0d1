//! The dictionary: names of steps, assets and partitions, and ids of runs, by number.
//!
//! Events hold numbers. The writer gives a new name the next one (*interns* it) in the transaction of the first event that has it; the
//! reader looks up the numbers that it hasn't met. Numbers are never used again, so what either has in memory stays true.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use millwork_core::run::{RunId, StepKey};
use millwork_core::{AssetKey, PartitionKey};
use serde::Serialize;
use sqlx::{Error, Row as _};

use super::failure::unreadable;
use super::reader::Reader;
use super::rows;
use super::writer::{Memo, Transaction};
use crate::StorageError;

/// The names and run IDs that the numbers in events refer to, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Dictionary(RwLock<Meanings>);

/// Meanings by number.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    pub(super) names: HashMap<i64, Name>,
    pub(super) runs: HashMap<i64, RunId>,
}

/// A name as each of the keys that it can be, so that all events share one text.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) step: StepKey,
    pub(super) asset: AssetKey,
    pub(super) partition: PartitionKey,
}

/// A name as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(super) struct WrittenName<'n> {
    pub(super) text: &'n str,
    /// What people call it, where that is another text. Of a name that has a number already, its first one stays.
    pub(super) label: Option<&'n str>,
}

impl<'n> WrittenName<'n> {
    pub(super) fn of_partition(partition: &'n PartitionKey) -> Self {
        Self { text: partition.identity(), label: partition.own_label() }
    }
}

impl<'n> From<&'n str> for WrittenName<'n> {
    fn from(text: &'n str) -> Self {
        Self { text, label: None }
    }
}

impl Dictionary {
    /// The entries that are known so far.
    pub(super) fn known(&self) -> RwLockReadGuard<'_, Meanings> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn learned(&self) -> RwLockWriteGuard<'_, Meanings> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Looks up those of the names that aren't known yet.
    pub(super) async fn learn_names(&self, numbers: impl Iterator<Item = i64>) -> Result<(), StorageError> {
        let unknown = {
            let known = self.dictionary.known();
            json(numbers.filter(|number| !known.names.contains_key(number)))
        };
        let Some(unknown) = unknown else { return Ok(()) };
        // As one text, like events: a pipeline can have very many names.
        let text = "SELECT json_group_array(json_array(id, name, label)) FROM names \
                    WHERE id IN (SELECT value FROM json_each(?))";
        let found = self.rows("read names", sqlx::query(text).bind(unknown)).await?;
        let Some(row) = found.first() else { return Ok(()) };
        // A name that isn't text is shown with replacement characters.
        let names = String::from_utf8_lossy(row.try_get(0).map_err(unreadable("names"))?);
        let names: Vec<(i64, String, Option<String>)> =
            serde_json::from_str(&names).map_err(unreadable("names"))?;
        let name = |text: &str, label: Option<&str>| Name {
            step: text.into(),
            asset: text.into(),
            partition: PartitionKey::of_identity(text, label),
        };
        let names = names.iter().map(|(number, text, label)| (*number, name(text, label.as_deref())));
        self.dictionary.learned().names.extend(names);
        Ok(())
    }

    /// Looks up those of the runs that aren't known yet.
    pub(super) async fn learn_runs(&self, numbers: impl Iterator<Item = i64>) -> Result<(), StorageError> {
        let unknown = {
            let known = self.dictionary.known();
            json(numbers.filter(|number| !known.runs.contains_key(number)))
        };
        let Some(unknown) = unknown else { return Ok(()) };
        let text = "SELECT number, id FROM runs WHERE number IN (SELECT value FROM json_each(?))";
        let found = self.rows("read the ids of runs", sqlx::query(text).bind(unknown)).await?;
        let mut learned = self.dictionary.learned();
        for row in &found {
            // Events of a run whose ID can't be read are marked as unreadable themselves.
            if let (Ok(number), Ok(Ok(id))) = (row.try_get(0), row.try_get(1).map(rows::run_id)) {
                learned.runs.insert(number, id);
            }
        }
        Ok(())
    }
}

impl Transaction<'_> {
    /// The numbers of names, new ones included.
    pub(super) async fn intern(&mut self, names: HashSet<WrittenName<'_>>) -> Result<(), Error> {
        let Some(json) = self.unknown(names) else { return Ok(()) };
        let text = "INSERT INTO names (name, label) SELECT value ->> 'text', value ->> 'label' FROM json_each(?1) WHERE true \
                    ON CONFLICT DO NOTHING; \
                    SELECT name, id FROM names WHERE name IN (SELECT value ->> 'text' FROM json_each(?1))";
        let found: Vec<(String, i64)> = sqlx::query_as(text).bind(json).fetch_all(self.connection()).await?;
        self.memo.names.extend(found.into_iter().map(|(name, id)| (name.into_boxed_str(), id)));
        Ok(())
    }

    /// The names that have no number in the dictionary, as JSON.
    fn unknown(&self, names: HashSet<WrittenName<'_>>) -> Option<String> {
        let mut names: Vec<WrittenName<'_>> = names.into_iter().collect();
        names.retain(|name| !self.memo.names.contains_key(name.text));
        // In order, so that the index grows at few places.
        names.sort_unstable();
        let json = || serde_json::to_string(&names).expect("names are texts");
        (!names.is_empty()).then(json)
    }

    /// The number of a name that was interned.
    pub(super) fn name(&self, name: Option<&str>) -> i64 {
        self.memo.name(name)
    }
}

impl Memo {
    /// The number of a name, 0 for none; `None` if it has none so far.
    pub(super) fn known_name(&self, name: Option<&str>) -> Option<i64> {
        name.map_or(Some(0), |name| self.names.get(name).copied())
    }

    /// The number of a name; 0 for none.
    pub(super) fn name(&self, name: Option<&str>) -> i64 {
        name.map_or(0, |name| self.names.get(name).copied().expect("names are interned before they are used"))
    }
}

/// Numbers as JSON, each once; `None` if there are none.
fn json(numbers: impl Iterator<Item = i64>) -> Option<String> {
    let mut numbers: Vec<i64> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    (!numbers.is_empty()).then(|| serde_json::to_string(&numbers).expect("numbers are JSON"))
}
