//! The templates' programs, compiled with this repository's lints, and their own tests.
#![allow(dead_code, reason = "a program's `main` is not called here")]

#[rustfmt::skip] // They are formatted as those who use them have it, and `new.rs` checks that.
#[path = "../templates/empty/main.rs"]
mod empty;
#[rustfmt::skip]
#[path = "../templates/model/main.rs"]
mod model;
