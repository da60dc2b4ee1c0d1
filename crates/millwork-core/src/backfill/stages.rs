//! Which assets are made together by the runs of one stage.

use std::collections::BTreeSet;

use super::{BackfillAsset, BackfillPolicy, PlannedAsset};
use crate::partition::KeySet;

/// Assets that the same runs make.
#[derive(Debug)]
pub(super) struct Group {
    /// The positions of the assets, upstream first.
    pub(super) members: Vec<usize>,
    /// The policy of all of them.
    pub(super) policy: BackfillPolicy,
}

/// Groups of the assets with a partition to make, each behind those that it depends on.
///
/// An asset joins the groups of its inputs where all are partitioned alike, each input between them maps each key to the same one, the same
/// keys can be made of them, and either all or none are made by one run. It doesn't where a group would then depend on itself: of days, their weeks, and days that
/// take both, the last aren't made together with the first.
pub(super) fn groups(assets: &[BackfillAsset], planned: &[PlannedAsset]) -> Vec<Group> {
    let possible = planned.iter().map(|asset| asset.make.union(&asset.fresh)).collect();
    let mut grouping = Grouping { assets, possible, groups: Vec::new(), of: vec![None; assets.len()] };
    let made = assets.iter().enumerate().filter(|(place, _)| !planned[*place].make.is_empty());
    for (place, asset) in made {
        grouping.of[place] = Some(grouping.groups.len());
        grouping.groups.push(Group { members: vec![place], policy: asset.policy });
        for input in &asset.inputs {
            grouping.join(place, input.upstream);
        }
    }
    grouping.in_order()
}

struct Grouping<'a> {
    assets: &'a [BackfillAsset],
    /// The keys of each asset that are made or fresh: a run of its group may be asked for any of them.
    possible: Vec<KeySet>,
    /// The groups; one that has joined another has no members.
    groups: Vec<Group>,
    /// The group of each asset; `None` if nothing of it is made.
    of: Vec<Option<usize>>,
}

impl Grouping<'_> {
    /// Joins the groups of two assets if they can be made together.
    fn join(&mut self, asset: usize, upstream: usize) {
        let Some((own, other)) = self.of[asset].zip(self.of[upstream]).filter(|(own, other)| own != other)
        else {
            return;
        };
        let Some(joined) = self.joined(own, other) else { return };
        for member in &joined.members {
            self.of[*member] = Some(other);
        }
        self.groups[own].members.clear();
        self.groups[other] = joined;
    }

    /// One group of two; `None` if they can't be made together.
    fn joined(&self, one: usize, other: usize) -> Option<Group> {
        let (one_group, other_group) = (&self.groups[one], &self.groups[other]);
        let policy = one_group.policy.together(other_group.policy)?;
        let mut members: Vec<usize> = one_group.members.iter().chain(&other_group.members).copied().collect();
        members.sort_unstable();
        let space = |member: &usize| &self.assets[*member].space;
        let are_alike = space(&one_group.members[0]).is_like(space(&other_group.members[0]));
        let can_all_be_made = self.possible[one_group.members[0]] == self.possible[other_group.members[0]];
        (are_alike && can_all_be_made && self.have_same_keys(&members) && !self.is_cycle(one, other))
            .then_some(Group { members, policy })
    }

    /// Whether each input between assets maps each key to the same one.
    fn have_same_keys(&self, members: &[usize]) -> bool {
        members.iter().all(|member| {
            let asset = &self.assets[*member];
            let mut between = asset.inputs.iter().filter(|input| members.contains(&input.upstream));
            between.all(|input| input.mapping.is_same_key(&asset.space, &self.assets[input.upstream].space))
        })
    }

    /// Whether one of two groups depends on the other through a third.
    fn is_cycle(&self, one: usize, other: usize) -> bool {
        [(one, other), (other, one)].into_iter().any(|(from, to)| {
            let between = self.upstream(from).into_iter().filter(|group| *group != to);
            self.any_depends(between.collect(), to)
        })
    }

    /// Whether any of some groups is another one, or depends on it, directly or through others.
    fn any_depends(&self, mut open: Vec<usize>, to: usize) -> bool {
        let mut seen = BTreeSet::new();
        while let Some(group) = open.pop() {
            if group == to {
                return true;
            }
            if seen.insert(group) {
                open.extend(self.upstream(group));
            }
        }
        false
    }

    /// The groups that a group takes from.
    fn upstream(&self, group: usize) -> BTreeSet<usize> {
        let inputs = self.groups[group].members.iter().flat_map(|member| &self.assets[*member].inputs);
        inputs.filter_map(|input| self.of[input.upstream]).filter(|other| *other != group).collect()
    }

    /// The groups, each behind those that it takes from, and otherwise in the order of their first assets.
    fn in_order(mut self) -> Vec<Group> {
        let mut open: Vec<usize> =
            (0..self.groups.len()).filter(|group| !self.groups[*group].members.is_empty()).collect();
        open.sort_by_key(|group| self.groups[*group].members[0]);
        let mut is_placed = vec![false; self.groups.len()];
        let mut order = Vec::with_capacity(open.len());
        // Groups never depend on themselves, so that there always is a next one.
        while let Some(at) =
            open.iter().position(|group| self.upstream(*group).iter().all(|other| is_placed[*other]))
        {
            let group = open.remove(at);
            is_placed[group] = true;
            order.push(group);
        }
        debug_assert!(open.is_empty(), "groups that depend on themselves: {open:?}");
        let taken = |group: usize| {
            let none = Group { members: Vec::new(), policy: BackfillPolicy::default() };
            std::mem::replace(&mut self.groups[group], none)
        };
        order.into_iter().map(taken).collect()
    }
}
