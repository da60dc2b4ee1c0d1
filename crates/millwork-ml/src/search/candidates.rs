//! The parameters to try.

use millwork_boost::random::SplitMix64;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::search::{Distribution, SearchError, Space};

/// The parameters to try, in the order in which they are tried. They are all made, and checked to be parameters, before
/// the first one is tried.
///
/// ```
/// use millwork_ml::boost::BoosterParams;
/// use millwork_ml::search::{Candidates, Space};
///
/// let space = Space::new().choices("max_depth", [3, 6]).choices("eta", [0.1, 0.3]);
/// assert_eq!(Candidates::grid(&BoosterParams::default(), &space)?.len(), 4);
///
/// let error = Candidates::grid(&BoosterParams::default(), &Space::new().choices("depth", [3])).expect_err("unknown");
/// # use millwork_core::Advice;
/// assert!(error.one_line().starts_with("there is no parameter `depth`; hint: there are `alpha`, `backend`, "));
/// # Ok::<(), millwork_ml::search::SearchError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Candidates<P> {
    pub(super) all: Vec<Candidate<P>>,
}

#[derive(Debug, Clone)]
pub(super) struct Candidate<P> {
    /// The searched parameters, by name.
    pub(super) values: Map<String, Value>,
    pub(super) params: P,
}

impl<P: Serialize + DeserializeOwned> Candidates<P> {
    /// Every combination of the space's values in place of those of `base`; the last parameter changes fastest.
    ///
    /// # Errors
    ///
    /// When a parameter is unknown, searched twice, a range, or without values, or values do not make parameters.
    pub fn grid(base: &P, space: &Space) -> Result<Self, SearchError> {
        space.check()?;
        let sizes = space.dimensions.iter().map(|(_, distribution)| match distribution {
            Distribution::Choices(values) => values.len(),
            Distribution::Uniform(..) | Distribution::LogUniform(..) | Distribution::Integer(..) => 1,
        });
        check_count(sizes.fold(1, usize::saturating_mul))?;
        let mut points = vec![Map::new()];
        for (parameter, distribution) in &space.dimensions {
            let Distribution::Choices(values) = distribution else {
                return Err(SearchError::NotAGrid { parameter: parameter.clone() });
            };
            let with = |point: &Map<String, Value>, value: &Value| {
                let mut point = point.clone();
                point.insert(parameter.clone(), value.clone());
                point
            };
            points = points.iter().flat_map(|point| values.iter().map(|value| with(point, value))).collect();
        }
        Self::of(base, points)
    }

    /// `trials` points of the space at random; the same seed draws the same ones, and more trials only add to them.
    ///
    /// # Errors
    ///
    /// When a parameter is unknown, searched twice, or without values, values do not make parameters, or `trials` is 0 or
    /// above a million.
    pub fn random(base: &P, space: &Space, trials: usize, seed: u64) -> Result<Self, SearchError> {
        space.check()?;
        check_count(trials)?;
        let mut random = SplitMix64::new(seed);
        let point = |_| {
            let draw = |(parameter, distribution): &(String, Distribution)| {
                (parameter.clone(), distribution.draw(&mut random))
            };
            space.dimensions.iter().map(draw).collect()
        };
        let points = (0..trials).map(point).collect();
        Self::of(base, points)
    }

    fn of(base: &P, points: Vec<Map<String, Value>>) -> Result<Self, SearchError> {
        let described = |values: &Map<String, Value>| Value::Object(values.clone()).to_string();
        let failed = |values: &Map<String, Value>| {
            let values = described(values);
            move |source| SearchError::Params { values, source }
        };
        let base = serde_json::to_value(base).map_err(failed(&Map::new()))?;
        let candidate = |values: Map<String, Value>| {
            let mut document = base.clone();
            for (parameter, value) in &values {
                *place(&mut document, parameter)? = value.clone();
            }
            let params = serde_json::from_value(document).map_err(failed(&values))?;
            Ok::<_, SearchError>(Candidate { values, params })
        };
        let all: Vec<_> = points.into_iter().map(candidate).collect::<Result<_, _>>()?;
        if all.is_empty() { Err(SearchError::NoCandidates) } else { Ok(Self { all }) }
    }
}

impl<P> Candidates<P> {
    /// How many there are: one or more.
    // No `is_empty`: it would always be false.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The parameters, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &P> {
        self.all.iter().map(|candidate| &candidate.params)
    }
}

/// More trials than this are a mistake, such as a grid of a thousand values of each parameter.
const MOST_CANDIDATES: usize = 1_000_000;

fn check_count(count: usize) -> Result<(), SearchError> {
    match count > MOST_CANDIDATES {
        true => Err(SearchError::TooManyCandidates { count, most: MOST_CANDIDATES }),
        false => Ok(()),
    }
}

/// The place of a parameter in a document.
fn place<'a>(document: &'a mut Value, parameter: &str) -> Result<&'a mut Value, SearchError> {
    let mut place = document;
    for step in parameter.split('.') {
        let known: Vec<String> =
            place.as_object().into_iter().flat_map(Map::keys).map(|name| format!("`{name}`")).collect();
        place = place.get_mut(step).ok_or_else(|| SearchError::UnknownParameter {
            parameter: parameter.to_owned(),
            known: if known.is_empty() { "none here".to_owned() } else { known.join(", ") },
        })?;
    }
    Ok(place)
}
