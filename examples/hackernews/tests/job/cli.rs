//! The command line, through the reference job's binary: the output and exit code of each command.

mod commands;
mod going_on;
mod homes;
mod mistakes;
mod reproduce;
