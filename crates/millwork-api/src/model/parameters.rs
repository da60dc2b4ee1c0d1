//! The parameters of versions beside each other.

use std::collections::BTreeSet;

/// The maximum number of parameters that are shown whole.
const FEW: usize = 6;

/// The parameters that are the same in all versions, each of which is given by its parameters as texts. None if every version has few:
/// tables of versions leave them out.
pub fn same_parameters<'p>(
    versions: impl IntoIterator<Item = &'p [String], IntoIter: Clone>,
) -> BTreeSet<String> {
    let mut versions = versions.into_iter();
    if versions.clone().all(|parameters| parameters.len() <= FEW) {
        return BTreeSet::new();
    }
    let first = versions.next().unwrap_or_default();
    let is_in_all = |parameter: &&String| versions.clone().all(|other| other.contains(parameter));
    first.iter().filter(is_in_all).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(versions: &[&str], same: &str) {
        let versions: Vec<Vec<String>> =
            versions.iter().map(|text| text.split(' ').map(str::to_owned).collect()).collect();
        let found = same_parameters(versions.iter().map(Vec::as_slice));
        assert_eq!(found.into_iter().collect::<Vec<_>>().join(" "), same);
    }

    #[test]
    fn what_is_the_same_in_all_is_left_out_where_there_is_much() {
        check(&[], "");
        check(&["a=1 b=2", "a=1 b=3"], "");
        check(&["a b c d e f g"], "a b c d e f g");
        check(&["a b c d e f g=1", "a b c d e f g=2"], "a b c d e f");
        check(&["a", "a b c d e f g"], "a");
        check(&["a b c d e f g", "x"], "");
    }
}
