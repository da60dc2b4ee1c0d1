//! Layouts of directed graphs: positions of boxes and paths of arrows.
//!
//! The layered method of Sugiyama, Tagawa and Toda (*Methods for visual understanding of hierarchical system
//! structures*, 1981), one connected component at a time:
//!
//! 1. edges that would close a cycle are set aside ([`layered`] never hangs on a bad graph);
//! 2. every node gets a layer: the longest path from a source, then moves that make the edges shorter in total;
//! 3. an edge over several layers gets a dummy vertex in each layer between. All long edges of one node share them, so
//!    that an asset read in five places is one trunk with five branches;
//! 4. layers are reordered until few edges cross: barycentre and median sweeps with transpositions, as in Gansner,
//!    Koutsofios, North and Vo (*A technique for drawing directed graphs*, 1993), counted with the accumulator tree of
//!    Barth, Jünger and Mutzel (*Simple and efficient bilayer cross counting*, 2002);
//! 5. vertices get coordinates by Brandes and Köpf (*Fast and simple horizontal coordinate assignment*, 2001), and
//!    small kinks are taken out;
//! 6. edges become curves that bend only between two layers, and so never run behind a box;
//! 7. the components are packed on shelves.
//!
//! Each step is linear in vertices and edges, up to a logarithm and a bounded number of rounds. Inside, a position is
//! *along* (with the flow) and *across* (within a layer); only the last step knows x and y.

mod across;
mod align;
mod compact;
mod component;
mod crossings;
mod dag;
mod direction;
mod geometry;
mod layered;
mod order;
mod pack;
mod proper;
mod rank;
mod sketch;
mod straighten;
#[cfg(test)]
mod tests;

pub use direction::Direction;
pub use geometry::{Layout, Placed, Point, Route, Size};
pub use layered::{LayoutOptions, layered};
