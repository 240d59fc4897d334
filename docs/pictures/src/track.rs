//! What passes a place in a pipeline, and when.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anypipe::prelude::*;
use anypipe::runtime::Sim;
use anypipe::time::{now, sleep_until};
use futures_util::stream;

/// A column of the picture.
pub(crate) const COLUMN: Duration = Duration::from_millis(100);

/// What passes, in order: when, and its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The columns where items passed, and what they are.
    pub(crate) items: Vec<(f64, String)>,
    /// The column of the end, where it was seen.
    pub(crate) end: Option<f64>,
}

impl Track {
    fn note(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn pass(&self, start: Instant, item: &impl Debug) {
        let text = format!("{item:?}").replace('"', "").replace('\'', "");
        self.note(|seen| seen.items.push((column(start), text)));
    }

    fn end(&self, start: Instant) {
        self.note(|seen| seen.end = Some(column(start)));
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn column(start: Instant) -> f64 {
    (now() - start).as_secs_f64() / COLUMN.as_secs_f64()
}

/// Where the inputs and the output of an operator are seen, from one moment on.
pub(crate) struct Scene {
    start: Instant,
    tracks: Vec<(&'static str, Track)>,
}

impl Scene {
    /// Runs what builds a pipeline in a scene, to the end of that pipeline. Gives its rows: the inputs, in the order in which
    /// they were asked for, and the output.
    pub(crate) fn run<T, S>(build: impl FnOnce(&mut Scene) -> Pipeline<S>) -> Vec<(&'static str, Seen)>
    where
        S: Source<Item = T>,
        T: Debug + Send + 'static,
    {
        let outcome = Sim::new(1).jitter(0).run(async {
            let mut scene = Scene { start: now(), tracks: Vec::new() };
            let pipeline = build(&mut scene);
            let (start, output) = (scene.start, scene.track("out"));
            let seen = output.clone();
            pipeline.for_each(move |item| seen.pass(start, &item)).await;
            output.end(start);
            scene.tracks
        });
        outcome.value.into_iter().map(|(name, track)| (name, track.seen())).collect()
    }

    pub(crate) fn track(&mut self, name: &'static str) -> Track {
        let track = Track::default();
        self.tracks.push((name, track.clone()));
        track
    }

    /// A source that gives each item of `text` in its column, or as soon as it is asked for then: a letter or digit is an
    /// item, `-` is nothing, `|` is the end.
    pub(crate) fn letters(&mut self, text: &'static str) -> Pipeline<impl Source<Item = char> + use<>> {
        let (start, track) = (self.start, self.track("in"));
        let marks = text.chars().enumerate().filter(|(_, mark)| *mark != '-');
        let marks: Vec<_> = marks.map(|(at, mark)| (start + COLUMN * at as u32, mark)).collect();
        Pipeline::from_stream(Box::pin(stream::unfold(marks.into_iter(), move |mut marks| {
            let track = track.clone();
            async move {
                let (at, mark) = marks.next()?;
                sleep_until(at).await;
                if mark == '|' {
                    track.end(start);
                    return None;
                }
                track.pass(start, &mark);
                Some((mark, marks))
            }
        })))
    }

    /// The same, of digits.
    pub(crate) fn numbers(&mut self, text: &'static str) -> Pipeline<impl Source<Item = u32> + use<>> {
        self.letters(text).map(|mark| mark.to_digit(10).unwrap_or(0))
    }

    /// The same, of results: a digit is `Ok`, a letter an `Err`.
    pub(crate) fn results(
        &mut self,
        text: &'static str,
    ) -> Pipeline<impl Source<Item = Result<u32, char>> + use<>> {
        self.letters(text).map(|mark| mark.to_digit(10).ok_or(mark))
    }

    /// A closure that sees what goes to a branch or a sink.
    pub(crate) fn watch<T: Debug>(&mut self, name: &'static str) -> impl Fn(T) + Send + Sync + use<T> {
        let (start, track) = (self.start, self.track(name));
        move |item| track.pass(start, &item)
    }
}

/// So many milliseconds.
pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
