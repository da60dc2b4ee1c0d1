//! Choices among named ways.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Rust within this program.
    #[default]
    Embedded,
    /// XGBoost's own library, which is looked for when training starts.
    Native,
}

/// What a model is made of.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BoosterKind {
    /// Trees.
    #[default]
    GbTree,
    /// Trees, of which some are left out while the next one grows.
    Dart(Dart),
}

/// How trees are left out.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dart {
    /// The share of the trees that is left out.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub rate_drop: f64,
    /// In which share of the rounds none is left out.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub skip_drop: f64,
    /// Whether at least one tree is left out.
    pub one_drop: bool,
}

/// How splits are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TreeMethod {
    /// Among the bounds of bins that are made once.
    #[default]
    Hist,
    /// Among the bounds of bins that are made anew for each tree.
    Approx,
    /// Among all values.
    Exact,
}

/// Which node is split next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GrowPolicy {
    /// The one nearest to the root.
    #[default]
    Depthwise,
    /// The one whose split reduces the loss most.
    Lossguide,
}

/// How the rows of a tree are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SamplingMethod {
    /// Each row alike.
    #[default]
    Uniform,
    /// Rows with large gradients more often.
    GradientBased,
}

/// Where training runs: `cpu`, `cuda` or `cuda:1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics processor, by its number; the native backend only.
    Cuda(Option<u16>),
}

/// What a prediction has to do when a column rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Monotone {
    /// Not fall.
    Increasing,
    /// Not rise.
    Decreasing,
}

/// Groups of columns, by index: a branch of a tree asks for columns of one group only.
pub type InteractionConstraints = Vec<Vec<u32>>;

/// The columns that have to be monotone, by index.
pub(super) type MonotoneConstraints = BTreeMap<u32, Monotone>;

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(None) => f.write_str("cuda"),
            Self::Cuda(Some(number)) => write!(f, "cuda:{number}"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("unknown device `{text}`: it can be `cpu`, `cuda` or `cuda:` and a number");
        match text.split_once(':') {
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(None)),
            Some(("cuda", number)) => Ok(Self::Cuda(Some(number.parse().map_err(|_| unknown())?))),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

impl JsonSchema for Device {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Device".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(cpu|cuda|cuda:[0-9]+)$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_by_xgboost_s_names() {
        for device in [Device::Cpu, Device::Cuda(None), Device::Cuda(Some(1))] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for unknown in ["gpu", "cuda:", "cuda:x", "cpu:0"] {
            assert!(unknown.parse::<Device>().is_err(), "{unknown}");
        }
    }
}
