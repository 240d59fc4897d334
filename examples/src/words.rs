//! The program that grows through the guide: an index of words. What a page has shown is here for the pages behind it.

use std::collections::BTreeMap;
use std::io;

use anypipe::prelude::*;

/// How often each word comes.
pub type Index = BTreeMap<String, usize>;

/// The words of one text.
pub fn count(text: &str) -> Index {
    let mut index = Index::new();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        *index.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    index
}

/// Two indexes in one.
pub fn join(mut all: Index, one: Index) -> Index {
    for (word, n) in one {
        *all.entry(word).or_insert(0) += n;
    }
    all
}

/// The texts in a folder and in all below it, two of them read at a time.
pub fn texts(folder: &str) -> Pipeline<impl Source<Item = io::Result<String>> + use<>> {
    source::walk(folder)
        .try_filter(source::WalkEntry::is_file)
        .map(|entry| std::fs::read_to_string(entry?.path()))
        .named("read")
        .blocking()
        .workers(2)
        .buffer_size(1)
}

/// The index of texts, wherever they come from, or the first that could not be read.
pub fn index(texts: Pipeline<impl Source<Item = io::Result<String>>>) -> Run<io::Result<Index>> {
    let counted = texts.and_then(async |text: String| Ok(count(&text))).named("count").workers(2).unordered();
    counted.try_fold(Index::new(), |all, one| Ok(join(all, one)))
}
