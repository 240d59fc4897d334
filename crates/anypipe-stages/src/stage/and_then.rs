use crate::stage::Then;
use crate::{OnOk, Parallel};

/// The stage of `Pipeline::and_then`, where all of it is told.
pub fn and_then<F>(f: F) -> OnOk<Parallel<Then<F>>> {
    OnOk(Parallel::new("and_then", Then::new(f)))
}
