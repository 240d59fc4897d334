use std::borrow::Cow;
use std::fmt;
use std::future::Future;

use super::chart::About;
use super::picture::StageKind;
use super::{Meter, Scope, Tally, TaskName, context};

/// A place in the graph of a run's [`Picture`](super::Picture), for what has no boundary of the library's; made by
/// [`Scope::charted`]. All clones are the same place.
///
/// Where it isn't used a run is no other: only its pictures show less.
#[derive(Clone)]
pub struct Charted {
    scope: Scope,
    tally: Tally,
}

impl Scope {
    /// Enters a stage in the run's pictures that counts nothing: a source with a task, or a place where the way
    /// divides.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::author::Scope;
    /// use anypipe_core::run::picture::StageKind;
    ///
    /// fn attach(scope: &Scope) {
    ///     let dealer = scope.charted("deal", StageKind::Branch);
    ///     dealer.poll_in(|| { /* polls the input */ });
    /// }
    /// ```
    pub fn charted(&self, name: impl Into<Cow<'static, str>>, kind: StageKind) -> Charted {
        let tally = self.tally(TaskName::from(name.into()), About { kind, ..About::default() });
        Charted { scope: self.clone(), tally }
    }

    /// The place of a stage whose items a [`Meter`] counts.
    pub fn charted_as(&self, meter: &Meter, kind: StageKind) -> Charted {
        let tally = meter.tally().clone();
        self.controls().set_kind(&tally, kind);
        Charted { scope: self.clone(), tally }
    }
}

impl Charted {
    /// Runs `f`: what it polls gives its items to this stage.
    pub fn poll_in<R>(&self, f: impl FnOnce() -> R) -> R {
        context::in_stage_of(&self.tally, f)
    }

    /// Notes that who polls on this thread takes what this stage gives.
    pub fn note_asked(&self) {
        self.scope.note_asked(&self.tally);
    }

    /// As [`Scope::spawn`] in this scope, for a task that works for this stage.
    pub fn spawn<F>(&self, scope: &Scope, name: impl Into<Cow<'static, str>>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        scope.spawn_worker(TaskName::from(name.into()), Some(self.tally.clone()), Box::pin(future));
    }
}

impl fmt::Debug for Charted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charted").field("number", &self.tally.number()).finish_non_exhaustive()
    }
}
