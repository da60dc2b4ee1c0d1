//! Metrics of predicted quantities.

mod deviance;
mod difference;
mod logarithm;
mod median;
mod relative;
mod variance;

pub use deviance::{mean_gamma_deviance, mean_poisson_deviance, mean_tweedie_deviance};
pub use difference::{max_error, mean_absolute_error, mean_squared_error, root_mean_squared_error};
pub use logarithm::{mean_squared_log_error, root_mean_squared_log_error};
pub use median::median_absolute_error;
pub use relative::{mean_absolute_percentage_error, mean_pinball_loss};
pub use variance::{explained_variance, r_squared};
