use std::sync::Arc;

use super::task::Member;

/// The work of a scope that has not ended, by its index.
#[derive(Default)]
pub(super) struct Members {
    places: Vec<Place>,
    /// The place that is taken next: a hole, or the one behind the last.
    next: usize,
}

enum Place {
    Taken(Arc<dyn Member>),
    /// With the place that is taken after this one.
    Hole(usize),
}

impl Members {
    /// Enters work, and tells it its index.
    pub(super) fn enter(&mut self, work: Arc<dyn Member>) {
        let index = self.next;
        work.enter_at(index);
        let taken = Place::Taken(work);
        match self.places.get_mut(index) {
            None => {
                self.places.push(taken);
                self.next += 1;
            }
            Some(place) => {
                if let Place::Hole(next) = std::mem::replace(place, taken) {
                    self.next = next;
                }
            }
        }
    }

    /// Takes out what has ended, to be dropped once the lock is let go.
    #[must_use]
    pub(super) fn leave(&mut self, index: usize) -> Option<Arc<dyn Member>> {
        let hole = Place::Hole(std::mem::replace(&mut self.next, index));
        match std::mem::replace(&mut self.places[index], hole) {
            Place::Taken(work) => Some(work),
            Place::Hole(_) => None,
        }
    }

    /// All that has not ended, to be looked at once the lock is let go.
    pub(super) fn all(&self) -> Vec<Arc<dyn Member>> {
        let taken = |place: &Place| match place {
            Place::Taken(work) => Some(Arc::clone(work)),
            Place::Hole(_) => None,
        };
        self.places.iter().filter_map(taken).collect()
    }
}
