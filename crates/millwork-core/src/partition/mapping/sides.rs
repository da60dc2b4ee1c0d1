//! Both assets of a mapping while it is resolved, and how a problem describes them.

use std::fmt::Display;

use crate::partition::{Calendar, Dimension, DimensionKind, Dimensions};
use crate::problem::Problem;

/// One of the two assets of a mapping, by the name that messages have.
#[derive(Clone, Copy, Debug)]
pub struct MappedAsset<'a> {
    asset: &'a str,
    dimensions: Option<&'a Dimensions>,
}

impl<'a> MappedAsset<'a> {
    /// An asset with its dimensions; `None` for one without partitions.
    pub fn new(asset: &'a str, dimensions: Option<&'a Dimensions>) -> Self {
        Self { asset, dimensions }
    }
}

/// Both assets, whose definitions are valid.
pub(super) struct Sides<'a> {
    pub(super) downstream: Side<'a>,
    pub(super) upstream: Side<'a>,
}

/// A valid definition.
pub(super) struct Side<'a> {
    pub(super) asset: &'a str,
    /// None of an asset without partitions.
    pub(super) dimensions: Vec<SideDimension<'a>>,
    /// Its definition in words; `None` of an asset without partitions.
    words: Option<String>,
}

pub(super) struct SideDimension<'a> {
    pub(super) name: &'a str,
    pub(super) values: Values<'a>,
}

pub(super) enum Values<'a> {
    Windows(Calendar),
    Fixed(&'a [String]),
    Dynamic,
}

impl Values<'_> {
    pub(super) fn are_windows(&self) -> bool {
        match self {
            Self::Windows(_) => true,
            Self::Fixed(_) | Self::Dynamic => false,
        }
    }

    pub(super) fn calendar(&self) -> Option<&Calendar> {
        match self {
            Self::Windows(calendar) => Some(calendar),
            Self::Fixed(_) | Self::Dynamic => None,
        }
    }
}

impl<'a> Sides<'a> {
    /// # Errors
    ///
    /// When a definition is invalid.
    pub(super) fn new(downstream: MappedAsset<'a>, upstream: MappedAsset<'a>) -> Result<Self, Problem> {
        Ok(Self { downstream: Side::new(downstream)?, upstream: Side::new(upstream)? })
    }

    /// Why the mapping can't hold, with both assets and their definitions, and what to do about it.
    pub(super) fn problem(&self, reason: impl Display, remedy: impl Into<String>) -> Problem {
        let (down, up) = (&self.downstream, &self.upstream);
        let message =
            format!("{reason}; `{}` has {}, and `{}` has {}", down.asset, down.words(), up.asset, up.words());
        Problem::new(message).with_hint(remedy)
    }
}

impl<'a> Side<'a> {
    fn new(asset: MappedAsset<'a>) -> Result<Self, Problem> {
        let dimensions = asset.dimensions.into_iter().flat_map(Dimensions::iter);
        let dimensions = dimensions.map(SideDimension::new).collect::<Result<_, Problem>>();
        let problem = asset.dimensions.and_then(|dimensions| dimensions.problems().into_iter().next());
        match (problem, dimensions) {
            (None, Ok(dimensions)) => {
                let words = asset.dimensions.map(ToString::to_string);
                Ok(Self { asset: asset.asset, dimensions, words })
            }
            (Some(problem), _) | (None, Err(problem)) => {
                Err(problem.within(format!("the partitions of `{}` are invalid", asset.asset)))
            }
        }
    }

    pub(super) fn is_partitioned(&self) -> bool {
        !self.dimensions.is_empty()
    }

    /// The place of the dimension with a name.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.dimensions.iter().position(|dimension| dimension.name == name)
    }

    /// The names of its dimensions, for a hint.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> =
            self.dimensions.iter().map(|dimension| format!("`{}`", dimension.name)).collect();
        names.join(", ")
    }

    /// Its definition, as the object of `has`.
    fn words(&self) -> String {
        self.words.clone().unwrap_or_else(|| "no partitions".to_owned())
    }
}

impl<'a> SideDimension<'a> {
    fn new(dimension: &'a Dimension) -> Result<Self, Problem> {
        let values = match &dimension.kind {
            DimensionKind::Windows(windows) => Values::Windows(windows.check()?),
            DimensionKind::Fixed(texts) => Values::Fixed(texts),
            DimensionKind::Dynamic => Values::Dynamic,
        };
        Ok(Self { name: &dimension.name, values })
    }
}
