//! Rows in the order of their keys, part by part.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::RowKey;

/// The rows of each part in ascending order of their keys, those of one key in the order in which they are there. `part` is called with rows.
pub(crate) fn by_key<K: RowKey, P: Copy + Ord>(
    keys: &[K],
    part: impl Fn(usize) -> P,
) -> BTreeMap<P, Vec<u32>> {
    let mut parts: BTreeMap<P, Vec<u32>> = BTreeMap::new();
    let mut row = 0;
    while row < keys.len() {
        let of = part(row);
        let end = (row + 1..keys.len()).find(|&next| part(next) != of).unwrap_or(keys.len());
        parts.entry(of).or_default().extend(row as u32..end as u32);
        row = end;
    }
    parts.values_mut().for_each(|rows| sort(keys, rows));
    parts
}

/// Sorts ascending rows by their keys.
fn sort<K: RowKey>(keys: &[K], rows: &mut [u32]) {
    let key = |row: u32| &keys[row as usize];
    if rows.is_sorted_by_key(|&row| key(row)) {
        return;
    }
    // Bits that lie beside their rows are compared without looking at keys, which lie anywhere in memory.
    let mut pairs: Vec<(u64, u32)> = rows.iter().map(|&row| (key(row).first_bits(), row)).collect();
    pairs.par_sort_unstable_by_key(|&(bits, _)| bits);
    for same in pairs.chunk_by_mut(|left, right| left.0 == right.0).filter(|same| same.len() > 1) {
        same.sort_unstable_by(|left, right| key(left.1).cmp(key(right.1)).then(left.1.cmp(&right.1)));
    }
    rows.iter_mut().zip(&pairs).for_each(|(row, &(_, sorted))| *row = sorted);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::Stored as _;

    fn check<K: RowKey>(keys: &[K], parts: &[u8]) {
        let found: Vec<(u8, u32)> = by_key(keys, |row| parts[row])
            .into_iter()
            .flat_map(|(part, rows)| rows.into_iter().map(move |row| (part, row)))
            .collect();
        let mut expected: Vec<(u8, u32)> = (0..keys.len()).map(|row| (parts[row], row as u32)).collect();
        expected.sort_by_key(|&(part, row)| (part, &keys[row as usize]));
        assert_eq!(found, expected, "{keys:?} {parts:?}");
    }

    proptest! {
        #[test]
        fn rows_are_sorted_as_keys_are(numbers in proptest::collection::vec((any::<i64>(), 0_u8..3), 0..60)) {
            let parts: Vec<u8> = numbers.iter().map(|(_, part)| *part).collect();
            check(&numbers.iter().map(|(number, _)| *number).collect::<Vec<i64>>(), &parts);
            check(&numbers.iter().map(|(number, _)| (*number >> 40) as i32).collect::<Vec<i32>>(), &parts);
            check(&numbers.iter().map(|(number, _)| *number as u64).collect::<Vec<u64>>(), &parts);
            check(&numbers.iter().map(|(number, _)| (*number % 7) as u32).collect::<Vec<u32>>(), &parts);
        }

        #[test]
        fn texts_are_sorted_beyond_their_first_bits(texts in proptest::collection::vec("[a\0é]{0,12}", 0..60)) {
            check(&texts, &vec![0; texts.len()]);
        }
    }

    #[test]
    fn first_bits_are_in_the_order_of_the_keys() {
        let numbers = [i64::MIN, -1, 0, 1, i64::MAX];
        assert!(numbers.is_sorted_by(|left, right| left.first_bits() < right.first_bits()));
        assert!(
            [i32::MIN, -1, 0, i32::MAX].is_sorted_by(|left, right| left.first_bits() < right.first_bits())
        );
        assert!([0, 1, u64::MAX].is_sorted_by(|left, right| left.first_bits() < right.first_bits()));
        let texts = ["", "a", "abcdefgh", "b", "é"].map(str::to_owned);
        assert!(texts.is_sorted_by(|left, right| left.first_bits() < right.first_bits()));
    }
}
