use crate::OnOk;
use crate::stage::Then;

/// As [`and_then`](crate::stage::and_then), with errors of its own, that `?` could turn into those that pass.
///
/// `Result<T, P>` → `Result<U, P>`, where `f` gives a `Result<U, E>` and `P: From<E>`; asynchronous. A
/// boundary: holds its buffer (64) and one item for each worker (1).
pub fn try_then<F>(f: F) -> OnOk<Then<F>> {
    OnOk::new("try_then", Then::new(f))
}
