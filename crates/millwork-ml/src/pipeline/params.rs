//! The parameters of a pipeline: those of its parts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::boost::BoosterParams;
use crate::text::TfidfParams;

/// How a [`TextPipeline`](crate::pipeline::TextPipeline) is fitted.
///
/// In JSON and TOML the parameters of each part are a table of the part's name, which is also how a
/// [`Space`](crate::search::Space) names them: `vectorizer.min_df`, `booster.max_depth`.
///
/// ```
/// use millwork_ml::pipeline::TextPipelineParams;
///
/// let params: TextPipelineParams =
///     serde_json::from_str(r#"{"vectorizer": {"ngram_range": [1, 2]}, "booster": {"max_depth": 4}}"#)?;
/// assert_eq!((params.vectorizer.counts.ngram_range, params.booster.max_depth), ((1, 2), 4));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TextPipelineParams {
    /// How texts become TF-IDF features.
    pub vectorizer: TfidfParams,
    /// How trees are boosted on the features.
    pub booster: BoosterParams,
}
