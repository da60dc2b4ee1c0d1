//! Runs that are resumed where they ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use millwork_core::event::{EventBody, NewEvent};
use millwork_core::{BoxError, Definitions};
use millwork_storage::{Batch, Claim, Fence};

use crate::support::*;

/// Fails as long as it is broken.
fn breaking(key: &str, inputs: &[&str], is_broken: &Arc<AtomicBool>) -> millwork_core::AssetDefinition {
    let is_broken = is_broken.clone();
    taking(number(key), inputs).blocking(move |_| {
        if is_broken.load(Ordering::SeqCst) { Err(BoxError::from("broken")) } else { Ok(7_u64) }
    })
}

#[tokio::test]
async fn only_failed_and_skipped_steps_are_run_again() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let scenario = Scenario::of([
        constant("a", 1),
        breaking("b", &["a"], &is_broken),
        sum("c", &["a", "b"]),
        sum("beside", &["a"]),
    ]);
    let run = scenario.queued().await;
    scenario.resume(run).await;
    insta::assert_snapshot!(scenario.resume(run).await, @r"
    run started (2)
    b/2 started
    b/2 failed: broken
    c/1 skipped: upstream step `b` failed
    run failed: step `b` failed: broken
    ");
    is_broken.store(false, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.resume(run).await, @r"
    run started (3)
    b/3 started
    b/3 materialized
    b/3 succeeded
    c/3 started
    c/3 materialized
    c/3 succeeded
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("c").await, 9);
    let error = scenario.execute(run).await.unwrap_err();
    assert!(
        text_of(&error).contains("is succeeded; hint: only runs that are queued, failed, canceled or lost"),
        "{error}"
    );
}

