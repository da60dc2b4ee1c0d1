//! Whether two models have the same trees, by their documents.
//!
//! Where two splits reduce the loss alike, the last bit of a sum decides, and every computer of sums may decide otherwise. Such a
//! tie is recognized by the two gains, which agree to [`TIE`], in a node that all of the tree above leads to alike. What follows from
//! it is not compared: the nodes below, and the trees of later rounds.

use serde_json::Value;

/// By how much the gains of a tie differ at most, as a share of the larger.
const TIE: f64 = 1e-5;

/// By how much numbers of equal nodes differ at most, as a share of the larger or of 1.
const SAME: f64 = 1e-5;

/// The smallest gain that a split needs, whatever `gamma` is.
const SMALLEST_GAIN: f64 = 1e-6;

/// Where our files keep intercepts that differ between outputs.
const INTERCEPTS: &str = "/learner/attributes/millwork_intercepts";

/// What became of comparing two models.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Splits that reduce the loss alike.
    pub(crate) ties: Vec<String>,
    /// What else differs.
    pub(crate) differences: Vec<String>,
    /// Whether every number of every tree is the same to the bit.
    pub(crate) identical: bool,
}

/// How a model's trees were grown, as far as comparing depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// How many trees each round adds.
    pub(crate) trees_per_round: usize,
    /// Whether a node's split decides whether another one is split.
    pub(crate) leaves_compete: bool,
    /// The loss reduction that a split must bring.
    pub(crate) gamma: f64,
}

/// Whether numbers of equal nodes are equal.
pub(crate) fn close(left: f64, right: f64) -> bool {
    left == right || (left - right).abs() <= SAME * left.abs().max(right.abs()).max(1.0)
}

/// The document of a model file. JSON has no words for what isn't finite: a split at minus infinity divides values as one at the
/// smallest number does.
pub(crate) fn document(bytes: &[u8]) -> Value {
    let text = std::str::from_utf8(bytes).expect("text");
    let text = text.replace("-Infinity", "-3.4028235E38").replace("NaN", "0");
    serde_json::from_str(&text).expect("JSON")
}

/// The trees of a model's document.
pub(crate) fn trees(document: &Value) -> &[Value] {
    let model = document.pointer("/learner/gradient_booster/model");
    let of_dart = || document.pointer("/learner/gradient_booster/gbtree/model");
    let model = model.or_else(of_dart).expect("a model");
    let trees = model["trees"].as_array().expect("trees");
    // A first round that stands for intercepts is none.
    let is_intercept = document.pointer(INTERCEPTS).is_some();
    let first = if is_intercept { model["iteration_indptr"][1].as_u64().expect("a round") } else { 0 };
    &trees[first as usize..]
}

/// The intercepts of a model's document.
pub(crate) fn intercepts(document: &Value) -> Vec<f64> {
    let plain = || document.pointer("/learner/learner_model_param/base_score");
    let text = document.pointer(INTERCEPTS).or_else(plain).and_then(Value::as_str);
    let text = text.expect("an intercept").trim_start_matches('[').trim_end_matches(']');
    text.split(',').map(|number| f64::from(number.parse::<f32>().expect("a number"))).collect()
}

/// Compares two models.
pub(crate) fn compare(ours: &Value, theirs: &Value, growth: Growth) -> Comparison {
    let mut comparison = Comparison { identical: true, ..Comparison::default() };
    let (our_intercepts, their_intercepts) = (intercepts(ours), intercepts(theirs));
    let outputs = our_intercepts.len().max(their_intercepts.len());
    for output in 0..outputs {
        let [ours, theirs] =
            [&our_intercepts, &their_intercepts].map(|list| list[output.min(list.len() - 1)]);
        comparison.identical &= ours == theirs;
        if (ours - theirs).abs() > 1e-6 * ours.abs().max(theirs.abs()) {
            comparison.differences.push(format!("intercept {output} is {ours}, not {theirs}"));
        }
    }
    let (ours, theirs) = (trees(ours), trees(theirs));
    if ours.len() != theirs.len() {
        comparison.differences.push(format!("there are {} trees, not {}", ours.len(), theirs.len()));
    }
    for (round, pairs) in
        ours.chunks(growth.trees_per_round).zip(theirs.chunks(growth.trees_per_round)).enumerate()
    {
        let before = comparison.ties.len() + comparison.differences.len();
        for (number, (ours, theirs)) in pairs.0.iter().zip(pairs.1).enumerate() {
            let pair = Pair { ours, theirs, growth, name: format!("round {round}, tree {number}") };
            pair.compare(&mut comparison);
        }
        if comparison.ties.len() + comparison.differences.len() > before {
            comparison.identical = false;
            break;
        }
    }
    comparison
}

