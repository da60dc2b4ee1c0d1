//! What the compiler says to authors who get something wrong. The expected texts are reviewed like prose; after a
//! change of the texts or of the compiler, `TRYBUILD=overwrite cargo test -p millwork --test compile_fail` rewrites them.

#[test]
fn compile_fail() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
