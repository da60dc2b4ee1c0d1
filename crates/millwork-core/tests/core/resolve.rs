//! All errors of definitions are reported at once, each with the asset, the cause and a hint.

use std::time::Duration;

use millwork_core::advice::Advice;
use millwork_core::asset::{CheckDefinition, Computation, PoolUse};
use millwork_core::partition::daily;
use millwork_core::run::{QueueLimits, RunLimits};
use millwork_core::schedule::Misfire;
use millwork_core::{
    AlertRule, AssetDefinition, AutomationCondition, CheckResult, Config, Definitions, Destination,
    FreshnessPolicy, FromStep as _, Job, PartitionsDefinition, Requirements, Schedule, Secret, Severity,
    StepFunction, StepResult, Trigger,
};
use serde_json::json;

fn asset(key: &str, inputs: &[&str]) -> AssetDefinition {
    let definition = AssetDefinition::new(key).produces::<u8, _>();
    inputs.iter().fold(definition, |definition, input| definition.input::<u8>(input)).blocking(|_| Ok(0_u8))
}

fn by_letter(keys: &str) -> PartitionsDefinition {
    PartitionsDefinition::fixed(keys.chars().map(|key| key.to_string()))
}

fn check_of(asset: &str, name: &str, blocking: bool, inputs: &[&str]) -> CheckDefinition {
    let mut requirements = Requirements::default();
    for input in inputs {
        requirements.input::<u8>(*input);
    }
    let verdict = |_| Ok(StepResult::Check(CheckResult::pass()));
    CheckDefinition {
        name: name.into(),
        asset: asset.into(),
        description: String::new(),
        severity: Severity::Error,
        blocking,
        computation: Computation {
            requirements,
            code_version: "1".into(),
            retry: Default::default(),
            timeout: None,
            pools: Vec::new(),
            shadow_safe: false,
            source: None,
            function: StepFunction::Blocking(std::sync::Arc::new(verdict)),
        },
    }
}

#[track_caller]
fn check(definitions: Definitions, expected: &[&str]) {
    let errors = definitions.resolve().map(|_| Vec::new()).unwrap_or_else(|errors| errors.0);
    let errors: Vec<String> = errors.iter().map(Advice::one_line).collect();
    assert_eq!(errors, expected);
}

#[test]
fn names() {
    check(Definitions::new().asset(asset("a", &[])).asset(asset("b", &["a"])), &[]);
    check(
        Definitions::new().asset(asset("a b", &[])),
        &[
            "the key of asset `a b` is invalid: it contains ' '; hint: use letters, digits, `_`, `-`, `.` and `/`",
        ],
    );
    check(
        Definitions::new().asset(asset("a", &[])).asset(asset("a", &[])),
        &["asset `a` is defined twice, by `a` and `a`; hint: rename one or give it a `key_prefix`"],
    );
    check(
        Definitions::new().asset(asset("a", &[])).job(Job::new("j", "a")).job(Job::new("j", "*")),
        &["job `j` is defined twice; hint: rename one"],
    );
    check(
        Definitions::new().asset(asset("a", &[])).check(check_of("a", "c", false, &["a"])).check(check_of(
            "a",
            "c",
            false,
            &["a"],
        )),
        &["check `c` of asset `a` is defined twice; hint: rename one"],
    );
}

