use crate::stage::Then;
use crate::{OnOk, Parallel};

/// The stage of `Pipeline::try_then`, where all of it is told.
pub fn try_then<F>(f: F) -> OnOk<Parallel<Then<F>>> {
    OnOk(Parallel::new("try_then", Then::new(f)))
}
