//! DART: the trees left out in a round, and the weights of trees after it.
//!
//! Vinayak and Gilad-Bachrach, "DART: Dropouts meet Multiple Additive Regression Trees", AISTATS 2015, as in XGBoost from 3.4 on with
//! `sample_type = "uniform"` and `normalize_type = "tree"`. The draws are this crate's own generator's.

use crate::Dart;
use crate::random::SplitMix64;

/// Draws which of `trees` trees are left out while the next ones grow, in ascending order.
pub fn dropped_trees(dart: Dart, trees: usize, generator: &mut SplitMix64) -> Vec<usize> {
    if dart.skip_drop > 0.0 && generator.unit() < dart.skip_drop {
        return Vec::new();
    }
    let mut dropped: Vec<usize> = (0..trees).filter(|_| generator.unit() < dart.rate_drop).collect();
    if dart.one_drop && dropped.is_empty() && trees > 0 {
        dropped.push(((generator.unit() * trees as f64) as usize).min(trees - 1));
    }
    dropped
}

/// Weighs trees after a round that left out those in `dropped` and added `new_trees`: all of them together count as much as those
/// that were left out counted before. `weights` has the weights of the old trees and gets those of the new ones; `eta` is the
/// learning rate of the round.
pub fn normalize(weights: &mut Vec<f32>, dropped: &[usize], new_trees: usize, eta: f64) {
    if dropped.is_empty() {
        weights.resize(weights.len() + new_trees, 1.0);
        return;
    }
    let sum = f64::from(dropped.len() as f32 + eta as f32);
    let factor = (dropped.len() as f64 / sum) as f32;
    for &tree in dropped {
        weights[tree] *= factor;
    }
    weights.resize(weights.len() + new_trees, (1.0 / sum) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dart: Dart, trees: usize, at_least: usize, at_most: usize) {
        for seed in 0..20 {
            let dropped = dropped_trees(dart, trees, &mut SplitMix64::new(seed));
            assert!((at_least..=at_most).contains(&dropped.len()), "{dropped:?} by {dart:?}");
            assert!(dropped.is_sorted() && dropped.iter().all(|&tree| tree < trees), "{dropped:?}");
        }
    }

    #[test]
    fn a_share_of_the_trees_is_dropped() {
        let dart = Dart { rate_drop: 0.5, ..Dart::default() };
        check(Dart::default(), 1_000, 0, 0);
        check(dart, 1_000, 400, 600);
        check(Dart { rate_drop: 1.0, ..dart }, 1_000, 1_000, 1_000);
        check(Dart { skip_drop: 1.0, ..dart }, 1_000, 0, 0);
        check(Dart { rate_drop: 0.0, one_drop: true, ..dart }, 1_000, 1, 1);
        check(Dart { rate_drop: 0.0, one_drop: true, ..dart }, 0, 0, 0);
    }

    #[test]
    fn dropped_and_new_trees_share_a_weight() {
        let check = |dropped: &[usize], new_trees: usize, eta: f64, expected: &[f32]| {
            let mut weights = vec![1.0, 0.5];
            normalize(&mut weights, dropped, new_trees, eta);
            assert_eq!(weights, expected, "{dropped:?} {new_trees} {eta}");
        };
        check(&[], 2, 0.5, &[1.0, 0.5, 1.0, 1.0]);
        check(&[1], 1, 1.0, &[1.0, 0.25, 0.5]);
        check(&[0, 1], 2, 0.3, &[0.869_565_25, 0.434_782_62, 0.434_782_62, 0.434_782_62]);
    }

    /// The weights that XGBoost 3.4.1 gives with `rate_drop = 1`, `eta = 0.3` and a number of trees per round, after four rounds.
    #[test]
    fn weights_are_those_of_xgboost() {
        let check = |trees: usize, expected: [f32; 4]| {
            let mut weights = Vec::new();
            for _ in 0..4 {
                let dropped: Vec<usize> = (0..weights.len()).collect();
                normalize(&mut weights, &dropped, trees, 0.3);
            }
            assert_eq!(weights, expected.map(|weight| vec![weight; trees]).concat());
        };
        check(1, [0.608_087_66, 0.608_087_66, 0.395_256_94, 0.303_030_3]);
        check(2, [0.770_378_9, 0.385_189_44, 0.221_483_92, 0.158_730_15]);
        check(3, [0.837_871_8, 0.279_290_56, 0.153_609_81, 0.107_526_876]);
    }
}
