//! Values at rest: encoded, stored, loaded, and verified.

mod forget;
mod history;
mod object_store_io;
mod shadow;
mod stored;

pub use forget::{ForgetError, ForgottenValues, forget_values};
pub(crate) use history::{LoggedHistory, ReadHistory, history_of, newest_materialization};
pub use object_store_io::ObjectStoreIo;
pub(crate) use shadow::{ReadShadow, made_in_shadow};
pub(crate) use stored::{EncodedValue, encode};
pub use stored::{ValueError, Values};
