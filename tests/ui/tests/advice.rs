//! The answers hold the advice that their cases ask for, and tell nothing of a machine.

use std::fs;
use std::path::{Path, PathBuf};

/// Each case with its answer beside it.
fn cases() -> Vec<(PathBuf, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let files =
        fs::read_dir(folder).expect("there are cases").map(|file| file.expect("it can be read").path());
    let cases = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read =
        |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases: Vec<_> = cases.map(|path| (read(&path), read(&path.with_extension("stderr")), path)).collect();
    cases.into_iter().map(|(case, answer, path)| (path, case, answer)).collect()
}

#[test]
fn every_answer_holds_its_advice() {
    for (path, case, answer) in cases() {
        let advice: Vec<_> = case.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
        assert!(!advice.is_empty(), "{} asks for no advice", path.display());
        for advice in advice {
            assert!(answer.contains(advice), "{} doesn't get `{advice}` but:\n{answer}", path.display());
        }
    }
}

#[test]
fn no_answer_tells_of_a_machine() {
    for (path, _, answer) in cases() {
        let place = answer.lines().find(|line| line.contains("--> /") || line.contains("::: /"));
        assert_eq!(place, None, "in the answer to {}", path.display());
    }
}
