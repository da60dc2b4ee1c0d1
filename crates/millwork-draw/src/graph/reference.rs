//! The graphs that tests draw.

use millwork_core::AssetStatus;

use super::{Drawing, DrawingNode};

/// The assets of the reference job: a model of how many comments a story gets.
pub(super) fn reference() -> Drawing {
    let node = |label: &str, group: &str, kinds: &[&str], status: AssetStatus| DrawingNode {
        label: label.into(),
        group: Some(group.into()),
        kinds: kinds.iter().map(|&kind| kind.into()).collect(),
        status: Some(status),
        ..DrawingNode::default()
    };
    let mut drawing = Drawing {
        nodes: vec![
            node("hackernews_stories", "ingest", &["http", "parquet"], AssetStatus::Fresh),
            node("training_data", "ingest", &["parquet"], AssetStatus::Fresh),
            node("test_data", "ingest", &["parquet"], AssetStatus::Fresh),
            node("tfidf_vectorizer", "features", &["bincode"], AssetStatus::Fresh),
            node("transformed_training_data", "features", &["sparse"], AssetStatus::Stale),
            node("transformed_test_data", "features", &["sparse"], AssetStatus::Stale),
            node("xgboost_comments_model", "model", &["xgboost"], AssetStatus::Running),
            node("comments_model_test_set_r_squared", "model", &["metric"], AssetStatus::Missing),
            node("latest_story_comment_predictions", "serving", &["http", "json"], AssetStatus::Failed),
        ],
        edges: vec![(0, 1), (0, 2), (1, 3), (1, 4), (3, 5), (2, 5), (4, 6), (5, 7), (6, 7), (6, 8), (3, 8)],
        ..Drawing::default()
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
            DrawingNode { status: Some(AssetStatus::Fresh), external: true, ..node("end") },
            node("訓練\u{1b}[31m#35;"),
        ],
        edges: vec![(0, 1), (0, 1), (1, 2), (2, 0), (3, 3), (3, 9), (0, 3)],
        ..Drawing::default()
    }
}

/// A model with a gate, of which one reader follows the champion and another takes the latest version.
pub(super) fn judged() -> Drawing {
    let node = |label: &str| DrawingNode { label: label.into(), ..DrawingNode::default() };
    let model = DrawingNode { gate: Some("better \"R&D\"".into()), ..node("model") };
    Drawing {
        nodes: vec![node("vectorizer"), model, node("predictions"), node("report")],
        edges: vec![(0, 1), (1, 2), (0, 2), (1, 3)],
        labels: [((1, 2), "champion".into()), ((0, 2), "of model@champion".into())].into(),
    }
}
