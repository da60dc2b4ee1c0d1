//! Drawings of a graph, as picture or text.
//!
//! A [`Drawing`] describes a graph in words and marks, and has four forms: SVG for a page or a README, the
//! languages of Graphviz and Mermaid for tools that lay out themselves, and a listing with a rail for a terminal. No
//! form shows a status by colour alone: each has a symbol too, the same everywhere (`mark.rs`).

mod dot;
mod drawing;
mod identifier;
mod listing;
mod mark;
mod mermaid;
mod rail;
#[cfg(test)]
mod reference;
mod svg;

pub use drawing::{Drawing, DrawingNode};
pub use mark::symbol;
