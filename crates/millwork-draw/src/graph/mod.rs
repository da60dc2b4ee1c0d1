//! How a graph becomes a picture or a text.
//!
//! A [`Drawing`] says what there is to see, in words and states, and has four forms: SVG for a page or a README, the
//! languages of Graphviz and Mermaid for tools that lay out themselves, and a listing with a rail for a terminal. No
//! form tells a state by colour alone: each has a symbol too, the same everywhere.

mod dot;
mod drawing;
mod identifier;
mod listing;
mod mermaid;
mod rail;
#[cfg(test)]
mod reference;
mod svg;

pub use drawing::{Drawing, DrawingNode, NodeState};
