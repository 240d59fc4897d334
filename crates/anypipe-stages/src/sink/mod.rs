//! Where items go: the sinks behind the terminals, one a file.

mod collect;
mod fold;
mod for_each;
mod try_collect;

pub use self::collect::{Collect, collect};
pub use self::fold::{Fold, fold};
pub use self::for_each::{ForEach, for_each};
pub use self::try_collect::{TryCollect, try_collect};
