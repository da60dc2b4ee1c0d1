//! What the numbers in events stand for.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use millwork_core::run::RunId;
use sqlx::Error;
use sqlx::sqlite::SqlitePool;

use crate::StorageError;
use crate::sqlite::{failure, rows};

/// What the numbers in events stand for: names and runs. Numbers are never used again, so what was read once holds.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    names: RwLock<HashMap<i64, Arc<str>>>,
    runs: RwLock<HashMap<i64, RunId>>,
}

impl Dictionary {
    /// What these names' numbers stand for.
    pub(super) async fn names(
        &self,
        pool: &SqlitePool,
        numbers: impl Iterator<Item = i64> + Clone,
    ) -> Result<HashMap<i64, Arc<str>>, StorageError> {
        let (mut found, unknown) = known(&self.names, numbers);
        if !unknown.is_empty() {
            let text = "SELECT id, name FROM names WHERE id IN (SELECT value FROM json_each(?))";
            let read: Vec<(i64, String)> = sqlx::query_as(text)
                .bind(json(&unknown))
                .fetch_all(pool)
                .await
                .map_err(|error| failure::database("read names", error))?;
            let read = read.into_iter().map(|(number, name)| (number, Arc::from(name)));
            learn(&self.names, &mut found, read);
        }
        Ok(found)
    }

    /// What these runs' numbers stand for.
    pub(super) async fn runs(
        &self,
        pool: &SqlitePool,
        numbers: impl Iterator<Item = i64> + Clone,
    ) -> Result<HashMap<i64, RunId>, StorageError> {
        let (mut found, unknown) = known(&self.runs, numbers);
        if !unknown.is_empty() {
            let text = "SELECT number, id FROM runs WHERE number IN (SELECT value FROM json_each(?))";
            let read: Result<Vec<(i64, Vec<u8>)>, Error> =
                sqlx::query_as(text).bind(json(&unknown)).fetch_all(pool).await;
            let read = read.map_err(|error| failure::database("read the ids of runs", error))?;
            let read = read.into_iter().map(|(number, id)| Ok((number, rows::run_id(&id)?)));
            learn(&self.runs, &mut found, read.collect::<Result<Vec<_>, StorageError>>()?);
        }
        Ok(found)
    }
}

/// Those of the numbers that are known, and the others.
fn known<T: Clone>(
    dictionary: &RwLock<HashMap<i64, T>>,
    numbers: impl Iterator<Item = i64>,
) -> (HashMap<i64, T>, Vec<i64>) {
    let dictionary = dictionary.read().unwrap_or_else(PoisonError::into_inner);
    let (mut found, mut unknown) = (HashMap::new(), Vec::new());
    for number in numbers {
        if found.contains_key(&number) {
            continue;
        }
        match dictionary.get(&number) {
            Some(known) => drop(found.insert(number, known.clone())),
            None => unknown.push(number),
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    (found, unknown)
}

fn learn<T: Clone>(
    dictionary: &RwLock<HashMap<i64, T>>,
    found: &mut HashMap<i64, T>,
    read: impl IntoIterator<Item = (i64, T)>,
) {
    let mut dictionary = dictionary.write().unwrap_or_else(PoisonError::into_inner);
    for (number, meaning) in read {
        dictionary.insert(number, meaning.clone());
        found.insert(number, meaning);
    }
}

fn json(numbers: &[i64]) -> String {
    serde_json::to_string(numbers).expect("numbers are JSON")
}
