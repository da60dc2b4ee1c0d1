//! What every backend must do. A backend joins with an arm in `backend.rs` and a module in `for_each_backend`; without either, this
//! doesn't compile.

// Clippy lets tests unwrap, but not what they share.
#![allow(clippy::unwrap_used)]

mod alerts;
mod automation;
mod backend;
mod backfills;
mod event_log;
mod every_event;
mod history;
mod instigators;
mod keys;
mod latest;
mod maintenance;
mod pending;
mod pool_slots;
mod renames;
mod retention;
mod runs;
mod runs_found;
mod samples;
mod statuses;
mod versions;
mod writing;

use millwork_storage::StoreKind;

/// Runs tests, each a function that takes a store, once for each backend, in a module of its own.
macro_rules! for_each_backend {
    ([$($module:ident: $kind:ident),+] $tests:tt) => {
        $(for_one_backend!($module $kind $tests);)+

        /// Names every kind of store, so that one without tests doesn't compile.
        const fn is_tested(kind: StoreKind) -> bool {
            match kind {
                $(StoreKind::$kind => true),+
            }
        }
    };
}

macro_rules! for_one_backend {
    ($module:ident $kind:ident { $($test:path as $name:ident),* $(,)? }) => {
        mod $module {
            $(#[tokio::test]
            async fn $name() {
                $test(crate::backend::new(millwork_storage::StoreKind::$kind).await).await;
            })*
        }
    };
}

const _: () = assert!(is_tested(StoreKind::Memory));

for_each_backend! { [memory: Memory, sqlite: Sqlite] {
    crate::backfills::created_and_found as backfills_are_found,
    crate::backfills::created_by_an_evaluation as backfills_are_created_by_evaluations,
    crate::backfills::changed_with_its_runs as backfills_change_with_their_runs,
    crate::statuses::kept_and_replaced as statuses_are_kept,
    crate::statuses::read_on_from_what_is_kept as statuses_go_on_from_what_is_kept,
    crate::statuses::renames_begin_anew as statuses_begin_anew_after_a_rename,
    crate::event_log::conditions as conditions,
    crate::event_log::order_and_limit as order_and_limit,
    crate::event_log::values as values,
    crate::every_event::round_trip as every_event_comes_back,
    crate::every_event::odd_names as odd_names,
    crate::history::by_configuration as histories_are_found_by_configuration,
    crate::keys::are_told_apart as keys_are_told_apart,
    crate::keys::are_the_same_by_another_name as keys_are_the_same_by_another_name,
    crate::latest::verdicts as latest_verdicts,
    crate::latest::partitions as latest_of_partitions,
    crate::latest::only_what_is_asked as latest_of_what_is_asked,
    crate::writing::batches_are_whole as batches_are_whole,
    crate::writing::fences as fences,
    crate::writing::successes as a_step_succeeds_once,
    crate::writing::a_refusal_affects_no_other as a_refusal_affects_no_other,
    crate::writing::many_at_once as many_appenders_at_once,
    crate::writing::in_order as in_the_order_of_asking,
    crate::runs::created as runs_are_created,
    crate::runs::claimed as runs_are_claimed,
    crate::runs::renewed as claims_are_renewed,
    crate::runs::canceled as runs_are_canceled,
    crate::runs::lost as runs_are_lost,
    crate::runs::finished as runs_finish_by_events,
    crate::runs::one_of_many_claims as one_of_many_claims_wins,
    crate::runs_found::conditions as runs_are_found,
    crate::runs_found::id_parts as runs_are_found_by_part_of_the_id,
    crate::instigators::switched as schedules_are_switched,
    crate::instigators::evaluated as evaluations_are_recorded,
    crate::instigators::a_switch_forgets as a_switch_forgets_the_cursor,
    crate::instigators::a_switch_keeps as a_switch_keeps_the_cursor_of_a_sensor_that_polls,
    crate::instigators::whole_or_not as an_evaluation_is_whole,
    crate::instigators::one_of_many as one_of_many_evaluations_wins,
    crate::instigators::many_at_once as evaluations_of_many_at_once,
    crate::pending::kept as what_is_pending_is_kept,
    crate::pending::tried_again as what_is_pending_is_tried_again,
    crate::pending::stuck as a_stuck_function_is_known,
    crate::instigators::named_alike as instigators_that_are_named_alike_stay_apart,
    crate::automation::remembered as automation_remembers,
    crate::automation::remembered_with_runs as automation_remembers_with_its_runs,
    crate::alerts::delivered as alerts_are_delivered,
    crate::alerts::given_up as alerts_are_given_up,
    crate::alerts::dropped as alerts_are_dropped,
    crate::alerts::held as alerts_are_held,
    crate::pool_slots::taken as slots_are_taken,
    crate::pool_slots::weighted as slots_have_weights,
    crate::runs::retried as runs_are_retried,
    crate::pool_slots::leases as slots_have_leases,
    crate::pool_slots::many_at_once as many_take_slots_at_once,
    crate::retention::logs as logs_go_and_the_rest_stays,
    crate::retention::logs_out_of_order as logs_go_whatever_their_order,
    crate::retention::runs as old_runs_go_but_never_the_last_materialization,
    crate::retention::verdicts as the_last_verdict_stays,
    crate::retention::numbers as numbers_of_forgotten_events_are_not_used_again,
    crate::retention::ticks as old_ticks_go_with_what_was_given_up,
    crate::retention::values as values_are_kept_by_number_and_by_age,
    crate::retention::values_in_shadow as values_in_shadow_are_kept_with_what_was_made_beside_them,
    crate::retention::nothing_by_default as nothing_is_forgotten_without_a_rule,
    crate::versions::several_at_once as several_versions_at_once,
    crate::retention::asked_about as values_that_people_are_asked_about_are_kept,
    crate::retention::pointed_at as values_that_an_alias_led_to_are_kept,
    crate::retention::history_of_versions as the_history_of_versions_is_not_forgotten,
    crate::retention::numbers_of_versions as numbers_of_forgotten_versions_are_not_given_again,
    crate::versions::numbered as versions_are_numbered,
    crate::versions::given_once as a_version_has_a_number_of_its_own,
    crate::versions::refused_alone as a_taken_number_affects_no_other,
    crate::versions::numbered_by_many as many_number_versions_at_once,
    crate::versions::aliases_move as aliases_move,
    crate::versions::aliases_are_compared_and_set as aliases_move_from_where_they_point,
    crate::versions::versions_are_made_and_pointed_at_together as versions_are_made_and_pointed_at_together,
    crate::versions::answered_once as a_question_is_answered_once,
    crate::versions::trials_end_once as a_trial_ends_once,
    crate::versions::changed_by_one_of_two as one_of_two_changes_of_a_model_wins,
    crate::versions::found as versions_are_found,
    crate::versions::inputs_without_numbers as inputs_of_before_versions_were_numbered_are_found,
    crate::renames::of_an_asset as an_asset_is_renamed_with_its_history,
    crate::renames::of_an_asset_that_has_a_history as a_history_is_not_written_over,
    crate::renames::in_a_chain as an_asset_is_renamed_again,
    crate::renames::by_several_at_once as an_asset_is_renamed_once,
    crate::renames::of_partitions as keys_of_partitions_are_renamed,
    crate::maintenance::counted as what_is_there_is_counted,
    crate::maintenance::compacted as a_store_can_be_compacted,
    crate::maintenance::whole as nothing_is_found_in_a_whole_store,
    crate::maintenance::closed as a_closed_store_fails,
}}
