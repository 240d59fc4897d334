//! The mistakes that people make first, each at the end of a chain of ten stages and more, where types are longest.
//!
//! Each is compiled as a user does it, in a terminal of 80 columns: what rustc shortens is short here as well. The answer
//! gets its advice (`//~ text` in the case), and no line of it is longer than 200 characters, so that no type in it is
//! longer than three lines of a screen. With `TRYBUILD=overwrite` the answers are written beside the cases.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The longest line that an answer may have, in characters. A screen has 80 times 24.
const LONGEST: usize = 200;

/// Of an answer whose case says why it is longer, by a line `//= why`: a screen.
const SCREEN: usize = 80 * 24;

/// The most lines of an answer for one thing that is wrong. The way that items take is told stage by stage, so that it is
/// longer than a screen where there are many.
const LINES: usize = 60;

/// The cases, by name.
fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("first");
    let files =
        fs::read_dir(folder).expect("there are cases").map(|file| file.expect("it can be read").path());
    let mut cases: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect();
    cases.sort();
    cases
}

/// The name of a case: that of its file.
fn name(case: &Path) -> &str {
    case.file_stem().and_then(|stem| stem.to_str()).expect("a name")
}

/// A package whose programs are the cases: one that users could have.
fn package(cases: &[PathBuf]) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first");
    fs::create_dir_all(&package).expect("a folder");
    let anypipe = here.join("../../crates/anypipe");
    let mut manifest =
        String::from("[package]\nname = \"first\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n");
    writeln!(manifest, "anypipe = {{ path = {anypipe:?}, features = [\"macros\", \"tokio\"] }}")
        .expect("a line");
    for case in cases {
        writeln!(manifest, "\n[[bin]]\nname = {:?}\npath = {case:?}", name(case)).expect("a line");
    }
    fs::write(package.join("Cargo.toml"), manifest).expect("a manifest");
    fs::copy(here.join("Cargo.lock"), package.join("Cargo.lock")).expect("a lock file");
    package
}

/// What the compiler says to the case, without what is of a machine.
fn answer(package: &Path, case: &Path) -> String {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let said = Command::new(cargo)
        .args(["rustc", "--quiet", "--color", "never", "--bin", name(case)])
        .args(["--", "--diagnostic-width=80", "--emit=metadata"])
        // What was built for this test serves it too.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder"))
        .current_dir(package)
        .output()
        .expect("cargo runs");
    let said = String::from_utf8(said.stderr).expect("text");
    assert!(
        said.contains("could not compile `first`"),
        "{} compiles, or can't be tried:\n{said}",
        case.display()
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("a folder");
    let end = |line: &str| {
        ["For more information", "Some errors have", "error: could not compile"]
            .iter()
            .any(|end| line.starts_with(end))
    };
    let elsewhere = |line: &str| {
        line.contains("the full name for the type has been") || line.contains("consider using `--verbose`")
    };
    let lines: Vec<_> = said.lines().take_while(|line| !end(line)).filter(|line| !elsewhere(line)).collect();
    let said = lines.join("\n").replace(&format!("{}/", case.parent().expect("a folder").display()), "");
    without_our_lines(said.replace(root.to_str().expect("text"), "$ROOT").trim_end())
}

/// The answer without the numbers of our own lines, which change with whatever is written above them.
fn without_our_lines(answer: &str) -> String {
    let mut ours = false;
    let mut lines = String::new();
    for line in answer.lines() {
        let mut line = line.to_owned();
        if line.contains("--> ") || line.contains("::: ") {
            ours = line.contains("$ROOT/");
            if let Some(at) = line.find(".rs:").filter(|_| ours) {
                line.truncate(at + ".rs".len());
            }
        } else if ours {
            let digits = line.len()
                - line.trim_start_matches([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']).len();
            line.replace_range(..digits, &" ".repeat(digits));
        }
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

/// The longest line, and how long it is.
fn longest(answer: &str) -> (usize, &str) {
    answer.lines().map(|line| (line.chars().count(), line)).max().unwrap_or_default()
}

#[test]
fn no_answer_to_a_first_mistake_shows_a_long_type() {
    let cases = cases();
    assert!(cases.len() >= 10, "only {} cases", cases.len());
    let package = package(&cases);
    let overwrite = env::var_os("TRYBUILD").is_some_and(|how| how == "overwrite");
    let mut wrong = String::new();
    for case in &cases {
        let text = fs::read_to_string(case).expect("it can be read");
        let answer = answer(&package, case);
        if overwrite {
            fs::write(case.with_extension("stderr"), &answer).expect("it can be written");
        }
        let (length, line) = longest(&answer);
        let (lines, errors) =
            (answer.lines().count(), answer.lines().filter(|line| line.starts_with("error")).count());
        println!("{:30} {errors} errors, {lines} lines, the longest of {length}", name(case));
        let advice: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("//~ ")).collect();
        assert!(!advice.is_empty(), "{} asks for no advice", case.display());
        for advice in advice.into_iter().filter(|advice| !answer.contains(advice)) {
            writeln!(wrong, "{} doesn't get `{advice}` but:\n{answer}", name(case)).expect("a line");
        }
        let most = if text.lines().any(|line| line.starts_with("//= ")) { SCREEN } else { LONGEST };
        if length > most {
            writeln!(wrong, "{} shows {length} characters in a line: {line}", name(case)).expect("a line");
        }
        if lines > LINES * errors || errors > 2 {
            writeln!(wrong, "{} gets {errors} errors in {lines} lines:\n{answer}", name(case))
                .expect("a line");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
