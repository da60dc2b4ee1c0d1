//! Random trainings: rows of every shape, every objective, every way to grow trees.

use millwork_ml::boost::{
    BoosterKind, BoosterParams, Dart, GrowPolicy, Monotone, Objective, Ranking, TreeMethod,
};
use millwork_ml::features::{Features, LabelledFeatures};

/// How many trainings are compared.
pub(crate) const CASES: usize = 600;

/// How many more of them have categories.
pub(crate) const WITH_CATEGORIES: usize = 60;

/// How many rows are ranked together.
const GROUP: usize = 10;

/// Random numbers, the same ones each time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() * bound as f64) as usize
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// Whether something happens that does so in one of `cases`.
    fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }
}

/// What a matrix is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Hundreds of columns, of which a row has a few.
    Wide,
    /// Some columns with a few values, three in ten missing.
    Missing,
    /// A few columns with up to 120 values, none missing.
    Dense,
    /// As many values as rows, far more than bins.
    Continuous,
    /// The same, nine in ten missing.
    SparseContinuous,
    /// A constant column, an empty one, two equal ones, huge numbers, tiny ones, zeros of either sign.
    Awkward,
    /// As many values as rows, and more rows than a sketch of a column holds.
    Long,
    /// Half of the columns are categories.
    Categorical,
}

const SHAPES: [Shape; 6] =
    [Shape::Wide, Shape::Missing, Shape::Dense, Shape::Continuous, Shape::SparseContinuous, Shape::Awkward];

/// A training.
pub(crate) struct Case {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) params: BoosterParams,
    pub(crate) data: LabelledFeatures,
}

/// All trainings, those with categories last.
pub(crate) fn all() -> Vec<Case> {
    let mut numbers = Numbers(11);
    let mut cases: Vec<Case> = (0..CASES)
        .map(|case| {
            let objectives = objectives();
            let objective = objectives[case % objectives.len()].clone();
            let shape =
                if case % 100 == 99 { Shape::Long } else { SHAPES[case / objectives.len() % SHAPES.len()] };
            random(case, shape, objective, &mut numbers)
        })
        .collect();
    let categorical = (0..WITH_CATEGORIES).map(|case| {
        let objective = objectives()[case % objectives().len()].clone();
        random(CASES + case, Shape::Categorical, objective, &mut numbers)
    });
    cases.extend(categorical);
    cases
}

fn random(number: usize, shape: Shape, objective: Objective, numbers: &mut Numbers) -> Case {
    let data = data(shape, &objective, numbers);
    let params = params(shape, objective, data.features().columns(), numbers);
    let name = format!("case{number}, {shape:?}, {}", params.objective.name());
    Case { number, name, params, data }
}

fn objectives() -> Vec<Objective> {
    vec![
        Objective::SquaredError,
        Objective::Poisson,
        Objective::BinaryLogistic,
        Objective::Softprob { num_class: 3 },
        Objective::Tweedie { tweedie_variance_power: 1.4 },
        Objective::PseudoHuber { huber_slope: 2.0 },
        Objective::Gamma,
        Objective::SquaredLogError,
        Objective::Logistic,
        Objective::RankNdcg(Ranking::default()),
        Objective::BinaryLogitRaw,
        Objective::AbsoluteError,
        Objective::Quantile { quantile_alpha: vec![0.2, 0.5, 0.9] },
        Objective::Quantile { quantile_alpha: vec![0.7] },
        Objective::BinaryHinge,
        Objective::Softmax { num_class: 4 },
        Objective::RankMap(Ranking::default()),
        Objective::RankPairwise(Ranking::default()),
        Objective::Cox,
    ]
}

