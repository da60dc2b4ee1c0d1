//! Selections of assets, as expressions over a graph.
//!
//! | written | selects |
//! |---|---|
//! | `stories` | the asset `stories` |
//! | `hn/*`, `*_data` | the assets whose keys match the pattern |
//! | `*` | all assets |
//! | `group:model` | the assets of a group; `kind:`, `owner:` and `tag:key=value` (or `tag:key`) likewise |
//! | `+x` | `x` and everything it is made from |
//! | `x+` | `x` and everything made from it |
//! | `2+x+1` | `x`, two levels up and one down |
//! | `a and b`, `a or b`, `not a` | intersection, union (`a, b` too), all others |
//! | `(a or b)+` | parentheses group |
//! | `"a b"` | quotes make any text one word |

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use thiserror::Error;

use super::selection_parser::parse;
use super::{AssetGraph, AssetIndex, AssetNode};
use crate::problem::{Advice, ErrorClass};

/// A set of assets, in the order of the graph.
pub type AssetSet = BTreeSet<AssetIndex>;

/// A parsed selection; the module's documentation shows the language.
///
/// ```
/// use millwork_core::graph::Selection;
///
/// assert!(Selection::parse("2+score and not group:raw").is_ok());
/// assert!(Selection::parse("(a or").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(pub(super) Expression);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    Key(String),
    Group(String),
    Kind(String),
    Owner(String),
    Tag(String, Option<String>),
    /// What all of them select.
    And(Vec<Expression>),
    /// What any of them selects.
    Or(Vec<Expression>),
    Not(Box<Expression>),
    /// The expression with the given numbers of levels above and below it.
    Around {
        up: usize,
        inner: Box<Expression>,
        down: usize,
    },
}

/// Why a selection names nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SelectionError {
    /// It can't be read.
    #[error("failed to read the selection `{selection}` at character {position}: expected {expected}")]
    Syntax {
        /// The text of the selection.
        selection: String,
        /// Where reading failed; the first character is 1.
        position: usize,
        /// The syntax that was expected there.
        expected: String,
    },
    /// The asset doesn't exist.
    #[error("no asset is called `{key}`")]
    UnknownAsset {
        /// The key that was given.
        key: String,
        /// The key that was meant, or how to find it.
        hint: String,
    },
    /// The selection is valid and matches no asset.
    #[error("the selection selects no asset")]
    Empty,
    /// The request could not be read again, so it isn't stored.
    #[error("the request can't be stored: {reason}")]
    Unstorable {
        /// The expected syntax.
        reason: String,
    },
}

impl Advice for SelectionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::UnknownAsset { hint, .. } => Cow::Borrowed(hint),
            Self::Empty => "`graph` shows all assets and steps".into(),
            Self::Unstorable { .. } => "give the run less configuration".into(),
            Self::Syntax { .. } => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

impl Selection {
    /// Parses a selection.
    pub fn parse(text: &str) -> Result<Self, SelectionError> {
        parse(text).map(Self)
    }

    /// The selection of all assets.
    pub fn all() -> Self {
        Self(Expression::Key("*".into()))
    }

    /// The selected assets. Selecting none is an error.
    pub fn select(&self, graph: &AssetGraph) -> Result<AssetSet, SelectionError> {
        let selected = evaluate(&self.0, graph)?;
        if selected.is_empty() { Err(SelectionError::Empty) } else { Ok(selected) }
    }
}

fn evaluate(expression: &Expression, graph: &AssetGraph) -> Result<AssetSet, SelectionError> {
    Ok(match expression {
        Expression::Key(key) if key.contains('*') => {
            matching(graph, |asset| matches_pattern(key, asset.spec.key.as_str()))
        }
        Expression::Key(key) => match graph.index(key) {
            Some(index) => AssetSet::from([index]),
            None => {
                let hint = graph.asset_hint(key);
                return Err(SelectionError::UnknownAsset { key: key.clone(), hint });
            }
        },
        Expression::Group(group) => matching(graph, |asset| asset.spec.group.as_ref() == Some(group)),
        Expression::Kind(kind) => matching(graph, |asset| asset.spec.kinds.contains(kind)),
        Expression::Owner(owner) => matching(graph, |asset| asset.spec.owners.contains(owner)),
        Expression::Tag(key, value) => matching(graph, |asset| {
            asset.spec.tags.get(key).is_some_and(|tag| value.as_ref().is_none_or(|value| value == tag))
        }),
        Expression::And(parts) => {
            let mut sets = parts.iter().map(|part| evaluate(part, graph));
            let first = sets.next().unwrap_or_else(|| Ok(AssetSet::new()))?;
            sets.try_fold(first, |selected, set| Ok(&selected & &set?))?
        }
        Expression::Or(parts) => {
            let mut selected = AssetSet::new();
            for part in parts {
                selected.extend(evaluate(part, graph)?);
            }
            selected
        }
        Expression::Not(inner) => &graph.assets().indices().collect::<AssetSet>() - &evaluate(inner, graph)?,
        Expression::Around { up, inner, down } => {
            let inner = evaluate(inner, graph)?;
            // The gate of a model runs with it, so what it takes is needed as well.
            let above = reachable(graph, &inner, *up, |asset| {
                let gate = asset.gate.map(|gate| &graph.steps()[gate].upstream);
                asset.upstream.iter().chain(gate.into_iter().flatten())
            });
            &above | &reachable(graph, &inner, *down, |asset| asset.downstream.iter())
        }
    })
}