/// Two trees.
struct Pair<'a> {
    ours: &'a Value,
    theirs: &'a Value,
    growth: Growth,
    name: String,
}

/// A node of our tree, and that of theirs in the same place.
type Nodes = (usize, usize);

impl Pair<'_> {
    /// Compares level by level, so that what comes first is what the rest follows from.
    fn compare(&self, comparison: &mut Comparison) {
        let mut level: Vec<Nodes> = vec![(0, 0)];
        let mut tied = false;
        while !level.is_empty() {
            let mut next = Vec::new();
            for nodes in level {
                comparison.identical &= self.is_identical(nodes);
                match self.difference(nodes) {
                    None if self.is_split(nodes.0, self.ours) => next.extend(self.children(nodes)),
                    None => {}
                    Some(_) if tied && self.growth.leaves_compete => {}
                    Some(difference) if self.is_tie(nodes) => {
                        tied = true;
                        comparison.ties.push(difference);
                    }
                    Some(difference) => comparison.differences.push(difference),
                }
            }
            level = next;
        }
    }

    fn is_split(&self, node: usize, tree: &Value) -> bool {
        number(tree, "left_children", node) >= 0.0
    }

    fn children(&self, nodes: Nodes) -> [Nodes; 2] {
        ["left_children", "right_children"].map(|side| {
            (number(self.ours, side, nodes.0) as usize, number(self.theirs, side, nodes.1) as usize)
        })
    }

    /// The numbers of both nodes; 0 for the threshold of a split by categories, which has no meaning.
    fn both(&self, list: &str, nodes: Nodes) -> (f64, f64) {
        let of = |tree: &Value, node: usize| {
            let has_meaning = list != "split_conditions" || number(tree, "split_type", node) == 0.0;
            if has_meaning { number(tree, list, node) } else { 0.0 }
        };
        (of(self.ours, nodes.0), of(self.theirs, nodes.1))
    }

    fn is_identical(&self, nodes: Nodes) -> bool {
        let equal = |list: &&str| {
            let (ours, theirs) = self.both(list, nodes);
            ours == theirs
        };
        let is_split = self.is_split(nodes.0, self.ours);
        is_split == self.is_split(nodes.1, self.theirs)
            && ["split_conditions", "sum_hessian"].iter().all(equal)
            && (!is_split || ["split_indices", "default_left", "loss_changes"].iter().all(equal))
    }

    fn difference(&self, nodes: Nodes) -> Option<String> {
        let node = format!("{}: node {} of ours, {} of theirs,", self.name, nodes.0, nodes.1);
        let gains = self.both("loss_changes", nodes);
        let [ours, theirs] =
            [(nodes.0, self.ours), (nodes.1, self.theirs)].map(|(node, tree)| self.is_split(node, tree));
        if ours != theirs {
            let whose = if ours { "ours" } else { "theirs" };
            return Some(format!("{node} is split only in {whose}, with gains of {gains:?}"));
        }
        let exact: &[&str] =
            if ours { &["split_indices", "default_left", "split_conditions", "split_type"] } else { &[] };
        let near: &[&str] = if ours { &["sum_hessian"] } else { &["sum_hessian", "split_conditions"] };
        let unequal = |list: &str, equal: fn(f64, f64) -> bool| {
            let (ours, theirs) = self.both(list, nodes);
            (!equal(ours, theirs))
                .then(|| format!("{node} has `{list}` {ours}, not {theirs}, with gains of {gains:?}"))
        };
        let found = exact.iter().find_map(|list| unequal(list, |ours, theirs| ours == theirs));
        let found = found.or_else(|| near.iter().find_map(|list| unequal(list, close)));
        found.or_else(|| {
            let sets =
                [(self.ours, nodes.0), (self.theirs, nodes.1)].map(|(tree, node)| categories(tree, node));
            (sets[0] != sets[1]).then(|| format!("{node} sends {:?} right, not {:?}", sets[0], sets[1]))
        })
    }

    /// Whether both splits of a node, or a split and none, are equally good.
    fn is_tie(&self, nodes: Nodes) -> bool {
        let near = |left: f64, right: f64| (left - right).abs() <= TIE * left.abs().max(right.abs());
        let gains = self.both("loss_changes", nodes);
        match (self.is_split(nodes.0, self.ours), self.is_split(nodes.1, self.theirs)) {
            (true, true) => self.is_another_split(nodes) && near(gains.0, gains.1),
            (true, false) => near(gains.0, self.growth.gamma.max(SMALLEST_GAIN)),
            (false, true) => near(gains.1, self.growth.gamma.max(SMALLEST_GAIN)),
            (false, false) => false,
        }
    }

    /// The same split of other sums is no tie.
    fn is_another_split(&self, nodes: Nodes) -> bool {
        ["split_indices", "default_left", "split_conditions"].into_iter().any(|list| {
            let (ours, theirs) = self.both(list, nodes);
            ours != theirs
        }) || categories(self.ours, nodes.0) != categories(self.theirs, nodes.1)
    }
}

