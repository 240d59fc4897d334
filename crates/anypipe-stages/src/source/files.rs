//! What the sources of files share.

use std::io;
use std::path::Path;

use anypipe_core::Scope;
use anypipe_core::drive::Boundary;
use anypipe_core::stage::each;
use futures_core::Stream;

use crate::source::blocking_iter::{patient, patient_gated, pull};

/// What comes of a part of the work.
pub(super) enum Part<T> {
    Item(T),
    /// The item takes more than that.
    More,
    End,
}

/// A source whose work on an item blocks, and is done in parts, so that a cancel is seen in between.
pub(super) trait InParts: Send + 'static {
    type Item: Send + 'static;

    /// What does a part at each call.
    fn parts(self) -> (Boundary, impl FnMut() -> Part<Self::Item> + Send + 'static);

    fn attach_parts(self, scope: &Scope) -> impl Stream<Item = Self::Item> + Send + 'static
    where
        Self: Sized,
    {
        let (boundary, parts) = self.parts();
        let items = items(&boundary, parts);
        patient(boundary, items, scope)
    }

    fn attach_parts_gated(self, scope: &Scope) -> impl Stream<Item = Self::Item> + Send + 'static
    where
        Self: Sized,
    {
        let (boundary, parts) = self.parts();
        let items = items(&boundary, parts);
        patient_gated(boundary, items, scope)
    }
}

/// The items that come of parts.
fn items<T, P>(boundary: &Boundary, mut part: P) -> impl Stream<Item = T> + Send + use<T, P>
where
    T: Send + 'static,
    P: FnMut() -> Part<T> + Send + 'static,
{
    let parts = std::iter::from_fn(move || match part() {
        Part::Item(item) => Some(Some(item)),
        Part::More => Some(None),
        Part::End => None,
    });
    each(pull(boundary, parts), |part| part)
}

/// Writes the `Source` of one that is [`InParts`], with its options.
macro_rules! in_parts {
    ($Files:ident, $Item:ty) => {
        impl anypipe_core::Source for $Files {
            type Item = $Item;

            fn attach(
                self,
                scope: &anypipe_core::Scope,
            ) -> impl futures_core::Stream<Item = Self::Item> + Send + 'static {
                $crate::source::files::InParts::attach_parts(self, scope)
            }

            fn attach_gated(
                self,
                scope: &anypipe_core::Scope,
            ) -> impl futures_core::Stream<Item = Self::Item> + Send + 'static {
                $crate::source::files::InParts::attach_parts_gated(self, scope)
            }

            fn holds(&self) -> anypipe_core::Holds {
                self.boundary.holds()
            }
        }

        $crate::generate::only_a_buffer!($Files);
    };
}
pub(super) use in_parts;

/// An error with the path that it is about.
pub(super) fn told(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
