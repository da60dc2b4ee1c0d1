//! The training of a pipeline.

use crate::boost::{Best, Ending, History, Training, TrainingData, sealed};
use crate::pipeline::{LabelledTexts, PipelineError, TextPipeline, TextPipelineParams};

impl sealed::Sealed for LabelledTexts<'_> {}

impl TrainingData for LabelledTexts<'_> {
    type Params = TextPipelineParams;
    type Model = TextPipeline;
}

/// What a training on texts leaves.
#[derive(Debug)]
pub struct TrainedPipeline {
    /// The vectorizer and the booster. With early stopping, the booster ends with the best round.
    pub pipeline: TextPipeline,
    /// The learning curves over all rounds that ran; empty without evaluation sets.
    pub history: History,
    /// The best round, with early stopping; `None` if the training was interrupted before the watched metric was a number.
    pub best: Option<Best>,
    /// Why the training ended.
    pub ending: Ending,
    /// How many rounds were taken from a checkpoint instead of being trained.
    pub resumed_rounds: usize,
}

impl<'a, 't> Training<'a, LabelledTexts<'t>> {
    /// A training of a [`TextPipeline`]: the vocabulary and its weights are fitted on the texts of `data` and on no others, then `rounds` rounds
    /// of trees on their TF-IDF features, one tree per output and round.
    ///
    /// [`continue_from`](Self::continue_from) a pipeline keeps its vocabulary and adds rounds.
    pub fn on_texts(params: &'a TextPipelineParams, rounds: usize, data: &'a LabelledTexts<'t>) -> Self {
        Self::of(params, rounds, data)
    }

    /// Fits the vectorizer and trains, on threads of its own.
    ///
    /// # Errors
    ///
    /// When the texts give no vocabulary, a parameter of the vectorizer is invalid or another one than that of the pipeline to continue from,
    /// and as by a training on features.
    pub fn run(self) -> Result<TrainedPipeline, PipelineError> {
        let (params, data, start) = (self.params, self.data, self.start);
        let (vectorizer, features) = match start {
            Some(start) if *start.vectorizer().params() != params.vectorizer => {
                return Err(PipelineError::OtherVectorizer);
            }
            Some(start) => (start.vectorizer().clone(), start.vectorizer().transform(data.texts())),
            None => params.vectorizer.fit_transform(data.texts())?,
        };
        let train = data.with_features(features)?;
        let transformed =
            self.sets.iter().map(|(_, set)| set.with_features(vectorizer.transform(set.texts())));
        let sets = transformed.collect::<Result<Vec<_>, _>>()?;
        let start = start.map(TextPipeline::booster);
        let trained = self.on_features(&params.booster, &train, &sets, start).run()?;
        Ok(TrainedPipeline {
            pipeline: TextPipeline::new(vectorizer, trained.booster)?,
            history: trained.history,
            best: trained.best,
            ending: trained.ending,
            resumed_rounds: trained.resumed_rounds,
        })
    }
}
