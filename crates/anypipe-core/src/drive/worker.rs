//! One task between an input and a hop.

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::crew::{Feed, Taken};
use super::line::{Line, Unwanted, next_poll, present_poll};
use super::pace::Next;
use super::port::Port;
use super::{At, Work};
use crate::runtime::WaitsFor;
use crate::scope::{Breakable, Scope};

/// One task of a stage: takes an item, works on it, and puts what comes of it.
pub(super) async fn worker<In: Send + 'static, W: Work<In>>(
    name: Cow<'static, str>,
    mut feed: Feed<In>,
    work: Arc<W>,
    port: Port<W::Out>,
    scope: Scope,
) {
    let mut line = Line { port, pace: feed.pace(&scope), scope };
    let mut state = W::State::default();
    let mut waker = present_poll().await;
    loop {
        // Room for the result comes first: a future that was started never waits for room.
        let taken = loop {
            let polled = feed.poll_take(&mut line, &mut Context::from_waker(&waker));
            match polled {
                Poll::Ready(Ok(taken)) => break taken,
                Poll::Ready(Err(Unwanted)) => return,
                Poll::Pending => next_poll(&mut waker).await,
            }
        };
        let Some(Taken { ticket, key, item }) = taken else { break };
        line.port.begin();
        // Also for work that does more than it may when its future is made.
        if line.port.is_closed() {
            return;
        }
        let at = At { stage: &name, index: ticket };
        let made = {
            let mut future = pin!(Breakable::new(work.call(&mut state, at, item)));
            loop {
                let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
                if let Poll::Ready(made) = polled {
                    break made;
                }
                // The next may block, and suspend too late for the others.
                line.pace.slow();
                feed.learn(line.pace.learned());
                feed.share();
                let Ok(()) = line.rest(WaitsFor::Future, &waker) else { return };
                next_poll(&mut waker).await;
                if line.port.is_closed() {
                    return;
                }
            }
        };
        if made.as_ref().is_some_and(W::is_err) {
            line.port.fail();
        }
        feed.put(&mut line.port, ticket, made);
        if work.poll_settled(&mut state, &mut Context::from_waker(&waker)).is_pending() {
            let _overdue = line.port.tally().overdue();
            loop {
                let Ok(()) = line.rest(WaitsFor::Future, &waker) else { return };
                next_poll(&mut waker).await;
                if work.poll_settled(&mut state, &mut Context::from_waker(&waker)).is_ready() {
                    break;
                }
            }
        }
        feed.release(&mut line.port, key);
        if !line.pace.item() {
            continue;
        }
        let next = line.pace.look();
        feed.learn(line.pace.learned());
        if next == Next::Go {
            continue;
        }
        let turn = feed.poll_turn(next, &mut line, &mut Context::from_waker(&waker));
        if turn.is_pending() {
            next_poll(&mut waker).await;
        }
    }
    drop(state);
    line.port.finish();
}
