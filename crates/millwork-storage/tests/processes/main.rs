//! Several real processes on one home, and the state that a killed one leaves.
//!
//! A child process is this test binary again: it runs the test `child::works` with its task in the environment.

// Clippy lets tests unwrap, but not what they share.
#![allow(clippy::unwrap_used)]

mod child;
mod crash;
mod home;
