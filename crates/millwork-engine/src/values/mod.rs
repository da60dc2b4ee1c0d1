//! Values at rest: encoded, stored, found again, and checked.

mod object_store_io;
mod stored;

pub use object_store_io::ObjectStoreIo;
pub(crate) use stored::{EncodedValue, encode};
pub use stored::{ValueError, Values};
