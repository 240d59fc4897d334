//! The runs of this program on a socket, for the screen `anypipe-top`; with the feature `top`.
//!
//! ```no_run
//! // It leaves a file in the working directory while it serves.
//! # #[cfg(unix)]
//! # fn main() -> std::io::Result<()> {
//! // First thing in `main`: runs are listed from here on. It ends with its guard.
//! let _serving = anypipe::top::serve("words.sock")?;
//! # Ok(())
//! # }
//! # #[cfg(not(unix))]
//! # fn main() {}
//! ```
//!
//! Then `anypipe-top words.sock` shows the graph of each run, which stage is idle, busy or blocked, and which one holds
//! everything up; and its keys pause, resume, stop, cancel and resize.
//!
//! | To | Use |
//! |---|---|
//! | show the runs to the same user alone | [`serve`], on a Unix socket |
//! | show them where there are no Unix sockets, or through a tunnel | [`serve_tcp`], on this machine alone |
//!
//! It is off unless asked for. Both list the runs from then on, as
//! [`list_runs`](crate::list_runs) does: call one of them first thing in the program. A run is watched from the
//! first picture on that somebody asks for.
//!
//! Each client has a thread of its own, and 16 are let in at the most. Nothing of the program waits for one: what doesn't
//! read within two seconds what was sent to it is let go.
//!
//! # The lines
//!
//! A client sends objects of JSON, each on a line, and hears lines of JSON. `run` is the number that a picture tells;
//! it may be left out where there is one run.
//!
//! | It sends | It hears |
//! |---|---|
//! | `{"do":"pictures"}` | `{"runs":[..]}`: each run that goes on, once |
//! | `{"do":"pictures","every":0.5}` | the same now, and every half second; 0.05 to 3600 |
//! | `{"do":"pause","run":1}`, `resume`, `cancel` | `{"done":"pause","run":1}` |
//! | `{"do":"stop","run":1}`, with `"within":5` also a grace of so many seconds | `{"done":"stop","run":1}` |
//! | `{"do":"set_workers","run":1,"stage":"parse","n":8}`, `set_buffer_size` | `{"done":"set_workers","run":1}` |
//! | `{"do":"dump","run":1}` | `{"done":"dump","dump":"..","run":1}` |
//! | anything else | `{"error":".."}`, and goes on |
//!
//! A run is told as `{"run":1,"name":"for_each","runtime":"smol","bottleneck":"..","picture":{..}}`. The picture is that of
//! [`Picture::json`](crate::picture::Picture::json), with counts and times from when the run is watched on. The
//! `bottleneck` beside it is of what lies between this picture and the one that the same client got before.
//!
//! A line is 64 KiB long at the most. A client that has ended its own side goes on to hear what it has asked for.
//!
//! Runs that can be replayed, as those on the simulator, can be looked at, not steered: that would be lost in a replay.
//!
//! # Who may attach
//!
//! A Unix socket is made readable and writable by its user alone, and is never reachable otherwise, not for a moment.
//! Loopback has no such right: any user of the machine, and any program of theirs, can connect. A browser that is led to
//! the port speaks HTTP: over TCP the first line must be a request of the above, or the connection ends.

#[cfg(unix)]
pub use anypipe_serve::serve;
pub use anypipe_serve::{Server, serve_tcp};
