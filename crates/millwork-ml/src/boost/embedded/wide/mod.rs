//! Training on wide sparse data: the library's losses and metrics, trees of our own.
//!
//! The library gives the intercept, the gradients and the measures of a round, so that a model means the same whichever
//! way it is grown. Its trees come from [`columns`](crate::boost::columns), which is faster the more bins there are for
//! each entry. They are written into the model's XGBoost document, which the library reads back.

mod document;
mod rounds;
mod rows;

pub(super) use rounds::WideRounds;
