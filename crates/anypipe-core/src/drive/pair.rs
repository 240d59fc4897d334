//! How a hop is made, with its ends.

use std::borrow::Cow;
use std::sync::Arc;

use super::Tally;
use super::hop::{Hop, Room};
use super::outlet::Outlet;
use super::port::Port;
use crate::scope::Scope;

/// A hop for `producers` tasks of the stage `name`, with its two kinds of ends.
pub(super) fn hop<T>(
    producers: usize,
    room: Room<T>,
    name: Cow<'static, str>,
    tally: Tally,
    scope: &Scope,
) -> (impl Iterator<Item = Port<T>> + use<T>, Outlet<T>) {
    let hop = Arc::new(Hop::new(producers, room, tally));
    let outlet = Outlet::new(Arc::clone(&hop), (scope.clone(), name));
    (std::iter::repeat_n(hop, producers).enumerate().map(|(index, hop)| Port::new(hop, index)), outlet)
}
