//! Training data: titles, a wide matrix of them, dense numbers, and categories; and predictions to compare.

use std::path::Path;

use anyhow::Result;
use millwork_ml::features::{Features, LabelledFeatures};
use millwork_ml::text::{CountParams, TfidfParams, TfidfVectorizer};
use serde::Deserialize;

/// The columns of [`categorical`] that hold categories, and how many each has.
pub(crate) const CATEGORIES: [(usize, f64); 6] =
    [(0, 4.0), (1, 12.0), (2, 30.0), (3, 60.0), (4, 150.0), (5, 250.0)];

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    /// Uniform in `0.0..1.0`.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Short titles: about eight words each, by Zipf's law out of a vocabulary that grows with the number of titles.
pub(crate) fn zipf_titles(documents: usize) -> Vec<String> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let vocabulary = 180.0 * (documents as f64).sqrt();
    let word = |numbers: &mut Numbers| {
        let rank = vocabulary.powf(numbers.next()) as u64;
        let letters = (0..4 + rank % 5)
            .map(|place| char::from(b'a' + ((rank >> (place * 3)) + place * 7 + rank) as u8 % 26));
        format!("{}{rank}", letters.collect::<String>())
    };
    (0..documents)
        .map(|_| {
            (0..5 + (numbers.next() * 7.0) as usize).map(|_| word(&mut numbers)).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// Targets of rows, and the predictions of a champion and a better challenger.
pub(crate) fn predictions(rows: usize) -> [Vec<f64>; 3] {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let targets: Vec<f64> = (0..rows).map(|_| numbers.next() * 10.0).collect();
    let mut model =
        |error: f64| targets.iter().map(|target| target + (numbers.next() - 0.5) * error).collect();
    let (champion, challenger) = (model(4.0), model(3.5));
    [targets, champion, challenger]
}

/// The titles of a file of stories, and their numbers of comments.
pub(crate) fn stories_of(stories: &Path) -> Result<(Vec<String>, Vec<f64>)> {
    #[derive(Deserialize)]
    struct Story {
        title: String,
        num_comments: f64,
    }
    let rows: Vec<Story> = csv::Reader::from_path(stories)?.deserialize().collect::<Result<_, _>>()?;
    Ok(rows.into_iter().map(|story| (story.title, story.num_comments)).unzip())
}

/// The TF-IDF of the stories' titles, the first four fifths, with their numbers of comments.
pub(crate) fn titles(stories: &Path) -> Result<LabelledFeatures> {
    let (titles, comments): (Vec<String>, Vec<f64>) = if stories.exists() {
        stories_of(stories)?
    } else {
        println!("there is no `{}`: the titles are generated", stories.display());
        let mut numbers = Numbers(7);
        zipf_titles(20_100).into_iter().map(|title| (title, (1.0 / (numbers.next() + 0.002)).floor())).unzip()
    };
    let rows = titles.len() * 4 / 5;
    let features = TfidfVectorizer::fit_transform(&titles[..rows])?.1;
    Ok(LabelledFeatures::new(features, comments[..rows].to_vec())?)
}

/// Rows of numbers; five of them matter.
pub(crate) fn dense(rows: usize, columns: usize) -> Result<LabelledFeatures> {
    let mut numbers = Numbers(88_172_645_463_325_252);
    let values: Vec<f64> = (0..rows * columns).map(|_| numbers.next()).collect();
    let target =
        |x: &[f64]| 10.0 * (x[0] * x[1] * 3.0).sin() + 20.0 * (x[2] - 0.5).powi(2) + 10.0 * x[3] + 5.0 * x[4];
    let targets = values.chunks(columns).map(target).collect();
    Ok(LabelledFeatures::new(Features::from_dense(columns, &values)?, targets)?)
}

/// Rows of six categories and six numbers; each category has an effect of its own.
pub(crate) fn categorical(rows: usize) -> Result<LabelledFeatures> {
    let mut numbers = Numbers(17);
    let columns = 2 * CATEGORIES.len();
    let cell = |column: usize, numbers: &mut Numbers| match CATEGORIES.get(column) {
        Some((_, categories)) => (numbers.next().powi(2) * categories).floor(),
        None => numbers.next(),
    };
    let values: Vec<f64> = (0..rows * columns).map(|entry| cell(entry % columns, &mut numbers)).collect();
    let effect = |category: f64| (category * 12.9898).sin() * 3.0;
    let target = |x: &[f64]| {
        let categories: f64 = x[..CATEGORIES.len()].iter().map(|&category| effect(category)).sum();
        categories + 4.0 * x[6] * x[7] + numbers.next()
    };
    let targets = values.chunks(columns).map(target).collect();
    Ok(LabelledFeatures::new(Features::from_dense(columns, &values)?, targets)?)
}

/// The TF-IDF of generated titles, its 50,000 most frequent terms.
pub(crate) fn wide(titles: usize) -> Result<LabelledFeatures> {
    let counts = CountParams { max_features: Some(50_000), ..CountParams::default() };
    let params = TfidfParams { counts, ..TfidfParams::default() };
    let (_, features) = params.fit_transform(&zipf_titles(titles))?;
    let mut numbers = Numbers(11);
    let target = |(columns, values): (&[u32], &[f64])| {
        let signal: f64 =
            columns.iter().zip(values).map(|(&column, value)| value * f64::from(column % 7)).sum();
        signal + numbers.next()
    };
    let targets = features.iter().map(target).collect();
    Ok(LabelledFeatures::new(features, targets)?)
}
