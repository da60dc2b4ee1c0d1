//! Which partitions may start, kept up to date by what changes.

use std::collections::BTreeMap;

use super::{Plan, StageIndex, StageState};
use crate::partition::KeySet;

/// Which partitions may start. It follows from a plan and the sets of its stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Readiness {
    /// For each dependency, the waiting downstream keys that take an upstream key which is waiting or running.
    blocked: Vec<KeySet>,
    /// For each stage, the waiting keys that no dependency blocks.
    ready: Vec<KeySet>,
}

/// Keys of a stage that won't be waiting or running again, unless they are retried.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    /// Those that were made.
    pub(super) succeeded: KeySet,
    /// Those that weren't.
    pub(super) unsuccessful: KeySet,
}

impl Readiness {
    /// Finds it from all keys, when a backfill is read or retried.
    pub(super) fn new(plan: &Plan, states: &[StageState]) -> Self {
        let mut readiness = Self {
            blocked: Vec::with_capacity(plan.dependencies().len()),
            ready: states.iter().map(|state| state.waiting.clone()).collect(),
        };
        for place in 0..plan.dependencies().len() {
            let end = Ends::of(plan, place);
            let open = states[end.upstream].open();
            let blocked = end.downstream_of(&open).intersection(&states[end.downstream].waiting);
            readiness.ready[end.downstream] = readiness.ready[end.downstream].difference(&blocked);
            readiness.blocked.push(blocked);
        }
        readiness
    }

    /// The keys of a stage that may start.
    pub(super) fn ready(&self, stage: usize) -> &KeySet {
        &self.ready[stage]
    }

    /// Takes keys that have started from those that may start.
    pub(super) fn start(&mut self, stage: StageIndex, keys: &KeySet) {
        let ready = &mut self.ready[stage.position()];
        *ready = ready.difference(keys);
    }

    /// Nothing may start any more.
    pub(super) fn clear(&mut self) {
        for set in self.blocked.iter_mut().chain(&mut self.ready) {
            *set = KeySet::empty(set.dimensions());
        }
    }

    /// Skips what needs the settled keys that didn't succeed, and releases what waits for no other.
    ///
    /// Stages only take from earlier ones, so that each is come to once, with all of its keys that are settled.
    pub(super) fn settle(
        &mut self,
        plan: &Plan,
        states: &mut [StageState],
        stage: StageIndex,
        settled: Settled,
    ) {
        let mut open = BTreeMap::from([(stage.position(), settled)]);
        while let Some((stage, settled)) = open.pop_first() {
            for place in 0..plan.dependencies().len() {
                let ends = Ends::of(plan, place);
                if ends.upstream != stage {
                    continue;
                }
                if !plan.dependencies()[place].tolerates_missing {
                    let lacking = ends.downstream_of(&settled.unsuccessful);
                    let skipped = lacking.intersection(&states[ends.downstream].waiting);
                    if !skipped.is_empty() {
                        self.skip(plan, states, ends.downstream, &skipped);
                        let none = || KeySet::empty(skipped.dimensions());
                        let none = Settled { succeeded: none(), unsuccessful: none() };
                        let further = open.entry(ends.downstream).or_insert(none);
                        further.unsuccessful = further.unsuccessful.union(&skipped);
                    }
                }
                self.release(plan, states, place, &settled.succeeded.union(&settled.unsuccessful));
            }
        }
    }

    fn skip(&mut self, plan: &Plan, states: &mut [StageState], stage: usize, keys: &KeySet) {
        let state = &mut states[stage];
        state.waiting = state.waiting.difference(keys);
        state.skipped = state.skipped.union(keys);
        self.ready[stage] = self.ready[stage].difference(keys);
        for (place, blocked) in self.blocked.iter_mut().enumerate() {
            if Ends::of(plan, place).downstream == stage {
                *blocked = blocked.difference(keys);
            }
        }
    }

    /// Releases the keys that a dependency blocks for no other reason than some upstream keys, which are settled.
    fn release(&mut self, plan: &Plan, states: &[StageState], place: usize, settled: &KeySet) {
        let ends = Ends::of(plan, place);
        let touched = ends.downstream_of(settled).intersection(&self.blocked[place]);
        if touched.is_empty() {
            return;
        }
        // Of what is open, only what the touched keys take is mapped back.
        let open = ends.upstream_of(&touched).intersection(&states[ends.upstream].open());
        let released = if open.is_empty() { touched } else { touched.difference(&ends.downstream_of(&open)) };
        self.blocked[place] = self.blocked[place].difference(&released);
        let others =
            (0..self.blocked.len()).filter(|other| Ends::of(plan, *other).downstream == ends.downstream);
        let ready = others.fold(released, |ready, other| ready.difference(&self.blocked[other]));
        self.ready[ends.downstream] = self.ready[ends.downstream].union(&ready);
    }
}

/// The stages of both ends of a dependency, with what maps between them.
struct Ends<'a> {
    plan: &'a Plan,
    place: usize,
    upstream: usize,
    downstream: usize,
}

impl<'a> Ends<'a> {
    fn of(plan: &'a Plan, place: usize) -> Self {
        let dependency = &plan.dependencies()[place];
        let stage = |asset: usize| plan.assets()[asset].stage.map_or(0, StageIndex::position);
        Self { plan, place, upstream: stage(dependency.upstream), downstream: stage(dependency.downstream) }
    }

    /// The keys to make of the downstream asset that take some of the keys of the upstream asset.
    fn downstream_of(&self, keys: &KeySet) -> KeySet {
        let dependency = &self.plan.dependencies()[self.place];
        let assets = self.plan.assets();
        let (up, down) = (&assets[dependency.upstream], &assets[dependency.downstream]);
        let made = up.make.intersection(keys);
        if made.is_empty() {
            return KeySet::empty(down.make.dimensions());
        }
        let taking = dependency.downstream_of(&made, self.plan.space(down), self.plan.space(up));
        taking.intersection(&down.make)
    }

    /// The keys to make of the upstream asset that some keys of the downstream asset take.
    fn upstream_of(&self, keys: &KeySet) -> KeySet {
        let dependency = &self.plan.dependencies()[self.place];
        let assets = self.plan.assets();
        let (up, down) = (&assets[dependency.upstream], &assets[dependency.downstream]);
        let own = down.make.intersection(keys);
        let taken = dependency.upstream_of(&own, self.plan.space(down), self.plan.space(up));
        taken.intersection(&up.make)
    }
}
