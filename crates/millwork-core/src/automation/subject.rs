//! What conditions are about besides assets: aliases of models, histories, jobs, and watches over models. Each has a key of its own among those
//! of assets, which no asset can have.

use crate::asset::AssetKey;
use crate::version::AliasName;

const JOB: &str = "job:";
const WATCH: &str = "watch:";
const ALIAS: char = '@';
const HISTORY: &str = "@*";

/// The key under which conditions see an alias of an asset: `model@champion`.
pub fn alias_key(asset: &AssetKey, alias: &AliasName) -> AssetKey {
    format!("{asset}{ALIAS}{alias}").into()
}

/// The key under which conditions see the history of an asset: `sales@*`.
pub fn history_key(asset: &AssetKey) -> AssetKey {
    format!("{asset}{HISTORY}").into()
}

/// Whether a key is that of an alias.
pub(crate) fn is_alias(key: &AssetKey) -> bool {
    key.as_str().contains(ALIAS) && !key.as_str().ends_with(HISTORY) && job_name(key).is_none()
}

/// The key under which the condition of a job is evaluated, explained and switched: `job:train`.
pub fn job_key(name: &str) -> AssetKey {
    format!("{JOB}{name}").into()
}

/// The name of the job that a key is of; `None` for the key of an asset.
pub fn job_name(key: &AssetKey) -> Option<&str> {
    key.as_str().strip_prefix(JOB)
}

/// The key under which the condition of a watch over a model is evaluated, explained and switched: `watch:model`.
pub fn watch_key(model: &AssetKey) -> AssetKey {
    format!("{WATCH}{model}").into()
}

/// The key of the model whose watch a key is of; `None` for the key of an asset or a job.
pub fn watched_model(key: &AssetKey) -> Option<&str> {
    key.as_str().strip_prefix(WATCH)
}
