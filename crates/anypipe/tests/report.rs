//! The report of a run in a real browser, where there is one: what a person would see, and that no name is executed.
#![cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anypipe::picture::{Picture, RunState};
use anypipe::prelude::*;
use anypipe::time::sleep;

/// Each would change the page's title where it were executed.
const HOSTILE: [&str; 4] = [
    "<script>document.title = 'executed'</script>",
    "\"><img src=x onerror=\"document.title = 'executed'\">",
    "'></title></style></svg><script>document.title = 'executed'</script>",
    "<!--",
];

/// A browser that shows pages without a screen.
fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ANYPIPE_BROWSER") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let places: Vec<_> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| places.iter().map(move |place| place.join(name)))
        .find(|found| found.is_file())
}

/// The page as the browser has it once it is loaded.
#[expect(clippy::disallowed_methods, reason = "a process is waited for")]
fn shown(browser: &Path, folder: &Path, page: &str) -> String {
    let file = folder.join("report.html");
    fs::write(&file, page).unwrap();
    let mut profile = OsString::from("--user-data-dir=");
    profile.push(folder.join("profile"));
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
        ])
        .arg(profile)
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .stdout(fs::File::create(folder.join("dom")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for tries in 0.. {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        if tries > 6000 {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the browser hangs");
        }
        thread::sleep(Duration::from_millis(20));
    }
    fs::read_to_string(folder.join("dom")).unwrap()
}

/// A run of four stages with names of ill will, and what lay between its pictures.
fn pictures() -> (Picture, Vec<Picture>) {
    let run = async {
        let run = Pipeline::from_iter(0..40u32)
            .then(async |n| n)
            .named(HOSTILE[0])
            .then(async |n| {
                sleep(Duration::from_millis(2)).await;
                n
            })
            .named(HOSTILE[1])
            .then(async |n| n)
            .named(HOSTILE[2])
            .then(async |n| n)
            .named(HOSTILE[3])
            .count();
        let (control, parts) = (run.control(), Arc::new(Mutex::new(Vec::new())));
        let told = Arc::clone(&parts);
        let run = run.watch(Duration::from_millis(10), move |part| told.lock().unwrap().push(part));
        assert_eq!(run.await, 40);
        let parts = std::mem::take(&mut *parts.lock().unwrap());
        (control.picture(), parts)
    };
    anypipe::run(run)
}

/// A folder that goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("anypipe-report-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_browser_shows_the_report_and_executes_no_name() {
    let (picture, parts) = pictures();
    assert_eq!(picture.state, RunState::Ended);
    let page = picture.html_over_time(&parts);
    let Some(browser) = browser() else {
        eprintln!("skipped: there is no Chromium on the PATH, and ANYPIPE_BROWSER names none");
        return;
    };
    let folder = Folder::new();

    // Without what forbids scripts, so that a name which got through would show.
    let policy = page.lines().find(|line| line.contains("Content-Security-Policy")).unwrap();
    let open = page.replace(policy, "");
    let planted = "<script>document.title = 'executed'</script></body>";
    let control = shown(&browser, &folder.0, &open.replace("</body>", planted));
    assert!(control.contains("<title>executed</title>"), "this browser would execute nothing:\n{control}");

    for page in [&open, &page, &page.replace("</body>", planted)] {
        let dom = shown(&browser, &folder.0, page);
        assert!(dom.contains("<title>run `count`: ended</title>"), "{dom}");
        let (_, stages) = dom.split_once("id=\"stages\"").unwrap();
        let (stages, times) = stages.split_once("id=\"times\"").unwrap();
        let of_body = stages.split_once("<tbody>").unwrap().1;
        let rows: Vec<_> = of_body.split("<tr>").skip(1).collect();
        assert_eq!(rows.len(), picture.stages.len(), "{dom}");
        for (row, stage) in rows.iter().zip(&picture.stages) {
            let name = stage.name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            assert!(row.starts_with(&format!("<td>{name}</td>")), "{name} is not in {row}");
        }
        assert_eq!(rows[1].matches("<td>").count(), 15);
        assert_eq!(times.matches("<svg").count(), picture.stages.len());
        // The graph: a box for each stage, and the sentence.
        let graph = dom.split_once("<figure>").unwrap().1.split_once("</figure>").unwrap().0;
        assert_eq!(graph.matches("<rect").count(), picture.stages.len());
        assert_eq!(dom.contains("class=\"told\""), picture.bottleneck().is_some());
    }
}
