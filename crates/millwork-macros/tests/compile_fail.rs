//! What the compiler says to authors who get something wrong. The expected texts are reviewed like prose; after a
//! change of the texts or of the compiler, `TRYBUILD=overwrite cargo test -p millwork-macros --test compile_fail` rewrites
//! them. They stand here, and not with the façade, because a message lists what other features of the façade implement.

#[test]
fn compile_fail() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