#[test]
fn edges() {
    check(
        Definitions::new().asset(asset("stories", &[])).asset(asset("score", &["storise"])),
        &[
            "`score` depends on asset `storise`, which is not part of the definitions; hint: did you mean `stories`?",
        ],
    );
    check(
        Definitions::new().asset(asset("score", &["xyz"])),
        &[
            "`score` depends on asset `xyz`, which is not part of the definitions; hint: add `xyz` to `definitions![…]`",
        ],
    );
    check(
        Definitions::new()
            .asset(asset("a", &[]))
            .asset(AssetDefinition::new("b").produces::<u8, _>().input::<String>("a").blocking(|_| Ok(0_u8))),
        &["`b` takes asset `a` as `alloc::string::String`, but it is `u8`; hint: take the type that it has"],
    );
    check(
        Definitions::new().asset(AssetDefinition::new("raw")).asset(asset("b", &["raw"])),
        &["`b` takes the value of asset `raw`, which Millwork doesn't store; hint: name it in `deps(…)`"],
    );
    check(
        Definitions::new().asset(asset("a", &["c"])).asset(asset("b", &["a"])).asset(asset("c", &["b"])),
        &["dependency cycle: a → b → c → a; hint: break it, or take one as `Previous<…>`"],
    );
    check(
        Definitions::new().asset(asset("a", &[])).asset(asset("b", &["a"])).check(check_of(
            "a",
            "c",
            true,
            &["a", "b"],
        )),
        &["dependency cycle: b → check `c` → b; hint: break it, or take one as `Previous<…>`"],
    );
    check(
        Definitions::new().check(check_of("a", "c", false, &[])),
        &[
            "check `c` tests asset `a`, which is not part of the definitions; hint: add `a` to `definitions![…]`",
        ],
    );
}

#[test]
fn what_steps_need() {
    let takes = |key: &str, change: fn(&mut Computation)| asset(key, &[]).policy(change);
    check(
        Definitions::new().asset(takes("a", |computation| computation.requirements.resource::<u16>())),
        &["`a` takes the resource `u16`, which is not defined; hint: add `.resource(…)` to the definitions"],
    );
    check(
        Definitions::new()
            .asset(takes("a", |computation| computation.requirements.resource::<u16>()))
            .resource(7_u16),
        &[],
    );
    check(
        Definitions::new().asset(asset("a", &[])).resource(7_u16).resource(8_u16),
        &["the resource `u16` is defined twice; hint: wrap one of them in a type of its own"],
    );
    check(
        Definitions::new().asset(AssetDefinition { io_manager: Some("s3".into()), ..asset("a", &[]) }),
        &[
            "`a` is stored by the I/O manager `s3`, which is not defined; hint: add `.io_manager(\"s3\", …)` to the definitions",
        ],
    );
    check(
        Definitions::new().asset(asset("a", &[])).job(Job::new("j", "b")),
        &["the job `j` is invalid: no asset is called `b`; hint: `list assets` lists all assets"],
    );
    check(
        Definitions::new().asset(asset("a", &[])).job(Job::new("j", "group:x")),
        &["the job `j` is invalid: the selection selects no asset; hint: `graph` shows all assets and steps"],
    );
}

#[test]
fn partitions() {
    let parts = |key: &str, inputs: &[&str], keys: &str| asset(key, inputs).partitions(by_letter(keys));
    check(Definitions::new().asset(parts("a", &[], "xy")).asset(parts("b", &["a"], "x")), &[]);
    check(Definitions::new().asset(asset("a", &[])).asset(parts("b", &["a"], "xy")), &[]);
    check(Definitions::new().asset(parts("a", &[], "xy")).asset(parts("b", &["a"], "xz")), &[]);
    check(
        Definitions::new().asset(parts("a", &[], "xy")).asset(parts("b", &["a"], "vw")),
        &[
            "`b` cannot map its partitions to those of `a`: no text is in both `fixed` and `fixed`; `b` has `fixed` (`v`, `w`), and `a` has \
             `fixed` (`x`, `y`); hint: write a `table`, or `dimension(\"fixed\", all())`, or give both a text in common",
        ],
    );
    check(
        Definitions::new().asset(parts("a", &[], "xy")).asset(asset("b", &["a"])),
        &[
            "`b` cannot map its partitions to those of `a`: `a` has partitions and `b` has none; hint: take `Partitions<a>` to gather them",
        ],
    );
    check(
        Definitions::new()
            .asset(asset("a", &[]))
            .asset(asset("b", &[]).policy(|computation| computation.requirements.partitions::<u8>("a"))),
        &[
            "`b` cannot map its partitions to those of `a`: `a` has no partitions; hint: take it by reference: `a: &…`",
        ],
    );
    check(
        Definitions::new().asset(parts("a", &[], "")),
        &[
            "the partitions of `a` are invalid: the dimension `fixed`: it has no text; hint: list at least one, as in `fixed([\"de\", \"fr\"])`",
        ],
    );
    check(
        Definitions::new().asset(parts("a", &[], "xyx")),
        &[
            "the partitions of `a` are invalid: the dimension `fixed`: it has the text `x` twice; hint: list it once",
        ],
    );
    let one =
        |key: &str| Definitions::new().asset(asset("a", &[]).partitions(PartitionsDefinition::fixed([key])));
    check(
        one(""),
        &[
            "the partitions of `a` are invalid: the dimension `fixed`: a text of a key is empty; hint: give the partition a name",
        ],
    );
    check(
        one(&"/".repeat(256)),
        &[&format!(
            "the partitions of `a` are invalid: the dimension `fixed`: the text `{}…` of a key has 256 characters, and may have 255; \
             hint: shorten it, for example to a hash",
            "/".repeat(40)
        )],
    );
}

