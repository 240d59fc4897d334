// cargo run --release --example words -- [FOLDER]
//! Tells which words come most often in the texts of a folder: in three poems of William Blake's unless told otherwise. It is
//! the program that grows through the guide, as it ends there. Ctrl-C has it tell what it has read by then.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use anypipe::prelude::*;

type Index = BTreeMap<String, usize>;

fn count(text: &str) -> Index {
    let mut index = Index::new();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        *index.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    index
}

fn join(mut all: Index, one: Index) -> Index {
    for (word, n) in one {
        *all.entry(word).or_insert(0) += n;
    }
    all
}

#[anypipe::main]
async fn main() {
    let poems = concat!(env!("CARGO_MANIFEST_DIR"), "/texts").to_owned();
    let folder = std::env::args().nth(1).unwrap_or(poems);

    let counts = source::walk(folder)
        .try_filter(source::WalkEntry::is_file)
        .map(|entry| std::fs::read_to_string(entry?.path()))
        .named("read")
        .blocking()
        .workers(4)
        .buffer_size(1)
        .unordered()
        .dead_letter(sink::for_each(|error| eprintln!("words: {error}")))
        .map(|text| (count(&text), text.lines().count()))
        .named("count")
        .workers(2)
        .unordered();
    let whole =
        counts.fold((Index::new(), 0), |(words, lines), (one, more)| (join(words, one), lines + more));

    let mut running = whole.start().stop_on_signals(Duration::from_secs(1));
    let (words, lines) = (&mut running).await.expect("a run that is stopped gives what it has");
    if let Some(signal) = running.stopped_by() {
        eprintln!("words: {signal:?}, so this is a part");
    }
    let mut words: Vec<_> = words.into_iter().collect();
    words.sort_by_key(|(_, n)| Reverse(*n));
    println!("{lines} lines, {} different words", words.len());
    for (word, n) in words.iter().take(10) {
        println!("{n:>6} {word}");
    }
}
