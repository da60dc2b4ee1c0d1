//! How a part of a condition stands for each key of an asset: as sets of keys, so that its cost follows the number of different moments, not
//! that of the keys.
//!
//! What stands the same for all keys, as everything does of an asset without partitions, is one [`Standing`]. Otherwise each standing has
//! the set of keys that stand so; the other keys fail. A key that there isn't (an upstream window before the first) stands as if nothing
//! had ever happened to it.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::standing::Standing;
use crate::partition::KeySet;

/// How a part stands for each key of an asset.
#[derive(Clone, Debug)]
pub(super) enum Keyed {
    /// For all of them, also those that there aren't.
    All(Standing),
    /// For each as the levels say.
    Each(Box<Levels>),
}

/// Sets of keys by how a part stands for them.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// Disjoint sets that aren't empty, from the greatest standing to the least. Keys in none of them fail.
    pub(super) sets: Vec<(Standing, KeySet)>,
    /// How it stands for a key that there isn't.
    pub(super) absent: Standing,
}

/// All keys of an asset at an evaluation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Among<'a> {
    pub(super) all: &'a KeySet,
    pub(super) now: Timestamp,
}

impl Among<'_> {
    pub(super) fn none(self) -> KeySet {
        KeySet::empty(self.all.dimensions())
    }
}

impl Levels {
    /// Of sets that may overlap: each key stands as the greatest of its sets does.
    fn greatest(mut sets: Vec<(Standing, KeySet)>, absent: Standing) -> Self {
        sets.retain(|(standing, keys)| *standing != Standing::Fails && !keys.is_empty());
        sets.sort_by_key(|(standing, _)| Reverse(*standing));
        let mut levels: Vec<(Standing, KeySet)> = Vec::with_capacity(sets.len());
        let mut covered: Option<KeySet> = None;
        for (standing, keys) in sets {
            let more = match &covered {
                None => keys.clone(),
                Some(covered) => keys.difference(covered),
            };
            covered = Some(covered.map_or(keys.clone(), |covered| covered.union(&keys)));
            match levels.last_mut() {
                _ if more.is_empty() => {}
                Some((last, known)) if *last == standing => *known = known.union(&more),
                Some(_) | None => levels.push((standing, more)),
            }
        }
        Self { sets: levels, absent }
    }

    /// The keys that stand so.
    fn those(&self, are: impl Fn(Standing) -> bool, among: Among<'_>) -> KeySet {
        let sets = self.sets.iter().filter(|(standing, _)| are(*standing)).map(|(_, keys)| keys);
        sets.fold(among.none(), |all, keys| all.union(keys))
    }

    /// All that don't fail.
    fn supported(&self, among: Among<'_>) -> KeySet {
        self.those(|_| true, among)
    }

    fn holding(&self, among: Among<'_>) -> KeySet {
        self.those(|standing| standing.moment().is_some(), among)
    }
}

impl Keyed {
    /// It holds for these keys since a moment each, and fails for others.
    pub(super) fn of_keys(sets: impl IntoIterator<Item = (Timestamp, KeySet)>, among: Among<'_>) -> Self {
        let sets = sets.into_iter();
        let sets = sets.map(|(at, keys)| (Standing::Holds(at), keys.intersection(among.all)));
        Self::Each(Box::new(Levels::greatest(sets.collect(), Standing::Fails)))
    }

    /// Each key stands as the greatest of these sets that it is in.
    pub(super) fn of_sets(sets: Vec<(Standing, KeySet)>) -> Self {
        Self::Each(Box::new(Levels::greatest(sets, Standing::Fails)))
    }

    /// Each key stands as the least of these sets that it is in; one in none holds.
    pub(super) fn of_least(mut sets: Vec<(Standing, KeySet)>, among: Among<'_>) -> Self {
        sets.sort_by_key(|(standing, _)| *standing);
        let (mut least, mut left) = (Vec::new(), among.all.clone());
        for (standing, keys) in &sets {
            if standing.moment().is_none() {
                least.push((*standing, keys.intersection(&left)));
                left = left.difference(keys);
            }
        }
        // Of those that hold for all of theirs, the last moment counts.
        let holding = sets.iter().filter(|(standing, _)| standing.moment().is_some());
        let mut rest = left.clone();
        for (standing, keys) in holding {
            least.push((*standing, keys.intersection(&left)));
            rest = rest.difference(keys);
        }
        least.push((Standing::Holds(among.now), rest));
        Self::of_sets(least)
    }

    /// As levels.
    pub(super) fn levels(&self, among: Among<'_>) -> Levels {
        match self {
            Self::Each(levels) => Levels::clone(levels),
            Self::All(Standing::Fails) => Levels { sets: Vec::new(), absent: Standing::Fails },
            Self::All(standing) => Levels { sets: vec![(*standing, among.all.clone())], absent: *standing },
        }
    }

    /// How it stands for the only key of an asset without partitions.
    pub(super) fn single(&self) -> Standing {
        match self {
            Self::All(standing) => *standing,
            Self::Each(levels) => levels.sets.first().map_or(Standing::Fails, |(standing, _)| *standing),
        }
    }

