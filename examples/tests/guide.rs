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

/// The rows of a page's tables that have a column `anypipe`, which is the second.
fn promised_rows(page: &str) -> Vec<Vec<String>> {
    let tables = page
        .split("\n\n")
        .filter(|part| part.lines().next().is_some_and(|head| head.contains("| anypipe |")));
    tables.flat_map(rows).filter(|row| row[0].starts_with('`')).collect()
}

/// What these give as ours.
fn promised(page: &str) -> Vec<String> {
    promised_rows(page).into_iter().map(|row| row[1].clone()).collect()
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
    let book = fs::read_to_string(guide.join("SUMMARY.md")).unwrap();
    for (path, page) in pages() {
        let name = path.strip_prefix(&guide).unwrap().to_str().unwrap();
        if name == "SUMMARY.md" {
            continue;
        }
        assert!(book.contains(&format!("({name})")), "{name} is not in the book");
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

/// The source files of what users see.
fn sources() -> impl Iterator<Item = String> {
    let crates =
        ["anypipe", "anypipe-core", "anypipe-stages", "anypipe-sync", "anypipe-signal", "anypipe-tokio"];
    let files =
        crates.into_iter().flat_map(|name| files(&root().join("crates").join(name).join("src"), "rs"));
    files.map(|path| fs::read_to_string(path).unwrap())
}

/// The name that a line declares: `pub fn name(`, `struct Name`, `macro_rules! name`, and the declarations of
/// operators: `name<F>(f: F) -> Stage`, `name -> Stage`.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let kinds = ["fn ", "struct ", "enum ", "trait ", "macro_rules! "];
    let after = |kind: &&str| line.find(kind).map(|at| &line[at + kind.len()..]);
    let named = kinds.iter().find_map(after).or_else(|| line.contains(" -> ").then_some(line))?;
    let end = named.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(named.len());
    (end > 0).then_some(&named[..end])
}

/// What the docs' search finds under another name: that name, and whose it is.
fn aliases(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in source.split("#[doc(alias").skip(1) {
        let (names, rest) = part.split_once(")]").unwrap();
        let item = rest.lines().find_map(|line| if line.contains("#[") { None } else { declared(line) });
        let item = item.unwrap_or_else(|| panic!("an alias of nothing: {names}"));
        found.extend(names.split('"').skip(1).step_by(2).map(|name| (name.to_owned(), item.to_owned())));
    }
    found
}

/// All identifiers in a piece of code.
fn identifiers(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

#[test]
fn what_people_look_for_is_found_under_the_name_they_know() {
    let aliases: BTreeSet<_> = sources().flat_map(|source| aliases(&source)).collect();
    let tables: Vec<_> =
        pages().into_iter().filter(|(path, _)| path.to_str().unwrap().contains("coming-from")).collect();
    let rows: Vec<_> = tables.iter().flat_map(|(_, page)| promised_rows(page)).collect();
    for (alias, item) in &aliases {
        let of = |cell: &str, name: &str| code(cell).flat_map(identifiers).any(|word| word == name);
        let told = rows.iter().any(|row| of(&row[0], alias) && of(&row[1], item));
        assert!(told, "no table of \"coming from\" says that `{alias}` is `{item}` here");
    }
    let names: BTreeSet<_> = aliases.iter().map(|(alias, _)| alias.as_str()).collect();
    let looked_for = [
        "buffered",
        "buffer_unordered",
        "mapAsync",
        "flatMapMerge",
        "parEvalMap",
        "JoinSet",
        "nursery",
        "errgroup",
        "select",
        "CancellationToken",
        "prefetch",
        "Notify",
        "Mutex",
        "WaitGroup",
        "par_iter",
        "mergeMap",
        "StateFlow",
    ];
    for name in looked_for {
        assert!(names.contains(name), "nobody who looks for `{name}` finds anything");
    }
    assert!(aliases.len() > 250, "only {} aliases were found", aliases.len());
}

#[test]
fn features_are_told_the_same_everywhere() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let manifest = read("crates/anypipe/Cargo.toml");
    let section = manifest.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
    let is_feature =
        |line: &&str| !line.starts_with('#') && !line.starts_with("default") && line.contains(" = [");
    let features: BTreeSet<_> =
        section.lines().filter(is_feature).map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert!(features.len() > 6, "{features:?}");

    let table = |text: &str| -> BTreeSet<String> {
        let rows = text
            .lines()
            .map(|line| line.trim_start_matches("//! "))
            .skip_while(|line| *line != "| Feature | Gives |");
        let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
        rows.map(|row| code(row).next().unwrap().to_owned()).collect()
    };
    assert_eq!(table(&read("README.md")), features, "README.md");
    assert_eq!(table(&read("crates/anypipe/src/lib.rs")), features, "the facade's first page");
    let script = read("ci/features.sh");
    let listed = ["features=(", "looks=("]
        .map(|list| script.lines().find_map(|line| line.strip_prefix(list)).unwrap());
    let checked = listed.iter().flat_map(|list| list.trim_end_matches(')').split(' '));
    let checked: BTreeSet<_> = checked.map(str::to_owned).collect();
    assert_eq!(checked, features, "ci/features.sh");
}

#[test]
fn names_that_the_tables_promise_exist() {
    let mut known = BTreeSet::new();
    for source in sources() {
        let functions = source.lines().filter(|line| line.contains("fn ") || line.contains(" -> "));
        known.extend(functions.filter_map(declared).map(str::to_owned));
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

#[test]
fn every_mistake_that_is_tried_has_its_remedy_in_the_guide() {
    let page = fs::read_to_string(root().join("docs/guide/errors.md")).unwrap();
    for folder in ["cases", "first"] {
        for path in files(&root().join("tests/ui").join(folder), "rs") {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                page.contains(&format!("tests/ui/{folder}/{name})")),
                "errors.md says nothing of {folder}/{name}"
            );
        }
    }
}

#[test]
fn the_promises_name_tests_that_there_are() {
    let page = fs::read_to_string(root().join("docs/guide/promises.md")).unwrap();
    let rows = rows(&page);
    assert_eq!(rows.len(), 14);
    for row in rows {
        let tests: Vec<_> = code(&row[2]).collect();
        let Some(prefix) = tests.iter().find_map(|it| it.strip_suffix('…')) else {
            // A program, or a module of cases: what is named is there.
            assert!(tests.iter().all(|it| it.starts_with("promise_") || root().join(it).exists()), "{row:?}");
            continue;
        };
        for file in tests.iter().filter(|it| it.strip_suffix(".rs").is_some_and(|name| !name.contains('/'))) {
            let source = root().join("crates/anypipe-conformance/src").join(file);
            let source = fs::read_to_string(source).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(source.contains(prefix), "{file} has no {prefix}…");
        }
    }
}

/// The pages through which one program grows, in their order.
const GROWS: [&str; 11] = [
    "first-pipeline",
    "stages-and-boundaries",
    "workers-and-order",
    "backpressure",
    "results",
    "stopping",
    "several-ends",
    "tasks",
    "library",
    "testing",
    "application",
];

/// The code of the section in which the program grows.
fn grown(page: &str) -> String {
    let page = fs::read_to_string(root().join(format!("docs/guide/{page}.md"))).unwrap();
    let (_, section) =
        page.split_once("\n## The index, so far\n").expect("a section where the program grows");
    let section = section.split("\n## ").next().unwrap();
    let (_, code) = section.split_once("\n```rust").expect("its code");
    code.split_once('\n').unwrap().1.split("\n```").next().unwrap().to_owned()
}

/// A function or a type of the code, to the end of its body, without what is said of it and who may see it.
fn item<'a>(code: &'a str, head: &str) -> &'a str {
    let at = code.find(head).unwrap_or_else(|| panic!("there is no `{head}` in:\n{code}"));
    let end = if head.starts_with("type") { ";" } else { "\n}\n" };
    let length = code[at..].find(end).expect("an end") + end.len();
    &code[at..at + length]
}

