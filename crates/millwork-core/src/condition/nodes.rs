//! A condition as it is evaluated and explained: its nodes by number.
//!
//! A node comes before its descendants, and those of one child before those of the next. So the descendants of a node are the range of
//! numbers that follows its own, its first child is the next number, and a child's next sibling is the end of the child's range. What
//! depends on nodes below goes through the numbers backwards, what depends on nodes above forwards; neither needs recursion.
//!
//! The numbers are stored with what was found of each node ([`Truth`](crate::automation::Truth)), beside the condition's
//! [`identity`](Nodes::identity): they mean something only for the condition that has it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::tree::{AutomationCondition, Operator, Quantifier};
use crate::index::{IndexVec, typed_index};

typed_index! {
    /// The position of a node in its condition, counted from above and from the left; the root's is 0. It is stored.
    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    NodeId
}

impl NodeId {
    /// The topmost node.
    pub(crate) const ROOT: Self = Self(0);

    /// The only or first child of a node that has one.
    pub(crate) fn first_child(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The nodes of a condition.
#[derive(Clone, Debug)]
pub(crate) struct Nodes(IndexVec<NodeId, Node>);

#[derive(Clone, Debug)]
struct Node {
    operator: Operator,
    descendants: Range<usize>,
}

/// A step of a way around the tree: down into a node, across to its next child, and up from it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Down(NodeId),
    /// To the next child of this node.
    Across(NodeId),
    Up(NodeId),
}

impl Nodes {
    /// The nodes of a condition.
    pub(crate) fn of(condition: &AutomationCondition) -> Self {
        let operators = condition.operators();
        // How many nodes the part that ends with an operator has.
        let mut sizes: Vec<usize> = Vec::with_capacity(operators.len());
        for (end, operator) in operators.iter().enumerate() {
            let mut start = end;
            for _ in 0..operator.children() {
                start -= sizes[start - 1];
            }
            sizes.push(end - start + 1);
        }
        // An operator stands behind its children: backwards, each finds its number there when its turn comes.
        let mut numbers = vec![0; operators.len()];
        for (end, operator) in operators.iter().enumerate().rev() {
            let (mut child_end, mut number) = (end, numbers[end] + sizes[end]);
            for _ in 0..operator.children() {
                child_end -= 1;
                number -= sizes[child_end];
                numbers[child_end] = number;
                child_end -= sizes[child_end] - 1;
            }
        }
        let mut order: Vec<usize> = (0..operators.len()).collect();
        order.sort_unstable_by_key(|end| numbers[*end]);
        let node = |end: usize| Node {
            operator: operators[end].clone(),
            descendants: numbers[end] + 1..numbers[end] + sizes[end],
        };
        Self(order.into_iter().map(node).collect())
    }

    /// What a node makes of its children.
    pub(crate) fn operator(&self, node: NodeId) -> &Operator {
        &self.0[node].operator
    }

    /// All nodes, each before its descendants.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        self.0.indices()
    }