#[test]
fn conditions() {
    let with = |condition| Definitions::new().asset(asset("a", &[]).automation(condition));
    let of_a = |problem: &str| format!("the automation condition of asset `a` is invalid: {problem}");
    check(with(AutomationCondition::eager()), &[]);
    check(
        with(AutomationCondition::on_cron("@daily", "Europe/Atlantis")),
        &[&of_a(
            "unknown time zone `Europe/Atlantis`; hint: a name of the IANA database, such as `Europe/Berlin` or `UTC`",
        )],
    );
    check(
        with(AutomationCondition::eager().ignore("b")),
        &[&of_a("no asset is called `b`; hint: `list assets` lists all assets")],
    );
    check(
        with(AutomationCondition::check_failed("fresh")),
        &[&of_a("`a` has no check `fresh`; hint: `list checks` lists all checks")],
    );
    check(
        Definitions::new().asset(AssetDefinition::new("a").automation(AutomationCondition::eager())),
        &[&of_a("it is an external asset")],
    );
}

#[test]
fn what_jobs_and_schedules_run() {
    let with_config = |key: &str| {
        asset(key, &[]).policy(|computation| Config::<Load>::requirements(&mut computation.requirements))
    };
    let definitions = || Definitions::new().asset(with_config("load")).asset(AssetDefinition::new("files"));
    let schedule =
        |name: &str| Schedule::new(name, ["@daily"], "load").config(json!({ "load": { "from": "a" } }));
    check(definitions().schedule(schedule("ok")), &[]);
    check(
        definitions()
            .schedule(schedule("a").config(json!({ "laod": { "rows": "many" } })))
            .schedule(schedule("b").config(json!({ "load": { "from": "a", "rows": "many" } })))
            .schedule(schedule("c").config(json!({})))
            .schedule(schedule("d").tag("millwork/max_runtime", "soon"))
            .schedule(Schedule::new("e", ["@daily"], "laod"))
            .schedule(Schedule::new("f", ["@daily"], "files"))
            .schedule(Schedule::of_job("h", ["@daily"], "nightly"))
            .schedule(schedule("g").config(json!({ "load": { "rowz": 1 } })).runs(|_| Ok(Vec::new()))),
        &[
            "the schedule `a` is invalid: the configuration names `laod`, which is not a step; hint: did you mean `load`?",
            "the schedule `a` is invalid: the configuration of `load` is invalid: \"from\" is a required property",
            "the schedule `b` is invalid: the configuration of `load` is invalid: `rows`: \"many\" is not of type \"integer\"",
            "the schedule `c` is invalid: the configuration of `load` is invalid: \"from\" is a required property",
            "the schedule `d` is invalid: the tag `millwork/max_runtime` can't be `soon`; hint: it is a time above zero: a number of seconds, or `90s`, `10m`, `1h30m`",
            "the schedule `e` is invalid: no asset is called `laod`; hint: did you mean `load`?",
            "the schedule `f` is invalid: no selected asset is made by Millwork; hint: `list assets` shows which assets are external",
            "the schedule `h` is invalid: no job is called `nightly`; hint: `list jobs` lists all jobs",
            "the schedule `g` is invalid: `load` takes no parameter `rowz`; hint: it takes `from`, `rows`",
        ],
    );
    check(
        definitions().job(Job::new("open", "load")).job(
            Job::new("wrong", "load").config(json!({ "load": { "rowz": 5 } })).tag("millwork/retrys", "1"),
        ),
        &[
            "the job `wrong` is invalid: `load` takes no parameter `rowz`; hint: it takes `from`, `rows`",
            "the job `wrong` is invalid: `millwork/retrys` is not a known tag, and the prefix `millwork/` is reserved; hint: did you mean `millwork/retries`?",
        ],
    );
    check(
        Definitions::new().asset(with_config("load").automation(AutomationCondition::eager())),
        &[
            "the automation condition of asset `load` is invalid: the configuration of `load` is invalid: \"from\" is a required property",
        ],
    );
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Load {
    from: String,
    #[serde(default)]
    rows: u32,
}

#[test]
fn freshness() {
    let fresh = |deadline: &str| {
        let policy = FreshnessPolicy::cron(deadline, "UTC", std::time::Duration::from_secs(3600));
        asset("a", &[]).describe(|spec| spec.freshness = Some(policy))
    };
    check(Definitions::new().asset(fresh("@daily")), &[]);
    check(
        Definitions::new().asset(fresh("0 0 30 2 *")),
        &[
            "the freshness policy of asset `a` is invalid: `0 0 30 2 *` never comes: no such month has such a day",
        ],
    );
    let of_windows = |definition: AssetDefinition| {
        let policy = FreshnessPolicy::latest_window(std::time::Duration::from_secs(3600), None);
        Definitions::new().asset(definition.describe(|spec| spec.freshness = Some(policy)))
    };
    let no_windows = "the freshness policy of asset `a` is invalid: it is about the latest window, and the asset has no windows of time; \
                      hint: add `partitions = daily(…)`, or use `FreshnessPolicy::time_window`";
    check(of_windows(asset("a", &[]).partitions(daily("UTC").from("2026-01-01"))), &[]);
    check(of_windows(asset("a", &[])), &[no_windows]);
    check(of_windows(asset("a", &[]).partitions(PartitionsDefinition::fixed(["de"]))), &[no_windows]);
    check(of_windows(AssetDefinition::new("a")), &[no_windows]);
}

#[test]
fn alerts() {
    let hook = || Destination::webhook(Secret::env("HOOK"));
    let rule = |trigger| AlertRule::new("r").when(trigger).to(hook());
    let with = |rule: AlertRule| Definitions::new().asset(asset("a", &[])).alert(rule);
    check(with(rule(Trigger::RunFailed).assets("a")), &[]);
    check(
        with(rule(Trigger::RunFailed)).alert(rule(Trigger::AssetFailed)),
        &["the alert rule `r` is invalid: another one has its name; hint: rename one"],
    );
    check(
        with(AlertRule::new("r")),
        &[
            "the alert rule `r` is invalid: it has no trigger; hint: `.when(Trigger::RunFailed)`",
            "the alert rule `r` is invalid: it has no destination; hint: `.to(Destination::…)`",
        ],
    );
    check(
        with(rule(Trigger::RunFailed).assets("b")),
        &[
            "the alert rule `r` is invalid: its selection is invalid: no asset is called `b`; hint: `list assets` lists all assets",
        ],
    );
    check(
        with(rule(Trigger::DaemonTrouble).assets("a")),
        &[
            "the alert rule `r` is invalid: `daemon trouble` is about no asset; hint: a rule of its own without `.assets`",
        ],
    );
    check(
        with(rule(Trigger::Run(millwork_core::run::RunStatus::Queued)).to(hook())),
        &[
            "the alert rule `r` is invalid: it names a destination twice",
            "the alert rule `r` is invalid: `queued` is not a final status of runs; hint: succeeded, failed, canceled or lost",
        ],
    );
}

#[test]
fn all_errors_at_once() {
    let definitions = Definitions::new()
        .asset(asset("a b", &["nowhere"]))
        .asset(asset("c", &[]))
        .asset(asset("c", &[]))
        .asset(AssetDefinition { io_manager: Some("s3".into()), ..asset("d", &["e"]) })
        .asset(asset("e", &["d"]));
    let errors = definitions.resolve().map(|_| ()).unwrap_err();
    assert_eq!(errors.0.len(), 5);
    assert!(
        errors
            .to_string()
            .starts_with("the definitions have 5 errors\n  - the key of asset `a b` is invalid")
    );
}

#[test]
fn limits_let_something_pass() {
    let slots = |of: &str, slots: u32| {
        let taken = PoolUse { pool: of.into(), slots };
        asset("a", &[]).policy(|computation| computation.pools = vec![taken])
    };
    let limits = RunLimits::default();
    check(Definitions::new().asset(slots("gpu", 1)).pool("gpu", 1).run_limits(limits), &[]);
    check(
        Definitions::new().asset(slots("gpu", 0)).pool("gpu", 0).queue(QueueLimits::of(0)),
        &[
            "the pool `gpu` has no slots, so that no step of it could run; hint: give it at least one",
            "the queue limits runs to 0; hint: `QueueLimits::of(…)` takes at least 1",
            "`a` takes 0 slots of the pool `gpu`, which has 0; hint: a step takes at least one slot of a pool that it names",
        ],
    );
    check(
        Definitions::new().run_limits(limits.start(Duration::ZERO).runtime(Duration::ZERO)),
        &[
            "a run has no time to start; hint: `RunLimits` are above zero",
            "a run has no time to run; hint: `RunLimits` are above zero",
        ],
    );
    let never = Schedule::new("never", ["@daily"], "a").misfire(Misfire::All { limit: 0 });
    check(
        Definitions::new().asset(asset("a", &[])).schedule(never),
        &[
            "the schedule `never` is invalid: `Misfire::All` has the limit 0; hint: `Misfire::Skip` runs no missed ticks",
        ],
    );
}

#[test]
fn former_keys() {
    let renamed =
        |key: &str, from: &[&str]| from.iter().fold(asset(key, &[]), |asset, from| asset.renamed_from(*from));
    let of = |assets: Vec<AssetDefinition>| assets.into_iter().fold(Definitions::new(), Definitions::asset);
    check(of(vec![renamed("c", &["b", "a"]), renamed("d", &["e"])]), &[]);
    check(
        of(vec![
            renamed("a", &["a", "b c", "b"]),
            renamed("b", &[]),
            renamed("c", &["d"]),
            renamed("e", &["d"]),
        ]),
        &[
            "the former key of asset `a` is invalid: it is renamed from itself; hint: write the key that it had before",
            "the former key of asset `a` is invalid: it is renamed from `b c`, which can't be a key: it contains ' '; \
             hint: use letters, digits, `_`, `-`, `.` and `/`",
            "the former key of asset `a` is invalid: it is renamed from `b`, which is still defined; \
             hint: remove the definition of `b`, or leave `renamed_from` out",
            "the former key of asset `e` is invalid: it is renamed from `d`, and so is `c`; \
             hint: a history goes to one asset: leave `renamed_from` out at the other",
        ],
    );
    let checked = of(vec![renamed("c", &["b", "a"])]).check(check_of("c", "fits", false, &[]));
    let renames = checked.resolve().unwrap().renames();
    let pairs: Vec<String> =
        renames.iter().flat_map(|renamed| &renamed.steps).map(|(from, to)| format!("{from} {to}")).collect();
    assert_eq!(pairs, ["b c", "b:fits c:fits", "a c", "a:fits c:fits"]);
    let errors =
        Definitions::new().asset(asset("d", &["b"])).asset(renamed("c", &["b"])).resolve().unwrap_err();
    assert_eq!(
        errors.0[0].one_line(),
        "`d` depends on asset `b`, which is not part of the definitions; hint: it is called `c` now"
    );
}
