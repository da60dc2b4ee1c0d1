//! The command line, by way of the reference job's binary: what each command prints, and how it ends.

mod commands;
mod going_on;
mod homes;
mod mistakes;
