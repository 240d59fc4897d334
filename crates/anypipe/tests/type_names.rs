//! How long the types are that a chain of stages has when it runs: what rustc makes a symbol's name of.
#![cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]

use std::any::type_name_of_val;

use anypipe::author::current_scope;
use anypipe::prelude::*;

/// The length of the type of what this source gives.
fn length(source: impl Source) -> usize {
    let scope = current_scope().expect("it is asked in a run");
    type_name_of_val(&source.attach(&scope)).len()
}

#[test]
fn the_type_of_a_chain_grows_with_its_stages_and_no_faster() {
    macro_rules! chain {
        ($source:expr) => {
            $source
                .map(|n: u64| n + 1)
                .filter(|n| n % 2 == 0)
                .inspect(|_| {})
                .scan(0, |_, n| Some(n))
                .take(9)
                .skip(1)
                .take_while(|_| true)
                .skip_while(|_| false)
                .dedup()
                .step_by(1)
                .accumulate(|_, n| n)
        };
    }
    let (one, two) = anypipe::run(async {
        let one = length(chain!(Pipeline::from_iter(0..9)));
        let two = length(chain!(chain!(Pipeline::from_iter(0..9))));
        (one, two)
    });
    assert!(two < 3 * one, "{one} bytes, and {two} for a chain of twice as many");
}
