//! Holds the guide to what there is: its links, its list of pages, and the names that its tables promise.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn pages() -> Vec<(PathBuf, String)> {
    let pages = files(&root().join("docs/guide"), "md");
    pages.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The rows of a page's tables, cell by cell, without their heads.
fn rows(page: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = page.lines().collect();
    let is_head = |at: usize| lines.get(at + 1).is_some_and(|next| next.starts_with("|---"));
    let cells = |line: &str| {
        let line = line.replace("\\|", "\u{1}");
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
    };
    let is_row = |at: &usize| lines[*at].starts_with('|') && !lines[*at].starts_with("|---") && !is_head(*at);
    (0..lines.len()).filter(is_row).map(|at| cells(lines[at])).collect()
}

/// What the tables of a page give as ours, in the column `anypipe`.
fn promised(page: &str) -> Vec<String> {
    let tables = page
        .split("\n\n")
        .filter(|part| part.lines().next().is_some_and(|head| head.contains("| anypipe |")));
    tables.flat_map(rows).filter(|row| row[0].starts_with('`')).map(|row| row[1].clone()).collect()
}

/// What stands in backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The method or function that a piece of code begins with, past a dot or a path.
fn name(code: &str) -> Option<&str> {
    let code = code.trim_start_matches('.');
    let of = [
        "Pipeline::",
        "Deadline::",
        "BlockingPortal::",
        "source::",
        "task::",
        "time::",
        "sync::",
        "channel::",
    ]
    .iter()
    .chain(&[
        "signal::",
        "runtime::",
        "anypipe::",
        "control.",
        "run.",
        "running.",
        "group.",
        "handle.",
        "token.",
        "portal.",
    ]);
    let code = of.fold(code, |code, prefix| code.strip_prefix(prefix).unwrap_or(code));
    let end = code
        .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .unwrap_or(code.len());
    let called = code[end..].is_empty() || code[end..].starts_with('(');
    (end > 0 && called).then_some(&code[..end])
}

#[test]
fn links_lead_somewhere() {
    for (path, page) in pages() {
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let there = target.starts_with("http") || path.parent().unwrap().join(file).exists();
            assert!(there, "{} links to {target}", path.display());
        }
    }
}

#[test]
fn every_page_is_in_the_index_and_its_code_is_compiled() {
    let index = fs::read_to_string(root().join("docs/guide/README.md")).unwrap();
    let compiled = fs::read_to_string(root().join("examples/src/lib.rs")).unwrap();
    let guide = root().join("docs/guide");
    for (path, page) in pages() {
        let name = path.strip_prefix(&guide).unwrap().to_str().unwrap();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "{name} is not in the index");
        let is_compiled = compiled.contains(&format!("\"../../docs/guide/{name}\""));
        assert!(is_compiled || !page.contains("```rust"), "the code of {name} is not compiled");
    }
}

#[test]
fn all_of_aiostream_is_mapped() {
    let page = fs::read_to_string(root().join("docs/guide/coming-from/aiostream.md")).unwrap();
    let counts = page.split("\n## ").skip(1).filter_map(|section| {
        let count = section.lines().next()?.split(&['(', ')'][..]).nth(1)?.parse::<usize>().ok()?;
        assert_eq!(rows(section).len(), count, "{section}");
        Some(count)
    });
    assert_eq!(counts.sum::<usize>(), 44);
}

#[test]
fn names_that_the_tables_promise_exist() {
    let crates =
        ["anypipe", "anypipe-core", "anypipe-stages", "anypipe-sync", "anypipe-signal", "anypipe-tokio"];
    let mut known = BTreeSet::new();
    for path in crates.iter().flat_map(|name| files(&root().join("crates").join(name).join("src"), "rs")) {
        for line in fs::read_to_string(path).unwrap().lines().map(str::trim_start) {
            // `pub fn name(`, and the declarations of operators: `name<F>(f: F) -> Stage`, `name -> Stage`.
            let declared = line.split("fn ").nth(1).unwrap_or(line);
            let end = declared.find(['<', '(', ' ']).unwrap_or(declared.len());
            if line.contains("fn ") || line.contains(" -> ") {
                known.insert(declared[..end].to_owned());
            }
        }
    }
    let ours = pages().into_iter().filter(|(path, _)| path.to_str().unwrap().contains("coming-from"));
    let mut checked = 0;
    for (path, page) in ours {
        for ours in promised(&page) {
            for name in code(&ours).filter_map(name).filter(|name| *name != "await") {
                assert!(known.contains(name), "{} promises `{name}`", path.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 450, "only {checked} names were found");
}
