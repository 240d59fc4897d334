//! Runs as a client of `anypipe::top` sees and steers them, on every backend. The client is the run's own code, between
//! two items: so all that it sees is exact.
#![cfg(all(
    feature = "macros",
    feature = "top",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anypipe::ErrorKind;
use anypipe::prelude::*;
use anypipe::runtime::{RuntimeHandle, Sleep};
use anypipe::top::{Server, serve_tcp};
use anypipe_core::runtime::{Job, Runtime, Spawner, Task, Timer};

struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn new(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address().expect("a port")).expect("it lets in");
        Self { reader: BufReader::new(stream) }
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.reader.get_mut(), "{line}").expect("it reads");
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("it answers");
        line.trim_end().to_owned()
    }

    /// All that is told of the run with such a stage.
    fn run(&mut self, stage: &str) -> Option<String> {
        let told = self.ask(r#"{"do":"pictures"}"#);
        assert!(told.starts_with("{\"runs\":["), "{told}");
        // The name of a picture's run is a text.
        let begins =
            |at: &usize| told[at + "{\"run\":".len()..].starts_with(|next: char| next.is_ascii_digit());
        let begun = told.match_indices("{\"run\":").map(|(at, _)| at).filter(begins);
        let ends: Vec<_> = begun.chain([told.len()]).collect();
        let mut runs = ends.windows(2).map(|ends| &told[ends[0] + "{\"run\":".len()..ends[1]]);
        runs.find(|run| run.contains(&format!("{{\"name\":\"{stage}\","))).map(str::to_owned)
    }
}

