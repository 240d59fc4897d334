use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use super::entries::Entries;
use super::{Inner, token};
use crate::sync::{Mutex, thread_local};

thread_local! {
    /// What lists the runs that begin on this thread.
    static LISTING: RefCell<Entries<Option<Roster>>> = RefCell::new(Entries::default());
}

/// Lists, from outside, what has not ended: the runs that began on a thread, all that was started in them, and
/// what each task waits for. A watchdog prints it.
///
/// # Examples
///
/// ```
/// use anypipe_core::scope::Roster;
///
/// let roster = Roster::new();
/// let _listed = roster.enter();
/// assert_eq!(roster.to_string(), "no run is left");
/// ```
#[derive(Clone, Default)]
pub struct Roster {
    /// The scopes that were opened, for as long as somebody needs them.
    scopes: Arc<Mutex<Vec<Weak<Inner>>>>,
}

impl Roster {
    /// One with nothing on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has it list the runs that begin on this thread from now on, until the guard goes, with all that is
    /// started in them on whatever thread.
    pub fn enter(&self) -> Listing {
        let enter = |listing: &RefCell<Entries<Option<Self>>>| {
            let mut listing = listing.borrow_mut();
            let (number, entry) = listing.enter();
            *entry = Some(self.clone());
            number
        };
        Listing { entry: LISTING.try_with(enter).ok(), _not_send: PhantomData }
    }

    /// The one that was entered on this thread.
    pub(super) fn current() -> Option<Self> {
        LISTING.try_with(|listing| listing.borrow().iter().next().cloned()).ok().flatten().flatten()
    }

    pub(super) fn list(&self, scope: &Arc<Inner>) {
        token::enter_child(&mut self.scopes.lock(), scope);
    }
}

impl fmt::Display for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<_> = self.scopes.lock().iter().filter_map(Weak::upgrade).collect();
        let mut lines = Vec::new();
        for scope in scopes {
            let state = scope.state.lock();
            if state.ended {
                continue;
            }
            let body =
                state.more.as_ref().and_then(|more| more.body).map(|(name, waits_for)| match waits_for {
                    Some(waits_for) => format!("run `{name}` waits for {waits_for}"),
                    None => format!("run `{name}` is being polled"),
                });
            let members = state.members.all();
            drop(state);
            lines.extend(body);
            lines.extend(
                members.iter().filter_map(|member| member.told(None)).map(|told| format!("  {told}")),
            );
        }
        if lines.is_empty() {
            return f.write_str("no run is left");
        }
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster").field("scopes", &self.scopes.lock().len()).finish()
    }
}

/// Ends what [`Roster::enter`] began.
#[must_use = "nothing is listed any more when this is dropped"]
pub struct Listing {
    /// The number of its entry, unless its thread was ending.
    entry: Option<u64>,
    /// The guard belongs to the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl Drop for Listing {
    fn drop(&mut self) {
        let Some(entry) = self.entry else { return };
        let left = LISTING.try_with(|listing| listing.borrow_mut().leave(entry).and_then(Option::take));
        drop(left);
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").finish_non_exhaustive()
    }
}
