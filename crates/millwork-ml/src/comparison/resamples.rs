//! Resamples: which rows each draws, with replacement.

use millwork_boost::random::SplitMix64;

use crate::comparison::ComparisonError;

/// The resamples of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Resamples {
    /// Drawn with the generator of a seed, as many.
    Drawn { count: usize, seed: u64 },
    /// Given by the caller: the numbers that each draws.
    Given(Vec<Vec<usize>>),
}

impl Resamples {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Drawn { count, .. } => *count,
            Self::Given(resamples) => resamples.len(),
        }
    }

    /// Calls `each` with every number below `units` that a resample draws, as often as it does; `units` times in all.
    ///
    /// Each resample has a generator of its own, so that any thread can draw it.
    #[inline]
    pub(super) fn draw(&self, resample: usize, units: usize, mut each: impl FnMut(usize)) {
        match self {
            Self::Drawn { seed, .. } => {
                let mut generator = SplitMix64::stream(*seed, resample as u64);
                for _ in 0..units {
                    each(generator.below(units as u64) as usize);
                }
            }
            Self::Given(resamples) => resamples[resample].iter().for_each(|&unit| each(unit)),
        }
    }

    /// How often a resample draws each number below `units`.
    pub(super) fn counts(&self, resample: usize, units: usize) -> Vec<f64> {
        let mut counts = vec![0.0; units];
        self.draw(resample, units, |unit| counts[unit] += 1.0);
        counts
    }

    /// Checks that resamples are enough for an interval, and that given ones are of that many rows.
    pub(super) fn check(&self, units: usize, level: f64) -> Result<(), ComparisonError> {
        // Fewer than one beyond either end of the interval.
        let (resamples, needed) = (self.count(), (2.0 / (1.0 - level)).round() as usize);
        if resamples < needed {
            return Err(ComparisonError::TooFewResamples { resamples, level, needed });
        }
        let fits = |drawn: &Vec<usize>| drawn.len() == units && drawn.iter().all(|&unit| unit < units);
        match self {
            Self::Given(resamples) => match resamples.iter().position(|drawn| !fits(drawn)) {
                Some(resample) => Err(ComparisonError::Resample { resample, units }),
                None => Ok(()),
            },
            Self::Drawn { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_resamples_forever() {
        let resamples = Resamples::Drawn { count: 1_000, seed: 0 };
        assert_eq!(resamples.counts(0, 6), FOREVER[0]);
        assert_eq!(resamples.counts(999, 6), FOREVER[1]);
    }

    /// Computed once; a change moves verdicts.
    const FOREVER: [[f64; 6]; 2] = [[1.0, 0.0, 1.0, 2.0, 2.0, 0.0], [0.0, 2.0, 1.0, 1.0, 1.0, 1.0]];

    #[test]
    fn every_row_is_drawn_once_on_average() {
        let resamples = Resamples::Drawn { count: 2_000, seed: 3 };
        let mut sums = [0.0; 5];
        let mut absent = 0;
        for resample in 0..resamples.count() {
            let counts = resamples.counts(resample, 5);
            assert_eq!(counts.iter().sum::<f64>(), 5.0);
            absent += usize::from(counts[0] == 0.0);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        assert!(sums.iter().all(|sum| (sum / 2_000.0 - 1.0).abs() < 0.1), "{sums:?}");
        // (4/5)⁵ of the resamples lack a row.
        assert!((absent as f64 / 2_000.0 - 0.328).abs() < 0.04, "{absent}");
    }
}
