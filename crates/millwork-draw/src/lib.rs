//! What Millwork draws: graphs as SVG, DOT, Mermaid and text, plots and charts as SVG.
//!
//! Everything here is a function from values to text. What a plot shows is decided where it is made, in `millwork-core`; where boxes
//! and arrows go, in `millwork-layout`.

pub mod graph;
pub mod markup;
pub mod plot;