/// A name that no other test has: they all run in one process.
fn unique(name: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// True on the simulator, whose runs take nothing from outside.
fn is_replayable() -> bool {
    anypipe::runtime::current().is_replayable()
}

/// What a run that can be replayed answers to what would steer it.
#[track_caller]
fn assert_refused(told: &str) {
    assert!(told.starts_with("{\"error\":\"run ") && told.contains("can be replayed"), "{told}");
}

/// Endless items, unless nothing could stop them, at the tenth of which `script` is called, in a stage of this name.
fn endless(stage: &str, script: impl Fn() + Send + Sync + 'static) -> Run<usize> {
    let name = stage.to_owned();
    let scripted = move |n: u64| {
        if n == 10 {
            script();
        }
        n
    };
    let items = if is_replayable() { 0..100 } else { 0..u64::MAX };
    Pipeline::from_iter(items).map(scripted).workers(1).named(name).count()
}

#[anypipe::test]
async fn a_client_sees_a_run_and_steers_it() {
    let server = Arc::new(serve_tcp("127.0.0.1:0").expect("loopback"));
    let stage = unique("scripted");
    let (name, serving) = (stage.clone(), Arc::clone(&server));
    let (runtime, replayable) = (anypipe::runtime::current().name(), is_replayable());
    assert_eq!(replayable, runtime == "sim");
    let script = move || {
        let mut client = Client::new(&serving);
        let seen = client.run(&name).expect("it goes on");
        let (number, rest) = seen.split_once(',').expect("its number first");
        assert!(
            rest.starts_with(&format!("\"name\":\"count\",\"runtime\":\"{runtime}\",\"bottleneck\":")),
            "{rest}"
        );
        assert!(rest.contains("\"picture\":{\"run\":\"count\",\"state\":\"running\","), "{rest}");
        assert!(rest.contains("\"state\":\"polling\""), "{rest}");
        let ask = |what: &str, more: &str| format!("{{\"do\":\"{what}\",\"run\":{number}{more}}}");
        let done = |what: &str| format!("{{\"done\":\"{what}\",\"run\":{number}}}");

        let dump = client.ask(&ask("dump", ""));
        assert!(dump.starts_with(&format!("{{\"done\":\"dump\",\"dump\":\"run `count` on {runtime}")));
        assert!(dump.contains(&format!("`{name}` is being polled")), "{dump}");
        if replayable {
            let more = format!(",\"stage\":\"{name}\",\"n\":2");
            for (what, more) in
                [("pause", ""), ("resume", ""), ("stop", ""), ("cancel", ""), ("set_workers", &more)]
            {
                assert_refused(&client.ask(&ask(what, more)));
            }
            return;
        }

        assert_eq!(client.ask(&ask("pause", "")), done("pause"));
        assert!(client.run(&name).expect("it goes on").contains("\"state\":\"paused\""));
        assert_eq!(client.ask(&ask("resume", "")), done("resume"));
        assert!(client.run(&name).expect("it goes on").contains("\"state\":\"running\""));

        let more = format!(",\"stage\":\"{name}\",\"n\":2");
        assert_eq!(client.ask(&ask("set_workers", &more)), done("set_workers"));
        assert_eq!(client.ask(&ask("set_buffer_size", &more)), done("set_buffer_size"));
        let none = format!(",\"stage\":\"{name}\",\"n\":0");
        let refused = client.ask(&ask("set_workers", &none));
        assert!(refused.starts_with("{\"error\":\"") && refused.contains(&name), "{refused}");
        let unknown = client.ask(&ask("set_workers", ",\"stage\":\"nobody\",\"n\":2"));
        assert!(unknown.starts_with("{\"error\":\"") && unknown.contains("`nobody`"), "{unknown}");

        assert_eq!(client.ask(&ask("stop", "")), done("stop"));
        assert!(client.run(&name).expect("it goes on").contains("\"state\":\"stopping\""));
    };
    let count = endless(&stage, script).await;
    assert!(count >= 10, "{count}");
    assert_eq!(Client::new(&server).run(&stage), None);
}

#[anypipe::test]
async fn a_client_cancels_a_run() {
    let server = Arc::new(serve_tcp("127.0.0.1:0").expect("loopback"));
    let stage = unique("cancelled");
    let (name, serving, replayable) = (stage.clone(), Arc::clone(&server), is_replayable());
    let script = move || {
        let mut client = Client::new(&serving);
        let seen = client.run(&name).expect("it goes on");
        let number = seen.split(',').next().expect("its number");
        let told = client.ask(&format!("{{\"do\":\"cancel\",\"run\":{number}}}"));
        if replayable {
            return assert_refused(&told);
        }
        assert_eq!(told, format!("{{\"done\":\"cancel\",\"run\":{number}}}"));
    };
    match endless(&stage, script).checked().await {
        Ok(count) => assert_eq!((count, replayable), (100, true)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
    }
    assert_eq!(Client::new(&server).run(&stage), None);
}

#[anypipe::test]
async fn several_runs_are_told_apart() {
    let server = Arc::new(serve_tcp("127.0.0.1:0").expect("loopback"));
    let (outer, inner) = (unique("outer"), unique("inner"));
    let (names, serving) = ((outer.clone(), inner.clone()), Arc::clone(&server));
    let script = move || {
        let mut client = Client::new(&serving);
        let numbers = [&names.0, &names.1]
            .map(|name| client.run(name).map(|seen| seen[..seen.find(',').unwrap()].to_owned()));
        assert!(numbers[0].is_some() && numbers[1].is_some() && numbers[0] != numbers[1], "{numbers:?}");
        let told = client.ask(r#"{"do":"dump"}"#);
        assert!(told.contains("runs go on: say which by `run`"), "{told}");
        let number = numbers[1].as_deref().unwrap();
        client.ask(&format!("{{\"do\":\"stop\",\"run\":{number},\"within\":60}}"));
    };
    let script = Arc::new(script);
    let work = move |_: u64| {
        let script = Arc::clone(&script);
        endless(&inner, move || script())
    };
    let counts = Pipeline::from_iter([0]).then(work).workers(1).named(outer).collect::<Vec<_>>().await;
    assert!(counts[0] >= 10, "{counts:?}");
}

/// A runtime of somebody else's whose runs can be replayed: it leaves all to another.
struct Replayed(RuntimeHandle);

impl Spawner for Replayed {
    fn spawn(&self, task: Task) {
        self.0.spawn(task);
    }

    fn spawn_blocking(&self, job: Job) {
        self.0.spawn_blocking(job);
    }
}

impl Timer for Replayed {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn sleep(&self, length: Duration) -> Sleep {
        self.0.sleep(length)
    }
}

impl Runtime for Replayed {
    fn name(&self) -> &'static str {
        "recorded"
    }

    fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_budget(cx)
    }

    fn is_replayable(&self) -> bool {
        true
    }
}

#[anypipe::test]
async fn what_can_be_replayed_is_not_steered_whatever_it_is_called() {
    let server = Arc::new(serve_tcp("127.0.0.1:0").expect("loopback"));
    let (stage, asked) = (unique("recorded"), Arc::new(AtomicU64::new(0)));
    let (name, serving, asks) = (stage.clone(), Arc::clone(&server), Arc::clone(&asked));
    let script = move |n: u64| {
        if n == 10 {
            let mut client = Client::new(&serving);
            let seen = client.run(&name).expect("it goes on");
            assert!(seen.contains("\"runtime\":\"recorded\""), "{seen}");
            let number = seen.split(',').next().expect("its number");
            let told = client.ask(&format!("{{\"do\":\"cancel\",\"run\":{number}}}"));
            assert_refused(&told);
            assert!(told.contains("is on `recorded`"), "{told}");
            asks.fetch_add(1, Ordering::Relaxed);
        }
        n
    };
    let runtime = RuntimeHandle::new(Replayed(anypipe::runtime::current()));
    let count = Pipeline::from_iter(0..100).map(script).workers(1).named(stage).count().on(&runtime).await;
    assert_eq!((count, asked.load(Ordering::Relaxed)), (100, 1));
}
