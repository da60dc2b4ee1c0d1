//! The modules of the core and of the daemon, which use each other in one order, and the core, which does no input or output.

use crate::{report, root, rust_files};

/// The modules of the core: each may use those before it. What the list means stands in ARCHITECTURE.md.
const CORE: [&str; 34] = [
    "stored",
    "exposition",
    "clock",
    "problem",
    "secret",
    "retention",
    "index",
    "id",
    "version",
    "instigator",
    "outcome",
    "timetable",
    "condition",
    "partition",
    "freshness",
    "backfill",
    "value",
    "param",
    "asset",
    "graph",
    "event",
    "trial",
    "model",
    "watch",
    "run",
    "plan",
    "asset_status",
    "schedule",
    "sensor",
    "automation",
    "alert",
    "definitions",
    "advice",
    "simulation",
];

/// The modules of the daemon, in the same way.
const DAEMON: [&str; 31] = [
    "cut_off",
    "loop_name",
    "activation",
    "launcher",
    "error",
    "event",
    "metrics",
    "daemon_loop",
    "supervised_runs",
    "pauses",
    "stopwatch",
    "functions",
    "cursor",
    "http",
    "webhook_body",
    "send",
    "variables",
    "destinations",
    "run_output",
    "evaluation_context",
    "requested",
    "decision",
    "sensor_call",
    "reactions",
    "evaluation_state",
    "loops",
    "driver",
    "daemon",
    // Tests of several loops together.
    "first_look",
    "set_clocks",
    "model_bench",
];

/// The names that code takes from the root of its crate: `b` of `crate::b::C`, `d` and `F` of `crate::{d::E, F}`.
fn names_at_the_root(code: &str) -> Vec<&str> {
    let is_of_name = |character: char| character.is_alphanumeric() || character == '_';
    let first = |path: &str| path.find(|character| !is_of_name(character)).unwrap_or(path.len());
    let mut names = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let path = &code[at + prefix.len()..];
        if !path.starts_with('{') {
            names.push(&path[..first(path)]);
            continue;
        }
        let mut depth = 0;
        for (at, character) in path.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            // What begins the braces, or is behind a comma within them.
            if depth == 1 && matches!(character, '{' | ',') {
                let item = path[at + 1..].trim_start();
                names.push(&item[..first(item)]);
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn names_at_the_root_are_found_in_any_form() {
    for (code, expected) in [
        ("use crate::plan::{Plan, PlannedStep};", &["plan"][..]),
        (
            "use crate::{\n    BoxError, run::{RunId, StepKey},\n    plan::Plan,\n};",
            &["BoxError", "run", "plan"],
        ),
        ("fn f(at: crate::clock::Clock) -> crate::Result<()> {}", &["clock", "Result"]),
        ("use super::Plan;", &[]),
    ] {
        assert_eq!(names_at_the_root(code), expected, "{code}");
    }
}

/// What is wrong with the order in which the modules of a crate use each other. `of_the_root` is what they may take from its root.
fn broken_order(name: &str, order: &[&str], of_the_root: &[&str]) -> Vec<String> {
    let folder = root().join("crates").join(name).join("src");
    let place = |module: &str| order.iter().position(|known| *known == module);
    let mut broken = Vec::new();
    for path in rust_files(&folder) {
        let parts: Vec<String> = path
            .strip_prefix(&folder)
            .unwrap()
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let file = parts.join("/");
        let is_test = parts.iter().any(|part| part == "tests" || part.ends_with("tests.rs"));
        if file == "lib.rs" || is_test {
            continue;
        }
        let module = parts[0].trim_end_matches(".rs");
        let Some(own) = place(module) else {
            broken.push(format!("{module} has no place in the order"));
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        for name in names_at_the_root(&code) {
            match place(name) {
                Some(other) if other > own => broken.push(format!("{file}: {module} must not use {name}")),
                Some(_) => {}
                None if of_the_root.contains(&name) => {}
                None => broken.push(format!("{file}: take `{name}` from its module")),
            }
        }
        // A path that leaves the module upwards would be overlooked here.
        let supers = parts.len() - usize::from(file.ends_with("mod.rs"));
        if code.contains(&"super::".repeat(supers)) {
            broken.push(format!("{file}: write `crate::` for what is outside of {module}"));
        }
    }
    let exists = |module: &str| folder.join(module).is_dir() || folder.join(format!("{module}.rs")).is_file();
    broken
        .extend(order.iter().filter(|module| !exists(module)).map(|module| format!("{module} is no module")));
    broken
}

#[test]
fn modules_of_the_core_use_each_other_in_one_order() {
    let broken = broken_order("millwork-core", &CORE, &["BoxError", "BoxFuture", "Result"]);
    report(&broken, "the order of the core's modules is in ARCHITECTURE.md");
}

#[test]
fn modules_of_the_daemon_use_each_other_in_one_order() {
    let mut broken = broken_order("millwork-daemon", &DAEMON, &[]);
    for path in rust_files(&root().join("crates/millwork-daemon/src/loops")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        if code.contains("crate::loops::") && !path.ends_with("tests.rs") {
            broken.push(format!("{}: a loop knows no other loop", path.display()));
        }
    }
    report(
        &broken,
        "the daemon's modules go from the launcher and events by the loops to the driver and the daemon",
    );
}

#[test]
fn decisions_and_drawings_do_no_input_or_output() {
    const PURE: [&str; 3] = ["millwork-core", "millwork-draw", "millwork-layout"];
    const FORBIDDEN: [&str; 6] = ["tokio", "std::fs", "std::net", "std::process", "sqlx", "println!"];
    let mut broken = Vec::new();
    for path in PURE.iter().flat_map(|name| rust_files(&root().join("crates").join(name).join("src"))) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (line, word) in code.flat_map(|line| FORBIDDEN.map(|word| (line, word))) {
            if line.contains(word) {
                broken.push(format!("{}: {word}", path.display()));
            }
        }
    }
    report(&broken, "the core is vocabulary and pure decisions, and drawings are functions of values");
}
