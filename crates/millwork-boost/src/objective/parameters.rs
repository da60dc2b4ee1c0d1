//! A loss from parameters, and its parameters in XGBoost's model files.
//!
//! A file has `"objective": {"name": "reg:tweedie", "tweedie_regression_param": {"tweedie_variance_power": "1.5"}}`: numbers are
//! texts, single precision in nine significant digits.

use serde_json::{Map, Value, json};

use super::loss::Loss;
use crate::file::text_of_numbers;
use crate::model::Model;
use crate::params::{BoosterParams, Objective, Ranking};

/// The number in a file for an absent number of pairs: the largest 32-bit number.
const UNSET: &str = "4294967295";

impl Loss {
    /// The loss that parameters ask for.
    pub fn new(params: &BoosterParams) -> Self {
        Self {
            step: params.max_delta_step.unwrap_or(params.objective.max_delta_step()) as f32,
            positive: params.scale_pos_weight.unwrap_or(1.0) as f32,
            base_score: params.base_score.map(|score| score as f32),
            targets: 1,
            objective: params.objective.clone(),
        }
    }

    /// The loss of a model, for predictions and for more training; `None` if the objective is not known here, or its parameters
    /// contradict the model. An absent parameter has XGBoost's default.
    pub fn of_model(model: &Model) -> Option<Self> {
        let file = File(&model.objective_parameters);
        let objective = match model.objective.as_str() {
            "reg:squarederror" | "reg:linear" => Objective::SquaredError,
            "reg:squaredlogerror" => Objective::SquaredLogError,
            "reg:pseudohubererror" => {
                Objective::PseudoHuber { huber_slope: file.number("pseudo_huber_param", "huber_slope", 1.0)? }
            }
            "reg:absoluteerror" => Objective::AbsoluteError,
            "reg:quantileerror" => {
                Objective::Quantile { quantile_alpha: file.numbers("quantile_loss_param", "quantile_alpha")? }
            }
            "reg:logistic" => Objective::Logistic,
            "count:poisson" => Objective::Poisson,
            "reg:gamma" => Objective::Gamma,
            "reg:tweedie" => {
                let power = file.number("tweedie_regression_param", "tweedie_variance_power", 1.5)?;
                Objective::Tweedie { tweedie_variance_power: power }
            }
            "binary:logistic" => Objective::BinaryLogistic,
            "binary:logitraw" => Objective::BinaryLogitRaw,
            "binary:hinge" => Objective::BinaryHinge,
            "multi:softmax" => Objective::Softmax { num_class: file.classes(model)? },
            "multi:softprob" => Objective::Softprob { num_class: file.classes(model)? },
            "rank:ndcg" => Objective::RankNdcg(file.ranking()?),
            "rank:map" => Objective::RankMap(file.ranking()?),
            "rank:pairwise" => Objective::RankPairwise(file.ranking()?),
            "survival:cox" => Objective::Cox,
            _ => return None,
        };
        let step = file.number("poisson_regression_param", "max_delta_step", objective.max_delta_step())?;
        let positive = file.number("reg_loss_param", "scale_pos_weight", 1.0)?;
        let targets = if objective.takes_targets() { model.outputs } else { 1 };
        let loss =
            Self { objective, positive: positive as f32, step: step as f32, base_score: None, targets };
        (loss.outputs() == model.outputs).then_some(loss)
    }

