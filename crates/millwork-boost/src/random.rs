//! Random numbers that are the same for a seed forever, on every platform.
//!
//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014) is a counter and a
//! mixing function. It is spelled out here, because a sample that changes with a library's version makes old and new
//! models incomparable.

/// What the counter advances by.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A SplitMix64 generator.
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A generator that draws what belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The generator of one of many sequences that belong to `seed`: each can be drawn without those before it, and by any thread.
    /// Its start is what the generator of `seed` draws as its `number`-th number, from 0.
    pub fn stream(seed: u64, number: u64) -> Self {
        Self::new(Self::new(seed.wrapping_add(STEP.wrapping_mul(number))).next())
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A uniform number below `bound`, which is not 0: multiply, keep the high half, and draw again where the low half
    /// would favour some results (Lemire, "Fast random integer generation in an interval", TOMACS 2019).
    ///
    /// The division is made only where the low half may be among those.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            let low = product as u64;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }

    /// A uniform number from 0 on and below 1: the 53 high bits.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Puts the elements in a random order (Fisher and Yates, from the last element down).
    pub fn shuffle<T>(&mut self, elements: &mut [T]) {
        for last in (1..elements.len()).rev() {
            elements.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        let mut generator = SplitMix64::new(1_234_567);
        let drawn: Vec<u64> = (0..5).map(|_| generator.next()).collect();
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn streams_start_at_what_their_seed_draws() {
        let mut generator = SplitMix64::new(7);
        for number in 0..5 {
            let mut expected = SplitMix64::new(generator.next());
            let mut stream = SplitMix64::stream(7, number);
            assert_eq!((stream.next(), stream.below(9)), (expected.next(), expected.below(9)));
        }
    }

    #[test]
    fn every_order_of_three_is_about_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        let mut generator = SplitMix64::new(0);
        for _ in 0..6_000 {
            let mut elements = [0, 1, 2];
            generator.shuffle(&mut elements);
            *counts.entry(elements).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }
}
