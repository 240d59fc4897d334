//! What the documentation points at is there.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files of this kind below a folder of the repository.
fn files(folder: &str, kind: &str) -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(root().join(folder)).require_git(false).build();
    let paths = walk.map(|entry| entry.unwrap().into_path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == kind)).collect()
}

#[test]
fn links_lead_to_files() {
    let pages = files("", "md");
    assert!(pages.len() > 20, "{pages:?}");
    let mut broken = Vec::new();
    for page in &pages {
        let (text, folder) = (read(page), page.parent().unwrap());
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or(link);
            // A piece of code such as `[a](b)` has no file's name between its brackets.
            let is_path = path.contains('.') && !path.contains(' ');
            if is_path && !folder.join(path).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn pages_with_code_are_compiled() {
    let compiled = read(&root().join("examples/src/lib.rs"));
    for page in files("docs/guide", "md").into_iter().filter(|page| read(page).contains("```rust")) {
        let path = format!("../../{}", page.strip_prefix(root()).unwrap().display());
        assert!(compiled.contains(&path), "`examples/src/lib.rs` doesn't name {path}");
    }
}

#[test]
fn examples_begin_with_their_command_and_are_listed() {
    let list = read(&root().join("examples/README.md"));
    let examples = files("examples/examples", "rs");
    assert!(examples.len() >= 5, "{examples:?}");
    for example in examples {
        let name = example.file_stem().unwrap().to_str().unwrap();
        let command = format!("cargo run --release --example {name}");
        assert!(read(&example).starts_with(&format!("// {command}")), "{name} begins with its command");
        assert!(list.contains(&format!("`{command}`")), "examples/README.md lists {name}");
    }
}
