//! The order of the rooms, held: no circle among the files of a crate, and core's folders only look down.
//!
//! Read from what files name of their own crate: `use`, and paths in the code. What a `mod.rs` hands on
//! (`pub use self::file::Name`) counts as the file it comes from. Left out are comments, what only tests see,
//! and a `mod.rs` that declares its children.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Core's folders, from the ground up: each may name those before it.
const FLOORS: [&str; 14] = [
    "sync", "error", "holds", "runtime", "scope", "channel", "drive", "source", "stage", "sink", "option",
    "run", "lib", "loom",
];

/// The files of a crate, by the path of their module: `scope::task`, and "lib" for the root.
type Files = BTreeMap<String, String>;
/// What each file names.
type Names = BTreeMap<String, BTreeSet<String>>;

fn read(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let parts: Vec<_> =
                    path.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                let parts = if parts.len() > 1 && parts.ends_with(&["mod".to_owned()]) {
                    &parts[..parts.len() - 1]
                } else {
                    &parts[..]
                };
                files.insert(parts.join("::"), std::fs::read_to_string(root.join(&path)).unwrap());
            }
        }
    }
    files
}

/// The code without comments, and without a module of tests at its end.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// All paths in the code that begin with one of these words, groups in braces spread out.
fn paths(code: &str, first: &[&str]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for word in first {
        let begin = format!("{word}::");
        for (at, _) in code.match_indices(&begin) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != ':') {
                spread(&code[at + begin.len()..], &[(*word).to_owned()], &mut found);
            }
        }
    }
    found
}

/// Follows one path, or a group of them; gives what is left behind it.
fn spread<'a>(mut rest: &'a str, before: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    if let Some(group) = rest.strip_prefix('{') {
        rest = group;
        loop {
            rest = spread(rest.trim_start(), before, found).trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
            if rest.is_empty() {
                return rest;
            }
            if let Some(rest) = rest.strip_prefix('}') {
                return rest;
            }
        }
    }
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let mut path = before.to_vec();
    path.push(rest[..end].to_owned());
    let behind = &rest[end..];
    match behind.strip_prefix("::") {
        Some(next) => spread(next, &path, found),
        None => {
            found.push(path);
            // `as Other`, and whatever else is not a path; at least one letter, so that this ends.
            let skip = behind.find([',', '}', ';', '\n']).unwrap_or(behind.len());
            if end == 0 && skip == 0 { behind.get(1..).unwrap_or_default() } else { &behind[skip..] }
        }
    }
}

/// What each file of a crate names of it.
fn names(files: &Files) -> Names {
    let code: BTreeMap<_, _> = files.iter().map(|(file, text)| (file.as_str(), code(text))).collect();
    // What a `mod.rs` hands on.
    let mut handed = BTreeMap::new();
    for (file, code) in &code {
        for path in paths(code, &["self"]) {
            if let [_, child, .., name] = &path[..] {
                let child = if *file == "lib" { child.clone() } else { format!("{file}::{child}") };
                if files.contains_key(&child) {
                    handed.insert(((*file).to_owned(), name.clone()), child);
                }
            }
        }
    }
    let mut names = Names::new();
    for (file, code) in &code {
        let entry = names.entry((*file).to_owned()).or_default();
        for path in paths(code, &["crate", "super"]) {
            let mut at: Vec<&str> = match path[0].as_str() {
                "crate" => Vec::new(),
                _ => file
                    .split("::")
                    .collect::<Vec<_>>()
                    .split_last()
                    .map_or(Vec::new(), |(_, up)| up.to_vec()),
            };
            let mut parts = path[1..].iter().map(String::as_str).peekable();
            while parts.next_if_eq(&"super").is_some() {
                at.pop();
            }
            let mut target = if at.is_empty() { "lib".to_owned() } else { at.join("::") };
            for part in parts {
                let child = if target == "lib" { part.to_owned() } else { format!("{target}::{part}") };
                if files.contains_key(&child) {
                    target = child;
                    continue;
                }
                // Handed on, perhaps by several in a row.
                while let Some(from) = handed.get(&(target.clone(), part.to_owned())) {
                    target.clone_from(from);
                }
                break;
            }
            if target != **file {
                entry.insert(target);
            }
        }
    }
    names
}

