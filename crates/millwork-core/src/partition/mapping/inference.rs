//! From which downstream dimension an upstream one follows, and how: as it is written, or as it is obvious.

use std::collections::{BTreeMap, HashSet};

use super::definition::Choice;
use super::link::Link;
use super::resolve::Chosen;
use super::sides::{SideDimension, Sides, Values};
use super::source::Source;
use super::windows::Offsets;
use super::words;
use crate::partition::Calendar;
use crate::partition::dimension::quoted;
use crate::problem::Problem;

/// The places of dimensions without a namesake on the other side, of which nothing else is written.
pub(super) struct Unmatched {
    downstream: Vec<usize>,
    /// Each with whether a choice is written for it.
    upstream: Vec<(usize, bool)>,
}

impl Unmatched {
    pub(super) fn new(sides: &Sides<'_>, chosen: &[Chosen<'_>]) -> Self {
        let (down, up) = (&sides.downstream, &sides.upstream);
        let is_named = |name: &str| chosen.iter().any(|chosen| chosen.downstream == Some(name));
        let is_alone = |(_, dimension): &(usize, &SideDimension<'_>)| {
            up.place(dimension.name).is_none() && !is_named(dimension.name)
        };
        let downstream =
            down.dimensions.iter().enumerate().filter(is_alone).map(|(place, _)| place).collect();
        let follows = |choice: &Choice| match choice {
            Choice::Inferred
            | Choice::Same
            | Choice::Overlap
            | Choice::Window { .. }
            | Choice::Table(_)
            | Choice::Function(_) => true,
            Choice::Latest | Choice::All | Choice::Only(_) => false,
        };
        let pairs = up.dimensions.iter().zip(chosen).enumerate();
        let upstream = pairs.filter_map(|(place, (dimension, chosen))| {
            let is_alone = down.place(dimension.name).is_none() && chosen.downstream.is_none();
            (is_alone && follows(chosen.choice)).then_some((place, chosen.is_explicit))
        });
        Self { downstream, upstream: upstream.collect() }
    }
}

