//! A log whose facts are let go after every derivation, and statuses that are stored and restored.

use crate::asset_status::{AssetStatuses, PartitionHealth, StatusFold, StoredStatus};
use crate::event::{Event, EventBody, EventSubject, KindSet};
use crate::graph::{AssetGraph, AssetIndex};
use crate::partition::{AssetPartition, KeyMoment};

#[derive(Debug, Default)]
pub(super) struct Away {
    /// The whole log, as a store has it.
    events: Vec<Event>,
    fold: StatusFold,
    pub(super) statuses: AssetStatuses,
    /// What was stored last, with the number of events until then.
    stored: Option<(String, usize)>,
}

impl Away {
    pub(super) fn take(&mut self, event: Event) {
        self.fold.apply(&event);
        self.events.push(event);
    }

    fn bring(&mut self, of: &AssetPartition) {
        bring(&mut self.fold, &self.events, of);
    }

    /// Takes in what is lacking; whether anything was.
    fn bring_lacking(&mut self, lacking: crate::asset_status::Lacking) -> bool {
        let is_any = !lacking.is_empty();
        lacking.partitions.iter().for_each(|of| self.bring(of));
        for asset in lacking.assets {
            for of in of_asset(&self.events, &|event| event.asset.as_ref() == Some(&asset)) {
                self.bring(&of);
            }
            self.fold.has_all_of(&asset);
        }
        is_any
    }

    pub(super) fn update(&mut self, graph: &AssetGraph, moment: &KeyMoment) {
        self.statuses = loop {
            match self.statuses.updated(graph, &mut self.fold, moment) {
                Ok(statuses) => break statuses,
                Err(lacking) => assert!(self.bring_lacking(lacking)),
            }
        };
        self.statuses.let_go(graph, &mut self.fold);
    }

    pub(super) fn partitions(&mut self, graph: &AssetGraph, asset: AssetIndex) -> Vec<PartitionHealth> {
        loop {
            let keys = self.statuses.of(asset).partitions.all().next(None, usize::MAX);
            let found = self.statuses.partitions(graph, &self.fold, asset, &keys);
            let lacking = self.fold.lacking();
            if !self.bring_lacking(lacking) {
                return found;
            }
        }
    }

    pub(super) fn store(&mut self, graph: &AssetGraph) {
        if let Some(stored) = self.statuses.stored(graph, &self.fold, None) {
            self.stored = Some((serde_json::to_string(&stored).unwrap(), self.events.len()));
        }
    }

    /// The same from what was stored last and the events since, as another process begins.
    pub(super) fn restored(&self, graph: &AssetGraph, moment: &KeyMoment) -> Option<Self> {
        let (stored, until) = self.stored.as_ref()?;
        let stored: Vec<StoredStatus> = serde_json::from_str(stored).unwrap();
        let mut fold = StatusFold::default();
        let statuses = AssetStatuses::restored(graph, &mut fold, moment, stored);
        let of_work = KindSet::about(EventSubject::Step).union(KindSet::about(EventSubject::Run));
        let is_left = |event: &Event| event.asset.as_ref().is_some_and(|asset| fold.leaves(asset));
        let whole = of_asset(&self.events, &|event| !is_left(event));
        for event in self.events.iter().filter(|event| event.body.is_one_of(of_work)) {
            fold.apply(event);
        }
        let is_kept =
            |event: &&Event| matches!(event.body, EventBody::CheckEvaluated(_) | EventBody::AliasMoved(_));
        self.events.iter().filter(is_kept).for_each(|event| fold.apply(event));
        whole.iter().for_each(|of| bring(&mut fold, &self.events, of));
        fold.note_changes();
        self.events[*until..].iter().for_each(|event| fold.apply(event));
        Some(Self { events: self.events.clone(), fold, statuses, stored: None })
    }
}

fn is_verdict(event: &Event) -> bool {
    let unreadable = if let EventBody::Unreadable(unreadable) = &event.body { unreadable.kind } else { None };
    event.body.is_one_of(KindSet::VERDICTS) || unreadable.is_some_and(|kind| KindSet::VERDICTS.contains(kind))
}

/// Takes in the last materialization of a partition and its last verdict.
fn bring(fold: &mut StatusFold, events: &[Event], of: &AssetPartition) {
    let verdicts = || {
        let of_it = events.iter().rev().filter(|event| event.asset_partition().as_ref() == Some(of));
        of_it.filter(|event| is_verdict(event))
    };
    let materialization = verdicts().find(|event| event.body.is_materialization());
    let last =
        verdicts().next().filter(|last| Some(last.sequence) != materialization.map(|event| event.sequence));
    fold.bring(of, materialization.into_iter().chain(last));
}

/// The partitions that verdicts are about, of the assets of some events.
fn of_asset(events: &[Event], is_wanted: &dyn Fn(&Event) -> bool) -> Vec<AssetPartition> {
    let verdicts = events.iter().filter(|event| is_verdict(event) && is_wanted(event));
    let mut found: Vec<AssetPartition> = verdicts.filter_map(Event::asset_partition).collect();
    found.sort();
    found.dedup();
    found
}