/// A number of a node in the single precision of models, in a list of a tree's document; a truth value is 0 or 1.
fn number(tree: &Value, list: &str, node: usize) -> f64 {
    let value = &tree[list][node];
    let number = value.as_f64().map(|number| f64::from(number as f32));
    value.as_bool().map(f64::from).or(number).unwrap_or(f64::NAN)
}

/// The categories that a node sends right; empty if it splits by a number.
fn categories(tree: &Value, node: usize) -> Vec<u64> {
    let list = |name: &str| tree[name].as_array().map_or(&[][..], Vec::as_slice);
    let place = list("categories_nodes").iter().position(|of| of.as_u64() == Some(node as u64));
    let Some(place) = place else { return Vec::new() };
    let at = |name: &str| list(name)[place].as_u64().expect("a number") as usize;
    let (start, size) = (at("categories_segments"), at("categories_sizes"));
    let mut found: Vec<u64> =
        list("categories")[start..start + size].iter().filter_map(Value::as_u64).collect();
    found.sort_unstable();
    found
}

/// A comparison that can't fail is none: what is a tie, and what is a difference.
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A model of one split, by its column, condition, gain and left leaf.
    fn model(column: u32, condition: f64, gain: f64, leaf: f64) -> Value {
        let tree = json!({
            "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [column, 0, 0],
            "split_conditions": [condition, leaf, 0.5], "default_left": [1, 0, 0], "split_type": [0, 0, 0],
            "sum_hessian": [9.0, 4.0, 5.0], "loss_changes": [gain, 0.0, 0.0],
        });
        json!({ "learner": {
            "learner_model_param": { "base_score": "[5E-1]" },
            "gradient_booster": { "model": { "trees": [tree] } },
        } })
    }

    /// How many ties and differences there are between a model and one of column 3, condition 1, gain 2, and leaf 0.25.
    fn check(ours: &Value, expected: (usize, usize)) {
        let growth = Growth { trees_per_round: 1, leaves_compete: false, gamma: 0.0 };
        let compared = compare(ours, &model(3, 1.0, 2.0, 0.25), growth);
        assert_eq!((compared.ties.len(), compared.differences.len()), expected, "{compared:?}");
    }

    #[test]
    fn ties_have_equal_gains() {
        check(&model(3, 1.0, 2.0, 0.25), (0, 0));
        check(&model(4, 1.0, 2.0, 0.25), (1, 0));
        check(&model(4, 1.0, 2.000_01, 0.75), (1, 0));
        check(&model(4, 1.0, 2.001, 0.25), (0, 1));
        check(&model(3, 1.5, 2.0, 0.25), (1, 0));
        check(&model(3, 1.0, 2.0, 0.26), (0, 1));
        let mut other = model(3, 1.0, 2.0, 0.25);
        other["learner"]["learner_model_param"]["base_score"] = json!("6E-1");
        check(&other, (0, 1));
        let mut leaf = model(3, 1.0, 0.0, 0.25);
        leaf["learner"]["gradient_booster"]["model"]["trees"][0]["left_children"] = json!([-1, -1, -1]);
        check(&leaf, (0, 1));
    }
}
