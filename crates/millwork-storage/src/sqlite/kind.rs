//! The numbers under which kinds of events are stored.

/// Kinds by number. These are on people's disks: a number is never used again, and never means anything else.
const KINDS: [(i64, &str); 21] = [
    (1, "run_queued"),
    (2, "run_started"),
    (3, "run_canceling"),
    (4, "run_succeeded"),
    (5, "run_failed"),
    (6, "run_canceled"),
    (7, "run_lost"),
    (8, "step_started"),
    (9, "step_progressed"),
    (10, "step_retrying"),
    (SUCCESS, "step_succeeded"),
    (12, "step_failed"),
    (13, "step_skipped"),
    (14, "step_canceled"),
    (MATERIALIZED, "materialized"),
    (KEPT, "kept"),
    (NOT_MATERIALIZED, "not_materialized"),
    (18, "observed"),
    (19, "check_evaluated"),
    (20, "logged"),
    (21, "run_retrying"),
];

pub(super) const SUCCESS: i64 = 11;
pub(super) const MATERIALIZED: i64 = 15;
pub(super) const KEPT: i64 = 16;
pub(super) const NOT_MATERIALIZED: i64 = 17;

/// The number of a kind, by [`EventBody::name`](millwork_core::event::EventBody::name).
pub(super) fn number_of(name: &str) -> Option<i64> {
    KINDS.iter().find(|(_, kind)| *kind == name).map(|(number, _)| *number)
}

/// The name of the kind with this number.
pub(super) fn name_of(number: i64) -> Option<&'static str> {
    let index = usize::try_from(number - 1).ok()?;
    KINDS.get(index).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        for (number, name) in KINDS {
            assert_eq!(number_of(name), Some(number));
            assert_eq!(name_of(number), Some(name));
        }
        assert_eq!((number_of("step_danced"), name_of(0), name_of(22)), (None, None, None));
    }
}
