//! The version in shadow is the same to the history of a model and to the facts that conditions ask for, whatever happens to its versions.

use crate::asset::{AssetKey, Decision};
use crate::automation::change::{AssetFacts, RunScope, from_event};
use crate::event::{
    AliasChange, AliasMoved, Asked, EventBody, Mover, NewEvent, Provenance, ShadowTrial, VersionDecided,
    VersionJudged,
};
use crate::id::RunId;
use crate::model::ModelHistory;
use crate::version::{AliasName, VersionNumber};
use crate::{AssetDefinition, Computation, Definitions, GateDefinition, Requirements, StepFunction};

use jiff::Timestamp;

/// What can happen to a version.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Tried,
    AskedPeople,
    Kept,
    RejectedByGate,
    Promoted,
    RolledBackTo,
    AliasRemoved,
}

use Happening::*;

const ALL: [Happening; 7] = [Tried, AskedPeople, Kept, RejectedByGate, Promoted, RolledBackTo, AliasRemoved];

fn body(happening: Happening, version: u32) -> EventBody {
    let version = VersionNumber::new(version).unwrap();
    let judged = |decision, asked, shadow| {
        let provenance = Provenance { code_version: "c".into(), inputs: Vec::new(), config: None };
        EventBody::VersionJudged(VersionJudged {
            gate: "g".into(),
            version,
            against: None,
            decision,
            asked,
            shadow,
            answers: None,
            reason: String::new(),
            metadata: Default::default(),
            provenance,
        })
    };
    let moved = |to, change| {
        EventBody::AliasMoved(AliasMoved {
            alias: AliasName::champion(),
            from: None,
            to,
            data_version: None,
            change,
            by: Mover::Watch,
            reason: String::new(),
        })
    };
    match happening {
        Tried => judged(None, None, Some(ShadowTrial { asset: "p".into(), until: None, then: None })),
        AskedPeople => judged(None, Some(Asked { of: "ops".into(), until: None, then: None }), None),
        RejectedByGate => judged(Some(Decision::Reject), None, None),
        Kept => EventBody::VersionDecided(VersionDecided {
            version,
            decision: Decision::Keep,
            answers: None,
            after_shadow: false,
            by: Mover::TimeLimit,
            reason: String::new(),
        }),
        Promoted => moved(Some(version), AliasChange::Promoted),
        RolledBackTo => moved(Some(version), AliasChange::RolledBack),
        AliasRemoved => moved(None, AliasChange::Removed),
    }
}

fn pipeline() -> crate::Pipeline {
    let requirements = Requirements { challenger: Some("m".into()), ..Requirements::default() };
    let function = StepFunction::Blocking(std::sync::Arc::new(|_| unreachable!("nothing runs")));
    let gate = GateDefinition::new("g", "m", Computation::new(requirements, function));
    let model = AssetDefinition::new("m").produces::<u8, _>().blocking(|_| Ok(0_u8));
    Definitions::new().asset(model).gate(gate).resolve().unwrap()
}

/// The version that is in shadow in the end.
fn in_shadow(pipeline: &crate::Pipeline, happenings: &[(Happening, u32)]) -> [Option<u32>; 2] {
    let (mut history, mut facts) = (ModelHistory::default(), AssetFacts::default());
    for (sequence, (happening, version)) in (1..).zip(happenings) {
        let event = NewEvent::of_run(RunId::from_u128(1), Timestamp::UNIX_EPOCH, body(*happening, *version));
        let event = NewEvent { asset: Some("m".into()), ..event }.at_sequence(sequence);
        for change in from_event(pipeline.graph(), &event, None) {
            if change.asset == AssetKey::from("m") {
                facts.apply(&change, |_| RunScope::default());
            }
        }
        history.apply(event);
    }
    let by_history = history.in_shadow(&AliasName::champion()).map(|(version, _)| version.get());
    let by_facts = facts.in_shadow().into_values().next().map(VersionNumber::get);
    [by_history, by_facts]
}

#[test]
fn a_newer_version_that_comes_into_use_in_any_way_ends_a_trial() {
    let pipeline = pipeline();
    let check = |happenings: &[(Happening, u32)], expected: Option<u32>| {
        assert_eq!(in_shadow(&pipeline, happenings), [expected; 2], "{happenings:?}");
    };
    check(&[(Tried, 2)], Some(2));
    check(&[(Tried, 2), (Promoted, 3)], None);
    check(&[(Tried, 2), (RolledBackTo, 3)], None);
    check(&[(Tried, 2), (RolledBackTo, 1)], Some(2));
    check(&[(Tried, 2), (Promoted, 2)], None);
    check(&[(Promoted, 3), (Tried, 2)], Some(2));
    check(&[(Tried, 2), (Tried, 3), (Kept, 3)], None);
    check(&[(Tried, 3), (Tried, 2)], Some(3));
    check(&[(Tried, 3), (Tried, 2), (Kept, 3)], Some(2));
    check(&[(Tried, 2), (AskedPeople, 2)], None);
    check(&[(Tried, 2), (AliasRemoved, 1)], Some(2));
    // What was superseded itself supersedes nothing any more.
    check(&[(Tried, 2), (Promoted, 3), (Tried, 1)], Some(1));
}

/// All orders of four happenings to three versions.
#[test]
fn history_and_facts_agree() {
    let pipeline = pipeline();
    let each: Vec<(Happening, u32)> =
        ALL.into_iter().flat_map(|happening| (1..=3).map(move |version| (happening, version))).collect();
    for first in [1, 2, 3] {
        for second in &each {
            for third in &each {
                for fourth in &each {
                    let happenings = [(Tried, first), *second, *third, *fourth];
                    let [by_history, by_facts] = in_shadow(&pipeline, &happenings);
                    assert_eq!(by_history, by_facts, "{happenings:?}");
                }
            }
        }
    }
}
