//! Shares of statuses along an axis: a column for each part of it.

use millwork_core::AssetStatus;

use super::svg::Svg;

const WIDTH: f64 = 980.0;
const HEIGHT: f64 = 44.0;
/// The smallest part of a column by which a status is seen, however few have it.
const LEAST: f64 = 0.12;

/// A column: a part of the axis with the numbers of what has each status.
#[derive(Clone, Debug)]
pub struct ShareColumn {
    /// The number of each status, in the order of [`AssetStatus::ALL`].
    pub counts: [u64; AssetStatus::ALL.len()],
    /// Its tooltip.
    pub title: String,
    /// Where a click leads.
    pub link: String,
}

/// Columns side by side, each cut by the shares of its statuses, the worst on top. What only one of a thousand has is drawn large
/// enough to be seen. Empty without columns.
pub fn shares(title: &str, columns: &[ShareColumn]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let mut svg = Svg::new(WIDTH, HEIGHT, title);
    let width = WIDTH / columns.len() as f64;
    let gap = if width > 6.0 { 1.0 } else { 0.0 };
    for (place, column) in columns.iter().enumerate() {
        let x = width * place as f64;
        svg.link(&column.link, |svg| {
            let mut y = 0.0;
            let heights = heights(&column.counts);
            for (status, height) in
                AssetStatus::ALL.iter().zip(heights).rev().filter(|(_, height)| *height > 0.0)
            {
                let height = height * HEIGHT;
                svg.bar(&format!("share-{status}"), (x, y), (width - gap, height), &column.title);
                y += height;
            }
        });
    }
    svg.finish()
}

/// The share of each status in a column: at least [`LEAST`] of what there is any of.
fn heights(counts: &[u64]) -> Vec<f64> {
    let all = counts.iter().sum::<u64>().max(1) as f64;
    let shares: Vec<f64> = counts.iter().map(|count| *count as f64 / all).collect();
    let is_small = |share: &f64| *share > 0.0 && *share < LEAST;
    let taken = shares.iter().filter(|share| is_small(share)).count() as f64 * LEAST;
    let others: f64 = shares.iter().filter(|share| !is_small(share)).sum();
    let scale = if others > 0.0 { (1.0 - taken) / others } else { 1.0 };
    shares.iter().map(|share| if is_small(share) { LEAST } else { share * scale }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rare_is_seen_and_a_column_is_full() {
        for counts in [[0, 1, 999_999, 0, 0, 1], [0, 5, 5, 0, 0, 0], [0, 0, 0, 0, 0, 3], [0, 1, 1, 1, 1, 1]] {
            let heights = heights(&counts);
            assert!((heights.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{heights:?}");
            assert!(heights.iter().zip(counts).all(|(height, count)| (*height >= LEAST) == (count > 0)));
        }
    }

    #[test]
    fn a_column_is_a_link_with_a_title() {
        let column = ShareColumn {
            counts: [0, 3, 1, 0, 0, 0],
            title: "a to d: 3 <fresh>".to_owned(),
            link: "?in=a".to_owned(),
        };
        let svg = shares("Partitions", &[column]);
        assert!(svg.contains("href=\"?in=a\"") && svg.contains("3 &lt;fresh&gt;"), "{svg}");
        assert!(svg.contains("share-fresh") && svg.contains("share-missing") && !svg.contains("share-stale"));
        assert_eq!(shares("Partitions", &[]), "");
    }
}
