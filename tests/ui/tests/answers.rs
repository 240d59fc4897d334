//! None of the mistakes compiles. With `TRYBUILD=overwrite` the answers are written anew.

#[test]
fn every_mistake_gets_its_answer() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
