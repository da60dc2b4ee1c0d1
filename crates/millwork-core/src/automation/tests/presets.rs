//! The presets.

use super::support::check;
use crate::automation::AutomationCondition as Condition;

#[test]
fn eager() {
    let both = [("b", Condition::eager()), ("c", Condition::eager())];
    check(&both, &[(10, "", ""), (20, "", ""), (30, "a", "b&c"), (40, "", "")]);
    check(&both[..1], &[(10, "a b", ""), (20, "~a", ""), (30, "a", "b"), (40, "b", ""), (50, "-b", "b")]);
    check(&both[..1], &[(10, "a b", ""), (20, "a ~b", ""), (30, "b", "")]);
    check(&both[..1], &[(10, "a b", ""), (20, "a&b ~b", ""), (30, "!b", "")]);
}

#[test]
fn on_cron() {
    let b = [("b", Condition::on_cron("100", "UTC"))];
    check(&b, &[(10, "a b", ""), (100, "", ""), (110, "a", "b"), (120, "a", ""), (130, "b", "")]);
    // The run of the last tick ends after this one.
    check(&b, &[(10, "a", ""), (100, "", ""), (190, "a", "b"), (201, "b", ""), (210, "a", "b")]);
    let a = [("a", Condition::on_cron("100", "UTC"))];
    check(&a, &[(10, "", ""), (100, "", "a"), (200, "a", "a"), (500, "", "a"), (501, "", "")]);
}

#[test]
fn on_missing_and_on_every_tick() {
    let b = [("b", Condition::on_missing())];
    check(&b, &[(10, "b", ""), (20, "-b", ""), (30, "a", "b"), (40, "", "")]);
    let b = [("b", Condition::on_every_tick("100", "UTC"))];
    check(
        &b,
        &[(10, "", ""), (100, "", ""), (110, "a", "b"), (199, "", ""), (200, "b", "b"), (300, "", "b")],
    );
}
