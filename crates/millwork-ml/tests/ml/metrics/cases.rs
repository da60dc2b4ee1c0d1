//! Generated cases for metrics: every kind of data, of weights and of size in every combination.

use serde::Serialize;

/// A source of the same numbers forever.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 0 to below 1 (Marsaglia, "Xorshift RNGs", 2003).
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    pub(crate) fn list(&mut self, rows: usize, mut number: impl FnMut(&mut Self) -> f64) -> Vec<f64> {
        (0..rows).map(|_| number(self)).collect()
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Weights {
    None,
    Real,
    WholeWithZeros,
    OneRow,
}

const WEIGHTS: [Weights; 4] = [Weights::None, Weights::Real, Weights::WholeWithZeros, Weights::OneRow];

impl Weights {
    fn make(self, rows: usize, numbers: &mut Numbers) -> Option<Vec<f64>> {
        match self {
            Self::None => None,
            Self::Real => Some(numbers.list(rows, |numbers| 0.01 + numbers.unit())),
            Self::WholeWithZeros => {
                let mut weights = numbers.list(rows, |numbers| numbers.below(3) as f64);
                weights[0] = 2.0;
                Some(weights)
            }
            Self::OneRow => {
                let mut weights = vec![0.0; rows];
                weights[rows / 2] = 2.0;
                Some(weights)
            }
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Case {
    Regression {
        targets: Vec<f64>,
        predictions: Vec<f64>,
        weights: Option<Vec<f64>>,
    },
    Binary {
        targets: Vec<f64>,
        predictions: Vec<f64>,
        weights: Option<Vec<f64>>,
    },
    Classes {
        targets: Vec<u32>,
        predictions: Vec<u32>,
        weights: Option<Vec<f64>>,
        probabilities: Vec<f64>,
        count: usize,
    },
    Ranking {
        targets: Vec<f64>,
        predictions: Vec<f64>,
        weights: Option<Vec<f64>>,
        queries: Vec<u32>,
        distinct: bool,
    },
}

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut numbers = Numbers::new(3);
    for weights in WEIGHTS {
        for rows in [1, 2, 3, 8, 50, 1_001] {
            cases.extend((0..9).filter_map(|kind| regression(kind, rows, weights, &mut numbers)));
            cases.extend((0..8).map(|kind| binary(kind, rows, weights, &mut numbers)));
            for count in [1, 2, 3, 40] {
                cases.extend((0..4).map(|kind| classes(kind, rows, count, weights, &mut numbers)));
            }
        }
        for queries in [1, 2, 30] {
            cases.extend([true, false].map(|distinct| ranking(queries, distinct, weights, &mut numbers)));
        }
    }
    cases
}

fn regression(kind: usize, rows: usize, weights: Weights, numbers: &mut Numbers) -> Option<Case> {
    let real = |numbers: &mut Numbers| numbers.unit() * 20.0 - 10.0;
    let whole = |numbers: &mut Numbers| numbers.below(5) as f64;
    let positive = |numbers: &mut Numbers| 0.01 + numbers.unit() * 9.0;
    let (targets, predictions) = match kind {
        0 => (numbers.list(rows, real), numbers.list(rows, real)),
        1 => (numbers.list(rows, whole), numbers.list(rows, whole)),
        2 => (numbers.list(rows, positive), numbers.list(rows, positive)),
        3 => (numbers.list(rows, whole), numbers.list(rows, positive)),
        4 => {
            let targets = numbers.list(rows, positive);
            (targets.clone(), targets)
        }
        5 => (vec![-2.5; rows], numbers.list(rows, real)),
        6 => (numbers.list(rows, whole), vec![3.0; rows]),
        7 => {
            let targets = numbers.list(rows, whole);
            (targets.clone(), targets.iter().map(|target| target + 2.0).collect())
        }
        // Far from 0, and negative: deviances near equality are differences of huge terms, there and here.
        _ => {
            let targets = numbers.list(rows, |numbers| -1e6 - numbers.unit());
            let predictions = targets.iter().map(|target| target + numbers.unit() * 0.1).collect();
            (targets, predictions)
        }
    };
    // Weights that aren't whole make scikit-learn's mean of equal numbers another number, and its R² meaningless.
    let equal_numbers = matches!(kind, 5 | 7) || (rows < 3 && kind != 4);
    if equal_numbers && matches!(weights, Weights::Real) {
        return None;
    }
    Some(Case::Regression { targets, predictions, weights: weights.make(rows, numbers) })
}

fn binary(kind: usize, rows: usize, weights: Weights, numbers: &mut Numbers) -> Case {
    let either = |numbers: &mut Numbers| numbers.below(2) as f64;
    let targets = match kind {
        5 => vec![0.0; rows],
        6 => vec![1.0; rows],
        _ => numbers.list(rows, either),
    };
    let predictions = match kind {
        1 => numbers.list(rows, |numbers| numbers.below(11) as f64 / 10.0),
        2 => targets.clone(),
        3 => targets.iter().map(|target| 1.0 - target).collect(),
        4 => vec![0.5; rows],
        7 => numbers.list(rows, either),
        _ => numbers.list(rows, Numbers::unit),
    };
    Case::Binary { targets, predictions, weights: weights.make(rows, numbers) }
}

fn classes(kind: usize, rows: usize, count: usize, weights: Weights, numbers: &mut Numbers) -> Case {
    let mut labels = |kinds: usize| -> Vec<u32> { (0..rows).map(|_| numbers.below(kinds) as u32).collect() };
    let targets = labels(count);
    let predictions = match kind {
        0 => labels(count),
        1 => targets.clone(),
        2 => vec![1; rows],
        _ => targets.iter().map(|target| (target + 1) % count.max(2) as u32).collect(),
    };
    let mut probabilities = numbers.list(rows * count, |numbers| numbers.below(9) as f64);
    for row in probabilities.chunks_mut(count) {
        row[0] += 1.0;
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|number| *number /= sum);
    }
    Case::Classes { targets, predictions, weights: weights.make(rows, numbers), probabilities, count }
}

fn ranking(queries: usize, distinct: bool, weights: Weights, numbers: &mut Numbers) -> Case {
    let of_row: Vec<u32> = (0..queries).flat_map(|query| vec![query as u32; 2 + query % 9]).collect();
    let rows = of_row.len();
    let mut targets = numbers.list(rows, |numbers| numbers.below(4) as f64);
    if matches!(weights, Weights::Real) {
        // Here each query has a relevant row.
        (0..rows)
            .filter(|&row| row == 0 || of_row[row] != of_row[row - 1])
            .for_each(|row| targets[row] = 2.0);
    }
    let mut predictions = numbers.list(rows, |numbers| numbers.below(4) as f64);
    if distinct {
        predictions = (0..rows).map(|row| ((row * 7_919) % 10_007) as f64 / 16.0).collect();
    }
    let of_query = weights.make(queries, numbers);
    let weights = of_query.map(|of_query| of_row.iter().map(|&query| of_query[query as usize]).collect());
    // Rows of a query needn't be next to each other.
    let order: Vec<usize> = (0..rows).map(|row| row % 2 * (rows / 2 + rows % 2) + row / 2).collect();
    let mut places = vec![0; rows];
    order.iter().enumerate().for_each(|(row, &place)| places[place] = row);
    let mixed = |list: &[f64]| places.iter().map(|&row| list[row]).collect::<Vec<_>>();
    Case::Ranking {
        targets: mixed(&targets),
        predictions: mixed(&predictions),
        weights: weights.map(|weights: Vec<f64>| mixed(&weights)),
        queries: places.iter().map(|&row| of_row[row]).collect(),
        distinct,
    }
}