/// A way from a file back to itself, where there is one.
fn circle(names: &Names) -> Option<Vec<String>> {
    fn walk<'a>(
        names: &'a Names,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<String>> {
        let here = *way.last()?;
        for next in names.get(here).into_iter().flatten() {
            if let Some(from) = way.iter().position(|file| file == next) {
                return Some(way[from..].iter().map(|file| (*file).to_owned()).collect());
            }
            if !done.contains(next.as_str()) {
                way.push(next);
                if let Some(circle) = walk(names, way, done) {
                    return Some(circle);
                }
                way.pop();
            }
        }
        done.insert(here);
        None
    }
    let mut done = BTreeSet::new();
    names.keys().find_map(|file| walk(names, &mut vec![file], &mut done))
}

/// Files that name something on a higher floor.
fn climbs(names: &Names, floors: &[&str]) -> Vec<String> {
    let floor = |file: &str| {
        let room = file.split("::").next().unwrap_or_default();
        floors.iter().position(|floor| *floor == room).unwrap_or_else(|| panic!("`{room}` has no floor"))
    };
    let mut climbs = Vec::new();
    for (file, named) in names {
        for other in named.iter().filter(|other| floor(other) > floor(file)) {
            climbs.push(format!("{file} names {other}"));
        }
    }
    climbs
}

/// Leaves out what only tests and the model checker see, and a folder's own `mod.rs`, which files of the folder
/// name for the types that are defined there.
fn sources(of: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(of).join("src");
    read(&root).into_iter().filter(|(file, _)| !file.ends_with("loom")).collect()
}

#[test]
fn no_circle_among_the_files_of_a_crate() {
    for of in [
        "anypipe-core",
        "anypipe-stages",
        "anypipe-sync",
        "anypipe-sim",
        "anypipe-tokio",
        "anypipe-smol",
        "anypipe-async-std",
        "anypipe-flume",
        "anypipe-macros",
        "anypipe-serve",
        "anypipe",
    ] {
        if let Some(circle) = circle(&names(&sources(of))) {
            panic!(
                "{of}: {} name each other in a circle; move what they share to a file below them",
                circle.join(", ")
            );
        }
    }
}

#[test]
fn cores_folders_look_down() {
    let climbs = climbs(&names(&sources("anypipe-core")), &FLOORS);
    assert!(climbs.is_empty(), "{climbs:#?}\nthe order is in ARCHITECTURE.md, \"Floors\"");
}

/// The meaning of an operator is told where users meet it; the second layer only makes it.
#[test]
fn no_sentence_stands_twice() {
    let lines = |of: &str| -> Vec<(String, String)> {
        let lines = |(file, text): (String, String)| {
            let told =
                text.lines().filter_map(|line| line.trim_start().strip_prefix("/// ").map(str::to_owned));
            told.filter(|line| line.len() > 40 && line.ends_with('.'))
                .map(|line| (line, file.clone()))
                .collect::<Vec<_>>()
        };
        sources(of).into_iter().flat_map(lines).collect()
    };
    let facade: BTreeMap<_, _> = lines("anypipe").into_iter().collect();
    let twice = |(line, file): &(String, String)| Some(format!("{file} and {}: {line}", facade.get(line)?));
    let twice: Vec<_> = lines("anypipe-stages").iter().filter_map(twice).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn a_planted_circle_and_a_planted_climb_are_found() {
    let files = |texts: &[(&str, &str)]| -> Files {
        texts.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect()
    };
    let good = [
        ("lib", "mod low; pub mod high; pub use self::high::One;"),
        ("low", "// crate::high\nstruct Low;\n#[cfg(test)]\nmod tests { use crate::high::One; }"),
        ("high", "mod one; mod two; pub use self::one::{One, Other as Another};"),
        ("high::one", "use crate::low::{self, Low};"),
        ("high::two", "use super::{One};\nfn f() { crate::low::g(); }"),
    ];
    assert_eq!(circle(&names(&files(&good))), None);
    assert_eq!(climbs(&names(&files(&good)), &["low", "high", "lib"]), [""; 0]);
    for planted in
        ["use crate::{low::Low, high::two::Two};", "use super::two::Two;", "fn f() { super::two::g() }"]
    {
        let mut files = files(&good);
        files.insert("high::one".to_owned(), planted.to_owned());
        assert_eq!(circle(&names(&files)).map(|circle| circle.len()), Some(2), "{planted}");
    }
    for planted in ["use crate::high::One;", "use crate::One;", "fn f(one: &crate::high::one::One) {}"] {
        let mut files = files(&good);
        files.insert("low".to_owned(), planted.to_owned());
        assert_eq!(climbs(&names(&files), &["low", "high", "lib"]), ["low names high::one"], "{planted}");
    }
}
