//! Resolves a written mapping against the dimensions of both assets.

use super::definition::{Choice, DimensionChoice, Mapping};
use super::inference::Unmatched;
use super::link::Link;
use super::resolved::{Relation, ResolvedMapping};
use super::sides::{MappedAsset, Sides};
use super::source::Source;
use super::{nesting, words};
use crate::problem::Problem;

/// What is taken of an upstream dimension, and from which downstream one if that is given.
#[derive(Clone, Copy)]
pub(super) struct Chosen<'a> {
    pub(super) choice: &'a Choice,
    pub(super) downstream: Option<&'a str>,
    /// Whether it is written for this dimension.
    pub(super) is_explicit: bool,
}

impl Mapping {
    /// The mapping of two definitions.
    ///
    /// # Errors
    ///
    /// When one of the definitions is invalid; when the mapping names what there isn't, relates dimensions that don't fit, or can't hold for
    /// any partition; when nothing is written and several choices are possible; and when a mapping to one partition tolerates
    /// that it is missing. The message has both assets and both definitions, and the hint what to write.
    pub fn resolve(
        &self,
        downstream: MappedAsset<'_>,
        upstream: MappedAsset<'_>,
    ) -> Result<ResolvedMapping, Problem> {
        let sides = Sides::new(downstream, upstream)?;
        let relation = self.relation(&sides)?;
        let is_single = is_single(&relation, &sides);
        if is_single && self.tolerates_missing {
            return Err(sides.problem(
                "it takes one partition and tolerates that it is missing",
                "leave out `.tolerate_missing()`, or take several partitions, as with `window(-6, 0)`",
            ));
        }
        let words = self.words.clone().unwrap_or_else(|| words::of_relation(&relation, &sides));
        Ok(ResolvedMapping { relation, is_single, tolerates_missing: self.tolerates_missing, words })
    }

