use crate::stage::Then;
use crate::{OnOk, Parallel};

/// The stage of `Pipeline::and_then`, where all of it is told.
pub fn and_then<F>(f: F) -> Parallel<OnOk<Then<F>>> {
    Parallel::new("and_then", OnOk(Then::new(f)))
}