impl Sides<'_> {
    /// The source of an upstream dimension.
    ///
    /// # Errors
    ///
    /// When the choice doesn't fit the dimensions, or nothing is written and nothing is obvious.
    pub(super) fn source(
        &self,
        place: usize,
        chosen: Chosen<'_>,
        unmatched: &Unmatched,
    ) -> Result<Source, Problem> {
        let up = &self.upstream.dimensions[place];
        match chosen.choice {
            Choice::All => Ok(Source::All),
            Choice::Latest if up.values.are_windows() => Ok(Source::Latest),
            Choice::Latest => {
                let reason = format!("`{}` has no windows, of which one could be the latest", up.name);
                Err(self.problem(reason, "write `all()`, or `only([…])` with some texts"))
            }
            Choice::Only(texts) => self.only(texts, up),
            Choice::Inferred if chosen.downstream.is_none() => self.inferred(place, unmatched),
            Choice::Inferred
            | Choice::Same
            | Choice::Overlap
            | Choice::Window { .. }
            | Choice::Table(_)
            | Choice::Function(_) => {
                let own = self.counterpart(place, chosen, unmatched)?;
                self.link(chosen.choice, own, place).map(|link| Source::From { place: own, link })
            }
        }
    }

    fn only(&self, texts: &[String], up: &SideDimension<'_>) -> Result<Source, Problem> {
        if up.values.are_windows() {
            let reason = format!("`only` is for texts, and `{}` has windows", up.name);
            return Err(self.problem(reason, "write `latest()`, `window(…)` or a `function`"));
        }
        if texts.is_empty() {
            return Err(self.problem("`only` has no text", "list at least one, as in `only([\"de\"])`"));
        }
        self.check_known(texts, up, "`only`")?;
        let mut distinct: Vec<String> = texts.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        Ok(Source::Only(distinct))
    }

    /// What is obvious of an upstream dimension.
    fn inferred(&self, place: usize, unmatched: &Unmatched) -> Result<Source, Problem> {
        let (down, up) = (&self.downstream.dimensions, &self.upstream.dimensions[place]);
        let linked = |own: usize| {
            let choice = if up.values.are_windows() { Choice::Overlap } else { Choice::Same };
            self.link(&choice, own, place).map(|link| Source::From { place: own, link })
        };
        if let Some(own) = self.downstream.place(up.name) {
            return linked(own);
        }
        let is_alike = |other: &SideDimension<'_>| other.values.are_windows() == up.values.are_windows();
        let may_follow = |own: usize, up: &SideDimension<'_>| {
            is_alike(&down[own]) && is_alike(up) && !are_disjoint(&down[own].values, &up.values)
        };
        let candidates = unmatched.downstream.iter().copied().filter(|own| may_follow(*own, up));
        let candidates: Vec<usize> = candidates.collect();
        let rivals = |own: usize| {
            let places = unmatched.upstream.iter().map(|(place, _)| &self.upstream.dimensions[*place]);
            places.filter(|up| may_follow(own, up)).count()
        };
        match candidates[..] {
            [] => Ok(Source::All),
            [own] if rivals(own) == 1 && belong_together(&down[own].values, &up.values) => linked(own),
            [own, ..] => Err(self.ambiguous(&candidates, own, up)),
        }
    }

    fn ambiguous(&self, candidates: &[usize], own: usize, up: &SideDimension<'_>) -> Problem {
        let dimension = |place: &usize| format!("`{}`", self.downstream.dimensions[*place].name);
        let names: Vec<String> = candidates.iter().map(dimension).collect();
        let (name, names) = (up.name, names.join(" or "));
        let reason = format!("`{name}` may follow from {names}, or all of it may be taken");
        let own = self.downstream.dimensions[own].name;
        let choice = if up.values.are_windows() { "overlap()" } else { "same()" };
        let remedy = format!(
            "write `dimension(\"{name}\", all())` for all of it, or `dimension_from(\"{name}\", \"{own}\", {choice})`"
        );
        self.problem(reason, remedy)
    }

    /// The downstream dimension from which an upstream one follows by a choice that needs one.
    fn counterpart(&self, place: usize, chosen: Chosen<'_>, unmatched: &Unmatched) -> Result<usize, Problem> {
        let (down, up) = (&self.downstream, &self.upstream.dimensions[place]);
        let written = words::of_choice(chosen.choice);
        if !down.is_partitioned() {
            let reason = format!("`{written}` needs a downstream key");
            return Err(self.problem(reason, "write `all()`, or leave out the mapping"));
        }
        if let Some(name) = chosen.downstream {
            return down.place(name).ok_or_else(|| {
                let reason = format!("`{}` has no dimension `{name}`", down.asset);
                self.problem(reason, format!("it has {}", down.names()))
            });
        }
        if let Some(own) = down.place(up.name) {
            return Ok(own);
        }
        let any_kind = matches!(chosen.choice, Choice::Function(_));
        let is_alike =
            |other: &SideDimension<'_>| any_kind || other.values.are_windows() == up.values.are_windows();
        let candidates = unmatched.downstream.iter().filter(|own| is_alike(&down.dimensions[**own]));
        let candidates: Vec<usize> = candidates.copied().collect();
        let is_rival = |(rival, is_explicit): &&(usize, bool)| {
            *is_explicit && is_alike(&self.upstream.dimensions[*rival])
        };
        let rivals = unmatched.upstream.iter().filter(is_rival).count();
        match candidates[..] {
            [own] if rivals == 1 => Ok(own),
            [] => {
                let reason =
                    format!("`{}` has no dimension from which `{}` could follow", down.asset, up.name);
                Err(self.problem(reason, format!("write `dimension(\"{}\", all())`", up.name)))
            }
            [own, ..] => {
                let own = down.dimensions[own].name;
                let reason = format!("it isn't clear from which dimension `{}` follows", up.name);
                let remedy =
                    format!("name it, as in `dimension_from(\"{}\", \"{own}\", {written})`", up.name);
                Err(self.problem(reason, remedy))
            }
        }
    }

    /// How an upstream dimension follows from a downstream one.
    fn link(&self, choice: &Choice, own: usize, place: usize) -> Result<Link, Problem> {
        let (down, up) = (&self.downstream.dimensions[own], &self.upstream.dimensions[place]);
        let calendars = down.values.calendar().zip(up.values.calendar());
        let are_texts = !down.values.are_windows() && !up.values.are_windows();
        match choice {
            Choice::Function(function) => Ok(Link::Function(function.clone())),
            Choice::Table(rows) if are_texts => self.table(rows, down, up),
            Choice::Window { from, to } if calendars.is_some() => self.window(*from, *to),
            Choice::Inferred | Choice::Same if are_texts => self.same_text(down, up),
            Choice::Inferred | Choice::Same | Choice::Overlap => {
                let (own, other) = calendars.ok_or_else(|| self.misfit(choice, down, up))?;
                if matches!(choice, Choice::Same) && own.timetable() != other.timetable() {
                    let reason = "their windows begin at different times, so that none need be the same";
                    return Err(self.problem(reason, "write `overlap()`, or leave out the mapping"));
                }
                self.overlap(own, other)
            }
            Choice::Table(_) | Choice::Window { .. } | Choice::Latest | Choice::All | Choice::Only(_) => {
                Err(self.misfit(choice, down, up))
            }
        }
    }

    /// Why a choice is for windows, or for texts, and the dimensions have others.
    fn misfit(&self, choice: &Choice, down: &SideDimension<'_>, up: &SideDimension<'_>) -> Problem {
        let (own, name, written) = (down.name, up.name, words::of_choice(choice));
        let are_texts = !down.values.are_windows() && !up.values.are_windows();
        let reason = match choice {
            Choice::Table(_) => format!("`{written}` is for texts, and `{own}` or `{name}` has windows"),
            Choice::Overlap | Choice::Window { .. } if are_texts => {
                format!("`{written}` is for windows, and `{name}` has texts")
            }
            Choice::Inferred
            | Choice::Same
            | Choice::Overlap
            | Choice::Window { .. }
            | Choice::Latest
            | Choice::All
            | Choice::Only(_)
            | Choice::Function(_) => {
                format!("`{name}` can't follow from `{own}`: one has windows and the other texts")
            }
        };
        self.problem(reason, format!("write `dimension(\"{name}\", all())`, or a `function`"))
    }

    fn same_text(&self, down: &SideDimension<'_>, up: &SideDimension<'_>) -> Result<Link, Problem> {
        if !are_disjoint(&down.values, &up.values) {
            return Ok(Link::SameText);
        }
        let reason = format!("no text is in both `{}` and `{}`", down.name, up.name);
        let name = up.name;
        let remedy =
            format!("write a `table`, or `dimension(\"{name}\", all())`, or give both a text in common");
        Err(self.problem(reason, remedy))
    }

    fn overlap(&self, down: &Calendar, up: &Calendar) -> Result<Link, Problem> {
        let (own, other) = (&down.0.bounds, &up.0.bounds);
        if own.start < other.end && other.start < own.end {
            return Ok(Link::Windows(Offsets::OVERLAP));
        }
        let reason = "no window of one overlaps a window of the other";
        Err(self.problem(reason, "give them a time in common, or write `all()` or `latest()`"))
    }

    fn window(&self, from: i32, to: i32) -> Result<Link, Problem> {
        if from <= to {
            return Ok(Link::Windows(Offsets { from, to }));
        }
        let reason = format!("`window({from}, {to})` ends before it begins");
        Err(self.problem(reason, format!("write `window({to}, {from})`")))
    }

    fn table(
        &self,
        rows: &[(String, Vec<String>)],
        down: &SideDimension<'_>,
        up: &SideDimension<'_>,
    ) -> Result<Link, Problem> {
        let mut table: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let texts = |side: fn(&(String, Vec<String>)) -> &[String]| {
            rows.iter().flat_map(side).cloned().collect::<Vec<_>>()
        };
        self.check_known(&texts(|(text, _)| std::slice::from_ref(text)), down, "the table")?;
        self.check_known(&texts(|(_, taken)| taken), up, "the table")?;
        for (text, taken) in rows {
            if table.insert(text.clone(), taken.clone()).is_some() {
                let reason = format!("the table has two rows for `{text}`");
                return Err(self.problem(reason, "make one of them"));
            }
        }
        let without = match &down.values {
            Values::Fixed(texts) => texts.iter().find(|text| !table.contains_key(*text)),
            Values::Windows(_) | Values::Dynamic => None,
        };
        if let Some(text) = without {
            let reason = format!("the table has no row for `{text}`");
            return Err(self.problem(reason, format!("add one: `(\"{text}\", vec![…])`, or an empty one")));
        }
        Ok(Link::Table(table))
    }

    /// That texts are those of a fixed dimension.
    fn check_known(
        &self,
        texts: &[String],
        dimension: &SideDimension<'_>,
        written: &str,
    ) -> Result<(), Problem> {
        let known = match &dimension.values {
            Values::Fixed(known) => known,
            Values::Windows(_) | Values::Dynamic => return Ok(()),
        };
        let all: HashSet<&String> = known.iter().collect();
        let Some(unknown) = texts.iter().find(|text| !all.contains(text)) else { return Ok(()) };
        let near = known.iter().find(|known| strsim::damerau_levenshtein(known, unknown) == 1);
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", quoted(known)),
        };
        let reason = format!("{written} names `{unknown}`, which `{}` hasn't", dimension.name);
        Err(self.problem(reason, hint))
    }
}

/// Whether two lists of texts have nothing in common. Those that come and go may.
fn are_disjoint(one: &Values<'_>, other: &Values<'_>) -> bool {
    common(one, other).is_some_and(|common| common == 0)
}

/// Whether two dimensions belong together, though their names differ.
fn belong_together(one: &Values<'_>, other: &Values<'_>) -> bool {
    match (one, other) {
        (Values::Windows(_), Values::Windows(_)) => true,
        (Values::Fixed(these), Values::Fixed(those)) => {
            these.len() == those.len() && common(one, other) == Some(these.len())
        }
        (Values::Fixed(_) | Values::Windows(_) | Values::Dynamic, _) => false,
    }
}

/// The number of texts that two fixed lists have in common; `None` of other values.
fn common(one: &Values<'_>, other: &Values<'_>) -> Option<usize> {
    match (one, other) {
        (Values::Fixed(these), Values::Fixed(those)) => {
            let those: HashSet<&String> = those.iter().collect();
            Some(these.iter().filter(|text| those.contains(text)).count())
        }
        (Values::Fixed(_) | Values::Windows(_) | Values::Dynamic, _) => None,
    }
}
