//! Where items come from, one source a file.

mod channel;
mod cycle;
mod func;
mod iter;
mod stream;

pub use self::channel::{FromChannel, from_channel};
pub use self::cycle::{Cycle, cycle};
pub use self::func::{FromFn, from_fn};
pub use self::iter::{FromIter, from_iter};
pub use self::stream::{FromStream, from_stream};
