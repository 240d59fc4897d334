use crate::OnOk;
use crate::stage::Then;

/// The stage of `Pipeline::and_then`, where all of it is told.
pub fn and_then<F>(f: F) -> OnOk<Then<F>> {
    OnOk::new("and_then", Then::new(f))
}
