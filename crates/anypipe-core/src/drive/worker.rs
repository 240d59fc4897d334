//! One task between an input and a hop.

use std::borrow::Cow;
use std::future::poll_fn;
use std::sync::Arc;

use super::crew::{Feed, Taken};
use super::line::Line;
use super::pace::Pace;
use super::port::Port;
use super::{At, Work};
use crate::scope::Scope;

/// One task of a stage: takes an item, works on it, and puts what comes of it.
pub(super) async fn worker<In: Send + 'static, W: Work<In>>(
    name: Cow<'static, str>,
    mut feed: Feed<In>,
    work: Arc<W>,
    mut port: Port<W::Out>,
    scope: Scope,
) {
    let mut pace = Pace::new(scope.runtime().clone());
    let mut line = Line { port: &mut port, pace: &mut pace, scope: &scope };
    let mut state = W::State::default();
    loop {
        // Room for the result comes first: a future that was started never waits for room.
        let Ok(taken) = poll_fn(|cx| feed.poll_take(&mut line, cx)).await else { return };
        let Some(Taken { ticket, key, item, alone }) = taken else { break };
        line.port.begin();
        let at = At { stage: &name, index: ticket };
        let suspended = || {
            if alone {
                feed.share();
            }
        };
        let made = line.watch(|| work.call(&mut state, at, item), suspended).await;
        let Ok(made) = made else { return };
        if made.as_ref().is_some_and(W::is_err) {
            line.port.fail();
        }
        feed.put(&mut line, ticket, made);
        let Ok(()) = line.settle(|cx| work.poll_settled(&mut state, cx)).await else { return };
        feed.release(key);
        line.step().await;
    }
    drop(state);
    port.finish();
}