    /// All operators with their nodes, in the same order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeId, &Operator)> {
        self.0.iter_enumerated().map(|(id, node)| (id, &node.operator))
    }

    /// The children of a node, in the order in which they were written.
    pub(crate) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let end = self.0[node].descendants.end;
        let inside = move |id: usize| (id < end).then_some(NodeId(id));
        let next = move |id: &NodeId| inside(self.0[*id].descendants.end);
        std::iter::successors(inside(node.first_child().0), next)
    }

    /// The nodes below a node, each before its descendants.
    pub(crate) fn descendants(&self, node: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        self.0[node].descendants.clone().map(NodeId)
    }

    /// How many nodes lie one below the other where most do.
    pub(crate) fn levels(&self) -> usize {
        let mut ends: Vec<usize> = Vec::new();
        let mut most = 0;
        for node in &self.0 {
            while ends.last().is_some_and(|end| *end < node.descendants.start) {
                ends.pop();
            }
            ends.push(node.descendants.end);
            most = most.max(ends.len());
        }
        most
    }

    /// A part of the condition as text.
    pub(crate) fn text(&self, part: NodeId) -> String {
        let mut text = String::new();
        for step in self.steps(part) {
            match step {
                Step::Down(node) => {
                    let operator = self.operator(node);
                    text.push_str(&operator.name());
                    text.push_str(if matches!(operator, Operator::Operand(_)) { "" } else { "(" });
                }
                Step::Across(_) => text.push_str(", "),
                Step::Up(node) if matches!(self.operator(node), Operator::Operand(_)) => {}
                Step::Up(_) => text.push(')'),
            }
        }
        text
    }

    /// Identifies the condition in every process and version of Millwork: a hash of its [canonical
    /// form](Self::canonical). It is stored in each asset's row, so it is short.
    pub(crate) fn identity(&self) -> String {
        blake3::hash(self.canonical().as_bytes()).to_hex().as_str()[..16].to_owned()
    }

    /// The condition as JSON. This form never changes: a condition whose form did would begin anew, as if it had been edited.
    fn canonical(&self) -> String {
        let mut text = String::new();
        for step in self.steps(NodeId::ROOT) {
            text += &match step {
                Step::Down(node) => match self.operator(node) {
                    Operator::Operand(operand) => format!("{{\"operand\":{}", json(operand)),
                    Operator::And { .. } => "{\"and\":[".to_owned(),
                    Operator::Or { .. } => "{\"or\":[".to_owned(),
                    Operator::Not => "{\"not\":".to_owned(),
                    Operator::Since => "{\"since\":{\"trigger\":".to_owned(),
                    Operator::NewlyTrue => "{\"newly_true\":".to_owned(),
                    Operator::Deps { quantifier: Quantifier::Any, .. } => {
                        "{\"deps\":{\"quantifier\":\"any\",\"condition\":".to_owned()
                    }
                    Operator::Deps { quantifier: Quantifier::All, .. } => {
                        "{\"deps\":{\"quantifier\":\"all\",\"condition\":".to_owned()
                    }
                    Operator::Labelled(label) => {
                        format!("{{\"labelled\":{{\"label\":{},\"condition\":", json(label))
                    }
                    Operator::Asset(asset) => {
                        format!("{{\"asset\":{{\"key\":{},\"condition\":", json(asset))
                    }
                    Operator::ForEvaluations(evaluations) => {
                        format!("{{\"for\":{{\"evaluations\":{evaluations},\"condition\":")
                    }
                    Operator::Cooldown(span) => {
                        format!("{{\"cooldown\":{{\"span\":{},\"condition\":", json(span))
                    }
                    Operator::Budget { runs, span } => {
                        format!("{{\"budget\":{{\"runs\":{runs},\"span\":{},\"condition\":", json(span))
                    }
                },
                Step::Across(parent) if *self.operator(parent) == Operator::Since => ",\"reset\":".to_owned(),
                Step::Across(_) => ",".to_owned(),
                Step::Up(node) => match self.operator(node) {
                    Operator::Operand(_) | Operator::Not | Operator::NewlyTrue => "}".to_owned(),
                    Operator::And { .. } | Operator::Or { .. } => "]}".to_owned(),
                    Operator::Since
                    | Operator::Labelled(_)
                    | Operator::Asset(_)
                    | Operator::ForEvaluations(_)
                    | Operator::Cooldown(_)
                    | Operator::Budget { .. } => "}}".to_owned(),
                    Operator::Deps { allow, ignore, .. } => {
                        format!(",\"allow\":{},\"ignore\":{}}}}}", json(allow), json(ignore))
                    }
                },
            };
        }
        text
    }

    /// The way around a part.
    fn steps(&self, part: NodeId) -> Vec<Step> {
        let end = |node: NodeId| self.0[node].descendants.end;
        let (mut steps, mut open) = (Vec::new(), Vec::new());
        for node in (part.0..end(part)).map(NodeId) {
            while let Some(&above) = open.last()
                && end(above) <= node.0
            {
                steps.push(Step::Up(above));
                open.pop();
            }
            let siblings = open.last().filter(|parent| parent.first_child() != node);
            steps.extend(siblings.map(|parent| Step::Across(*parent)));
            steps.push(Step::Down(node));
            open.push(node);
        }
        steps.extend(open.into_iter().rev().map(Step::Up));
        steps
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and operands are plain data")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::condition::AutomationCondition as Condition;

    fn numbered(condition: &Condition) -> String {
        let nodes = Nodes::of(condition);
        let children = |id| nodes.children(id).map(|child| child.0.to_string()).collect::<Vec<_>>().join(" ");
        let lines =
            nodes.iter().map(|(id, operator)| format!("{} {} [{}]", id.0, operator.name(), children(id)));
        lines.collect::<Vec<_>>().join(", ")
    }

    /// The numbers are stored.
    #[test]
    fn nodes_are_counted_from_above_and_from_the_left() {
        let (missing, failed) = (Condition::missing, Condition::execution_failed);
        let condition = missing() & (!failed()).since(missing() | failed()) & missing().newly_true();
        assert_eq!(
            numbered(&condition),
            "0 all of [1 2 8], 1 missing [], 2 the first more recently than the second [3 5], 3 not [4], \
             4 execution_failed [], 5 any of [6 7], 6 missing [], 7 execution_failed [], 8 newly true [9], 9 missing []"
        );
    }

    /// Another identity would let every condition that is stored begin anew.
    #[test]
    fn identities_never_change() {
        let all =
            (!Condition::check_failed("a\"b")).since(Condition::executed_with_tag("team", "x")).newly_true()
                | Condition::all_deps_match(Condition::missing()).allow("group:a").ignore("b");
        let nodes = Nodes::of(&all);
        assert_eq!(
            nodes.canonical(),
            r#"{"or":[{"newly_true":{"since":{"trigger":{"not":{"operand":{"check_failed":"a\"b"}}},"reset":{"operand":{"executed_with_tag":{"tag":"team","value":"x"}}}}}},{"deps":{"quantifier":"all","condition":{"operand":"missing"},"allow":"group:a","ignore":"b"}}]}"#
        );
        let identities = [Condition::eager(), Condition::on_cron("@daily", "UTC"), all]
            .map(|one| Nodes::of(&one).identity());
        assert_eq!(identities, ["f62366c85d072a69", "a87cb234b89a56b9", "b77e1a04f4ef40f4"]);
    }

    #[test]
    fn identities_of_numbers_never_change() {
        let hour = Duration::from_secs(3600);
        let metric = || Condition::metric("live", "MAE");
        let all = Condition::any_of([
            metric().coverage(0.8).worse_than_at_promotion(0.15).for_evaluations(3),
            metric().worse_than_at_promotion_of(0.15, "model"),
            metric().above(f64::INFINITY),
            Condition::new_rows("stories", 5),
            Condition::older_than("model", hour),
            Condition::asset_matches("stories", Condition::verdict_pending("model")),
        ]);
        let all = all.cooldown(hour).budget(3, hour).unless_verdict_pending();
        assert_eq!(
            Nodes::of(&all).canonical(),
            r#"{"and":[{"budget":{"runs":3,"span":{"secs":3600,"nanos":0},"condition":{"cooldown":{"span":{"secs":3600,"nanos":0},"condition":{"or":[{"for":{"evaluations":3,"condition":{"operand":{"metric":{"asset":"live","label":"MAE","coverage":0.8,"with":{"worse_than_at_promotion":{"share":0.15}}}}}}},{"operand":{"metric":{"asset":"live","label":"MAE","with":{"worse_than_at_promotion":{"share":0.15,"model":"model"}}}}},{"operand":{"metric":{"asset":"live","label":"MAE","with":{"above":"inf"}}}},{"operand":{"metric":{"asset":"stories","label":"rows","with":{"adds_up_to":5.0}}}},{"operand":{"older_than":{"asset":"model","age":{"secs":3600,"nanos":0}}}},{"asset":{"key":"stories","condition":{"operand":{"verdict_pending":"model"}}}}]}}}}},{"not":{"operand":"own_verdict_pending"}}]}"#
        );
    }

    #[test]
    fn a_deep_condition_overflows_no_stack() {
        let mut deep = Condition::missing();
        for _ in 0..50_000 {
            deep = (!deep).with_label("deep") & Condition::missing();
        }
        let deep = deep.clone().replace("none", &Condition::missing()).without("none").allow("a");
        let nodes = Nodes::of(&deep);
        assert_eq!((nodes.levels(), nodes.identity().len()), (150_001, 16));
        assert!(deep.to_string().starts_with("all of(deep(not(all of("));
    }
}
