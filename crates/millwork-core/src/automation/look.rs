//! What becomes of one asset at one evaluation.

use jiff::Timestamp;

use super::evaluation::Moment;
use super::prepare::Prepared;
use super::truth::{Truths, World};
use super::{AssetMemory, AssetState, Automation, AutomationState, Hold, Outcome, Truth};
use crate::graph::AssetIndex;

/// What was found of an asset.
struct Finding {
    due: bool,
    truths: Vec<Truth>,
    /// Whether something is true that won't be at the next evaluation.
    fleeting: bool,
    /// Whether everything is as it was.
    same: bool,
}

impl Automation {
    /// Decides about an asset, and remembers what was found.
    pub(super) fn look_at(
        &self,
        state: &mut AutomationState,
        moment: &Moment,
        asset: AssetIndex,
        prepared: &Prepared,
        now: Timestamp,
    ) -> Outcome {
        let key = &self.keys[asset];
        let finding = self.find(state, moment, asset, prepared, now);
        let row = state.asset(key);
        let hold = row.filter(|_| finding.due).and_then(|row| self.hold(row, now));
        let steady = finding.same && !finding.fleeting;
        let underway = steady && row.is_some_and(|row| !row.facts.runs.is_empty());
        let outcome = match (finding.due, hold) {
            (false, _) => Outcome::NotDue,
            (true, Some(hold)) => Outcome::Held(hold),
            (true, None) if underway => Outcome::Underway,
            (true, None) => Outcome::Requested,
        };
        state.change(key, |row| {
            let before = row.memory.take().and_then(|memory| memory.requested_at);
            let requested_at = if outcome == Outcome::Requested { Some(now) } else { before };
            let condition = prepared.identity.clone();
            let truths = finding.truths;
            row.memory = Some(AssetMemory { condition, truths, evaluated_at: now, requested_at, outcome });
            // A condition that holds is due at every evaluation, until it doesn't.
            row.unsettled = !steady || outcome == Outcome::Requested;
        });
        outcome
    }

    fn find(
        &self,
        state: &AutomationState,
        moment: &Moment,
        asset: AssetIndex,
        prepared: &Prepared,
        now: Timestamp,
    ) -> Finding {
        let memory = state.asset(&self.keys[asset]).and_then(|row| row.memory.as_ref());
        let old = memory.filter(|old| old.condition == prepared.identity);
        let before = old.map_or(&[][..], |old| &old.truths);
        let world = World { automation: self, state, moment, now };
        let mut truths = Truths {
            world: &world,
            root: asset,
            initial: old.is_none(),
            narrowed: &prepared.narrowed,
            before,
            found: Vec::new(),
            fleeting: old.is_none(),
        };
        let due = truths.holds(&prepared.condition, 0, asset).is_some();
        let (mut found, fleeting) = (truths.found, truths.fleeting);
        found.sort_by(|a, b| (a.node, &a.asset).cmp(&(b.node, &b.asset)));
        found.dedup();
        Finding { due, same: found == before, truths: found, fleeting }
    }

    fn hold(&self, row: &AssetState, now: Timestamp) -> Option<Hold> {
        self.damping.hold(row.facts.failures, row.facts.failed_at?, now)
    }
}
