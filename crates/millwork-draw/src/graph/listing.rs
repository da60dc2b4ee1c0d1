//! A drawing as text for a terminal.

use super::Drawing;
use super::mark::GATE;
use super::rail::{Row, rows};
use crate::markup::{columns, single_line};

/// More lanes than this are a thicket; the listing then does without.
const WIDEST_RAIL: usize = 16;
/// Labels up to this width make the columns line up; longer ones stick out.
const WIDEST_COLUMN: usize = 48;
/// How many upstream nodes are named in a line.
const NAMED: usize = 6;

/// One line for each node, upstream first, and a line of counts if there are marks.
pub(super) fn listing(drawing: &Drawing) -> String {
    let lines: Vec<[String; 4]> =
        rows(drawing, WIDEST_RAIL).into_iter().map(|row| cells(drawing, row)).collect();
    let widest = |cell: usize| {
        lines
            .iter()
            .map(|line| columns(&line[cell]))
            .filter(|&width| width <= WIDEST_COLUMN)
            .max()
            .unwrap_or(0)
    };
    let widths = [widest(0), widest(1), widest(2), 0];
    let mut text = String::new();
    for line in &lines {
        let mut padded = String::new();
        for (number, (cell, width)) in line.iter().zip(widths).enumerate() {
            if width > 0 || !cell.is_empty() {
                padded += cell;
                padded += &" ".repeat(width.saturating_sub(columns(cell)) + if number == 0 { 1 } else { 2 });
            }
        }
        text += padded.trim_end();
        text.push('\n');
    }
    text + &counts(drawing)
}

/// Rail, label, group and upstream of a row.
fn cells(drawing: &Drawing, row: Row) -> [String; 4] {
    let node = &drawing.nodes[row.node];
    let mut marks = String::from(if node.external { " (external)" } else { "" });
    marks.extend(node.gate.iter().map(|gate| format!(" {GATE} {}", single_line(gate))));
    let group = node.group.as_ref().map(|group| format!("[{}]", single_line(group)));
    let name = |source: &usize| {
        let name = single_line(&drawing.nodes[*source].label);
        match drawing.labels.get(&(*source, row.node)) {
            Some(label) if label.contains(' ') => format!("{name} ({})", single_line(label)),
            Some(label) => format!("{name}@{}", single_line(label)),
            None => name,
        }
    };
    let mut upstream: Vec<String> = row.upstream.iter().take(NAMED).map(name).collect();
    if row.upstream.len() > NAMED {
        upstream.push(format!("{} more", row.upstream.len() - NAMED));
    }
    let arrow = if upstream.is_empty() { String::new() } else { format!("← {}", upstream.join(", ")) };
    [row.rail, single_line(&node.label) + &marks, group.unwrap_or_default(), arrow]
}

fn counts(drawing: &Drawing) -> String {
    let counts: Vec<String> = drawing
        .marks()
        .into_iter()
        .map(|(mark, count)| format!("{} {count} {}", mark.symbol, mark.word))
        .collect();
    if counts.is_empty() { String::new() } else { format!("\n{}\n", counts.join("   ")) }
}

#[cfg(test)]
mod tests {
    use super::super::DrawingNode;
    use super::super::reference::{awkward, judged, reference};
    use super::*;

    #[test]
    fn the_reference_graph() {
        insta::assert_snapshot!(listing(&reference()), @r"
        ✓       hackernews_stories                 [ingest]
        ├─✓     training_data                      [ingest]    ← hackernews_stories
        │ ├─✓   tfidf_vectorizer                   [features]  ← training_data
        │ ◐ │   transformed_training_data          [features]  ← training_data
        │ ▸ │   xgboost_comments_model             [model]     ← transformed_training_data
        │ ├─┼─✗ latest_story_comment_predictions   [serving]   ← xgboost_comments_model, tfidf_vectorizer
        ✓ │ │   test_data                          [ingest]    ← hackernews_stories
        ◐─│─╯   transformed_test_data              [features]  ← tfidf_vectorizer, test_data
        ○─╯     comments_model_test_set_r_squared  [model]     ← transformed_test_data, xgboost_comments_model

        ✓ 4 fresh   ▸ 1 running   ◐ 2 stale   ○ 1 missing   ✗ 1 failed
        ");
    }

    #[test]
    fn awkward_names() {
        insta::assert_snapshot!(listing(&awkward()), @r#"
        ●   a<b> & "c" (external)             ← end
        ├─● back\slash             [R&D "x"]  ← a<b> & "c"
        │ ✓ end (external)                    ← back\slash
        ●   訓練 [31m#35;                     ← a<b> & "c"

        ✓ 1 fresh
        "#);
    }

    #[test]
    fn aliases_and_gates() {
        let listed = listing(&judged());
        for part in
            [r#"model ◇ better "R&D""#, "← model@champion, vectorizer (of model@champion)", "← model\n"]
        {
            assert!(listed.contains(part), "{part} is not in {listed}");
        }
    }

    #[test]
    fn nothing_is_an_empty_text() {
        assert_eq!(listing(&Drawing::default()), "");
    }

    #[test]
    fn a_thicket_has_no_rail() {
        let node = |number: usize| DrawingNode { label: format!("asset_{number}"), ..DrawingNode::default() };
        let edges = (0..40).map(|source| (source, 40)).collect();
        let text = listing(&Drawing { nodes: (0..=40).map(node).collect(), edges, ..Drawing::default() });
        let last = "● asset_40  ← asset_0, asset_1, asset_2, asset_3, asset_4, asset_5, 34 more";
        assert_eq!(text.lines().last(), Some(last));
    }
}
