use crate::OnOk;
use crate::stage::Then;

/// The stage of `Pipeline::try_then`, where all of it is told.
pub fn try_then<F>(f: F) -> OnOk<Then<F>> {
    OnOk::new("try_then", Then::new(f))
}
