//! The fitted model: from the rows of a data frame of stories to expected numbers of comments.

use millwork::Result;
use millwork::ml::boost::Booster;
use millwork::ml::drift::Profile;
use millwork::ml::features::{Features, RowKeys};
use millwork::ml::held_out::{HeldOut, HeldOutError, UsedRows};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::drift::profile;
use crate::pipeline::reference::features::StoryEncoders;
use crate::pipeline::reference::past::Pasts;
use crate::pipeline::reference::source::{Row, with_known_past, with_past};

/// Everything that turns a new story into a number of comments. It is stored as JSON, the trees in it as the text of XGBoost's own JSON.
#[derive(Debug, Serialize, Deserialize)]
pub struct CommentsModel {
    encoding: Encoding,
    /// The mean number of comments of the stories that it learned from: what to guess without a model.
    mean: f64,
    /// The distributions that newer stories are compared with.
    profile: Profile,
    #[serde(with = "xgboost_json")]
    booster: Booster,
}

/// What is fitted before the trees: the transformers of features, and what is known of authors and domains.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Encoding {
    encoders: StoryEncoders,
    authors: Pasts,
    domains: Pasts,
}

impl Encoding {
    /// Fits an encoding on stories in the order of time, and returns it with their features: each with what was known at its time.
    pub(super) fn fit(rows: &[Row]) -> Result<(Self, Features)> {
        let (frame, [authors, domains]) = with_known_past(rows)?;
        let encoders = StoryEncoders::fit(&frame)?;
        let features = encoders.transform(&frame)?;
        Ok((Self { encoders, authors, domains }, features))
    }

    /// The features of stories that are newer than those that it was fitted on.
    pub(super) fn of_newer(&self, rows: &[Row]) -> Result<Features> {
        self.encoders.transform(&with_past(rows, &self.authors, &self.domains)?)
    }
}

impl CommentsModel {
    /// The model of an encoding and trees, which were trained on the `known` stories and stopped by the `newest` ones.
    pub(super) fn new(encoding: Encoding, booster: Booster, known: &[Row], newest: &[Row]) -> Result<Self> {
        let mean = known.iter().map(|row| row.comments).sum::<f64>() / known.len().max(1) as f64;
        let model = Self { encoding, mean, profile: Profile::new(), booster };
        // Of stories that it was fitted on, it predicts too well to compare with.
        let predicted = model.of_rows(newest)?;
        Ok(Self { profile: profile(known, &predicted)?, ..model })
    }

    /// The expected number of comments on each story of a frame, by its title, address, author and time.
    ///
    /// # Errors
    ///
    /// When the frame lacks one of these columns.
    pub fn predict(&self, stories: &DataFrame) -> Result<Vec<f64>> {
        self.of_rows(&Row::all(stories)?)
    }

    pub(super) fn of_rows(&self, rows: &[Row]) -> Result<Vec<f64>> {
        let predicted = self.booster.predict(&self.encoding.of_newer(rows)?)?;
        Ok(predicted.into_iter().map(f64::from).collect())
    }

    /// The mean number of comments of the stories that it learned from.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The distributions of the stories that it learned from, and of what it predicts for the newest of them, which it was not fitted on.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The stories that it was trained with, by their IDs.
    pub fn used_rows(&self) -> Option<UsedRows> {
        self.booster.used_rows()
    }

    /// Whether it has used any of the stories that it is to be judged on.
    ///
    /// # Errors
    ///
    /// When it was fitted on some of them.
    pub fn check_held_out(&self, keys: &RowKeys) -> Result<HeldOut, HeldOutError> {
        self.booster.check_held_out(Some(keys))
    }
}

/// A booster in JSON: as the text of its own file, so that no digit of it changes on the way.
mod xgboost_json {
    use millwork::AssetValue;
    use millwork::ml::boost::Booster;
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(booster: &Booster, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        booster.encode(&mut bytes).map_err(S::Error::custom)?;
        serializer.serialize_str(&String::from_utf8(bytes).map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Booster, D::Error> {
        Booster::decode(String::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}
