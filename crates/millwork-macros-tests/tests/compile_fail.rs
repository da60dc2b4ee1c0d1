//! The expected texts are reviewed like prose; after a change of the texts or of the compiler,
//! `TRYBUILD=overwrite cargo test -p millwork-macros-tests` rewrites them.

#[test]
fn compile_fail() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
