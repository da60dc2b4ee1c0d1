//! Which way a model grows.

use crate::boost::BoostError;
use crate::boost::embedded::library::LibraryRounds;
use crate::boost::embedded::parameters;
use crate::boost::embedded::wide::WideRounds;
use crate::boost::training::{Rounds, Task};

/// A training on the threads that it is called on.
pub(in crate::boost) fn rounds<'a>(task: &Task<'a>) -> Result<Box<dyn Rounds + Send + 'a>, BoostError> {
    let parameters = parameters::parameters(task.params, task.data.features().columns())?;
    if let Some(rounds) = WideRounds::new(task, &parameters)? {
        return Ok(Box::new(rounds));
    }
    Ok(Box::new(LibraryRounds::new(task, parameters)?))
}
