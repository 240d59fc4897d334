//! What `broadcast` and `route` share.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::drive::{Burst, Inlet};
use anypipe_core::scope::Charted;
use anypipe_core::stage::poll_go_on;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::attached::Attached;
use crate::fan::{AHEAD, BranchInput, Fan, fan};
use crate::many::Many;

/// What comes out of a branch.
pub type BranchOutput<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// The branches of a fan-out: a tuple of stages, or a `Vec` of equal ones. All give the same items.
///
/// A branch that ends in a sink is a [`SinkStage`](crate::sink::SinkStage).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the branches of a fan-out of `{In}`",
    note = "branches are a tuple of up to eight stages, `(a, b)`, that take the same items and give the same",
    note = "a sink becomes a branch by `.into_stage()`"
)]
pub trait Branches<In>: Send + 'static {
    /// What each of them gives.
    type Out: Send + 'static;

    /// How many there are.
    fn count(&self) -> usize;

    /// The most items they can hold together.
    fn holds(&self) -> Holds;

    /// Attaches each to its input; there are as many as [`count`](Branches::count) says.
    fn attach(self, inputs: Vec<BranchInput<In>>, scope: &Scope) -> Vec<BranchOutput<Self::Out>>;
}

/// Writes the branches that a tuple is.
macro_rules! tuple {
    ($count:literal: $First:ident $($Rest:ident)*) => {
        impl<In, $First, $($Rest),*> Branches<In> for ($First, $($Rest,)*)
        where
            In: Send + 'static,
            $First: Stage<In>,
            $($Rest: Stage<In, Out = $First::Out>,)*
        {
            type Out = $First::Out;

            fn count(&self) -> usize {
                $count
            }

            #[allow(non_snake_case, reason = "each stage is called as its type is")]
            fn holds(&self) -> Holds {
                let ($First, $($Rest,)*) = self;
                $First.holds() $(+ $Rest.holds())*
            }

            #[allow(non_snake_case, reason = "each stage is called as its type is")]
            fn attach(self, inputs: Vec<BranchInput<In>>, scope: &Scope) -> Vec<BranchOutput<Self::Out>> {
                let ($First, $($Rest,)*) = self;
                let mut inputs = inputs.into_iter();
                let mut next = move || inputs.next().expect("an input for each branch");
                vec![Box::pin($First.attach(next(), scope)), $(Box::pin($Rest.attach(next(), scope))),*]
            }
        }
    };
}

tuple!(1: A);
tuple!(2: A B);
tuple!(3: A B C);
tuple!(4: A B C D);
tuple!(5: A B C D E);
tuple!(6: A B C D E F);
tuple!(7: A B C D E F G);
tuple!(8: A B C D E F G H);

impl<In: Send + 'static, G: Stage<In>> Branches<In> for Vec<G> {
    type Out = G::Out;

    fn count(&self) -> usize {
        self.len()
    }

    fn holds(&self) -> Holds {
        self.iter().map(Stage::holds).sum()
    }

    fn attach(self, inputs: Vec<BranchInput<In>>, scope: &Scope) -> Vec<BranchOutput<G::Out>> {
        let attach =
            |(stage, input): (G, _)| -> BranchOutput<G::Out> { Box::pin(stage.attach(input, scope)) };
        self.into_iter().zip(inputs).map(attach).collect()
    }
}

/// Which branches an item goes to.
pub(super) trait Deal<T>: Send + 'static {
    /// Waits until a further item can be dealt.
    fn poll_ready(&mut self, fan: &mut Fan<T>) -> Poll<()>;

    /// Deals the item to its branches.
    fn deal(&mut self, fan: &mut Fan<T>, item: T);

    /// Deals what is at hand behind an item that was dealt, as far as it may; `false` where it has dealt none.
    fn deal_at_hand(&mut self, fan: &mut Fan<T>, input: &mut Inlet<T>) -> bool {
        let _ = (fan, input);
        false
    }

    /// Shows what was dealt to the branches.
    fn show(&mut self, fan: &mut Fan<T>);
}

/// The most that wait before the branches, besides what these hold.
pub(super) fn holds<In>(branches: &impl Branches<In>) -> Holds {
    branches.holds() + Holds::at_most(AHEAD * branches.count())
}

