//! Gates: functions that judge a new version of a model, and decide whether it takes the place of the one in use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AssetKey, Computation, Metadata, MetadataValue};
use crate::BoxError;
use crate::param::Input;
use crate::version::{AliasName, ReadAs};

/// A gate of one asset: its function, and the alias that a promotion moves.
#[derive(Clone, Debug)]
pub struct GateDefinition {
    /// Its name.
    pub name: String,
    /// The asset whose versions it judges.
    pub asset: AssetKey,
    /// The alias that points at the version in use.
    pub alias: AliasName,
    /// The asset that versions make in shadow where the gate asks for outcomes; `None` for a gate that doesn't.
    pub shadow: Option<AssetKey>,
    /// What it demands of a version, in Markdown.
    pub description: String,
    /// How the verdict is reached.
    pub computation: Computation,
}

impl GateDefinition {
    /// The gate `name` of `asset`, which `computation` takes as its challenger. A promotion moves the alias `champion`.
    pub fn new(name: impl Into<String>, asset: impl Into<AssetKey>, computation: Computation) -> Self {
        let (alias, description) = (AliasName::champion(), String::new());
        Self { name: name.into(), asset: asset.into(), alias, shadow: None, description, computation }
    }

    /// The gate with an asset that versions make in shadow, so that it may ask for outcomes.
    #[must_use]
    pub fn shadow(self, asset: impl Into<AssetKey>) -> Self {
        Self { shadow: Some(asset.into()), ..self }
    }

    /// The assets that it reads beside the versions that it compares. New values of them are a reason to judge again.
    pub fn judges_on(&self) -> impl Iterator<Item = &AssetKey> {
        let requirements = &self.computation.requirements;
        let inputs = requirements.inputs.iter();
        let inputs = inputs.filter(|input| input.asset != self.asset && !self.compares(input));
        let histories = requirements.histories.iter();
        inputs.chain(histories).map(|input| &input.asset).chain(&requirements.previous)
    }

    /// Whether an input is of the versions that the gate compares: the one in use, or what either was made from. It is read when the gate
    /// judges, and the gate doesn't wait for it.
    pub fn compares(&self, input: &Input) -> bool {
        self.compares_as(&input.asset, &input.read_as)
    }

    /// Whether an asset that is read so is of the versions that the gate compares.
    pub fn compares_as(&self, asset: &AssetKey, read_as: &ReadAs) -> bool {
        match read_as {
            ReadAs::Latest | ReadAs::History { .. } | ReadAs::Shadow { .. } => false,
            ReadAs::Alias(alias) => *asset == self.asset && *alias == self.alias,
            ReadAs::InputOf { model, alias } => *model == self.asset && *alias == self.alias,
            ReadAs::InputOfChallenger { model } => *model == self.asset,
        }
    }
}

/// What a gate decided about a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It becomes the one in use.
    Promote,
    /// The one in use stays; this one stays stored, and can be promoted later.
    Keep,
    /// It isn't fit for use.
    Reject,
}

impl Decision {
    /// All decisions.
    pub const ALL: [Self; 3] = [Self::Promote, Self::Keep, Self::Reject];

    /// The word in texts and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Keep => "keep",
            Self::Reject => "reject",
        }
    }
}

/// The answer of a gate: a decision, a question to people, or the wish for outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It decided.
    Decided(Decision),
    /// People decide.
    Ask(Question),
    /// Outcomes decide: the version predicts in shadow until the gate judges otherwise. The longest wait for outcomes, and the decision after
    /// it; `None` waits forever.
    Shadow(Option<(Duration, Decision)>),
}

/// A question to people whether a version is to be promoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who is asked: a person, a team, a role. It is shown, and not enforced.
    pub of: String,
    /// The longest wait for an answer, and the decision after it; `None` waits forever.
    pub limit: Option<(Duration, Decision)>,
}

/// The verdict of a gate: its answer, the reason, and the figures behind it.
///
/// ```
/// use millwork_core::Verdict;
///
/// let (champion, challenger) = (12.15, 11.80);
/// let verdict = Verdict::promote_if(challenger < champion)
///     .because(format!("MAE {champion} → {challenger}"))
///     .metadata("MAE", challenger);
/// assert_eq!(verdict.reason, "MAE 12.15 → 11.8");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The decision, or the question.
    pub answer: Answer,
    /// The reason in words; empty if none was given.
    pub reason: String,
    /// The figures behind it, by label.
    pub metadata: Metadata,
}

impl Verdict {
    /// The challenger becomes the version in use.
    pub fn promote() -> Self {
        Self::of(Answer::Decided(Decision::Promote))
    }