fn matching(graph: &AssetGraph, matches: impl Fn(&AssetNode) -> bool) -> AssetSet {
    let assets = graph.assets().iter_enumerated();
    assets.filter(|(_, asset)| matches(asset)).map(|(index, _)| index).collect()
}

/// `start` and what lies within `levels` steps of it.
fn reachable<'g, N: Iterator<Item = &'g AssetIndex>>(
    graph: &'g AssetGraph,
    start: &AssetSet,
    levels: usize,
    next: impl Fn(&'g AssetNode) -> N,
) -> AssetSet {
    let mut seen = start.clone();
    let mut queue: VecDeque<_> = start.iter().map(|asset| (*asset, 0)).collect();
    while let Some((asset, level)) = queue.pop_front() {
        if level == levels {
            continue;
        }
        for &neighbour in next(&graph.assets()[asset]) {
            if seen.insert(neighbour) {
                queue.push_back((neighbour, level + 1));
            }
        }
    }
    seen
}

/// Whether `text` matches `pattern`, in which `*` matches any text.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AssetDefinition, Definitions};

    /// raw → clean → features → model → score; raw → report.
    fn graph() -> std::sync::Arc<AssetGraph> {
        let asset = |key: &str, upstream: &[&str]| {
            let definition = upstream
                .iter()
                .fold(AssetDefinition::new(key), |definition, upstream| definition.input::<u8>(upstream));
            definition.produces::<u8, _>().blocking(|_| Ok(0_u8)).describe(|spec| {
                spec.group = Some(if key.starts_with("ml/") { "model" } else { "data" }.into());
                spec.kinds = vec![key.len().to_string()];
                spec.owners = vec!["team:data".into()];
                spec.tags = [("tier".to_owned(), spec.kinds[0].clone())].into();
            })
        };
        let assets = [
            asset("raw", &[]),
            asset("clean", &["raw"]),
            asset("ml/features", &["clean"]),
            asset("ml/model", &["ml/features"]),
            asset("ml/score", &["ml/model"]),
            asset("report", &["raw"]),
        ];
        Definitions::new().assets(assets).resolve().unwrap().graph().clone()
    }

    fn check(selection: &str, expected: &str) {
        let graph = graph();
        let selected = Selection::parse(selection).and_then(|selection| selection.select(&graph));
        let text = match selected {
            Ok(assets) => {
                assets.iter().map(|asset| graph.key(*asset).to_string()).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.one_line(),
        };
        assert_eq!(text, expected, "{selection}");
    }

    #[test]
    fn selects() {
        check("clean", "clean");
        check("*", "raw clean ml/features ml/model ml/score report");
        check("ml/*", "ml/features ml/model ml/score");
        check("*e*", "clean ml/features ml/model ml/score report");
        check("group:model", "ml/features ml/model ml/score");
        check("kind:5", "clean");
        check("owner:\"team:data\" and group:data", "raw clean report");
        check("tag:tier=3", "raw");
        check("tag:tier", "raw clean ml/features ml/model ml/score report");
        check("+ml/model", "raw clean ml/features ml/model");
        check("ml/model+", "ml/model ml/score");
        check("1+ml/model+1", "ml/features ml/model ml/score");
        check("2+ml/features+1", "raw clean ml/features ml/model");
        check("raw+1", "raw clean report");
        check("not (report or +ml/model)", "ml/score");
        check("raw, report", "raw report");
        check("report or raw and clean", "report");
        check("not raw and not clean and group:data", "report");
        check("(clean or report)+", "clean ml/features ml/model ml/score report");
    }

    #[test]
    fn errors() {
        check("cleen", "no asset is called `cleen`; hint: did you mean `clean`?");
        check("zzzzzz", "no asset is called `zzzzzz`; hint: `list assets` lists all assets");
        check("raw and report", "the selection selects no asset; hint: `graph` shows all assets and steps");
        check("", "failed to read the selection `` at character 1: expected an asset");
        check("(raw", "failed to read the selection `(raw` at character 5: expected `)`");
        check(
            "raw clean",
            "failed to read the selection `raw clean` at character 5: expected `and`, `or` or the end",
        );
        check(
            "grupe:x",
            "failed to read the selection `grupe:x` at character 1: expected `group:`, `kind:`, `owner:` or `tag:`",
        );
        check("+", "failed to read the selection `+` at character 2: expected an asset");
        check("\"raw", "failed to read the selection `\"raw` at character 5: expected `\"`");
        check("raw and", "failed to read the selection `raw and` at character 8: expected an asset");
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let deep = format!("{}raw{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(matches!(Selection::parse(&deep), Err(SelectionError::Syntax { .. })));
        assert!(matches!(Selection::parse(&"not ".repeat(100_000)), Err(SelectionError::Syntax { .. })));
    }

    #[test]
    fn a_list_may_be_as_long_as_there_is_room() {
        for list in ["raw or ", "raw, ", "raw and "] {
            check(&format!("{}raw", list.repeat(100_000)), "raw");
        }
    }

    #[test]
    fn what_looks_at_every_asset_is_counted() {
        for part in ["r*, ", "group:data, ", "raw+, ", "not clean, "] {
            assert!(Selection::parse(&format!("{}raw", part.repeat(1000))).is_ok(), "{part}");
            let long = Selection::parse(&format!("{}raw", part.repeat(1001))).unwrap_err().to_string();
            assert!(
                long.ends_with("expected a shorter selection: 1000 patterns, groups, `+` and `not` at most"),
                "{long}"
            );
        }
    }
}
