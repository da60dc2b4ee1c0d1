//! What the numbers in events stand for.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use millwork_core::run::{RunId, StepKey};
use millwork_core::{AssetKey, PartitionKey};
use sqlx::Row;

use super::Reader;
use crate::StorageError;
use crate::sqlite::failure::unreadable;
use crate::sqlite::rows;

/// What the numbers in events stand for, as far as it was asked. Numbers are never used again, so it stays true.
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

impl Dictionary {
    /// What is known so far.
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
        let text = "SELECT json_group_array(json_array(id, name)) FROM names \
                    WHERE id IN (SELECT value FROM json_each(?))";
        let found = self.rows("read names", sqlx::query(text).bind(unknown)).await?;
        let Some(row) = found.first() else { return Ok(()) };
        // A name that isn't text is shown with marks in place of what can't be read.
        let names = String::from_utf8_lossy(row.try_get(0).map_err(unreadable("names"))?);
        let names: Vec<(i64, String)> = serde_json::from_str(&names).map_err(unreadable("names"))?;
        let name = |text: &str| Name { step: text.into(), asset: text.into(), partition: text.into() };
        self.dictionary.learned().names.extend(names.iter().map(|(number, text)| (*number, name(text))));
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
            // Events of a run whose id can't be read say so themselves.
            if let (Ok(number), Ok(Ok(id))) = (row.try_get(0), row.try_get(1).map(rows::run_id)) {
                learned.runs.insert(number, id);
            }
        }
        Ok(())
    }
}

/// Numbers as JSON, each once; nothing if there are none.
fn json(numbers: impl Iterator<Item = i64>) -> Option<String> {
    let mut numbers: Vec<i64> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    (!numbers.is_empty()).then(|| serde_json::to_string(&numbers).expect("numbers are JSON"))
}
