//! Captures what steps print. Output belongs to the process, hence a binary with a single test.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

#[path = "support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]
mod support;

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _, stderr, stdout};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use millwork_core::event::EventBody;
use millwork_core::run::RunId;
use millwork_core::{AssetDefinition, LogLevel};
use millwork_engine::capture_output;

use support::*;

/// A file in place of standard output and error, and the originals.
struct Redirected {
    file: File,
    before: [OwnedFd; 2],
}

impl Redirected {
    fn new() -> Self {
        let before =
            [stdout().as_fd().try_clone_to_owned().unwrap(), stderr().as_fd().try_clone_to_owned().unwrap()];
        let file = tempfile::tempfile().unwrap();
        rustix::stdio::dup2_stdout(&file).unwrap();
        rustix::stdio::dup2_stderr(&file).unwrap();
        Self { file, before }
    }

    fn written(mut self) -> String {
        stdout().flush().unwrap();
        rustix::stdio::dup2_stdout(&self.before[0]).unwrap();
        rustix::stdio::dup2_stderr(&self.before[1]).unwrap();
        let mut text = String::new();
        self.file.rewind().unwrap();
        self.file.read_to_string(&mut text).unwrap();
        text
    }
}

/// Prints past the test harness, which captures `println!`.
fn print(line: &str) {
    stdout().write_all(line.as_bytes()).unwrap();
}

fn printing(key: &'static str, barrier: &Arc<Barrier>) -> AssetDefinition {
    let barrier = barrier.clone();
    number(key).blocking(move |_| {
        barrier.wait();
        print(&format!("from {key}\n"));
        barrier.wait();
        Ok(1_u64)
    })
}

/// A line of a run's log.
#[derive(Debug, PartialEq)]
struct Line {
    step: Option<String>,
    level: LogLevel,
    text: String,
    running: String,
}

async fn logged(scenario: &Scenario, run: RunId) -> Vec<Line> {
    let events = scenario.events(run).await.into_iter();
    let lines = events.filter_map(|event| {
        let EventBody::Logged(line) = event.body else { return None };
        Some(Line {
            step: event.step.map(|step| step.to_string()),
            level: line.level,
            text: line.message,
            running: line.fields.get("running").map(ToString::to_string).unwrap_or_default(),
        })
    });
    lines.collect()
}

async fn lines_of_run(scenario: &Scenario) -> Vec<Line> {
    let run = scenario.queued().await;
    scenario.execute(run).await.unwrap();
    logged(scenario, run).await
}

async fn a_loud_step_costs_a_quiet_one_nothing() {
    let barrier = Arc::new(Barrier::new(2));
    let of_quiet = barrier.clone();
    let loud = number("b_loud").blocking(move |_| {
        barrier.wait();
        print(&"loud\n".repeat(12_000));
        barrier.wait();
        Ok(1_u64)
    });
    let quiet = number("a_quiet").blocking(move |step| {
        of_quiet.wait();
        of_quiet.wait();
        step.sink().line(LogLevel::Error, "the one line that matters".to_owned());
        Ok(1_u64)
    });
    let lines = lines_of_run(&Scenario::of([loud, quiet]).max_parallel_steps(2)).await;
    let (own, shared): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.step.is_some());
    let own: Vec<_> = own.iter().map(|line| (line.step.as_deref(), line.level, line.text.as_str())).collect();
    assert_eq!(own, [(Some("a_quiet"), LogLevel::Error, "the one line that matters")]);
    assert_eq!(shared.len(), 10_001);
    let note =
        "steps that ran side by side (a_quiet, b_loud) have printed 10000 lines; what follows is not kept";
    assert_eq!((shared[10_000].level, shared[10_000].text.as_str()), (LogLevel::Warn, note));
}

async fn a_bar_is_logged_as_it_goes() {
    let bar = number("bar").blocking(|_| {
        for state in 1..=100 {
            stderr().write_all(format!("\r\u{1b}[32m{state}%\u{1b}[0m").as_bytes()).unwrap();
        }
        Ok(1_u64)
    });
    let lines = lines_of_run(&Scenario::of([bar])).await;
    let states: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(states, ["1%", "2%", "4%", "8%", "16%", "32%", "64%", "100%"]);
}

async fn a_line_without_an_end_ends_with_its_step() {
    let print_and = |text: &'static str| {
        move |_| {
            print(text);
            Ok(1_u64)
        }
    };
    let first = number("first").blocking(print_and("no end"));
    let second = taking(number("second"), &["first"]).blocking(print_and("an end\n"));
    let lines = lines_of_run(&Scenario::of([first, second])).await;
    let lines: Vec<_> = lines.iter().map(|line| (line.step.as_deref(), line.text.as_str())).collect();
    assert_eq!(lines, [(Some("first"), "no end"), (Some("second"), "an end")]);
}

