//! A drawing in the language of Graphviz.

use super::identifier::identifiers;
use super::{Drawing, DrawingNode};

/// What holds for the whole graph. Colours are those that light and dark pages can bear.
const HEADER: &str = r##"digraph assets {
  graph [rankdir=LR, bgcolor=transparent, fontname="Helvetica", fontsize=11, nodesep=0.3, ranksep=0.6];
  node [shape=box, style=rounded, fontname="Menlo,Consolas,monospace", fontsize=11, color="#7d8898"];
  edge [color="#7d8898", arrowsize=0.7];
"##;

/// The graph as `digraph`, with groups as clusters.
pub(super) fn dot(drawing: &Drawing) -> String {
    let identifiers = identifiers(drawing);
    let mut text = String::from(HEADER);
    for (number, group) in drawing.groups().into_iter().enumerate() {
        let name = quoted(group);
        text += &format!(
            "  subgraph cluster_{number} {{\n    graph [label={name}, style=rounded, color=\"#b8c0cc\"];\n"
        );
        text += &statements(drawing, &identifiers, Some(group), "    ");
        text += "  }\n";
    }
    text += &statements(drawing, &identifiers, None, "  ");
    for (source, target) in drawing.distinct_edges() {
        let label = drawing.labels.get(&(source, target));
        let label = label.map(|label| format!(" [label={}, style=dashed]", quoted(label)));
        text +=
            &format!("  {} -> {}{};\n", identifiers[source], identifiers[target], label.unwrap_or_default());
    }
    text + "}\n"
}

fn statements(drawing: &Drawing, identifiers: &[String], group: Option<&str>, indent: &str) -> String {
    let members = drawing.nodes.iter().zip(identifiers).filter(|(node, _)| node.group.as_deref() == group);
    members.map(|(node, identifier)| format!("{indent}{identifier} [{}];\n", attributes(node))).collect()
}

fn attributes(node: &DrawingNode) -> String {
    let mut label = node.label.clone();
    if let Some(mark) = node.mark() {
        label = format!("{} {label}", mark.symbol);
    }
    let details = node.details();
    if !details.is_empty() {
        label = format!("{label}\n{}", details.join(", "));
    }
    let mut attributes = vec![format!("label={}", quoted(&label))];
    attributes.extend(node.mark().map(|mark| format!("color=\"{}\"", mark.colour)));
    if node.external {
        attributes.push("style=\"rounded,dashed\"".into());
    }
    attributes.extend(node.description.iter().map(|description| format!("tooltip={}", quoted(description))));
    attributes.extend(node.link.iter().map(|link| format!("URL={}", quoted(link))));
    attributes.join(", ")
}

/// A string of the language, in which backslashes start escapes, a line break is one of them, and HTML's entities hold.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\\' => quoted += "\\\\",
            '"' => quoted += "\\\"",
            '&' => quoted += "&amp;",
            '\n' => quoted += "\\n",
            _ if character.is_control() => quoted.push(' '),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::super::reference::{awkward, judged, reference};
    use super::*;

    #[test]
    fn the_reference_graph() {
        insta::assert_snapshot!(dot(&reference()), @r##"
        digraph assets {
          graph [rankdir=LR, bgcolor=transparent, fontname="Helvetica", fontsize=11, nodesep=0.3, ranksep=0.6];
          node [shape=box, style=rounded, fontname="Menlo,Consolas,monospace", fontsize=11, color="#7d8898"];
          edge [color="#7d8898", arrowsize=0.7];
          subgraph cluster_0 {
            graph [label="ingest", style=rounded, color="#b8c0cc"];
            asset_hackernews_stories [label="✓ hackernews_stories\nhttp, parquet", color="#1f9254", tooltip="The newest stories from Hacker News with their comment counts."];
            asset_training_data [label="✓ training_data\nparquet", color="#1f9254"];
            asset_test_data [label="✓ test_data\nparquet", color="#1f9254"];
          }
          subgraph cluster_1 {
            graph [label="features", style=rounded, color="#b8c0cc"];
            asset_tfidf_vectorizer [label="✓ tfidf_vectorizer\nbincode", color="#1f9254"];
            asset_transformed_training_data [label="◐ transformed_training_data\nsparse", color="#c07a00"];
            asset_transformed_test_data [label="◐ transformed_test_data\nsparse", color="#c07a00"];
          }
          subgraph cluster_2 {
            graph [label="model", style=rounded, color="#b8c0cc"];
            asset_xgboost_comments_model [label="▸ xgboost_comments_model\nxgboost", color="#2f6fde"];
            asset_comments_model_test_set_r_squared [label="○ comments_model_test_set_r_squared\nmetric", color="#7d8898"];
          }
          subgraph cluster_3 {
            graph [label="serving", style=rounded, color="#b8c0cc"];
            asset_latest_story_comment_predictions [label="✗ latest_story_comment_predictions\nhttp, json", color="#d13438"];
          }
          asset_hackernews_stories -> asset_training_data;
          asset_hackernews_stories -> asset_test_data;
          asset_training_data -> asset_tfidf_vectorizer;
          asset_training_data -> asset_transformed_training_data;
          asset_tfidf_vectorizer -> asset_transformed_test_data;
          asset_test_data -> asset_transformed_test_data;
          asset_transformed_training_data -> asset_xgboost_comments_model;
          asset_transformed_test_data -> asset_comments_model_test_set_r_squared;
          asset_xgboost_comments_model -> asset_comments_model_test_set_r_squared;
          asset_xgboost_comments_model -> asset_latest_story_comment_predictions;
          asset_tfidf_vectorizer -> asset_latest_story_comment_predictions;
        }
        "##);
    }

    #[test]
    fn aliases_and_gates() {
        let drawn = dot(&judged());
        for part in [
            r#"asset_model [label="model\n◇ better \"R&amp;D\""];"#,
            r#"asset_model -> asset_predictions [label="champion", style=dashed];"#,
            r#"asset_vectorizer -> asset_predictions [label="of model@champion", style=dashed];"#,
            "asset_model -> asset_report;",
        ] {
            assert!(drawn.contains(part), "{part} is not in {drawn}");
        }
    }

    #[test]
    fn awkward_names() {
        insta::assert_snapshot!(dot(&awkward()), @r##"
        digraph assets {
          graph [rankdir=LR, bgcolor=transparent, fontname="Helvetica", fontsize=11, nodesep=0.3, ranksep=0.6];
          node [shape=box, style=rounded, fontname="Menlo,Consolas,monospace", fontsize=11, color="#7d8898"];
          edge [color="#7d8898", arrowsize=0.7];
          subgraph cluster_0 {
            graph [label="R&amp;D \"x\"", style=rounded, color="#b8c0cc"];
            asset_back_slash [label="back\\slash", URL="/assets/d?e=1&amp;f"];
          }
          asset_a_b_____c_ [label="a<b> &amp; \"c\"\n<kind>", style="rounded,dashed", tooltip="says \"a < b\"\nand `c`"];
          asset_end [label="✓ end", color="#1f9254", style="rounded,dashed"];
          asset_____31m_35_ [label="訓練 [31m#35;"];
          asset_a_b_____c_ -> asset_back_slash;
          asset_back_slash -> asset_end;
          asset_end -> asset_a_b_____c_;
          asset_____31m_35_ -> asset_____31m_35_;
          asset_a_b_____c_ -> asset_____31m_35_;
        }
        "##);
    }
}
