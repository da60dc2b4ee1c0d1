//! The rows that models of both sides are trained on and asked about, and a list of labels for each objective.

use std::collections::BTreeMap;

use millwork_ml::features::{Features, LabelledFeatures, Npz};
use serde_json::json;

use crate::support::Python;

/// How many rows every matrix has.
const ROWS: usize = 160;

/// How many rows are ranked together.
const GROUP: usize = 10;

/// The columns of the categorical matrix that hold categories.
pub(crate) const CATEGORIES: [u32; 3] = [0, 2, 3];

/// Matrices and labels, by name.
pub(crate) struct Data {
    matrices: BTreeMap<&'static str, Features>,
    labels: BTreeMap<&'static str, Vec<f64>>,
}

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn below(&mut self, bound: usize) -> f64 {
        (self.next() * bound as f64).floor()
    }
}

/// A matrix whose entries are present with a probability, each made by its column.
fn matrix(
    columns: usize,
    presence: f64,
    numbers: &mut Numbers,
    value: impl Fn(usize, &mut Numbers) -> f64,
) -> Features {
    let cells: Vec<f64> = (0..ROWS * columns)
        .map(|cell| if numbers.next() < presence { value(cell % columns, numbers) } else { f64::NAN })
        .collect();
    Features::from_dense(columns, &cells).expect("a valid matrix")
}

impl Data {
    pub(crate) fn new() -> Self {
        let mut numbers = Numbers(17);
        let plain = matrix(8, 0.85, &mut numbers, |column, numbers| match column {
            0..4 => numbers.below(6 + column),
            4 => numbers.next() * 1e-3 - 5e-4,
            _ => numbers.next() * 200.0 - 100.0,
        });
        let wide = matrix(300, 0.04, &mut numbers, |_, numbers| numbers.below(5));
        let categorical = matrix(6, 0.9, &mut numbers, |column, numbers| match column {
            0 => numbers.below(3),
            2 => numbers.below(12),
            3 => numbers.below(40),
            _ => numbers.next(),
        });
        let signals: Vec<f64> = (0..ROWS)
            .map(|row| {
                let sum = |features: &Features| -> f64 {
                    let (columns, values) = features.row(row).expect("a row");
                    columns.iter().zip(values).map(|(column, value)| (value + f64::from(*column)).sin()).sum()
                };
                (sum(&plain) + sum(&categorical) + sum(&wide) / 3.0) / 3.0 + numbers.next() / 3.0
            })
            .collect();
        let of = |label: fn(f64) -> f64| signals.iter().map(|&signal| label(signal)).collect::<Vec<f64>>();
        let labels = [
            ("real", of(|signal| signal * 5.0 + 20.0)),
            ("positive", of(|signal| signal.abs() + 0.1)),
            ("counts", of(|signal| (signal.abs() * 4.0).floor())),
            ("binary", of(|signal| f64::from(signal > 0.3))),
            ("classes", of(|signal| (signal.abs() * 2.5).floor().min(2.0))),
            ("shares", of(|signal| 1.0 / (1.0 + (-signal).exp()))),
            ("relevance", of(|signal| (signal.abs() * 2.0).floor().min(4.0))),
            ("clicks", of(|signal| f64::from(signal > 0.3))),
            ("survival", of(|signal| (signal.abs() + 0.1) * if signal < -0.8 { -1.0 } else { 1.0 })),
            ("pair", signals.iter().flat_map(|&signal| [signal, signal.cos()]).collect()),
        ];
        let matrices = [("plain", plain), ("wide", wide), ("categorical", categorical)];
        Self { matrices: matrices.into(), labels: labels.into() }
    }

    /// Puts everything where scripts find it.
    pub(crate) fn store(&self, python: &Python) {
        for (name, features) in &self.matrices {
            python.store::<Npz>(&format!("{name}.npz"), features);
        }
        let names: Vec<&str> = self.matrices.keys().copied().collect();
        python.write_json(
            "data.json",
            &json!({ "matrices": names, "labels": self.labels, "groups": groups(), "categories": CATEGORIES }),
        );
    }

    pub(crate) fn features(&self, name: &str) -> &Features {
        &self.matrices[name]
    }

    /// A matrix with labels and keys, whose hashes each version then has to read past; in groups if they rank.
    pub(crate) fn labelled(&self, matrix: &str, labels: &str) -> LabelledFeatures {
        let data = LabelledFeatures::new(self.features(matrix).clone(), self.labels[labels].clone());
        let keys = (0..ROWS).map(|row| format!("{matrix} {row}"));
        let data = data.and_then(|data| data.with_row_keys(keys)).expect("labelled features");
        if ["relevance", "clicks"].contains(&labels) {
            data.with_groups(groups()).expect("groups")
        } else {
            data
        }
    }
}

fn groups() -> Vec<usize> {
    vec![GROUP; ROWS / GROUP]
}
