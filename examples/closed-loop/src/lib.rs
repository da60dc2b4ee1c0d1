//! A closed loop on made-up flats: predictions, the prices that were paid later, live performance, and what follows from it.
//!
//! `market` makes up the flats, whose prices shift at stated days; `pipeline` declares the model and everything around it; `service` keeps it
//! in use on a clock of virtual time (`clock`), and can be killed at any moment.

mod clock;
mod market;
mod pipeline;
mod service;

pub use market::{Sale, occasions, opening, sales_of, shift_days, time_of};
pub use pipeline::{
    BUDGET, COOLDOWN, MOST_ROWS, better_prices, definitions, live_performance, price_model,
    price_predictions, prices_paid,
};
pub use service::live;
