//! Terms as numbers: the tables that every occurrence of a term is looked up in.
//!
//! A million titles have some hundred thousand different terms and many million occurrences, so what an occurrence costs
//! decides. It costs one multiplication and, nearly always, one slot of a table: a term of up to eight bytes, as most
//! words are, *is* its slot's key, and a longer one is compared with the stored bytes once its 64-bit hash agrees.
//! Nothing is allocated for an occurrence; a new term's bytes are appended to one buffer.

mod interner;
mod table;
mod term;
mod vocabulary;

pub(super) use interner::Interner;
pub(super) use term::{PADDING, Term, Terms};
pub(super) use vocabulary::Vocabulary;
