use anypipe::author::Scope;
use anypipe::stage::{Stage, Step, fused, in_stage};
use futures_core::Stream;

/// Lets an item through where `f` gives another key than for the item before.
pub struct Changes<F> {
    f: F,
}

impl<F> Changes<F> {
    pub fn new(f: F) -> Self {
        Self { f }
    }
}

impl<In, K, F> Stage<In> for Changes<F>
where
    In: Send + 'static,
    K: PartialEq + Send + 'static,
    F: Fn(&In) -> K + Send + 'static,
{
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        let mut last = None;
        fused(input, move |item| {
            let key = in_stage("changes", || (self.f)(&item)); // a panic in `f` names this stage
            if last.as_ref() == Some(&key) {
                return Step::Skip;
            }
            last = Some(key);
            Step::Give(item)
        })
    }
}
