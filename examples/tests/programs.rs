//! Runs the examples, and looks at what they say.

mod common;

use common::lines;

#[test]
fn fetch_gives_the_same_pages_in_four_ways() {
    let told = lines("fetch", ["--pages", "40"]);
    assert_eq!(told.last().unwrap(), "the same pages in the same order");
    for line in &told[..4] {
        assert!(line.contains("36 pages, 4 failed, 52 links, "), "{line}");
    }
}

#[test]
fn fetch_has_nothing_to_do_without_pages() {
    let told = lines("fetch", ["--pages", "0"]);
    assert_eq!(told.last().unwrap(), "the same pages in the same order");
}

#[test]
fn library_gives_one_answer_under_three_programs() {
    let told = lines::<&str>("library", []);
    assert_eq!(told.len(), 4);
    for (line, runtime) in told.iter().zip(["tokio", "smol", "async-std"]) {
        assert!(line.starts_with(runtime), "{line}");
        assert!(line.ends_with(r#"{"Lima": 21.0, "Oslo": -1.0, "Rome": 17.0}"#), "{line}");
    }
    assert_eq!(told[3], "three programs, one answer");
}

#[test]
fn four_ways_tells_what_each_does_when_it_is_broken() {
    let told = lines::<&str>("four_ways", []);
    let at = |start: &str| told.iter().position(|line| line.starts_with(start)).expect("each way is told of");
    let (buffered, by_hand, ours) = (at("buffered: "), at("channels by hand: "), at("anypipe: "));
    assert!(told[by_hand + 1].contains("as if all were well"), "{told:?}");
    assert!(told[ours + 1].contains("stage `then` panicked: page 100 is broken"), "{told:?}");
    assert!(told[ours + 2].contains(" 0 pages are still fetched"), "{told:?}");
    let longest = |way: usize| -> u64 {
        told[way + 3].split(' ').rev().nth(1).and_then(|number| number.parse().ok()).expect("so many ms")
    };
    // Whose reader sleeps for 60 ms at a time, and polls nothing meanwhile.
    assert!(longest(buffered) >= 60, "{told:?}");
}

#[test]
fn logs_loads_the_same_table_on_three_runtimes() {
    let told = lines::<&str>("logs", []);
    for (line, runtime) in told.iter().zip(["tokio", "smol", "async-std"]) {
        assert!(line.starts_with(runtime), "{line}");
        let table = r#"{"error": 2000, "info": 6000, "warn": 1975} in 20 batches, 25 rejected"#;
        assert!(line.ends_with(table), "{line}");
    }
    assert_eq!(told[3..5], ["three runtimes, one table", "line 8 is none: garbled 7"]);
}

#[test]
fn fan_out_gives_all_aggregates_of_one_pass() {
    let mut told = lines::<&str>("fan_out", []);
    let audit = told.pop();
    told.sort();
    assert_eq!(told, ["10000 orders", "49 customers", "4995000 cents", "999 cents for the dearest"]);
    assert_eq!(audit.as_deref(), Some("10000 orders in the audit log"));
}

#[test]
fn copy_copies_a_file_and_names_one_that_is_missing() {
    let folder = std::env::temp_dir().join(format!("anypipe-copy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (from, to) = (folder.join("from"), folder.join("to"));
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(&from, &bytes).unwrap();
    let told = lines("copy", [&from, &to]);
    assert_eq!(told, ["1200000 bytes, written and read back"]);
    assert!(std::fs::read(&to).unwrap() == bytes);
    assert!(!to.with_extension("part").exists());

    let output = common::run("copy", [&folder.join("missing"), &to]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("os error 2"));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The numbers of the line that tells what was taken, delivered and given up.
fn counts(told: &[String]) -> Vec<u64> {
    let line = told.iter().find(|line| line.contains(" taken = ")).expect("a line that counts");
    line.split(' ').filter_map(|word| word.parse().ok()).collect()
}

#[test]
#[cfg(unix)]
fn graceful_delivers_all_that_it_has_taken() {
    let told = lines("graceful", ["--interrupt-after", "200"]);
    let [taken, delivered, given_up] = counts(&told)[..] else { panic!("{told:?}") };
    assert!(taken > 0, "{told:?}");
    assert_eq!((delivered, given_up), (taken, 0));
    assert_eq!(told.last().unwrap(), "all was finished");
}

#[test]
#[cfg(unix)]
fn graceful_counts_what_its_grace_gave_up() {
    let told = lines("graceful", ["--interrupt-after", "200", "--grace", "1"]);
    let [taken, delivered, given_up] = counts(&told)[..] else { panic!("{told:?}") };
    assert!(given_up > 0, "orders take 40 ms at least: {told:?}");
    assert_eq!(delivered + given_up, taken);
    assert_eq!(told.last().unwrap(), "not all was finished in time: cancelled");
}

#[test]
fn event_bus_accounts_for_every_event() {
    let told = lines("event_bus", ["--events", "150"]);
    let numbers =
        |line: &String| -> Vec<u64> { line.split(' ').filter_map(|word| word.parse().ok()).collect() };
    let all: Vec<_> = told.iter().map(numbers).filter(|numbers| !numbers.is_empty()).collect();
    assert_eq!(all[..3], [[150, 0], [150, 0], [150, 0]], "{told:?}");
    assert_eq!(all.len(), 6, "{told:?}");
    for mailbox in &all[3..] {
        assert_eq!(mailbox.iter().sum::<u64>(), 150, "{told:?}");
    }
}

#[test]
fn crawler_fetches_each_page_once() {
    // Pages 0 to 99 lead to 0 to 200, of which 101 are not there.
    assert_eq!(lines::<&str>("crawler", []), ["100 pages, 101 links lead nowhere"]);
}

#[test]
fn words_tells_those_of_the_poems() {
    let told = lines::<&str>("words", []);
    assert_eq!(told[0], "28 lines, 87 different words");
    assert_eq!(told[1..4].iter().map(|line| line.trim()).collect::<Vec<_>>(), ["10 the", "9 thee", "5 made"]);
}

#[test]
fn watch_names_what_is_slow_before_and_after_it_is_resized() {
    let told = lines::<&str>("watch", []);
    let resized =
        told.iter().position(|line| line.starts_with("`parse` gets eight workers")).expect("it is resized");
    let names = |lines: &[String], stage: &str| {
        lines.iter().any(|line| line.starts_with(&format!("`{stage}` is the bottleneck: at work ")))
    };
    assert!(names(&told[..resized], "parse"), "{told:?}");
    assert!(names(&told[resized + 1..], "save"), "{told:?}");
    assert!(told.last().is_some_and(|line| line.ends_with(" items")), "{told:?}");
}
