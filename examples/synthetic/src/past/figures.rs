//! The metadata of assets' values: numbers that move over time as real ones do, and now and then a curve or a table.

use millwork_core::asset::{Metadata, MetadataValue, Series, Table};

use crate::catalog::Stage;

/// The metadata of an asset's value, made when a share of the past was over.
pub(super) fn figures(key: &str, share: f64, random: &mut fastrand::Rng) -> Metadata {
    let noise = |random: &mut fastrand::Rng| random.f64() - 0.5;
    let scale = 1.0 + (key.len() % 7) as f64;
    let mut figures = Metadata::new();
    let mut report = |label: &str, value: MetadataValue| _ = figures.insert(label.to_owned(), value);
    match Stage::of_key(key) {
        Stage::Raw | Stage::Clean | Stage::Features | Stage::TrainingSet => {
            let rows = 20_000.0 * scale * (1.0 + share + 0.1 * noise(random));
            report("rows", (rows as u64).into());
            report("bytes", ((rows * 37.0) as u64).into());
            report("share_missing", (0.02 + 0.01 * noise(random)).into());
        }
        Stage::Model => {
            report("train_rmse", (3.0 / (1.0 + share) + 0.2 * noise(random)).into());
            report("validation_rmse", (3.4 / (1.0 + share) + 0.3 * noise(random)).into());
            report("seconds", (12.0 * scale * (1.0 + 0.2 * noise(random))).into());
            if random.u8(..8) == 0 {
                report("loss", curve(random).into());
            }
        }
        Stage::Score => {
            report("r_squared", (0.35 + 0.3 * share + 0.08 * noise(random)).into());
            report("mean_absolute_error", (2.0 - share + 0.1 * noise(random)).into());
            report("dashboard", MetadataValue::url("https://example.org/scores"));
            if random.u8(..8) == 0 {
                report("worst", worst(random).into());
                report("note", MetadataValue::markdown("Worse on **weekends**; see `worst`."));
            }
        }
    }
    figures
}

/// Losses by training round.
fn curve(random: &mut fastrand::Rng) -> Series {
    let mut falling = |floor: f64| -> Vec<f64> {
        (0..30).map(|round| floor + 3.0 * (-f64::from(round) / 8.0).exp() + 0.05 * random.f64()).collect()
    };
    Series::by_index(
        "round",
        [("training".to_owned(), falling(0.8)), ("validation".to_owned(), falling(1.1))],
    )
}

/// The rows with the largest errors of a score.
fn worst(random: &mut fastrand::Rng) -> Table {
    let table = Table::new([("id", "i64"), ("actual", "f64"), ("predicted", "f64")]);
    (0..5).fold(table, |table, _| {
        table.row([random.u32(..).into(), (random.f64() * 100.0).into(), (random.f64() * 100.0).into()])
    })
}