    /// The version in use stays; the challenger stays stored, and can be promoted later.
    pub fn keep(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::of(Answer::Decided(Decision::Keep)) }
    }

    /// The challenger isn't fit for use.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::of(Answer::Decided(Decision::Reject)) }
    }

    /// `of` decide: the version waits for an answer, and readers go on with the one in use.
    pub fn ask(of: impl Into<String>) -> Self {
        Self::of(Answer::Ask(Question { of: of.into(), limit: None }))
    }

    /// Outcomes decide: the challenger predicts beside the version in use, invisibly, until the gate judges otherwise. Only a gate with
    /// `shadow = …` may ask for that.
    pub fn shadow(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::of(Answer::Shadow(None)) }
    }

    /// Promotes the challenger if that is `better`, and keeps the version in use otherwise.
    pub fn promote_if(better: bool) -> Self {
        Self::of(Answer::Decided(if better { Decision::Promote } else { Decision::Keep }))
    }

    /// After this long without an answer, or without outcomes that decide, `then` is decided. It is for [`ask`](Self::ask) and
    /// [`shadow`](Self::shadow), and changes no other verdict.
    #[must_use]
    pub fn within(mut self, limit: Duration, then: Decision) -> Self {
        match &mut self.answer {
            Answer::Ask(question) => question.limit = Some((limit, then)),
            Answer::Shadow(outcomes) => *outcomes = Some((limit, then)),
            Answer::Decided(_) => {}
        }
        self
    }

    /// Adds evidence: its description to the reason, its figures to the metadata.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "evidence is given, as texts and comparisons made on the spot are"
    )]
    pub fn because(mut self, evidence: impl Evidence) -> Self {
        let description = evidence.describe();
        if !self.reason.is_empty() && !description.is_empty() {
            self.reason.push_str("; ");
        }
        self.reason.push_str(&description);
        self.metadata.extend(evidence.metadata());
        self
    }

    /// Adds one more entry of metadata.
    #[must_use]
    pub fn metadata(mut self, label: &str, value: impl Into<MetadataValue>) -> Self {
        self.metadata.insert(label.into(), value.into());
        self
    }

    fn of(answer: Answer) -> Self {
        Self { answer, reason: String::new(), metadata: Metadata::new() }
    }
}

/// What a verdict is based on: a text, or a comparison with its figures.
pub trait Evidence {
    /// What it shows, in one sentence.
    fn describe(&self) -> String;

    /// Its figures, by label.
    fn metadata(&self) -> Metadata {
        Metadata::new()
    }
}

impl Evidence for &str {
    fn describe(&self) -> String {
        (*self).to_owned()
    }
}

impl Evidence for String {
    fn describe(&self) -> String {
        self.clone()
    }
}

/// The absence of evidence adds nothing.
impl<E: Evidence> Evidence for Option<E> {
    fn describe(&self) -> String {
        self.as_ref().map_or_else(String::new, Evidence::describe)
    }

    fn metadata(&self) -> Metadata {
        self.as_ref().map_or_else(Metadata::new, Evidence::metadata)
    }
}

/// A return type of a gate's function.
#[diagnostic::on_unimplemented(
    message = "a gate cannot return `{Self}`",
    label = "not a verdict",
    note = "return `Verdict`, or a `Result` of it"
)]
pub trait IntoVerdict {
    /// Converts the returned value into the verdict.
    fn into_verdict(self) -> Result<Verdict, BoxError>;
}

impl IntoVerdict for Verdict {
    fn into_verdict(self) -> Result<Verdict, BoxError> {
        Ok(self)
    }
}

impl<T: IntoVerdict, E: Into<BoxError>> IntoVerdict for Result<T, E> {
    fn into_verdict(self) -> Result<Verdict, BoxError> {
        self.map_err(Into::into)?.into_verdict()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_adds_to_the_reason_and_the_figures() {
        let verdict = Verdict::keep("slower").because("no better").because(None::<String>);
        assert_eq!(verdict.reason, "slower; no better");
        assert_eq!(Verdict::promote().because(String::new()).reason, "");
    }

    #[test]
    fn only_what_waits_has_a_limit() {
        let hour = Duration::from_secs(3600);
        assert_eq!(Verdict::promote().within(hour, Decision::Reject), Verdict::promote());
        let shadow = Verdict::shadow("few outcomes").within(hour, Decision::Keep);
        assert_eq!(
            (shadow.answer, &*shadow.reason),
            (Answer::Shadow(Some((hour, Decision::Keep))), "few outcomes")
        );
        let Answer::Ask(question) = Verdict::ask("ops").within(hour, Decision::Keep).answer else { panic!() };
        assert_eq!(question.limit, Some((hour, Decision::Keep)));
    }

    #[test]
    fn decisions_are_stored_by_their_word() {
        for decision in Decision::ALL {
            assert_eq!(serde_json::to_string(&decision).unwrap(), format!("{:?}", decision.as_str()));
        }
    }
}
