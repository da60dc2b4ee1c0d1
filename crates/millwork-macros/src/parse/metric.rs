//! The metric of an asset: a label and which of two values is better, as in `metric = "MAE" lower`.

use proc_macro2::TokenStream;

/// The metric of an asset.
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    /// An expression of a text: the label of the number in the asset's metadata.
    pub(crate) label: TokenStream,
    /// Which of two values is better.
    pub(crate) better: Better,
}

/// Which of two values of a metric is better.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Better {
    /// The higher one.
    Higher,
    /// The lower one.
    Lower,
}

impl Better {
    /// Both directions.
    pub(super) const ALL: [Self; 2] = [Self::Higher, Self::Lower];

    /// The word for it in an attribute.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }
}