    /// The keys for which it holds.
    pub(super) fn holding(&self, among: Among<'_>) -> KeySet {
        match self {
            Self::All(standing) if standing.moment().is_some() => among.all.clone(),
            Self::All(_) => among.none(),
            Self::Each(levels) => levels.holding(among),
        }
    }

    /// Whether it stands so for any key.
    pub(super) fn is_anywhere(&self, is: impl Fn(Standing) -> bool) -> bool {
        match self {
            Self::All(standing) => is(*standing),
            Self::Each(levels) => levels.sets.iter().any(|(standing, _)| is(*standing)),
        }
    }

    /// The same, changed for each standing.
    pub(super) fn map(&self, change: impl Fn(Standing) -> Standing, among: Among<'_>) -> Self {
        match self {
            Self::All(standing) => Self::All(change(*standing)),
            Self::Each(levels) => {
                let failing = among.all.difference(&levels.supported(among));
                let sets = levels.sets.iter().map(|(standing, keys)| (change(*standing), keys.clone()));
                let sets = sets.chain([(change(Standing::Fails), failing)]).collect();
                Self::Each(Box::new(Levels::greatest(sets, change(levels.absent))))
            }
        }
    }

    /// Any of the parts: each key stands as the greatest does.
    pub(super) fn any<'a>(parts: impl Iterator<Item = &'a Self>, among: Among<'_>) -> Self {
        let (whole, each) = split(parts, Standing::max);
        let whole = whole.unwrap_or(Standing::Fails);
        if each.is_empty() {
            return Self::All(whole);
        }
        let absent = each.iter().map(|levels| levels.absent).chain([whole]).max().unwrap_or(whole);
        let sets = each.iter().flat_map(|levels| levels.sets.iter().cloned());
        let sets = sets.chain([(whole, among.all.clone())]).collect();
        Self::Each(Box::new(Levels::greatest(sets, absent)))
    }

    /// All of the parts: it holds for a key since the last of them does; otherwise the key stands as the least.
    pub(super) fn all<'a>(parts: impl Iterator<Item = &'a Self>, among: Among<'_>) -> Self {
        let (whole, each) = split(parts, Standing::both);
        if each.is_empty() || whole == Some(Standing::Fails) {
            return Self::All(whole.unwrap_or(Standing::Holds(among.now)));
        }
        let absents = each.iter().map(|levels| levels.absent).chain(whole);
        let absent = Standing::all(absents, among.now);
        let whole = whole.map(|whole| Self::All(whole).levels(among));
        let levels: Vec<&Levels> = each.into_iter().chain(&whole).collect();
        let every = |keys_of: &dyn Fn(&Levels) -> KeySet| {
            levels.iter().fold(among.all.clone(), |all, levels| all.intersection(&keys_of(levels)))
        };
        let holding = every(&|levels| levels.holding(among));
        let all = || levels.iter().flat_map(|levels| &levels.sets);
        let holds = all().filter(|(one, _)| one.moment().is_some());
        let mut sets: Vec<(Standing, KeySet)> =
            holds.map(|(standing, keys)| (*standing, keys.intersection(&holding))).collect();
        // What fails for one fails; of the rest the least counts.
        let mut others: Vec<&(Standing, KeySet)> = all().filter(|(one, _)| one.moment().is_none()).collect();
        if !others.is_empty() {
            let mut left = every(&|levels| levels.supported(among)).difference(&holding);
            others.sort_by_key(|(standing, _)| *standing);
            for (standing, keys) in others {
                sets.push((*standing, keys.intersection(&left)));
                left = left.difference(keys);
            }
        }
        Self::Each(Box::new(Levels::greatest(sets, absent)))
    }

    /// The opposite.
    pub(super) fn opposite(&self, among: Among<'_>) -> Self {
        self.map(|standing| standing.opposite(among.now), among)
    }

    /// What has come more recently than the reset, or held before without one: `was` with its moment.
    pub(super) fn since(&self, reset: &Self, was: Option<(Timestamp, &KeySet)>, among: Among<'_>) -> Self {
        let (trigger, reset) = (self.levels(among), reset.levels(among));
        let moments = |levels: &Levels| {
            let sets =
                levels.sets.iter().filter_map(|(standing, keys)| Some((standing.moment()?, keys.clone())));
            sets.collect::<Vec<_>>()
        };
        let resets = moments(&reset);
        // From the latest to the earliest, as the triggers are: the resets since each.
        let (mut next, mut since) = (resets.iter().peekable(), among.none());
        let mut sets = Vec::new();
        for (at, keys) in moments(&trigger) {
            while let Some((_, keys)) = next.next_if(|(reset, _)| *reset >= at) {
                since = since.union(keys);
            }
            sets.push((at, keys.difference(&since)));
        }
        if let Some((at, keys)) = was {
            let news = trigger.holding(among).union(&reset.holding(among));
            sets.push((at, keys.difference(&news)));
        }
        let absent = match (trigger.absent.moment(), reset.absent.moment()) {
            (Some(trigger), reset) => Some(trigger).filter(|at| reset.is_none_or(|reset| *at > reset)),
            (None, _) => None,
        };
        Self::of_keys(sets, among).with_absent(Standing::of(absent))
    }

    /// What holds and didn't before.
    pub(super) fn newly(&self, was: Option<&KeySet>, among: Among<'_>) -> Self {
        let levels = self.levels(among);
        let new = |keys: &KeySet| was.map_or_else(|| keys.clone(), |was| keys.difference(was));
        let sets = levels.sets.iter().filter_map(|(standing, keys)| Some((standing.moment()?, new(keys))));
        Self::of_keys(sets, among)
    }

    /// The same, and how it stands for a key that there isn't.
    pub(super) fn with_absent(mut self, absent: Standing) -> Self {
        if let Self::Each(levels) = &mut self {
            levels.absent = absent;
        }
        self
    }
}