    /// The parameters of the objective as they stand in a model file, beside its name.
    pub fn file_parameters(&self) -> Map<String, Value> {
        let (section, parameters) = match &self.objective {
            Objective::SquaredError
            | Objective::Logistic
            | Objective::BinaryLogistic
            | Objective::BinaryLogitRaw
            | Objective::Gamma => ("reg_loss_param", json!({ "scale_pos_weight": single(self.positive) })),
            Objective::PseudoHuber { huber_slope } => {
                ("pseudo_huber_param", json!({ "huber_slope": single(*huber_slope as f32) }))
            }
            Objective::Quantile { .. } => {
                ("quantile_loss_param", json!({ "quantile_alpha": text_of_numbers(&self.quantiles()) }))
            }
            Objective::Poisson => {
                ("poisson_regression_param", json!({ "max_delta_step": single(self.step) }))
            }
            Objective::Tweedie { tweedie_variance_power: power } => {
                ("tweedie_regression_param", json!({ "tweedie_variance_power": single(*power as f32) }))
            }
            Objective::Softmax { num_class } | Objective::Softprob { num_class } => {
                ("softmax_multiclass_param", json!({ "num_class": num_class.to_string() }))
            }
            Objective::RankNdcg(ranking) | Objective::RankMap(ranking) | Objective::RankPairwise(ranking) => {
                ("lambdarank_param", ranking_parameters(ranking))
            }
            Objective::SquaredLogError
            | Objective::AbsoluteError
            | Objective::BinaryHinge
            | Objective::Cox => return Map::new(),
        };
        Map::from_iter([(section.to_owned(), parameters)])
    }
}

fn ranking_parameters(ranking: &Ranking) -> Value {
    let pairs = ranking.lambdarank_num_pair_per_sample;
    json!({
        "lambdarank_bias_norm": "1",
        "lambdarank_normalization": "1",
        "lambdarank_num_pair_per_sample": pairs.map_or(UNSET.to_owned(), |pairs| pairs.to_string()),
        "lambdarank_pair_method": "topk",
        "lambdarank_score_normalization": "1",
        "lambdarank_unbiased": "0",
        "ndcg_exp_gain": "1",
    })
}

/// The parameters of the objective in a file.
struct File<'a>(&'a Map<String, Value>);

impl File<'_> {
    fn text(&self, section: &str, name: &str) -> Option<String> {
        let value = self.0.get(section)?.get(name)?;
        Some(value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned()))
    }

    fn number(&self, section: &str, name: &str, default: f64) -> Option<f64> {
        let Some(text) = self.text(section, name) else { return Some(default) };
        shortest(&text)
    }

    /// A list, in brackets or parentheses, or a single number.
    fn numbers(&self, section: &str, name: &str) -> Option<Vec<f64>> {
        let text = self.text(section, name)?;
        let list = text.trim_matches(|bracket| "[]()".contains(bracket));
        list.split(',').map(|number| shortest(number.trim())).collect()
    }

    fn classes(&self, model: &Model) -> Option<usize> {
        let text = self.text("softmax_multiclass_param", "num_class");
        let classes = text.map_or(Some(model.outputs), |text| text.parse().ok())?;
        (classes > 0).then_some(classes)
    }

    fn ranking(&self) -> Option<Ranking> {
        let text = self.text("lambdarank_param", "lambdarank_num_pair_per_sample");
        let pairs = text.filter(|text| text != UNSET).map(|text| text.parse()).transpose().ok()?;
        Some(Ranking { lambdarank_num_pair_per_sample: pairs })
    }
}

/// A finite number in single precision, as the double precision number with the fewest digits that stands for it: 0.7, not 0.699999988.
fn shortest(text: &str) -> Option<f64> {
    let number: f32 = text.parse().ok()?;
    number.is_finite().then_some(())?;
    number.to_string().parse().ok()
}

