//! Nothing in `anypipe-stages` is left out of the registry.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anypipe_conformance::registry::{operators, origins, terminals};

#[test]
fn every_operator_is_entered() {
    check("stage", operators().map(|entry| entry.name));
}

#[test]
fn every_source_is_entered() {
    check("source", origins().map(|entry| entry.name));
}

#[test]
fn every_sink_is_entered() {
    check("sink", terminals().map(|entry| entry.name));
}

/// Files that make nothing themselves, and what they are for.
const SUPPORT: [(&str, &str); 6] = [
    ("source/combine", "what the sources that join others share"),
    ("source/files", "what the sources of files share"),
    ("source/lanes", "what the sources that join others share"),
    ("stage/fan_out", "what the stages with branches share"),
    ("stage/siding", "what the stages with branches share"),
    ("sink/into_stage", "makes a branch of a sink; entered with `broadcast`"),
];

/// Each file of a folder has a function that makes something, and each such function an entry.
fn check(folder: &str, entered: impl Iterator<Item = &'static str>) {
    let entered: BTreeSet<&str> = entered.collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../anypipe-stages/src").join(folder);
    let made = made(&fs::read_to_string(path.join("mod.rs")).unwrap());
    for file in fs::read_dir(&path).unwrap() {
        let file = file.unwrap().path();
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let named = format!("{folder}/{stem}");
        let is_support = stem == "mod" || SUPPORT.iter().any(|(support, _)| *support == named);
        let makes = made.iter().any(|(file, _)| *file == stem);
        assert!(makes || is_support, "{named}.rs has no public function that could be entered");
    }
    let made: BTreeSet<&str> = made.iter().map(|(_, name)| name.as_str()).collect();
    let missing: Vec<_> = made.difference(&entered).collect();
    assert!(
        missing.is_empty(),
        "no entry in crates/anypipe-conformance/src/registry for {folder}::{missing:?}"
    );
    let unknown: Vec<_> = entered.difference(&made).collect();
    assert!(unknown.is_empty(), "entries of the registry that {folder} doesn't have: {unknown:?}");
}

/// The public functions of a folder, each with its file, as the folder's `mod.rs` lists them.
fn made(text: &str) -> Vec<(String, String)> {
    let mut made = Vec::new();
    // A list may go over several lines.
    for item in text.split(';') {
        let Some((_, item)) = item.split_once("pub use self::") else { continue };
        let (file, names) = item.split_once("::").expect("a file and what is in it");
        let names = names.trim_matches(|c: char| c == '{' || c == '}' || c.is_whitespace());
        for name in names.split(',').map(str::trim) {
            if name.starts_with(char::is_lowercase) {
                made.push((file.to_owned(), name.to_owned()));
            }
        }
    }
    made
}
