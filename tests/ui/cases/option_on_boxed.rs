//! An option for a segment that shows no more than what goes in and out.
//~ can't have workers
//~ what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before

use anypipe::prelude::*;

fn main() {
    let lengths: BoxSegment<String, usize> = map(|word: String| word.len()).boxed();
    let _run = Pipeline::from_iter(["a".to_owned()]).pipe(lengths).workers(2).collect::<Vec<_>>();
}
