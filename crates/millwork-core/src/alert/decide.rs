//! Whether an occurrence is told.

use std::collections::HashSet;

use super::verdict::{Standing, Verdict, verdicts};
use super::{Alert, AlertKind, AlertMemory, AlertRule, Known, Occurrence, Trigger, words};
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, Selection};

/// The rules of a pipeline, with the assets that they are for.
#[derive(Clone, Debug, Default)]
pub struct AlertRules {
    rules: Vec<(AlertRule, Option<HashSet<AssetKey>>)>,
    /// The address of the pages.
    url: Option<String>,
}

impl AlertRules {
    /// The rules of a pipeline, and its graph. `url` is the address of the pages, if there is one, for links.
    pub fn new(rules: &[AlertRule], graph: &AssetGraph, url: Option<&str>) -> Self {
        let assets = |selection: &String| -> HashSet<AssetKey> {
            // The selection was checked when the definitions were resolved.
            let selected = Selection::parse(selection).and_then(|selection| selection.select(graph));
            selected.into_iter().flatten().map(|asset| graph.key(asset).clone()).collect()
        };
        let rules = rules.iter().map(|rule| (rule.clone(), rule.selection.as_ref().map(assets)));
        Self { rules: rules.collect(), url: url.map(|url| url.trim_end_matches('/').to_owned()) }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether one of them wants to know how a metric of an asset changed.
    pub fn compares(&self, asset: &AssetKey) -> bool {
        self.rules.iter().any(|(rule, assets)| {
            assets.as_ref().is_none_or(|assets| assets.contains(asset))
                && rule.triggers.iter().any(|trigger| matches!(trigger, Trigger::MetricChanged { .. }))
        })
    }

    fn url(&self, occurrence: &Occurrence, asset: Option<&AssetKey>) -> Option<String> {
        let base = self.url.as_ref()?;
        Some(match (occurrence.run, asset) {
            (Some(run), _) => format!("{base}/runs/{run}"),
            (None, Some(asset)) => format!("{base}/assets/{asset}"),
            (None, None) => base.clone(),
        })
    }
}

/// The alerts that follow from an occurrence. The memory is what was told before, and is changed to what was told after: both
/// are to be stored together, or the same is told again.
pub fn decide(rules: &AlertRules, memory: &mut AlertMemory, occurrence: &Occurrence) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for (rule, assets) in &rules.rules {
        if !has_tags(rule, occurrence) {
            continue;
        }
        let wanted = |asset: &AssetKey| assets.as_ref().is_none_or(|assets| assets.contains(asset));
        for trigger in &rule.triggers {
            for verdict in verdicts(trigger, occurrence) {
                let concerns = match &verdict.asset {
                    Some(asset) => wanted(asset),
                    None => assets.is_none() || occurrence.assets.iter().any(wanted),
                };
                if concerns {
                    alerts.extend(told(rules, rule, trigger, memory, occurrence, &verdict));
                }
            }
        }
    }
    alerts
}

fn has_tags(rule: &AlertRule, occurrence: &Occurrence) -> bool {
    rule.tags.iter().all(|(key, value)| occurrence.tags.get(key) == Some(value))
}

/// The alert of one verdict, if it is told.
fn told(
    rules: &AlertRules,
    rule: &AlertRule,
    trigger: &Trigger,
    memory: &mut AlertMemory,
    occurrence: &Occurrence,
    verdict: &Verdict,
) -> Option<Alert> {
    let key = format!("{}: {}", trigger.stored_name(), verdict.subject);
    let slot = format!("{}: {key}", rule.name);
    let mut known = memory.0.remove(&slot).unwrap_or_default();
    let told = weigh(rule, &mut known, occurrence, verdict.standing);
    // What is good, and could be told again at once, is not worth remembering.
    if known.since.is_some() || known.is_cooling(rule.cooldown, occurrence.at) {
        memory.0.insert(slot, known);
    }
    let (kind, since, held_back) = told?;
    let url = rules.url(occurrence, verdict.asset.as_ref());
    Some(Alert {
        rule: rule.name.clone(),
        key,
        kind,
        title: match kind {
            AlertKind::Recovered => format!("Over: {}", verdict_subject(verdict, trigger)),
            AlertKind::Raised | AlertKind::Test => verdict.title.clone(),
        },
        text: words::text(verdict, occurrence, kind, since, held_back, url.as_deref()),
        at: occurrence.at,
        since,
        run: occurrence.run,
        asset: verdict.asset.clone(),
        partition: occurrence.partition.clone(),
        url,
        held_back,
    })
}

fn verdict_subject(verdict: &Verdict, trigger: &Trigger) -> String {
    format!("{trigger}, {}", verdict.subject)
}

/// Whether something is told, since when it is so, and how many were held back.
fn weigh(
    rule: &AlertRule,
    known: &mut Known,
    occurrence: &Occurrence,
    standing: Standing,
) -> Option<(AlertKind, jiff::Timestamp, u32)> {
    let at = occurrence.at;
    let (level, since) = match standing {
        Standing::Good => {
            let since = known.since.take()?;
            known.held_back = 0;
            return known.told_level.take().map(|_| (AlertKind::Recovered, since, 0));
        }
        Standing::Happened => (None, at),
        Standing::Failed => (None, *known.since.get_or_insert(at)),
        Standing::Bad(level, since) => (Some(level), *known.since.get_or_insert(since.unwrap_or(at))),
    };
    if level.is_some() && known.told_level >= level {
        return None;
    }
    if known.is_cooling(rule.cooldown, at) {
        // A state is looked at again; what happens does so once.
        known.held_back += u32::from(level.is_none());
        return None;
    }
    (known.told_at, known.told_level) = (Some(at), level);
    Some((AlertKind::Raised, since, std::mem::take(&mut known.held_back)))
}
