//! Identifiers of nodes, for languages that need them.

use std::collections::HashSet;

use super::Drawing;

/// A distinct identifier for each node: its label in letters, digits and underscores.
///
/// It depends on the label rather than the position, so that a committed diagram changes only where the graph did. The
/// prefix keeps it clear of keywords; labels that look alike are numbered.
pub(super) fn identifiers(drawing: &Drawing) -> Vec<String> {
    let mut taken = HashSet::new();
    drawing
        .nodes
        .iter()
        .map(|node| {
            let plain = format!("asset_{}", plain(&node.label));
            let mut identifier = plain.clone();
            let mut number = 2;
            while !taken.insert(identifier.clone()) {
                identifier = format!("{plain}_{number}");
                number += 1;
            }
            identifier
        })
        .collect()
}

fn plain(label: &str) -> String {
    label.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::DrawingNode;
    use super::*;

    fn check(labels: &[&str], expected: &[&str]) {
        let node = |label: &&str| DrawingNode { label: label.to_string(), ..DrawingNode::default() };
        let drawing = Drawing { nodes: labels.iter().map(node).collect(), ..Drawing::default() };
        assert_eq!(identifiers(&drawing), expected);
    }

    #[test]
    fn identifiers_are_plain_and_distinct() {
        check(&["stories"], &["asset_stories"]);
        check(&["end", "a/b", "a.b"], &["asset_end", "asset_a_b", "asset_a_b_2"]);
        check(&["a", "a", "a_2"], &["asset_a", "asset_a_2", "asset_a_2_2"]);
        check(&["", "\"<&>\n"], &["asset_", "asset______"]);
    }
}
