//! How a hop is made, with its ends.

use std::borrow::Cow;
use std::sync::Arc;

use super::hop::{Hop, Room};
use super::outlet::Outlet;
use super::port::Port;
use crate::scope::Scope;

/// A hop for `producers` tasks that holds `permits` items, those being made included.
pub(super) fn hop<T>(
    producers: usize,
    room: Room<T>,
    name: Cow<'static, str>,
    scope: &Scope,
) -> (Vec<Port<T>>, Outlet<T>) {
    let stage = (scope.clone(), name.to_string());
    let tally = scope.tally(name);
    let hop = Arc::new(Hop::new(producers, room, tally));
    let ports = (0..producers).map(|index| Port::new(Arc::clone(&hop), index)).collect();
    (ports, Outlet::new(hop, stage))
}
