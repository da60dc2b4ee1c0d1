//! A model in use on made-up flats: it decays when prices shift, is trained again, and goes back when a training went wrong.
//!
//! `closed-loop live HOME 30` keeps the service going for thirty days of virtual time, in seconds; everything else is a pipeline's command
//! line.
//!
//! ```sh
//! cargo run -p closed-loop -- live .millwork-loop 30
//! cargo run -p closed-loop -- --home .millwork-loop models show price_model
//! ```

use std::path::Path;
use std::process::ExitCode;

#[tokio::main]
async fn live(home: &str, days: &str) -> anyhow::Result<()> {
    closed_loop::live(Path::new(home), days.parse()?).await
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, home, days] = arguments.as_slice()
        && command == "live"
    {
        return match live(home, days) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
    millwork::app(closed_loop::definitions())
}