#[test]
fn each_page_goes_on_with_the_program_of_the_page_before() {
    for pages in GROWS.windows(2) {
        let [before, page] = pages else { unreachable!("windows of two") };
        let text = fs::read_to_string(root().join(format!("docs/guide/{page}.md"))).unwrap();
        let (_, section) = text.split_once("\n## The index, so far\n").expect("a section");
        let said = section.split("```").next().unwrap();
        let link = format!("{before}.md#the-index-so-far");
        assert!(said.contains(&link), "{page}.md doesn't lead back to {before}.md");
        assert_ne!(grown(before), grown(page), "{page}.md adds nothing");
    }
}

#[test]
fn what_the_program_takes_along_is_what_its_pages_showed() {
    let module = fs::read_to_string(root().join("examples/src/words.rs")).unwrap();
    let first = grown("first-pipeline") + "\n";
    for head in ["type Index", "fn count", "fn join"] {
        assert_eq!(item(&module, head), item(&first, head));
    }
    let library = grown("library") + "\n";
    for head in ["fn texts", "fn index"] {
        assert_eq!(item(&module, head), item(&library, head));
    }
}

#[test]
fn the_program_ends_as_an_example() {
    let example = fs::read_to_string(root().join("examples/examples/words.rs")).unwrap();
    let code = grown("application");
    assert!(example.trim_end().ends_with(&code), "the last page has other code than the example");
}
