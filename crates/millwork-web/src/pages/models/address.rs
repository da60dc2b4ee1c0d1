//! The addresses below `/models/`: keys of assets contain slashes, so what follows a key is told from the end of the path.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::version::VersionNumber;
use millwork_core::{KeyMoment, PartitionKey};
use serde::Deserialize;

use super::super::message::{page_error, rendered};
use super::{compare, history, lineage, page};
use crate::state::AppState;

/// What an address below `/models/` shows.
#[derive(Debug, PartialEq, Eq)]
enum Subject<'p> {
    Model(&'p str),
    Comparison(&'p str),
    Lineage(&'p str),
    History(&'p str),
}

/// The parameters of the pages of one model.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct ModelQuery {
    /// The partition; empty for all of them, and for an asset without partitions.
    pub(super) partition: String,
    /// The sequence number before which the listed versions were made; `None` for the newest.
    pub(super) before: Option<u64>,
    /// The page of the partitions, from 0.
    pub(super) page: usize,
    /// The versions that are compared.
    pub(super) a: Option<VersionNumber>,
    pub(super) b: Option<VersionNumber>,
    /// The version whose lineage or history is shown; `None` for the one in use.
    pub(super) version: Option<VersionNumber>,
}

impl ModelQuery {
    /// The partition that the text means or meant, with its label.
    pub(super) fn partition(
        &self,
        graph: &AssetGraph,
        model: AssetIndex,
        moment: &KeyMoment,
    ) -> Option<PartitionKey> {
        past_partition(graph, model, &self.partition, moment)
    }
}

pub(in super::super) async fn show(
    State(state): State<AppState>,
    Path(path): Path<String>,
    Query(wanted): Query<ModelQuery>,
) -> Response {
    let shown = match subject(state.pipeline.graph(), &path) {
        Subject::Model(key) => {
            let loaded = page::load(&state, key, wanted, None).await;
            loaded.map(|page| rendered(StatusCode::OK, &page))
        }
        Subject::Comparison(key) => {
            compare::load(&state, key, &wanted).await.map(|page| rendered(StatusCode::OK, &page))
        }
        Subject::Lineage(key) => {
            lineage::load(&state, key, &wanted).await.map(|page| rendered(StatusCode::OK, &page))
        }
        Subject::History(key) => {
            history::load(&state, key, &wanted).await.map(|page| rendered(StatusCode::OK, &page))
        }
    };
    shown.unwrap_or_else(|error| page_error(&error))
}

/// A path is the key of an asset wherever there is one with that key.
fn subject<'p>(graph: &AssetGraph, path: &'p str) -> Subject<'p> {
    if graph.index(path).is_none() {
        if let Some(key) = path.strip_suffix("/compare") {
            return Subject::Comparison(key);
        }
        if let Some(key) = path.strip_suffix("/lineage") {
            return Subject::Lineage(key);
        }
        if let Some(key) = path.strip_suffix("/history") {
            return Subject::History(key);
        }
    }
    Subject::Model(path)
}

/// The address of a model's page, or of one of its partitions.
pub(in super::super) fn of_model(key: &str, partition: Option<&PartitionKey>) -> String {
    match partition {
        None => format!("/models/{key}"),
        Some(partition) => {
            format!("/models/{key}?{}", query(&[("partition", partition.identity())]))
        }
    }
}

/// The partition of an asset that a text means or meant; `None` for an empty text.
pub(in super::super) fn past_partition(
    graph: &AssetGraph,
    asset: AssetIndex,
    text: &str,
    moment: &KeyMoment,
) -> Option<PartitionKey> {
    (!text.is_empty()).then(|| graph.past_partition(asset, text, moment))
}

/// A partition as the pages write it; empty for none.
pub(super) fn label_of(partition: Option<&PartitionKey>) -> String {
    partition.map(|partition| partition.label().to_owned()).unwrap_or_default()
}

/// Parameters as the query of an address.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(parameters).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use millwork_core::{AssetDefinition, Definitions};

    use super::*;

    #[test]
    fn a_path_that_is_a_key_is_the_model() {
        let definitions =
            Definitions::new().asset(AssetDefinition::new("a/compare")).asset(AssetDefinition::new("a"));
        let pipeline = definitions.resolve().expect("valid definitions");
        for (path, expected) in [
            ("a", Subject::Model("a")),
            ("a/compare", Subject::Model("a/compare")),
            ("a/compare/compare", Subject::Comparison("a/compare")),
            ("a/lineage", Subject::Lineage("a")),
            ("a/history", Subject::History("a")),
            ("b/compare", Subject::Comparison("b")),
            ("b", Subject::Model("b")),
        ] {
            assert_eq!(subject(pipeline.graph(), path), expected);
        }
    }
}
