//! Evaluation metrics, measured after each round.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A measure of an evaluation set after each round, by XGBoost's name: `rmse`, `error@0.3`, `ndcg@10`.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use millwork_boost::EvalMetric;
///
/// let metric: EvalMetric = "ndcg@10".parse()?;
/// assert_eq!(metric, EvalMetric::Ndcg(NonZeroUsize::new(10)));
/// assert!(metric.maximizes() && !EvalMetric::Rmse.maximizes());
/// # Ok::<(), millwork_boost::UnknownMetric>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EvalMetric {
    /// The root of the mean squared error.
    Rmse,
    /// The root of the mean squared error of logarithms.
    Rmsle,
    /// The mean absolute error.
    Mae,
    /// The mean absolute error, each as a share of its target.
    Mape,
    /// The mean pseudo-Huber error.
    Mphe,
    /// The negative log-likelihood of two classes.
    LogLoss,
    /// The share of wrong classes, of two, with class 1 from this probability on (0.5 if absent).
    Error(Option<f64>),
    /// The negative log-likelihood of several classes.
    MLogLoss,
    /// The share of wrong classes, of several.
    MError,
    /// The area under the receiver operating characteristic.
    Auc,
    /// The area under the curve of precision over recall.
    AucPr,
    /// The negative log-likelihood of counts.
    PoissonNLogLik,
    /// The negative log-likelihood of a gamma distribution.
    GammaNLogLik,
    /// The residual deviance of a gamma distribution.
    GammaDeviance,
    /// The negative log-likelihood of a Tweedie distribution with this variance power.
    TweedieNLogLik(f64),
    /// The mean pinball loss.
    Quantile,
    /// The normalized discounted cumulative gain of the first rows of each group; of 32 if absent.
    Ndcg(Option<NonZeroUsize>),
    /// The mean average precision of the first rows of each group; of 32 if absent.
    Map(Option<NonZeroUsize>),
    /// The precision of the first rows of each group; of 32 if absent.
    Pre(Option<NonZeroUsize>),
    /// The partial likelihood of Cox regression.
    CoxNLogLik,
}

/// A metric is called what no metric is called.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown metric `{metric}`")]
pub struct UnknownMetric {
    /// The name that was given.
    pub metric: String,
}

impl UnknownMetric {
    /// What to do about it.
    pub const HINT: &'static str =
        "the names are XGBoost's, such as `rmse`, `mae`, `logloss`, `auc`, `error@0.3` or `ndcg@10`";
}

/// The metrics that are written without an argument.
const PLAIN: [EvalMetric; 18] = [
    EvalMetric::Rmse,
    EvalMetric::Rmsle,
    EvalMetric::Mae,
    EvalMetric::Mape,
    EvalMetric::Mphe,
    EvalMetric::LogLoss,
    EvalMetric::Error(None),
    EvalMetric::MLogLoss,
    EvalMetric::MError,
    EvalMetric::Auc,
    EvalMetric::AucPr,
    EvalMetric::PoissonNLogLik,
    EvalMetric::GammaNLogLik,
    EvalMetric::GammaDeviance,
    EvalMetric::Quantile,
    EvalMetric::Ndcg(None),
    EvalMetric::Map(None),
    EvalMetric::CoxNLogLik,
];

impl EvalMetric {
    /// The name without the argument.
    fn name(self) -> &'static str {
        match self {
            Self::Rmse => "rmse",
            Self::Rmsle => "rmsle",
            Self::Mae => "mae",
            Self::Mape => "mape",
            Self::Mphe => "mphe",
            Self::LogLoss => "logloss",
            Self::Error(_) => "error",
            Self::MLogLoss => "mlogloss",
            Self::MError => "merror",
            Self::Auc => "auc",
            Self::AucPr => "aucpr",
            Self::PoissonNLogLik => "poisson-nloglik",
            Self::GammaNLogLik => "gamma-nloglik",
            Self::GammaDeviance => "gamma-deviance",
            Self::Quantile => "quantile",
            Self::Ndcg(_) => "ndcg",
            Self::Map(_) => "map",
            Self::CoxNLogLik => "cox-nloglik",
            Self::TweedieNLogLik(_) => "tweedie-nloglik",
            Self::Pre(_) => "pre",
        }
    }

    /// Whether larger values are better.
    pub fn maximizes(self) -> bool {
        matches!(self, Self::Auc | Self::AucPr | Self::Ndcg(_) | Self::Map(_) | Self::Pre(_))
    }
}

