//! A child process that works until it is killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{RunId, RunRequest};
use millwork_storage::{Batch, Claim, Fence, Home, Lease, NewRun, TakeSlots};

const TASK: &str = "MILLWORK_TEST_CHILD";
const HOME: &str = "MILLWORK_TEST_HOME";

/// A child process and its output.
pub(crate) struct Working {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Working {
    /// Starts a child with a task: `request <run>`, `append <run>` or `hold <run>`.
    pub(crate) fn start(home: &Path, task: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::works", "--nocapture"])
            .envs([(TASK, task.as_ref()), (HOME, home.as_os_str())])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Waits for the next line that reports an action, and returns the rest of it. `None` at the end; a line that was cut off doesn't
    /// count.
    pub(crate) fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            if !line.ends_with('\n') {
                return None;
            }
            if let Some((_, done)) = line.trim_end().split_once("done ") {
                return Some(done.to_owned());
            }
        }
    }

    /// Kills the child, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.process.kill();
    }
}

fn print_line(what: &str) {
    std::io::stdout().write_all(format!("done {what}\n").as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_763_000_000 + second).unwrap()
}

/// Creates a run as the process that is about to execute it.
pub(crate) async fn request_run(home: &Home, number: u128) -> RunId {
    let (id, lease) = (RunId::from_u128(number), Lease { holder: home.holder().clone(), until: at(30) });
    let run = NewRun { id, request: RunRequest::default(), at: at(0), lease: Some(lease) };
    home.store().create_run(run).await.unwrap();
    id
}

/// Creates a run and claims it.
pub(crate) async fn start_run(home: &Home, number: u128) -> Fence {
    let run = request_run(home, number).await;
    let claim = Claim { run, holder: home.holder().clone(), now: at(0), until: at(30), resumes: false };
    home.store().claim(claim).await.unwrap()
}

pub(crate) fn step_events(fence: Fence, step: &str) -> Batch {
    let event =
        |body| NewEvent { step: Some(step.into()), attempt: 1, ..NewEvent::of_run(fence.run, at(1), body) };
    let events = vec![event(EventBody::StepStarted), event(EventBody::StepSucceeded { micros: 1 })];
    Batch { fence: Some(fence), events }
}

/// The child's side. Without a task it returns at once.
#[tokio::test]
async fn works() {
    let Ok(task) = std::env::var(TASK) else { return };
    let home = Arc::new(Home::open(std::env::var(HOME).unwrap()).await.unwrap());
    let (what, number) = task.split_once(' ').unwrap();
    let number = number.parse().unwrap();
    if what == "request" {
        request_run(&home, number).await;
        print_line("requested");
        std::future::pending::<()>().await;
    }
    let fence = start_run(&home, number).await;
    if what == "append" {
        let tasks: Vec<_> = (0..8).map(|task| tokio::spawn(append(home.clone(), fence, task))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
    let slot =
        home.store().take_slots(TakeSlots::one("pool", 1, home.holder(), at(0), at(30))).await.unwrap();
    assert!(slot.is_some());
    print_line("holding");
    std::future::pending::<()>().await;
}

/// Appends for as long as the process lives.
async fn append(home: Arc<Home>, fence: Fence, task: usize) {
    for step in 0.. {
        let sequences = home.store().append(step_events(fence, &format!("{task}/{step}"))).await.unwrap();
        print_line(&format!("{} {}", sequences[0], sequences[1]));
    }
}
