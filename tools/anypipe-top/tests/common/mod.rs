//! A terminal for the program, and what is seen on it.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// The program, on a screen of its own.
pub(crate) struct Screen {
    parser: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Screen {
    /// `None` where there is no terminal to be had.
    pub(crate) fn open(arguments: &[&str]) -> Option<Self> {
        let (rows, cols) = (24, 110);
        let pair = match native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })
        {
            Ok(pair) => pair,
            Err(error) => {
                println!("skipped: there is no terminal to be had here: {error}");
                return None;
            }
        };
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_anypipe-top"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("it was built");
        let mut output = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let parser = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let drawn = Arc::clone(&parser);
        thread::spawn(move || {
            let _master = pair.master;
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                drawn.lock().unwrap().process(&bytes[..read]);
            }
        });
        Some(Self { parser, keys, child })
    }

    pub(crate) fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// The colour of the first cell of the row that has this in it.
    pub(crate) fn colour(&self, name: &str) -> Option<vt100::Color> {
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        let row = screen.rows(0, screen.size().1).position(|row| row.contains(name))?;
        Some(screen.cell(u16::try_from(row).ok()?, 0)?.fgcolor())
    }

    #[track_caller]
    pub(crate) fn shows(&self, wanted: &str) {
        until(|| self.text().contains(wanted), || format!("{wanted:?} in:\n{}", self.text()));
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it reads");
    }

    /// Its end, after `q`.
    pub(crate) fn leave(mut self) {
        self.press("q");
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool, wanted: impl Fn() -> String) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "never came: {}", wanted());
        thread::sleep(Duration::from_millis(20));
    }
}