async fn runs_of_one_process_share_lines_of_unknown_steps() {
    let barrier = Arc::new(Barrier::new(2));
    let scenarios = ["one", "two"].map(|key| Scenario::of([printing(key, &barrier)]));
    let runs = [scenarios[0].queued().await, scenarios[1].queued().await];
    tokio::try_join!(scenarios[0].execute(runs[0]), scenarios[1].execute(runs[1])).unwrap();
    for (own, other) in [(0, 1), (1, 0)] {
        let names = ["one", "two"];
        let mut lines = logged(&scenarios[own], runs[own]).await;
        lines.sort_by(|one, other| one.text.cmp(&other.text));
        let of_other = format!("{} of run {}", names[other], runs[other].short());
        let mut running = [names[own].to_owned(), of_other];
        running.sort_unstable();
        let expected = ["from one", "from two"].map(|text| Line {
            step: None,
            level: LogLevel::Info,
            text: text.to_owned(),
            running: format!("{running:?}").replace(", ", ","),
        });
        assert_eq!(lines, expected);
    }
}

async fn an_abandoned_thread_is_not_another_step() {
    let barrier = Arc::new(Barrier::new(2));
    let of_bystander = barrier.clone();
    let deaf = number("deaf").blocking(move |step| {
        barrier.wait();
        // Until the attempt has taken too long.
        while !step.cancellation().is_requested() {
            std::thread::yield_now();
        }
        print("from deaf\n");
        barrier.wait();
        Ok(1_u64)
    });
    let deaf = deaf.policy(|computation| computation.timeout = Some(Duration::from_millis(1)));
    let bystander = number("bystander").blocking(move |_| {
        of_bystander.wait();
        of_bystander.wait();
        Ok(1_u64)
    });
    let lines = lines_of_run(&Scenario::of([deaf, bystander]).max_parallel_steps(2)).await;
    let running = r#"["bystander","deaf"]"#.to_owned();
    let expected = Line { step: None, level: LogLevel::Info, text: "from deaf".to_owned(), running };
    assert_eq!(lines, [expected]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn printed_lines() {
    let redirected = Redirected::new();
    let captured = capture_output().unwrap();
    print("before any step\n");
    let alone = number("alone").blocking(|_| {
        print("half a ");
        print("line\n");
        writeln!(stderr(), "a complaint").unwrap();
        let child = Command::new("echo").arg("from a child").stdin(Stdio::null()).status();
        Ok(u64::from(child.unwrap().success()))
    });
    let told = Scenario::of([alone]).run().await;
    let barrier = Arc::new(Barrier::new(2));
    let both = Scenario::of([printing("one", &barrier), printing("two", &barrier)])
        .max_parallel_steps(2)
        .run()
        .await;
    let asynchronous = number("asynchronous").non_blocking(|_| async {
        print("from an async step\n");
        Ok(1_u64)
    });
    let asynchronous = Scenario::of([asynchronous]).run().await;
    a_loud_step_costs_a_quiet_one_nothing().await;
    a_bar_is_logged_as_it_goes().await;
    a_line_without_an_end_ends_with_its_step().await;
    runs_of_one_process_share_lines_of_unknown_steps().await;
    an_abandoned_thread_is_not_another_step().await;
    // A process that a step leaves behind holds the pipe; the capture ends all the same.
    let daemon = number("daemon").blocking(|_| {
        let child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn()?;
        Ok(u64::from(child.id()))
    });
    let scenario = Scenario::of([daemon]);
    scenario.run().await;
    print("between the runs\n");
    stdout().flush().unwrap();
    drop(captured);
    print("after it was restored\n");
    let written = redirected.written();
    let pid = rustix::process::Pid::from_raw(scenario.value::<u64>("daemon").await as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();

    let printed = |told: &str| -> String {
        let mut lines: Vec<&str> = told.lines().filter(|line| line.contains("logged")).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    insta::assert_snapshot!(printed(&told), @r"
    alone/1 logged INFO stdout: from a child
    alone/1 logged INFO stdout: half a line
    alone/1 logged WARN stderr: a complaint
    ");
    assert!(
        told.ends_with("alone/1 materialized\nalone/1 succeeded\nrun succeeded\n"),
        "lines come before the end"
    );
    insta::assert_snapshot!(printed(&both), @r#"
    logged INFO stdout: from one running=["one","two"]
    logged INFO stdout: from two running=["one","two"]
    "#);
    insta::assert_snapshot!(printed(&asynchronous), @"asynchronous/1 logged INFO stdout: from an async step");
    insta::assert_snapshot!(written, @r"
    before any step
    between the runs
    after it was restored
    ");
}
