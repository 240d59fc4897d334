//! What becomes of the work of a run that is dropped before its end: the slots that nobody is polling are
//! emptied at once, and an heir joins the rest.

// For maintainers. The states of a scope:
//
//              cancel, fail
//     ┌──────┐ ─────────────► ┌───────────┐
//     │ open │                │ cancelled │  the flag is raised; nothing is let in any more
//     └──────┘                └───────────┘
//        │ │   the run is dropped   │ │
//        │ └──────────┐ ┌───────────┘ │
//        │            ▼ ▼             │
//        │      ┌───────────┐         │
//        │      │ abandoned │         │     nobody awaits it; the heir counts it, and is told of its panics
//        │      └───────────┘         │
//        │ the last    │ the last     │ the last task is over,
//        │ is over     │ is over      │ and the run sees it
//        ▼             ▼              ▼
//     ┌─────────────────────────────────┐
//     │ ended                           │   spawning gives an error; a panic goes to the nearest open ancestor
//     └─────────────────────────────────┘
//
// Dropping a task may drop a run that it awaited, whose tasks awaited runs in their turn. So that this
// doesn't fill the stack, what lies deeper than `DEEP` drops is put off until the outermost one is done.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::task::Seized;
use super::{Inner, Scope};
use crate::error::RunError;
use crate::sync::atomic::Ordering;
use crate::sync::{Mutex, thread_local};

/// The scopes that one was started in, the innermost first; of those that have ended some are left out.
pub(super) struct Above(Mutex<Option<Arc<Line>>>);

/// A scope's place for those that are started in it.
///
/// It stands apart from the scope, so that one that has ended is not held by what it started.
pub(super) struct Line {
    /// The scope, while somebody needs it.
    scope: Weak<Inner>,
    above: Above,
}

impl Above {
    pub(super) fn new(parent: Option<Arc<Line>>) -> Self {
        Self(Mutex::new(parent))
    }

    fn parent(&self) -> Option<Arc<Line>> {
        self.0.lock().clone()
    }

    /// The nearest one that is good; those before it have ended, and are left out from now on.
    pub(super) fn nearest(&self, is_good: impl Fn(&Scope) -> bool) -> Option<Scope> {
        let mut next = self.parent();
        let mut found = None;
        while let Some(line) = next {
            found = line.scope.upgrade().map(|inner| Scope { inner }).filter(&is_good);
            next = if found.is_some() { None } else { line.above.parent() };
            if next.is_none() {
                let nearest = found.is_some().then_some(line);
                let old = std::mem::replace(&mut *self.0.lock(), nearest);
                drop(old);
            }
        }
        found
    }
}

impl Drop for Above {
    fn drop(&mut self) {
        // One by one: a long line must not fill the stack.
        let mut next = self.0.lock().take();
        while let Some(line) = next {
            next = Arc::into_inner(line).and_then(|line| line.above.0.lock().take());
        }
    }
}

/// What becomes of a scope whose run was dropped.
pub(super) struct Abandoned {
    /// Who joins it and is told of its panics, until it has ended.
    pub(super) heir: Option<Scope>,
    /// Panics that no heir takes; those of the drop itself resume from there.
    pub(super) panics: Vec<RunError>,
}

impl Scope {
    /// Its place for what is started in it.
    pub(super) fn line(&self) -> Arc<Line> {
        let mut state = self.inner.state.lock();
        let line = state.line.get_or_insert_with(|| {
            let (scope, above) = (Arc::downgrade(&self.inner), Above::new(self.inner.above.parent()));
            Arc::new(Line { scope, above })
        });
        let line = Arc::clone(line);
        drop(state);
        // For its memory's sake: a chain of runs, each started by the one before, stays short.
        line.above.nearest(|ancestor| !ancestor.has_ended());
        line
    }