impl fmt::Display for EvalMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if let Self::Error(Some(number)) | Self::TweedieNLogLik(number) = self {
            write!(f, "@{number}")?;
        }
        if let Self::Ndcg(Some(rows)) | Self::Map(Some(rows)) | Self::Pre(Some(rows)) = self {
            write!(f, "@{rows}")?;
        }
        Ok(())
    }
}

impl FromStr for EvalMetric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        if let Some(metric) = PLAIN.iter().find(|metric| metric.name() == text) {
            return Ok(*metric);
        }
        let unknown = || UnknownMetric { metric: text.to_owned() };
        let (name, argument) = match text.split_once('@') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let number =
            || argument.and_then(|argument| argument.parse().ok()).filter(|number: &f64| number.is_finite());
        let rows = || argument.map(|argument| argument.parse().map_err(|_| unknown())).transpose();
        match name {
            "error" => Ok(Self::Error(Some(number().ok_or_else(unknown)?))),
            "tweedie-nloglik" => Ok(Self::TweedieNLogLik(number().ok_or_else(unknown)?)),
            "ndcg" => Ok(Self::Ndcg(rows()?)),
            "map" => Ok(Self::Map(rows()?)),
            "pre" => Ok(Self::Pre(rows()?)),
            _ => Err(unknown()),
        }
    }
}

impl Serialize for EvalMetric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EvalMetric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(|error| serde::de::Error::custom(format!("{error} ({})", UnknownMetric::HINT)))
    }
}

impl JsonSchema for EvalMetric {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EvalMetric".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = PLAIN.iter().map(|metric| metric.name()).collect();
        let pattern = format!(
            "^({}|pre|error@[0-9.]+|tweedie-nloglik@[0-9.]+|(ndcg|map|pre)@[1-9][0-9]*)$",
            names.join("|")
        );
        json_schema!({ "type": "string", "pattern": pattern, "description": "a metric by XGBoost's name" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<EvalMetric>) {
        let metric = text.parse::<EvalMetric>();
        assert_eq!(metric.as_ref().ok(), expected.as_ref(), "{text}");
        if let Ok(metric) = metric {
            assert_eq!(metric.to_string(), text);
        }
    }

    #[test]
    fn names_are_xgboost_s() {
        for metric in PLAIN {
            check(metric.name(), Some(metric));
        }
        check("rmse", Some(EvalMetric::Rmse));
        check("error@0.3", Some(EvalMetric::Error(Some(0.3))));
        check("tweedie-nloglik@1.5", Some(EvalMetric::TweedieNLogLik(1.5)));
        check("ndcg@10", Some(EvalMetric::Ndcg(NonZeroUsize::new(10))));
        check("pre", Some(EvalMetric::Pre(None)));
        for unknown in ["", "rsme", "ndcg@0", "ndcg@", "error@x", "error@inf", "tweedie-nloglik", "rmse@3"] {
            check(unknown, None);
        }
    }

    #[test]
    fn unknown_names_are_errors_that_list_the_known() {
        let error = serde_json::from_str::<EvalMetric>(r#""rsme""#).expect_err("unknown");
        assert!(error.to_string().contains("unknown metric `rsme` (the names are "), "{error}");
        assert!(error.to_string().contains("rmse"), "{error}");
    }
}
