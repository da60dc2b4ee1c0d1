//! Whether the type that a function takes as a key fits the dimensions of its asset.

use super::typed_key::{near, quoted, written};
use super::{Dimension, DimensionKind, Dimensions, KeyShape};
use crate::problem::Problem;

/// Why a key of some [shapes](super::FromPartitionKey::shapes) doesn't fit the dimensions of an asset; `None` if it fits.
///
/// Of texts that come and go it isn't known which there will be: a fixed list of a type fits them, and a step that gets another text
/// fails. A type may have texts that a dimension doesn't have.
///
/// ```
/// use millwork_core::Advice as _;
/// use millwork_core::partition::{FromPartitionKey as _, TimeWindow, daily, dynamic, fit_problem};
///
/// let dimensions = daily("UTC").from("2024-01-01").by(dynamic("countries"));
/// let shapes = <(TimeWindow, String)>::shapes().unwrap();
/// assert_eq!(fit_problem(&shapes, &dimensions), None);
///
/// let problem = fit_problem(&TimeWindow::shapes().unwrap(), &dimensions).unwrap();
/// assert_eq!(problem.to_string(), "the key has 1 value, and the asset 2 dimensions: `time`, `countries`");
/// assert_eq!(problem.hint().as_deref(), Some("write `Partition<(TimeWindow, String)>`"));
/// ```
pub fn fit_problem(shapes: &[KeyShape], dimensions: &Dimensions) -> Option<Problem> {
    let all: Vec<&Dimension> = dimensions.iter().collect();
    let parameter = written(all.iter().map(|dimension| type_of(dimension)));
    if shapes.len() == all.len() {
        return shapes
            .iter()
            .zip(all)
            .find_map(|(shape, dimension)| problem_of(shape, dimension, &parameter));
    }
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let names: Vec<&str> = all.iter().map(|dimension| dimension.name.as_str()).collect();
    let (values, own) = (counted(shapes.len(), "value"), counted(all.len(), "dimension"));
    let message = format!("the key has {values}, and the asset {own}: {}", quoted(&names));
    Some(Problem::new(message).with_hint(format!("write `{parameter}`")))
}

/// Why a shape doesn't fit a dimension. `parameter` is one that fits all of them.
fn problem_of(shape: &KeyShape, dimension: &Dimension, parameter: &str) -> Option<Problem> {
    let name = &dimension.name;
    let other_kind = |has: &str, takes: &str| {
        let message = format!("the dimension `{name}` has {has}, and the key takes {takes} there");
        let hint = format!("write `{}` for it, as in `{parameter}`", type_of(dimension));
        Some(Problem::new(message).with_hint(hint))
    };
    match (shape, &dimension.kind) {
        (KeyShape::Text | KeyShape::OneOf(_), DimensionKind::Windows(_)) => {
            other_kind("windows of time", "a text")
        }
        (KeyShape::Window, DimensionKind::Fixed(_) | DimensionKind::Dynamic) => {
            other_kind("texts", "a window of time")
        }
        (KeyShape::OneOf(known), DimensionKind::Fixed(texts)) => {
            let is_unknown = |text: &&String| !known.iter().any(|known| known == *text);
            let unknown: Vec<&String> = texts.iter().filter(is_unknown).collect();
            let first = unknown.first()?;
            let noun = if unknown.len() == 1 { "text" } else { "texts" };
            let message = format!(
                "the dimension `{name}` has the {noun} {}, and the key takes {} there",
                quoted(&unknown),
                quoted(known)
            );
            let remedy = match near(first, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add what is missing to the type of the key, or take it out of the list;".to_owned(),
            };
            Some(Problem::new(message).with_hint(format!("{remedy} `fixed_of` makes the list from the type")))
        }
        (KeyShape::OneOf(_), DimensionKind::Dynamic)
        | (KeyShape::Window, DimensionKind::Windows(_))
        | (KeyShape::Text, DimensionKind::Fixed(_) | DimensionKind::Dynamic)
        | (KeyShape::Any, _) => None,
    }
}

/// The type that any value of a dimension can be read as.
fn type_of(dimension: &Dimension) -> &'static str {
    match dimension.kind {
        DimensionKind::Windows(_) => "TimeWindow",
        DimensionKind::Fixed(_) | DimensionKind::Dynamic => "String",
    }
}
