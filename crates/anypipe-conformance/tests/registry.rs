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

/// Each file of a folder has a function that makes something, and each such function an entry.
fn check(folder: &str, entered: impl Iterator<Item = &'static str>) {
    let entered: BTreeSet<&str> = entered.collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../anypipe-stages/src").join(folder);
    let files = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found = BTreeSet::new();
    for file in files {
        let file = file.unwrap().path();
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        if stem == "mod" {
            continue;
        }
        let made = made(&fs::read_to_string(&file).unwrap());
        assert!(!made.is_empty(), "{folder}/{stem}.rs has no public function that makes something");
        found.extend(made);
    }
    let missing: Vec<_> = found.iter().filter(|name| !entered.contains(name.as_str())).collect();
    assert!(
        missing.is_empty(),
        "no entry in crates/anypipe-conformance/src/registry for {folder}::{missing:?}"
    );
    let unknown: Vec<_> = entered.iter().filter(|name| !found.contains(**name)).collect();
    assert!(unknown.is_empty(), "entries of the registry that {folder} doesn't have: {unknown:?}");
}

/// The names of a file's public functions.
fn made(text: &str) -> BTreeSet<String> {
    let functions = text.lines().filter_map(|line| line.strip_prefix("pub fn "));
    let name = |line: &str| line.split(['<', '(']).next().map(str::to_owned);
    functions.filter_map(name).collect()
}