/// A number in nine significant digits, without trailing zeros, as C++ streams write it.
fn single(value: f32) -> String {
    let scientific = format!("{value:.8e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..9).contains(&exponent) {
        return trimmed(&format!("{value:.*}", (8 - exponent) as usize));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(digits), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, parameters: &Value, outputs: usize) -> Model {
        let objective_parameters = parameters.as_object().cloned().unwrap_or_default();
        Model { objective: name.to_owned(), objective_parameters, outputs, ..Model::default() }
    }

    /// Checks the written form, and that it reads back as the objective.
    fn check(objective: Objective, expected: &Value) {
        let loss = Loss::new(&BoosterParams { objective, ..BoosterParams::default() });
        let written = loss.file_parameters();
        assert_eq!(Value::from(written), *expected, "{}", loss.name());
        assert_eq!(Loss::of_model(&model(loss.name(), expected, loss.outputs())), Some(loss));
    }

    #[test]
    fn parameters_are_written_and_read() {
        check(Objective::SquaredError, &json!({ "reg_loss_param": { "scale_pos_weight": "1" } }));
        check(Objective::SquaredLogError, &json!({}));
        let slope = Objective::PseudoHuber { huber_slope: 0.7 };
        check(slope, &json!({ "pseudo_huber_param": { "huber_slope": "0.699999988" } }));
        let quantiles = Objective::Quantile { quantile_alpha: vec![0.1, 0.5] };
        check(quantiles, &json!({ "quantile_loss_param": { "quantile_alpha": "[1E-1,5E-1]" } }));
        check(
            Objective::Poisson,
            &json!({ "poisson_regression_param": { "max_delta_step": "0.699999988" } }),
        );
        let classes = Objective::Softprob { num_class: 4 };
        check(classes, &json!({ "softmax_multiclass_param": { "num_class": "4" } }));
        let pairs = |given: &str| {
            json!({ "lambdarank_param": {
                "lambdarank_bias_norm": "1", "lambdarank_normalization": "1",
                "lambdarank_num_pair_per_sample": given, "lambdarank_pair_method": "topk",
                "lambdarank_score_normalization": "1", "lambdarank_unbiased": "0", "ndcg_exp_gain": "1",
            } })
        };
        check(Objective::RankNdcg(Ranking::default()), &pairs("4294967295"));
        check(Objective::RankMap(Ranking { lambdarank_num_pair_per_sample: Some(5) }), &pairs("5"));
    }

    #[test]
    fn what_is_not_known_or_contradicts_the_model_is_no_loss() {
        let no_loss = |name: &str, parameters: Value, outputs: usize| {
            assert_eq!(Loss::of_model(&model(name, &parameters, outputs)), None, "{name} {parameters}");
        };
        no_loss("survival:aft", json!({}), 1);
        no_loss("multi:softmax", json!({ "softmax_multiclass_param": { "num_class": "3" } }), 2);
        no_loss("multi:softmax", json!({ "softmax_multiclass_param": { "num_class": "0" } }), 0);
        no_loss("multi:softmax", json!({ "softmax_multiclass_param": { "num_class": "x" } }), 2);
        no_loss("reg:quantileerror", json!({}), 1);
        no_loss("reg:quantileerror", json!({ "quantile_loss_param": { "quantile_alpha": "[]" } }), 0);
        no_loss("reg:tweedie", json!({ "tweedie_regression_param": { "tweedie_variance_power": "nan" } }), 1);
        no_loss("survival:cox", json!({}), 2);
    }

    #[test]
    fn older_files_are_read() {
        let read =
            |name: &str, parameters: Value, outputs| Loss::of_model(&model(name, &parameters, outputs));
        assert_eq!(
            read("reg:linear", json!({}), 1).map(|loss| loss.name().to_owned()).as_deref(),
            Some("reg:squarederror")
        );
        assert_eq!(read("multi:softprob", json!({}), 3).map(|loss| loss.outputs()), Some(3));
        let single = json!({ "quantile_loss_param": { "quantile_alpha": "0.5" } });
        assert_eq!(read("reg:quantileerror", single, 1).map(|loss| loss.quantiles()), Some(vec![0.5]));
    }

    #[test]
    fn numbers_have_nine_significant_digits() {
        for (value, expected) in [
            (1.0, "1"),
            (0.7, "0.699999988"),
            (0.1, "0.100000001"),
            (123.25, "123.25"),
            (1e-5, "9.99999975e-06"),
            (1e10, "1e+10"),
            (16_777_216.0, "16777216"),
        ] {
            assert_eq!(single(value), expected);
        }
    }
}
