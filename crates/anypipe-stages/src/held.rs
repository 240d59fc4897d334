use std::collections::VecDeque;

use anypipe_core::stage::drop_each;

/// Items that a stage keeps for a while. They are dropped one by one, so that two panicking
/// destructors among them don't abort the process.
#[derive(Debug)]
pub(crate) struct Held<T> {
    items: VecDeque<T>,
}

impl<T> Held<T> {
    pub(crate) fn new() -> Self {
        Self { items: VecDeque::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn push(&mut self, item: T) {
        self.items.push_back(item);
    }

    /// The oldest.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// All of them, oldest first.
    pub(crate) fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.items).into()
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        drop_each(self.items.drain(..));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::Held;

    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn two_panicking_destructors_are_one_panic() {
        let mut held = Held::new();
        held.push(Loud);
        held.push(Loud);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(held))).is_err());
    }
}
