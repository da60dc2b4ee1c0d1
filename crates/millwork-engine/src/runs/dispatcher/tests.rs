//! The dispatcher without the loop around it: a script of its transitions, and random inputs against a naive model.

mod model;
mod planned;
mod random;
mod transitions;
