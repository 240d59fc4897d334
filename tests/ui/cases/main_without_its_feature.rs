//! A main on a runtime that isn't compiled in.
//~ `#[anypipe::main(smol)]` needs the feature `smol` of anypipe

#[anypipe::main(smol)]
async fn main() {}
