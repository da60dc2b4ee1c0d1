//! Tests of mappings: against lists of windows by their times, both ways against each other, and what is inferred or refused.

mod choices;
mod functions;
mod large;
mod laws;
mod problems;
mod support;
mod values;
mod windows;
mod words;
