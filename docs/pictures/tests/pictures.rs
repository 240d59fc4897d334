//! Holds the pictures that are there to what the simulator gives, and asks for one of each operator.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anypipe_conformance::registry;

#[test]
fn pictures_are_what_the_simulator_gives() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guide");
    let pictures = pictures::pictures();
    for (path, drawn) in &pictures {
        let there = fs::read_to_string(guide.join(path)).unwrap_or_default();
        assert!(there == *drawn, "{path} is not what would be drawn: `cargo run -p pictures`");
    }
    let drawn: BTreeSet<_> = pictures.into_iter().map(|(path, _)| path).collect();
    for entry in fs::read_dir(guide.join("pictures")).unwrap() {
        let path = format!("pictures/{}", entry.unwrap().file_name().to_str().unwrap());
        assert!(drawn.contains(&path), "nothing draws {path}");
    }
}

#[test]
fn every_operator_and_source_has_a_picture() {
    let drawn: BTreeSet<_> = pictures::names().into_iter().collect();
    let names = registry::operators().map(|it| it.name).chain(registry::origins().map(|it| it.name));
    for name in names {
        assert!(drawn.contains(name), "`{name}` has no picture: add it to docs/pictures/src/operators.rs");
    }
}