    /// Gives up a run that is dropped before its end: drops at once what isn't being polled, and
    /// has the rest joined by the nearest ancestor that is still open.
    ///
    /// `drop_body` drops the part that the run's awaiter polled, and gives what that failed with.
    pub(crate) fn abandon(&self, drop_body: &mut dyn FnMut() -> Option<RunError>) {
        // Nobody is woken: another thread would come for what is dropped here, and still be at it
        // when this returns. So all slots are emptied before anything is dropped.
        let scopes = self.with_children();
        for scope in &scopes {
            scope.inner.flags.fetch_or(super::CANCELLED, Ordering::SeqCst);
        }
        let heir = self.inner.above.nearest(Scope::count_up);
        let mut state = self.inner.state.lock();
        let run = state.run.take();
        state.more().abandoned = Some(Abandoned { heir: heir.clone(), panics: Vec::new() });
        // While this goes on, the scope must not report its end.
        state.running += 1;
        let lost = state.failure.take();
        drop(state);
        drop(run);
        let seized = scopes.iter().flat_map(Scope::seize).collect();
        if let Some(error) = drop_body() {
            self.fail(error);
        }
        let panics = drop_deep(Remains { scope: self.clone(), heir, seized, lost });
        if !std::thread::panicking() {
            let mut panics = panics.into_iter();
            if let Some(mut first) = panics.next() {
                panics.for_each(|other| first.push_other(other));
                first.resume();
            }
        }
    }

    /// This scope and all below it that are joined with it.
    pub(super) fn with_children(&self) -> Vec<Scope> {
        let mut scopes = vec![self.clone()];
        let mut seen = 0;
        while let Some(scope) = scopes.get(seen) {
            seen += 1;
            let state = scope.inner.state.lock();
            let children: Vec<_> = state.children().collect();
            drop(state);
            scopes.extend(children);
        }
        scopes
    }

    /// Empties the slots of this scope.
    fn seize(&self) -> Vec<Seized> {
        let members = self.inner.state.lock().members.all();
        members.into_iter().filter_map(super::task::Member::seize).collect()
    }
}

/// What is left of an abandoned run once its slots are empty.
struct Remains {
    scope: Scope,
    heir: Option<Scope>,
    /// The work that was in the slots.
    seized: Vec<Seized>,
    /// The failure that nobody has seen.
    lost: Option<RunError>,
}

impl Remains {
    /// Drops the work, tells the heir, and gives the panics where there is no heir.
    fn settle(self) -> Vec<RunError> {
        for drop_work in self.seized {
            drop_work();
        }
        if let Some(lost) = self.lost {
            self.scope.fail(lost);
        }
        let panics = {
            let mut state = self.scope.inner.state.lock();
            state.abandoned().map(|abandoned| std::mem::take(&mut abandoned.panics))
        };
        self.scope.count_down();
        let panics = panics.unwrap_or_default();
        let Some(heir) = self.heir else { return panics };
        for panic in panics {
            heir.fail(panic);
        }
        Vec::new()
    }
}

/// How many drops of runs may lie in each other.
const DEEP: usize = 8;

#[derive(Default)]
struct Drops {
    /// How many drops of runs lie in each other on this thread.
    depth: usize,
    /// What was deeper.
    later: Vec<Remains>,
}

thread_local! {
    static DROPS: RefCell<Drops> = RefCell::new(Drops::default());
}

/// Drops what is left of a run, or has the outermost drop on this thread do it; gives the panics that no heir
/// takes.
fn drop_deep(remains: Remains) -> Vec<RunError> {
    let mut remains = Some(remains);
    let depth = DROPS.try_with(|drops| {
        let mut drops = drops.borrow_mut();
        let depth = drops.depth;
        if depth < DEEP {
            drops.depth += 1;
        } else {
            drops.later.extend(remains.take());
        }
        depth
    });
    let mut panics = remains.map_or_else(Vec::new, Remains::settle);
    match depth {
        Ok(0) => {
            while let Some(remains) = DROPS.try_with(|drops| drops.borrow_mut().later.pop()).ok().flatten() {
                panics.extend(remains.settle());
            }
            let _ = DROPS.try_with(|drops| drops.borrow_mut().depth = 0);
        }
        Ok(depth) if depth < DEEP => {
            let _ = DROPS.try_with(|drops| drops.borrow_mut().depth = depth);
        }
        // Put off; or the thread is ending, and remembers nothing any more.
        Ok(_) | Err(_) => {}
    }
    panics
}
