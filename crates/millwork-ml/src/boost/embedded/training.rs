//! A training by the library, its rounds reported as ours.

use std::num::NonZeroUsize;

use hessboost::data::DMatrix;
use hessboost::error::HessboostError;
use hessboost::training::{TrainResult, Trainer};

use crate::boost::embedded::Model;
use crate::boost::embedded::matrix::{labelled_matrix, training_matrix};
use crate::boost::embedded::parameters::parameters;
use crate::boost::{Best, BoostError, Booster, Ending, History, Round, Trained, Training};

/// Runs a training whose parameters and sets have been checked.
pub(in crate::boost) fn train(training: Training<'_>) -> Result<Trained, BoostError> {
    let Training { params, rounds, data, sets, patience, mut on_round } = training;
    let parameters = parameters(params);
    let matrix = training_matrix(data)?;
    let set_matrices =
        sets.iter().map(|(_, data)| labelled_matrix(data)).collect::<Result<Vec<DMatrix>, _>>()?;

    let mut history = History::new(sets.iter().map(|(set, _)| *set), &params.eval_metric);
    let (mut completed, mut interrupted) = (0, false);
    let mut trainer = Trainer::new(&parameters, &matrix, rounds);
    for ((set, _), matrix) in sets.iter().zip(&set_matrices) {
        trainer = trainer.eval(matrix, set);
    }
    if let Some(patience) = patience.and_then(NonZeroUsize::new) {
        trainer = trainer.early_stopping_rounds(patience);
    }
    let result = trainer
        .on_round(|round| {
            history.push(round.values());
            completed = round.iteration() + 1;
            let flow = on_round(&Round { index: round.iteration(), rounds, scores: &history.last() });
            interrupted = flow.is_break();
            flow
        })
        .train()
        .map_err(library_error)?;

    let ending = if interrupted {
        Ending::Interrupted
    } else if completed < rounds {
        Ending::StoppedEarly
    } else {
        Ending::Completed
    };
    let best = best(&result);
    let booster = Booster::from_model(up_to_best(result)?);
    Ok(Trained { booster, history, best, ending })
}

fn best(result: &TrainResult) -> Option<Best> {
    let round = result.model.best_iteration()?;
    Some(Best { round, value: result.best_score? })
}

/// The model without the rounds after the best one, which its file could not mark as such.
fn up_to_best(result: TrainResult) -> Result<Model, BoostError> {
    match result.model.best_iteration() {
        Some(best) => Ok(Model(result.model.slice(..=best, 1).map_err(library_error)?)),
        None => Ok(Model(result.model)),
    }
}

fn library_error(error: HessboostError) -> BoostError {
    BoostError::Library { action: "train the model", source: error.into() }
}