    fn relation(&self, sides: &Sides<'_>) -> Result<Relation, Problem> {
        if !sides.upstream.is_partitioned() {
            return self.check_unpartitioned(sides).map(|()| Relation::Product(vec![Source::All]));
        }
        if let Choice::Function(function) = &self.whole {
            if let Some(other) = self.dimensions.first() {
                let reason = format!("a function of whole keys leaves no choice for `{}`", other.upstream);
                let remedy =
                    "write the function for one dimension, as in `dimension(\"vehicle\", function(…))`";
                return Err(sides.problem(reason, remedy));
            }
            if !sides.downstream.is_partitioned() {
                return Err(sides.problem("a function needs a downstream key", "write `all()`"));
            }
            return Ok(Relation::Function(function.clone()));
        }
        let chosen = self.chosen_of_dimensions(sides)?;
        let unmatched = Unmatched::new(sides, &chosen);
        let source = |(place, chosen): (usize, &Chosen<'_>)| sides.source(place, *chosen, &unmatched);
        let sources: Vec<Source> = chosen.iter().enumerate().map(source).collect::<Result<_, _>>()?;
        check_used_once(sides, &sources)?;
        Ok(Relation::Product(sources))
    }

    /// That a mapping chooses nothing of an upstream asset without partitions.
    fn check_unpartitioned(&self, sides: &Sides<'_>) -> Result<(), Problem> {
        let chooses = match self.whole {
            Choice::Inferred | Choice::Same | Choice::All => !self.dimensions.is_empty(),
            Choice::Overlap
            | Choice::Window { .. }
            | Choice::Latest
            | Choice::Only(_)
            | Choice::Table(_)
            | Choice::Function(_) => true,
        };
        if !chooses {
            return Ok(());
        }
        let reason = format!("`{}` has one value, of which nothing can be chosen", sides.upstream.asset);
        Err(sides.problem(reason, "leave out the mapping"))
    }

    /// What is chosen of each upstream dimension.
    fn chosen_of_dimensions(&self, sides: &Sides<'_>) -> Result<Vec<Chosen<'_>>, Problem> {
        let written = self.written_for_dimensions(sides)?;
        let of_windows = match &self.whole {
            Choice::Inferred | Choice::Same | Choice::All | Choice::Function(_) => None,
            Choice::Overlap | Choice::Window { .. } | Choice::Latest => Some(true),
            Choice::Only(_) | Choice::Table(_) => Some(false),
        };
        let only = of_windows.map(|windows| self.place_of_whole(sides, &written, windows)).transpose()?;
        let chosen = written.iter().enumerate().map(|(place, written)| match (written, only) {
            (Some(written), _) => Chosen {
                choice: &written.choice,
                downstream: written.downstream.as_deref(),
                is_explicit: true,
            },
            (None, Some(only)) if only != place => {
                Chosen { choice: &Choice::Inferred, downstream: None, is_explicit: false }
            }
            (None, Some(_) | None) => {
                let is_explicit = !matches!(self.whole, Choice::Inferred);
                Chosen { choice: &self.whole, downstream: None, is_explicit }
            }
        });
        Ok(chosen.collect())
    }

    /// What is written for each upstream dimension.
    fn written_for_dimensions(&self, sides: &Sides<'_>) -> Result<Vec<Option<&DimensionChoice>>, Problem> {
        let mut choices: Vec<Option<&DimensionChoice>> = vec![None; sides.upstream.dimensions.len()];
        for written in &self.dimensions {
            let name = &written.upstream;
            let place = sides.upstream.place(name).ok_or_else(|| {
                let reason = format!("`{}` has no dimension `{name}`", sides.upstream.asset);
                sides.problem(reason, format!("it has {}", sides.upstream.names()))
            })?;
            if choices[place].replace(written).is_some() {
                let reason = format!("two choices are written for the dimension `{name}`");
                return Err(sides.problem(reason, "leave one out"));
            }
        }
        Ok(choices)
    }

    /// The upstream dimension that is meant by a choice for windows, or for texts, without a name: the only one of the kind.
    fn place_of_whole(
        &self,
        sides: &Sides<'_>,
        written: &[Option<&DimensionChoice>],
        of_windows: bool,
    ) -> Result<usize, Problem> {
        let suits = |place: &usize| {
            let dimension = &sides.upstream.dimensions[*place];
            written[*place].is_none() && dimension.values.are_windows() == of_windows
        };
        let places: Vec<usize> = (0..written.len()).filter(suits).collect();
        let written = words::of_choice(&self.whole);
        let kind = if of_windows { "windows" } else { "texts" };
        match places[..] {
            [place] => Ok(place),
            [] => {
                let reason = format!("`{written}` needs a dimension of {kind} upstream");
                Err(sides.problem(reason, "leave out the mapping, or write `all()`"))
            }
            [first, ..] => {
                let reason =
                    format!("`{written}` may mean each of {} upstream dimensions of {kind}", places.len());
                let name = sides.upstream.dimensions[first].name;
                Err(sides.problem(reason, format!("name one, as in `dimension(\"{name}\", {written})`")))
            }
        }
    }
}

/// That no downstream dimension decides about two upstream ones: sets of keys would be no products of sets then.
fn check_used_once(sides: &Sides<'_>, sources: &[Source]) -> Result<(), Problem> {
    let mut users: Vec<Option<usize>> = vec![None; sides.downstream.dimensions.len()];
    for (up, source) in sources.iter().enumerate() {
        let Source::From { place, .. } = source else { continue };
        if let Some(before) = users[*place].replace(up) {
            let name = |place: usize| sides.upstream.dimensions[place].name;
            let own = sides.downstream.dimensions[*place].name;
            let reason = format!("both `{}` and `{}` would follow from `{own}`", name(before), name(up));
            return Err(sides.problem(reason, "write a `function` of whole keys"));
        }
    }
    Ok(())
}

/// Whether each downstream key takes exactly one upstream key.
fn is_single(relation: &Relation, sides: &Sides<'_>) -> bool {
    let sources = match relation {
        Relation::Function(function) => return function.is_single,
        Relation::Product(sources) => sources,
    };
    let is_single = |(up, source): (usize, &Source)| match source {
        // An asset without partitions has one value.
        Source::All => !sides.upstream.is_partitioned(),
        Source::Latest => true,
        Source::Only(texts) => texts.len() == 1,
        Source::From { place, link } => match link {
            Link::SameText => true,
            Link::Table(rows) => rows.values().all(|texts| texts.len() == 1),
            Link::Windows(offsets) => {
                let down = sides.downstream.dimensions[*place].values.calendar();
                let up = sides.upstream.dimensions[up].values.calendar();
                down.zip(up).is_some_and(|(down, up)| nesting::is_single(*offsets, down, up))
            }
            Link::Function(function) => function.is_single,
        },
    };
    sources.iter().enumerate().all(is_single)
}
