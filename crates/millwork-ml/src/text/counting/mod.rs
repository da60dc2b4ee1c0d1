//! From documents to rows of counts, in parallel.
//!
//! Documents are taken apart once, in chunks that threads take as they become free. In a fit, each thread numbers terms
//! in a table of its own; the tables are merged, terms are dropped and sorted, and then every chunk's numbers are
//! rewritten as columns and sorted row by row. Only integers are added across documents, and a row's values follow from
//! that row alone, so neither chunks nor threads change a bit of the result.
//!
//! What bounds it: of the time for a million titles on one thread, about three fifths go into finding words and looking
//! them up (the slots of rare terms wait for memory beyond the second-level cache), a fifth into writing values (mostly
//! fresh memory from the system), a seventh into sorting rows, and the rest into the vocabulary. On several threads the
//! merging of tables is what stays on one. Beside the result (12 bytes per entry and 8 per row) there are, until the rows
//! are written, 4 bytes per occurrence of a term and 24 per document; at its peak a fit on a million titles holds 1.7 times
//! the result, vocabulary included.

mod chunk;
mod fit;
mod rows;

pub(super) use chunk::{Rows, collect, collect_columns, texts};
pub(super) use fit::{Fit, fit};
pub(super) use rows::{Weigh, features};