/// A step that was running or waiting when the process died may well be skipped later.
#[tokio::test]
async fn the_process_died_in_the_middle() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let definitions =
        Definitions::new().asset(constant("a", 1)).asset(sum("b", &["a"])).asset(sum("c", &["b"]));
    let scenario = Scenario::new(definitions);
    let run = scenario.queued().await;
    let (now, holder) = (scenario.clock_now(), scenario.holder.clone());
    let until = now + jiff::SignedDuration::from_secs(30);
    let fence: Fence = scenario.store.claim(Claim { run, holder, now, until, resumes: true }).await.unwrap();
    let started = |step: &str| NewEvent {
        step: Some(step.into()),
        attempt: 1,
        ..NewEvent::of_run(run, now, EventBody::StepStarted)
    };
    let events = vec![started("a"), started("b")];
    scenario.store.append(Batch { fence: Some(fence), events }).await.unwrap();
    scenario.lose(run).await;
    let broken = Definitions::new()
        .asset(breaking("a", &[], &is_broken))
        .asset(sum("b", &["a"]))
        .asset(sum("c", &["b"]));
    let scenario = scenario.with_code(broken);
    insta::assert_snapshot!(scenario.resume(run).await, @r"
    run started (2)
    a/2 started
    a/2 failed: broken
    b/1 skipped: upstream step `a` failed
    c/1 skipped: upstream step `a` failed
    run failed: step `a` failed: broken
    ");
    is_broken.store(false, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.resume(run).await, @r"
    run started (3)
    a/3 started
    a/3 materialized
    a/3 succeeded
    b/3 started
    b/3 materialized
    b/3 succeeded
    c/3 started
    c/3 materialized
    c/3 succeeded
    run succeeded
    ");
}

/// Absent and kept values mean the same when they are read back.
#[tokio::test]
async fn verdicts_of_before() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let definitions = |first: bool| {
        let model =
            deciding(number("model"), move |_| vec![if first { new(3) } else { kept("it is worse") }]);
        let maybe = deciding(number("maybe"), |_| vec![millwork_core::Produced::Nothing]);
        let score = sum("score", &["model", "gate"]);
        Definitions::new().assets([
            model,
            maybe,
            breaking("gate", &[], &is_broken),
            sum("of_maybe", &["maybe"]),
            score,
        ])
    };
    let scenario = Scenario::new(definitions(true));
    scenario.run().await;
    let scenario = scenario.with_code(definitions(false));
    let run = scenario.queued().await;
    scenario.resume(run).await;
    is_broken.store(false, Ordering::SeqCst);
    insta::assert_snapshot!(scenario.resume(run).await, @r"
        run started (2)
        of_maybe/1 skipped: upstream asset `maybe` was not materialized
        gate/2 started
        gate/2 materialized
        gate/2 succeeded
        score/2 started
        score/2 materialized
        score/2 succeeded
        run succeeded
        ");
    assert_eq!(scenario.value::<u64>("score").await, 11);
}

/// A blocking check that failed is evaluated again, and the steps that it stopped are run.
#[tokio::test]
async fn a_blocking_check_is_asked_again() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let asked = is_broken.clone();
    let verdict = move |_: &millwork_core::StepContext| {
        Ok(millwork_core::CheckResult::new(!asked.load(Ordering::SeqCst)))
    };
    let check = blocking(check("fine", "a", &["a"], verdict));
    let scenario =
        Scenario::new(Definitions::new().asset(constant("a", 1)).asset(sum("b", &["a"])).check(check));
    for scenario in
        [scenario.clone(), scenario.in_store(Arc::new(millwork_storage::MemoryStore::new())).stale_only()]
    {
        is_broken.store(true, Ordering::SeqCst);
        let run = scenario.queued().await;
        let told = [scenario.resume(run).await, scenario.resume(run).await];
        insta::allow_duplicates!(insta::assert_snapshot!(told.join("\n"), @r"
        run started (1)
        a/1 started
        a/1 materialized
        a/1 succeeded
        a:fine/1 started
        a:fine/1 check failed (error, blocking)
        a:fine/1 failed: the blocking check `fine` of `a` failed
        b/0 skipped: upstream step `a:fine` failed
        run failed: step `a:fine` failed: the blocking check `fine` of `a` failed

        run started (2)
        a:fine/2 started
        a:fine/2 check failed (error, blocking)
        a:fine/2 failed: the blocking check `fine` of `a` failed
        b/1 skipped: upstream step `a:fine` failed
        run failed: step `a:fine` failed: the blocking check `fine` of `a` failed
        "));
        is_broken.store(false, Ordering::SeqCst);
        let told = scenario.resume(run).await;
        insta::allow_duplicates!(insta::assert_snapshot!(told, @r"
        run started (3)
        a:fine/3 started
        a:fine/3 check passed (error, blocking)
        a:fine/3 succeeded
        b/3 started
        b/3 materialized
        b/3 succeeded
        run succeeded
        "));
    }
}

/// A run of stale steps that was interrupted after the asset and before its check: the check still gates the asset.
#[tokio::test]
async fn a_check_is_not_lost_with_a_stale_run() {
    let check = blocking(check("fine", "a", &["a"], |_| Ok(millwork_core::CheckResult::fail("no"))));
    let scenario =
        Scenario::new(Definitions::new().asset(constant("a", 1)).asset(sum("b", &["a"])).check(check));
    let store = Faulty::new(scenario.store.clone());
    let scenario = scenario.in_store(store.clone()).stale_only();
    let run = scenario.queued().await;
    store.fail_after(4);
    scenario.execute(run).await.unwrap_err();
    store.fail_after(usize::MAX);
    let told = transcript(&scenario.events(run).await);
    assert!(told.ends_with("a:fine/1 started\n"), "{told}");
    scenario.lose(run).await;
    insta::assert_snapshot!(scenario.resume(run).await, @r"
        run started (2)
        a:fine/2 started
        a:fine/2 check failed (error, blocking) no
        a:fine/2 failed: the blocking check `fine` of `a` failed: no
        b/1 skipped: upstream step `a:fine` failed
        run failed: step `a:fine` failed: the blocking check `fine` of `a` failed: no
        ");
}
