//! What the compiler says to authors who get a declaration wrong: the tests are in `tests/compile_fail`.
//!
//! They have a crate of their own for two reasons. What `millwork-macros` depends on, even for its tests, is compiled for
//! the machine that compiles, apart from the same crates in a pipeline: the whole stack twice. And in the façade's own
//! tests a message would list what its optional features implement.
