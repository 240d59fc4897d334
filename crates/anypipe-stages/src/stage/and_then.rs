use crate::OnOk;
use crate::stage::Then;

/// Turns the value of each `Ok` into a result, asynchronously; an `Err` passes unchanged, in its turn.
///
/// `Result<T, E>` → `Result<U, E>`, asynchronous. A boundary: holds its buffer (64) and one item for
/// each worker (1).
pub fn and_then<F>(f: F) -> OnOk<Then<F>> {
    OnOk::new("and_then", Then::new(f))
}