/// How the parts stand that do so for all keys alike, joined, and the others.
fn split<'a>(
    parts: impl Iterator<Item = &'a Keyed>,
    join: impl Fn(Standing, Standing) -> Standing,
) -> (Option<Standing>, Vec<&'a Levels>) {
    let (mut whole, mut each) = (None, Vec::new());
    for part in parts {
        match part {
            Keyed::All(standing) => whole = Some(whole.map_or(*standing, |whole| join(whole, *standing))),
            Keyed::Each(levels) => each.push(&**levels),
        }
    }
    (whole, each)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::automation::standing::HeldBack;

    const KEYS: i64 = 5;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn standing() -> impl Strategy<Value = Standing> {
        prop_oneof![
            Just(Standing::Fails),
            Just(Standing::Unknown),
            (1_i64..3).prop_map(|until| Standing::HeldBack(HeldBack::Cooldown { until: second(until) })),
            (1_i64..4).prop_map(|at| Standing::Holds(second(at))),
        ]
    }

    /// A standing for each key, and one for those that there aren't.
    fn keyed() -> impl Strategy<Value = (Keyed, Vec<Standing>)> {
        let each = prop::collection::vec(standing(), 6).prop_map(|standings| (of(&standings), standings));
        prop_oneof![
            3 => each,
            1 => standing().prop_map(|standing| (Keyed::All(standing), vec![standing; 6])),
        ]
    }

    fn of(standings: &[Standing]) -> Keyed {
        let sets = (0..KEYS).map(|key| (standings[key as usize], KeySet::of(1, [vec![key]])));
        Keyed::of_sets(sets.collect()).with_absent(standings[5])
    }

    fn all() -> KeySet {
        KeySet::of(1, (0..KEYS).map(|key| vec![key]))
    }

    fn each(keyed: &Keyed, among: Among<'_>) -> Vec<Standing> {
        let levels = keyed.levels(among);
        let of = |key: i64| levels.sets.iter().find(|(_, keys)| keys.contains(&[key]));
        let each = (0..KEYS).map(|key| of(key).map_or(Standing::Fails, |(standing, _)| *standing));
        each.chain([levels.absent]).collect()
    }

    proptest! {
        #[test]
        fn each_key_stands_by_itself(parts in prop::collection::vec(keyed(), 1..4), was in prop::collection::btree_set(0..KEYS, 0..5)) {
            let (all, now) = (all(), second(9));
            let among = Among { all: &all, now };
            let column = |key: usize| parts.iter().map(move |(_, standings)| standings[key]);
            let any: Vec<Standing> = (0..6).map(|key| column(key).max().unwrap()).collect();
            prop_assert_eq!(each(&Keyed::any(parts.iter().map(|(part, _)| part), among), among), any);
            let every: Vec<Standing> = (0..6).map(|key| Standing::all(column(key), now)).collect();
            prop_assert_eq!(each(&Keyed::all(parts.iter().map(|(part, _)| part), among), among), every);
            let (first, standings) = &parts[0];
            let opposite: Vec<Standing> = standings.iter().map(|one| one.opposite(now)).collect();
            prop_assert_eq!(each(&first.opposite(among), among), opposite);
            let (reset, resets) = parts.last().unwrap();
            let was_keys = KeySet::of(1, was.iter().map(|key| vec![*key]));
            let since = first.since(reset, Some((second(0), &was_keys)), among);
            let expected: Vec<Standing> = (0..6).map(|key| {
                let before = was.contains(&(key as i64)).then(|| second(0));
                Standing::of(match (standings[key].moment(), resets[key].moment()) {
                    (Some(trigger), Some(reset)) => (trigger > reset).then_some(trigger),
                    (None, Some(_)) => None,
                    (trigger, None) => trigger.or(before),
                })
            }).collect();
            prop_assert_eq!(each(&since, among), expected);
            let newly = each(&first.newly(Some(&was_keys), among), among);
            let expected: Vec<Standing> = (0..5).map(|key| {
                let new = standings[key].moment().filter(|_| !was.contains(&(key as i64)));
                Standing::of(new)
            }).collect();
            prop_assert_eq!(&newly[..5], &expected[..]);
        }
    }
}
