use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Source, Stage};
use futures_core::Stream;

use crate::Name;
use crate::attached::Attached;
use crate::stage::sequential_stage;

/// Each item becomes a source that takes the place of the one before; made by [`switch_map`].
#[derive(Clone, Debug)]
pub struct SwitchMap<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::switch_map`, where all of it is told.
pub fn switch_map<F>(f: F) -> SwitchMap<F> {
    SwitchMap { name: Name::new("switch_map"), f }
}

impl<In, F, Y> Stage<In> for SwitchMap<F>
where
    In: Send + 'static,
    F: Fn(In) -> Y + Send + Sync + 'static,
    Y: Source,
{
    type Out = Y::Item;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Y::Item> + Send + 'static {
        let scope = scope.clone();
        Switch { input: Some(Box::pin(input)), present: None, next: None, stage: self, scope }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

sequential_stage!(SwitchMap<F>, named);

struct Switch<S, In, F, T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// The source whose items are given, or which is being closed.
    present: Option<Attached<T>>,
    /// The item whose source comes next.
    next: Option<In>,
    stage: SwitchMap<F>,
    scope: Scope,
}

// The items are only ever moved.
impl<S, In, F, T> Unpin for Switch<S, In, F, T> {}

impl<S, F, Y> Stream for Switch<S, S::Item, F, Y::Item>
where
    S: Stream,
    F: Fn(S::Item) -> Y,
    Y: Source,
{
    type Item = Y::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Y::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(input) = &mut this.input {
                match input.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => {
                        if let Some(present) = &mut this.present {
                            present.close();
                        }
                        this.next = Some(item);
                        ready!(poll_go_on(cx));
                        continue;
                    }
                    Poll::Ready(None) => this.input = None,
                    Poll::Pending => {}
                }
            }
            if this.next.is_some() {
                if let Some(present) = &mut this.present {
                    ready!(present.poll_closed(cx));
                    this.present = None;
                }
            }
            if let Some(item) = this.next.take() {
                let source = this.stage.name.guard(|| (this.stage.f)(item));
                this.present = Some(Attached::repeated(source, &this.scope));
            }
            let Some(present) = &mut this.present else {
                return if this.input.is_none() { Poll::Ready(None) } else { Poll::Pending };
            };
            if let Some(item) = ready!(present.poll_next(cx)) {
                return Poll::Ready(Some(item));
            }
            this.present = None;
            ready!(poll_go_on(cx));
        }
    }
}
