//! A run that is looked at now and then, as long as it goes on.

use std::sync::Arc;
use std::time::Duration;

use super::Run;
use super::picture::Picture;
use crate::error::RunError;
use crate::scope::{Controls, Scope, catch, in_stage};
use crate::sync::Mutex;

/// The name of the task, and of the jobs in which the closures are called.
const NAME: &str = "watch";

type Look = Box<dyn FnMut(Picture) + Send>;

/// All who look at a run.
#[derive(Default)]
pub(crate) struct Watchers {
    all: Vec<Watcher>,
    /// The scope of their tasks, apart from the run's own: what waits for those doesn't wait for these.
    scope: Option<Scope>,
}

impl Watchers {
    /// Begins to look.
    pub(super) fn start(&mut self, scope: &Scope) {
        let scope = scope.child();
        self.all.iter().for_each(|watcher| watcher.start(&scope));
        self.scope = Some(scope);
    }

    /// Looks no more, until the run is over.
    pub(super) fn stop(&mut self) {
        if let Some(scope) = self.scope.take() {
            scope.cancel();
        }
    }

    /// Looks for the last time, after the run; a panic is a failure of it.
    pub(super) fn finish(self, controls: &Controls, failure: &mut Option<RunError>) {
        for watcher in self.all {
            match (&mut *failure, watcher.finish(controls)) {
                (Some(first), Some(panic)) => first.push_other(panic),
                (none, panic) => *none = none.take().or(panic),
            }
        }
    }
}

/// Who looks at a run.
struct Watcher {
    every: Duration,
    told: Arc<Told>,
}

/// Whom to tell, and what was told last.
struct Told {
    /// While it isn't being called; gone for good where it has panicked.
    look: Mutex<Option<Look>>,
    last: Mutex<Picture>,
}

impl Told {
    /// Tells what lies between the last picture and one that is taken now.
    fn tell(&self, controls: &Controls) {
        let Some(mut look) = self.look.lock().take() else { return };
        let now = controls.picture();
        let last = std::mem::replace(&mut *self.last.lock(), now.clone());
        let between = now.since(&last);
        drop(last);
        look(between);
        *self.look.lock() = Some(look);
    }
}

impl Watcher {
    /// Begins to look, in a task of `scope`.
    fn start(&self, scope: &Scope) {
        let (told, every, here) = (Arc::clone(&self.told), self.every, scope.clone());
        *told.last.lock() = scope.controls().picture();
        scope.spawn(NAME, async move {
            let mut pause = here.runtime().sleep(every);
            loop {
                (&mut pause).await;
                let (told, controls) = (Arc::clone(&told), here.controls().clone());
                // On a thread for blocking work: however long it takes, it holds nothing else up.
                let call = move || in_stage(NAME, || told.tell(&controls));
                match here.spawn_blocking(NAME, call).await {
                    Ok(()) => pause.reset(every),
                    Err(error) if error.is_panic() => return here.fail(error),
                    Err(_) => return,
                }
            }
        });
    }

    /// Looks for the last time, after the run.
    fn finish(&self, controls: &Controls) -> Option<RunError> {
        let told = catch(|| self.told.tell(controls));
        told.err().map(|panic| panic.into_error(Some(NAME)))
    }
}

impl<T: Send + 'static> Run<T> {
    /// Calls `look` with a picture of the run every so often, and once more at its end: with what lies between that
    /// moment and the call before, as [`Picture::since`] gives it.
    ///
    /// The calls are made one after the other, on the runtime's threads for blocking work, and the last one where the run
    /// is awaited. One that is slow is late for the next, and holds up nothing but the end of the run, which waits for it.
    ///
    /// # Panics
    ///
    /// Where the run was polled already. Where `look` panics the run fails with that panic, as with any other of the
    /// user's code; it isn't called again.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe_core::Run;
    ///
    /// /// Prints once a second which stage is slow.
    /// fn watched<T: Send + 'static>(run: Run<T>) -> Run<T> {
    ///     run.watch(Duration::from_secs(1), |picture| {
    ///         if let Some(found) = picture.bottleneck() {
    ///             eprintln!("{found}");
    ///         }
    ///     })
    /// }
    /// ```
    #[track_caller]
    pub fn watch(self, every: Duration, look: impl FnMut(Picture) + Send + 'static) -> Self {
        let look = Mutex::new(Some(Box::new(look) as Look));
        let told = Arc::new(Told { look, last: Mutex::default() });
        self.edit_planned("a run must be watched before it is polled", |plan| {
            plan.watchers.get_or_insert_default().all.push(Watcher { every, told });
        })
    }
}
