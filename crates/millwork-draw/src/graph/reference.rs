//! The graphs that tests draw.

use super::{Drawing, DrawingNode, NodeState};

/// The assets of the reference job: a model of how many comments a story gets.
pub(super) fn reference() -> Drawing {
    let node = |label: &str, group: &str, kinds: &[&str], state: NodeState| DrawingNode {
        label: label.into(),
        group: Some(group.into()),
        kinds: kinds.iter().map(|&kind| kind.into()).collect(),
        state,
        ..DrawingNode::default()
    };
    let mut drawing = Drawing {
        nodes: vec![
            node("hackernews_stories", "ingest", &["http", "parquet"], NodeState::Fresh),
            node("training_data", "ingest", &["parquet"], NodeState::Fresh),
            node("test_data", "ingest", &["parquet"], NodeState::Fresh),
            node("tfidf_vectorizer", "features", &["bincode"], NodeState::Fresh),
            node("transformed_training_data", "features", &["sparse"], NodeState::Stale),
            node("transformed_test_data", "features", &["sparse"], NodeState::Stale),
            node("xgboost_comments_model", "model", &["xgboost"], NodeState::Running),
            node("comments_model_test_set_r_squared", "model", &["metric"], NodeState::Missing),
            node("latest_story_comment_predictions", "serving", &["http", "json"], NodeState::Failed),
        ],
        edges: vec![(0, 1), (0, 2), (1, 3), (1, 4), (3, 5), (2, 5), (4, 6), (5, 7), (6, 7), (6, 8), (3, 8)],
    };
    drawing.nodes[0].description =
        Some("The newest stories from Hacker News with their comment counts.".into());
    drawing
}

/// Labels that break what doesn't escape them, a missing node, a loop and an edge against the flow.
pub(super) fn awkward() -> Drawing {
    let node = |label: &str| DrawingNode { label: label.into(), ..DrawingNode::default() };
    Drawing {
        nodes: vec![
            DrawingNode {
                description: Some("says \"a < b\"\nand `c`".into()),
                kinds: vec!["<kind>".into()],
                external: true,
                ..node("a<b> & \"c\"")
            },
            DrawingNode {
                group: Some("R&D \"x\"".into()),
                link: Some("/assets/d?e=1&f".into()),
                ..node("back\\slash")
            },
            DrawingNode { state: NodeState::Fresh, external: true, ..node("end") },
            node("訓練\u{1b}[31m#35;"),
        ],
        edges: vec![(0, 1), (0, 1), (1, 2), (2, 0), (3, 3), (3, 9), (0, 3)],
    }
}
