use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use anypipe_core::channel::{ChannelSender, SendError};
use anypipe_core::drive::Items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Sends the items into a channel; made by [`send_to`].
#[derive(Clone, Debug)]
pub struct SendTo<C> {
    sender: C,
}

/// The sink of `Pipeline::send_to`, where all of it is told.
pub fn send_to<C>(sender: C) -> SendTo<C> {
    SendTo { sender }
}

impl<In, C> Sink<In> for SendTo<C>
where
    In: Send + 'static,
    C: ChannelSender<In>,
{
    type Output = Result<(), SendError<Option<In>>>;

    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Self::Output> + Send + 'static {
        let mut items = Items::new(input, scope);
        let mut sender = self.sender;
        async move {
            loop {
                let next = {
                    let mut next = pin!(items.next());
                    let mut closed = pin!(sender.closed());
                    poll_fn(|cx| match next.as_mut().poll(cx) {
                        Poll::Ready(item) => Poll::Ready(Ok(item)),
                        Poll::Pending => closed.as_mut().poll(cx).map(|()| Err(SendError::Closed(None))),
                    })
                    .await?
                };
                let Some(item) = next else { return Ok(()) };
                sender.send(item).await.map_err(|error| {
                    let broken = error.is_broken();
                    let item = Some(error.into_inner());
                    if broken { SendError::Broken(item) } else { SendError::Closed(item) }
                })?;
            }
        }
    }
}