/// Deals the items of `input` to the branches, and gives what these give as it comes.
pub(super) fn fan_out<In, B, D>(
    input: impl Stream<Item = In> + Send + 'static,
    branches: B,
    deal: D,
    charted: Charted,
    scope: &Scope,
) -> impl Stream<Item = B::Out> + Send + 'static
where
    In: Send + 'static,
    B: Branches<In>,
    D: Deal<In>,
{
    let (mut fan, inputs) = fan(branches.count(), None, Some(&charted));
    let mut outputs = Many::new();
    for (index, output) in branches.attach(inputs, scope).into_iter().enumerate() {
        outputs.push(Attached::boxed(output));
        fan.set_bell(index, outputs.waker(index).clone());
    }
    FanOut {
        input: Some(Inlet::new(input)),
        outputs,
        fan,
        charted,
        deal,
        burst: Burst::new(scope),
        turn: Burst::of_turns(scope),
    }
}

struct FanOut<In, D, Out> {
    /// The input, until it has ended or no branch takes its items.
    input: Option<Inlet<In>>,
    /// What the branches give.
    outputs: Many<Out>,
    fan: Fan<In>,
    /// Its place in pictures of the run.
    charted: Charted,
    deal: D,
    /// How many items it deals before the branches see them.
    burst: Burst,
    /// How many items it gives on of one branch before it asks the next.
    turn: Burst,
}

// The items are only ever moved.
impl<In, D, Out> Unpin for FanOut<In, D, Out> {}

impl<In, D, Out> FanOut<In, D, Out>
where
    In: Send + 'static,
    D: Deal<In>,
{
    /// Deals a burst of items of the input and shows them to the branches, or ends their input with it; pending where that
    /// is waited for, or for room.
    fn poll_deal(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.fan.is_open() {
            self.input = None;
        }
        let Some(input) = &mut self.input else { return Poll::Pending };
        self.burst.begin();
        let (deal, fan, burst) = (&mut self.deal, &mut self.fan, &mut self.burst);
        let (polled, ended) = self.charted.poll_in(|| {
            loop {
                if deal.poll_ready(fan).is_pending() {
                    break (Poll::Pending, false);
                }
                match input.poll_next(cx) {
                    Poll::Ready(Some(item)) => deal.deal(fan, item),
                    Poll::Ready(None) => break (Poll::Ready(()), true),
                    Poll::Pending => break (Poll::Pending, false),
                }
                if !burst.goes_on() || deal.deal_at_hand(fan, input) {
                    break (Poll::Ready(()), false);
                }
            }
        });
        if ended {
            self.input = None;
        }
        self.deal.show(&mut self.fan);
        if self.input.is_none() {
            // What the dealer still had, it has dealt: it said that it was ready.
            self.fan.end();
        }
        polled
    }
}

impl<In, D, Out> FanOut<In, D, Out>
where
    In: Send + 'static,
    D: Deal<In>,
{
    /// It is another branch's turn: deals until one gives an item.
    #[inline(never)]
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Option<Out>> {
        self.fan.register(cx);
        let mut first = true;
        loop {
            self.turn.begin();
            match self.outputs.poll_next(cx) {
                Poll::Ready(Some((_, Some(item)))) => return Poll::Ready(Some(item)),
                // One branch has ended.
                Poll::Ready(Some((_, None))) => continue,
                Poll::Ready(None) => {
                    self.input = None;
                    return Poll::Ready(None);
                }
                Poll::Pending => {}
            }
            // A burst for each poll costs no more than that.
            if !std::mem::take(&mut first) {
                ready!(poll_go_on(cx));
            }
            let dealt = self.poll_deal(cx);
            // Also where the dealer waits, after it has dealt something.
            if dealt.is_pending() && self.fan.rung().is_empty() {
                return Poll::Pending;
            }
            for index in self.fan.rung().drain(..) {
                self.outputs.line_up(index);
            }
        }
    }
}

impl<In, D, Out> Stream for FanOut<In, D, Out>
where
    In: Send + 'static,
    D: Deal<In>,
{
    type Item = Out;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Out>> {
        let this = self.get_mut();
        // Where there is one branch nobody else waits for a turn.
        if this.outputs.len() == 1 || this.turn.goes_on() {
            if let Some(item) = this.outputs.next_in_turn() {
                return Poll::Ready(Some(item));
            }
        }
        this.poll_turn(cx)
    }
}
