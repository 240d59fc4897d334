//! How a hop is made, with its ends.

use std::sync::Arc;

use super::Tally;
use super::hop::{Hop, Room};
use super::outlet::Outlet;
use crate::scope::{Scope, TaskName};

/// A hop for `producers` tasks of the stage `name`, each of which makes its [`Port`](super::port::Port), with the
/// consumer's end.
pub(super) fn hop<T>(
    producers: usize,
    room: Room<T>,
    name: TaskName,
    tally: Tally,
    scope: &Scope,
) -> (Arc<Hop<T>>, Outlet<T>) {
    let hop = Arc::new(Hop::new(producers, room, tally, (scope.clone(), name)));
    let outlet = Outlet::new(Arc::clone(&hop));
    (hop, outlet)
}