fn target(objective: &Objective, signal: f64) -> f64 {
    match objective {
        Objective::Poisson => (signal.abs() * 4.0).floor(),
        Objective::BinaryLogistic
        | Objective::BinaryLogitRaw
        | Objective::BinaryHinge
        | Objective::RankMap(_) => f64::from(signal > 0.3),
        Objective::Softprob { num_class } | Objective::Softmax { num_class } => {
            (signal.abs() * 2.0).floor().min(*num_class as f64 - 1.0)
        }
        Objective::Tweedie { .. } => (signal - 0.2).max(0.0) * 7.0,
        Objective::Gamma | Objective::SquaredLogError => signal.abs() + 0.1,
        Objective::Logistic => 1.0 / (1.0 + (-signal).exp()),
        Objective::RankNdcg(_) | Objective::RankPairwise(_) => (signal.abs() * 2.0).floor().min(4.0),
        Objective::Cox => (signal.abs() + 0.1) * if signal < 0.0 { -1.0 } else { 1.0 },
        Objective::SquaredError
        | Objective::PseudoHuber { .. }
        | Objective::AbsoluteError
        | Objective::Quantile { .. } => signal * 5.0 + 20.0,
    }
}

fn features(shape: Shape, rows: usize, numbers: &mut Numbers) -> Features {
    let (columns, presence) = match shape {
        Shape::Wide => (300, 0.02),
        Shape::Missing => (12, 0.7),
        Shape::Dense => (5, 1.0),
        Shape::Continuous => (6, 1.0),
        Shape::SparseContinuous => (40, 0.1),
        Shape::Awkward => (8, 0.9),
        Shape::Long => (3, 1.0),
        Shape::Categorical => (6, 0.9),
    };
    let (mut row_offsets, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for _ in 0..rows {
        let start = indices.len();
        for column in 0..columns {
            if numbers.next() < presence
                && let Some(value) = value(shape, column, numbers)
            {
                indices.push(column as u32);
                values.push(value);
            }
        }
        // The last column repeats the first one.
        if shape == Shape::Awkward && indices.get(start) == Some(&0) && indices.last() != Some(&7) {
            indices.push(7);
            values.push(values[start]);
        }
        row_offsets.push(indices.len());
    }
    let features = Features::new(columns, row_offsets, indices, values).expect("a valid matrix");
    let categories: &[u32] = if shape == Shape::Categorical { &[0, 2, 4] } else { &[] };
    features.with_categories(categories).expect("numbers of categories")
}

/// The value of an entry, or none.
fn value(shape: Shape, column: usize, numbers: &mut Numbers) -> Option<f64> {
    let steps = |values: usize, numbers: &mut Numbers| (numbers.below(values) as f64 - 3.0) / 4.0;
    Some(match (shape, column) {
        (Shape::Wide, _) => steps(9, numbers),
        (Shape::Missing, _) => steps(40, numbers),
        (Shape::Dense, _) => steps(120, numbers),
        (Shape::Awkward, 0) => numbers.below(6) as f64,
        (Shape::Awkward, 1) => 2.5,
        (Shape::Awkward, 2 | 7) => return None,
        (Shape::Awkward, 3) => numbers.next() * 1e30,
        (Shape::Awkward, 4) => numbers.next() * 1e-30,
        (Shape::Awkward, 5) => numbers.one_of(&[0.0, -0.0, 1.0]),
        (Shape::Awkward, _) => -100.0 - numbers.next(),
        (Shape::Categorical, 0) => numbers.below(3) as f64,
        (Shape::Categorical, 2) => numbers.below(9) as f64,
        // Some of them don't occur.
        (Shape::Categorical, 4) => (numbers.below(50) * 7 / 4) as f64,
        // Most of it near 0.
        (Shape::Continuous | Shape::SparseContinuous, 1) => numbers.next().powi(6),
        (Shape::Continuous | Shape::SparseContinuous | Shape::Long, 2) => numbers.next() * 200.0 - 100.0,
        (Shape::Continuous | Shape::SparseContinuous | Shape::Long | Shape::Categorical, _) => numbers.next(),
    })
}

fn data(shape: Shape, objective: &Objective, numbers: &mut Numbers) -> LabelledFeatures {
    let rows = match shape {
        Shape::Continuous | Shape::SparseContinuous => 300 + numbers.below(300),
        Shape::Long => 9_000,
        Shape::Wide | Shape::Missing | Shape::Dense | Shape::Awkward | Shape::Categorical => {
            80 + numbers.below(160)
        }
    };
    let features = features(shape, rows, numbers);
    let signal = |row: usize, numbers: &mut Numbers| {
        let (columns, values) = features.row(row).expect("a row");
        let of = |(column, value): (&u32, &f64)| (value * f64::from(column % 5 + 1) / 5.0).sin();
        let sum: f64 = columns.iter().zip(values).map(of).sum();
        sum.sin() + columns.len() as f64 % 3.0 / 5.0 + numbers.next() / 2.0
    };
    let targets = (0..rows).map(|row| target(objective, signal(row, numbers))).collect();
    let mut data = LabelledFeatures::new(features, targets).expect("labelled features");
    if objective.ranks() {
        let groups = (0..rows).step_by(GROUP).map(|start| (rows - start).min(GROUP)).collect();
        data = data.with_groups(groups).expect("groups");
    } else if numbers.one_in(3) {
        let weights = (0..rows).map(|_| 0.5 + numbers.next()).collect();
        data = data.with_weights(weights).expect("weights");
    }
    data
}

fn params(shape: Shape, objective: Objective, columns: usize, numbers: &mut Numbers) -> BoosterParams {
    let far_out = matches!(
        objective,
        Objective::SquaredError
            | Objective::AbsoluteError
            | Objective::PseudoHuber { .. }
            | Objective::Quantile { .. }
    );
    let mut params = BoosterParams {
        base_score: numbers.one_in(2).then_some(if far_out { 20.0 } else { 0.5 }),
        objective,
        eta: numbers.one_of(&[0.3, 0.1, 1.0]),
        max_depth: 1 + numbers.below(6),
        lambda: numbers.one_of(&[1.0, 0.0, 3.5]),
        alpha: numbers.one_of(&[0.0, 0.0, 0.2]),
        gamma: numbers.one_of(&[0.0, 0.0, 0.5]),
        min_child_weight: numbers.one_of(&[1.0, 0.1, 4.0]),
        max_delta_step: numbers.one_in(8).then_some(0.4),
        max_bin: numbers.one_of(&[256, 256, 64, 16, 5]),
        tree_method: numbers.one_of(&[
            TreeMethod::Hist,
            TreeMethod::Hist,
            TreeMethod::Hist,
            TreeMethod::Approx,
            TreeMethod::Exact,
        ]),
        nthread: Some(if numbers.one_in(8) { 2 } else { 1 }),
        ..BoosterParams::default()
    };
    if shape == Shape::Categorical && params.tree_method == TreeMethod::Exact {
        params.tree_method = TreeMethod::Hist;
    }
    if shape == Shape::Categorical {
        params.max_cat_to_onehot = numbers.one_of(&[4, 4, 1, 10, 200]);
        params.max_cat_threshold = numbers.one_of(&[64, 64, 2, 7, 200]);
    }
    if params.objective == Objective::Cox {
        // Without a penalty leaves grow until hazards are no numbers, which XGBoost goes on with and we refuse.
        params.lambda = params.lambda.max(1.0);
    }
    if params.objective == Objective::BinaryLogistic && numbers.one_in(3) {
        params.scale_pos_weight = Some(2.5);
    }
    if params.tree_method != TreeMethod::Exact && numbers.one_in(3) {
        params.grow_policy = GrowPolicy::Lossguide;
        (params.max_leaves, params.max_depth) = numbers.one_of(&[(9, 0), (9, 4), (5, 6), (0, 5)]);
    }
    if numbers.one_in(6) {
        params.monotone_constraints = [
            (0, Monotone::Increasing),
            (2, Monotone::Decreasing),
            (columns as u32 - 1, Monotone::Increasing),
        ]
        .into();
    }
    // XGBoost's exact method leaves columns out here that are numbered above the rows.
    let numbered_right = params.tree_method != TreeMethod::Exact || shape != Shape::Wide;
    if numbers.one_in(6) && numbered_right {
        params.interaction_constraints = vec![vec![0, 1], vec![1, 2, (columns - 1) as u32]];
    }
    if numbers.one_in(12) {
        // Every tree is left out each time, so that no random number decides.
        params.booster = BoosterKind::Dart(Dart { rate_drop: 1.0, ..Dart::default() });
    }
    if numbers.one_in(12) {
        params.num_parallel_tree = 2;
    }
    params
}
