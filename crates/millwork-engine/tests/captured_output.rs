//! What steps print. Output belongs to the process, hence a binary with a single test.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

#[path = "support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]
mod support;

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _, stderr, stdout};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};

use millwork_core::AssetDefinition;
use millwork_engine::capture_output;

use support::*;

/// A file in place of standard output and error, and what was there before.
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

/// Prints past the test harness, which catches `println!`.
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
    let both = Scenario::of([printing("one", &barrier), printing("two", &barrier)]).workers(2).run().await;
    let asynchronous = number("asynchronous").non_blocking(|_| async {
        print("from an async step\n");
        Ok(1_u64)
    });
    let asynchronous = Scenario::of([asynchronous]).run().await;
    // A process that a step leaves behind holds the pipe; that keeps nobody from ending.
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
