//! A drawing in the language of Mermaid.

use super::identifier::identifiers;
use super::{Drawing, DrawingNode};
use crate::markup::single_line;

/// The graph as `flowchart`, with groups as subgraphs and statuses as classes.
pub(super) fn mermaid(drawing: &Drawing) -> String {
    let identifiers = identifiers(drawing);
    let mut text = String::from("flowchart LR\n");
    for (number, group) in drawing.groups().into_iter().enumerate() {
        text += &format!("  subgraph group_{number}[\"{}\"]\n", escaped(group));
        text += &statements(drawing, &identifiers, Some(group), "    ");
        text += "  end\n";
    }
    text += &statements(drawing, &identifiers, None, "  ");
    for (source, target) in drawing.distinct_edges() {
        let arrow = match drawing.labels.get(&(source, target)) {
            Some(label) => format!("-.->|\"{}\"|", escaped(label)),
            None => "-->".to_owned(),
        };
        text += &format!("  {} {arrow} {}\n", identifiers[source], identifiers[target]);
    }
    text + &links(drawing, &identifiers) + &classes(drawing, &identifiers)
}

fn statements(drawing: &Drawing, identifiers: &[String], group: Option<&str>, indent: &str) -> String {
    let members = drawing.nodes.iter().zip(identifiers).filter(|(node, _)| node.group.as_deref() == group);
    members.map(|(node, identifier)| format!("{indent}{identifier}(\"{}\")\n", label(node))).collect()
}

fn label(node: &DrawingNode) -> String {
    let mut label = escaped(&node.label);
    if let Some(mark) = node.mark() {
        label = format!("{} {label}", mark.symbol);
    }
    let details = node.details();
    if !details.is_empty() {
        label = format!("{label}<br/><small>{}</small>", escaped(&details.join(", ")));
    }
    label
}

/// Lines that make nodes open their page; a description becomes the tooltip.
fn links(drawing: &Drawing, identifiers: &[String]) -> String {
    let mut text = String::new();
    for (node, identifier) in drawing.nodes.iter().zip(identifiers) {
        if let Some(link) = &node.link {
            let tooltip = node.description.as_deref().unwrap_or(&node.label);
            // Mermaid takes an address as it is, up to the quote.
            let address = single_line(link).replace(' ', "%20").replace('"', "%22");
            text += &format!("  click {identifier} href \"{address}\" \"{}\"\n", escaped(tooltip));
        }
    }
    text
}

/// Lines that colour the statuses in use and dash what is external.
fn classes(drawing: &Drawing, identifiers: &[String]) -> String {
    let named = |chosen: &dyn Fn(&DrawingNode) -> bool| {
        let members = drawing.nodes.iter().zip(identifiers).filter(|(node, _)| chosen(node));
        members.map(|(_, identifier)| identifier.as_str()).collect::<Vec<_>>().join(",")
    };
    let mut text = String::new();
    for (mark, _) in drawing.marks() {
        let (word, members) = (mark.word, named(&|node| node.mark() == Some(mark)));
        text += &format!("  classDef {word} stroke:{},stroke-width:2px\n", mark.colour);
        text += &format!("  class {members} {word}\n");
    }
    if drawing.nodes.iter().any(|node| node.external) {
        text += "  classDef external stroke-dasharray:5 4\n";
        text += &format!("  class {} external\n", named(&|node| node.external));
    }
    text
}

/// Text within quotes: characters with a meaning in Mermaid or HTML as numbers, which Mermaid writes with `#`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '#' | '"' | '<' | '>' | '&' | '`' | '\\' => escaped += &format!("#{};", u32::from(character)),
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::reference::{awkward, judged, reference};
    use super::*;

    #[test]
    fn the_reference_graph() {
        insta::assert_snapshot!(mermaid(&reference()), @r#"
        flowchart LR
          subgraph group_0["ingest"]
            asset_hackernews_stories("✓ hackernews_stories<br/><small>http, parquet</small>")
            asset_training_data("✓ training_data<br/><small>parquet</small>")
            asset_test_data("✓ test_data<br/><small>parquet</small>")
          end
          subgraph group_1["features"]
            asset_tfidf_vectorizer("✓ tfidf_vectorizer<br/><small>bincode</small>")
            asset_transformed_training_data("◐ transformed_training_data<br/><small>sparse</small>")
            asset_transformed_test_data("◐ transformed_test_data<br/><small>sparse</small>")
          end
          subgraph group_2["model"]
            asset_xgboost_comments_model("▸ xgboost_comments_model<br/><small>xgboost</small>")
            asset_comments_model_test_set_r_squared("○ comments_model_test_set_r_squared<br/><small>metric</small>")
          end
          subgraph group_3["serving"]
            asset_latest_story_comment_predictions("✗ latest_story_comment_predictions<br/><small>http, json</small>")
          end
          asset_hackernews_stories --> asset_training_data
          asset_hackernews_stories --> asset_test_data
          asset_training_data --> asset_tfidf_vectorizer
          asset_training_data --> asset_transformed_training_data
          asset_tfidf_vectorizer --> asset_transformed_test_data
          asset_test_data --> asset_transformed_test_data
          asset_transformed_training_data --> asset_xgboost_comments_model
          asset_transformed_test_data --> asset_comments_model_test_set_r_squared
          asset_xgboost_comments_model --> asset_comments_model_test_set_r_squared
          asset_xgboost_comments_model --> asset_latest_story_comment_predictions
          asset_tfidf_vectorizer --> asset_latest_story_comment_predictions
          classDef fresh stroke:#1f9254,stroke-width:2px
          class asset_hackernews_stories,asset_training_data,asset_test_data,asset_tfidf_vectorizer fresh
          classDef running stroke:#2f6fde,stroke-width:2px
          class asset_xgboost_comments_model running
          classDef stale stroke:#c07a00,stroke-width:2px
          class asset_transformed_training_data,asset_transformed_test_data stale
          classDef missing stroke:#7d8898,stroke-width:2px
          class asset_comments_model_test_set_r_squared missing
          classDef failed stroke:#d13438,stroke-width:2px
          class asset_latest_story_comment_predictions failed
        "#);
    }

    #[test]
    fn aliases_and_gates() {
        let drawn = mermaid(&judged());
        for part in [
            r##"asset_model("model<br/><small>◇ better #34;R#38;D#34;</small>")"##,
            r#"asset_model -.->|"champion"| asset_predictions"#,
            r#"asset_vectorizer -.->|"of model@champion"| asset_predictions"#,
            "asset_model --> asset_report",
        ] {
            assert!(drawn.contains(part), "{part} is not in {drawn}");
        }
    }

    #[test]
    fn awkward_names() {
        insta::assert_snapshot!(mermaid(&awkward()), @r#"
        flowchart LR
          subgraph group_0["R#38;D #34;x#34;"]
            asset_back_slash("back#92;slash")
          end
          asset_a_b_____c_("a#60;b#62; #38; #34;c#34;<br/><small>#60;kind#62;</small>")
          asset_end("✓ end")
          asset_____31m_35_("訓練 [31m#35;35;")
          asset_a_b_____c_ --> asset_back_slash
          asset_back_slash --> asset_end
          asset_end --> asset_a_b_____c_
          asset_____31m_35_ --> asset_____31m_35_
          asset_a_b_____c_ --> asset_____31m_35_
          click asset_back_slash href "/assets/d?e=1&f" "back#92;slash"
          classDef fresh stroke:#1f9254,stroke-width:2px
          class asset_end fresh
          classDef external stroke-dasharray:5 4
          class asset_a_b_____c_,asset_end external
        "#);
    }
}
