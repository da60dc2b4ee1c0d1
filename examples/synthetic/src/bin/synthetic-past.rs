//! Fills a home with a made-up past of the graph that `SYNTHETIC_GRAPH` names: `synthetic-past HOME [RUNS] [EVENTS]`.

use std::process::ExitCode;
use std::time::Instant;

use millwork::BoxError;
use millwork_core::{Clock as _, SystemClock};
use millwork_storage::Home;
use synthetic::{Past, Shape};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(home) = arguments.next() else {
        eprintln!("error: no home is given\n  hint: `synthetic-past HOME 10000 2000000`");
        return ExitCode::from(2);
    };
    let mut number = |otherwise| arguments.next().map_or(Ok(otherwise), |text| text.parse::<usize>());
    match (number(10_000), number(2_000_000)) {
        (Ok(runs), Ok(events)) => match fill(&home, runs, events) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("error: a number of runs or events can't be read");
            ExitCode::from(2)
        }
    }
}

#[tokio::main]
async fn fill(home: &str, runs: usize, events: usize) -> Result<(), BoxError> {
    let pipeline = Shape::from_environment("catalog:2000")?.definitions().resolve()?;
    let (home, began) = (Home::open(home).await?, Instant::now());
    let filled = Past::month_until(SystemClock.now(), runs, events).fill(&home, &pipeline).await?;
    home.store().close().await;
    println!("{runs} runs and {} events in {:.1} s", filled.events, began.elapsed().as_secs_f64());
    Ok(())
}
