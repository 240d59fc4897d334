//! What every public type can be moved and shared between.

use std::marker::PhantomData;

use anypipe::channel::{
    Permit, Receiver, RecvError, SendError, Sender, Statistics, TryRecvError, TrySendError, broadcast,
    oneshot, watch,
};
use anypipe::runtime::{AsyncStd, RuntimeHandle, Sim, Sleep, Smol, Tokio};
use anypipe::sync::{
    Barrier, CapacityLimiter, Condition, Event, Lock, LockGuard, OnceCell, OwnedPermit, OwnedToken, RwLock,
    RwLockReadGuard, RwLockWriteGuard, Semaphore, Token,
};
use anypipe::task::{Blocking, BlockingPortal, CancelToken, PortalTask, TaskGroup, TaskHandle};
use anypipe::time::{Deadline, Interval, TimedOut};
use anypipe::{
    BoxPipeline, BoxSegment, ErrorKind, Holds, Pipeline, Run, RunError, RunStream, Segment, SharedPipeline,
    SharedSegment,
};

fn is_send<T: Send>(_: PhantomData<T>) {}
fn is_sync<T: Sync>(_: PhantomData<T>) {}
fn is_clone<T: Clone>(_: PhantomData<T>) {}
fn is_unpin<T: Unpin>(_: PhantomData<T>) {}
fn is_static<T: 'static>(_: PhantomData<T>) {}

macro_rules! can {
    ($($Type:ty: $($can:ident)+;)+) => {
        $( $( $can(PhantomData::<$Type>); )+ )+
    };
}

#[test]
fn public_types_cross_threads() {
    // `Cell` is `Send` and not `Sync`: what carries it must not ask for more.
    type Item = std::cell::Cell<u8>;
    can! {
        Run<Item>: is_send is_unpin is_static;
        RunError: is_send is_sync is_unpin is_static;
        ErrorKind: is_send is_sync is_unpin is_static;
        Holds: is_send is_sync is_unpin is_static;
        Pipeline<()>: is_send is_sync is_unpin is_static;
        Segment<()>: is_send is_sync is_unpin is_static;
        BoxPipeline<Item>: is_send is_unpin is_static;
        BoxSegment<Item, Item>: is_send is_unpin is_static;
        SharedPipeline<Item>: is_send is_sync is_clone is_unpin is_static;
        SharedSegment<Item, Item>: is_send is_sync is_clone is_unpin is_static;
        RunStream<Item>: is_send is_unpin is_static;
        RuntimeHandle: is_send is_sync is_unpin is_static;
        Sleep: is_send is_unpin is_static;
        Tokio: is_send is_sync is_unpin is_static;
        Smol: is_send is_sync is_unpin is_static;
        AsyncStd: is_send is_sync is_unpin is_static;
        Sim: is_send is_sync is_unpin is_static;
        Blocking<Item>: is_send is_unpin is_static;
        BlockingPortal: is_send is_sync is_clone is_unpin is_static;
        PortalTask<Item>: is_send is_sync is_unpin is_static;
        Deadline: is_send is_sync is_clone is_unpin is_static;
        Interval: is_send is_unpin is_static;
        Sender<Item>: is_send is_sync is_unpin is_static;
        Receiver<Item>: is_send is_sync is_unpin is_static;
        // Shared between subscribers, and so `Sync` where they are on several threads.
        broadcast::Sender<u8>: is_send is_sync is_clone is_unpin is_static;
        broadcast::Receiver<u8>: is_send is_sync is_clone is_unpin is_static;
        broadcast::LossyReceiver<u8>: is_send is_sync is_clone is_unpin is_static;
        watch::Sender<u8>: is_send is_sync is_clone is_unpin is_static;
        watch::Receiver<u8>: is_send is_sync is_clone is_unpin is_static;
        oneshot::Sender<Item>: is_send is_sync is_unpin is_static;
        oneshot::Receiver<Item>: is_send is_sync is_unpin is_static;
        Permit<'_, Item>: is_send is_sync is_unpin;
        SendError<Item>: is_send is_unpin is_static;
        TrySendError<Item>: is_send is_unpin is_static;
        RecvError: is_send is_sync is_unpin is_static;
        TryRecvError: is_send is_sync is_unpin is_static;
        Statistics: is_send is_sync is_unpin is_static;
        TaskGroup<Item>: is_send is_sync is_unpin is_static;
        TaskHandle<Item>: is_send is_sync is_unpin is_static;
        CancelToken: is_send is_sync is_unpin is_static;
        TimedOut: is_send is_sync is_unpin is_static;
        Lock<Item>: is_send is_sync is_unpin is_static;
        LockGuard<'_, Item>: is_send is_unpin;
        LockGuard<'_, u8>: is_send is_sync is_unpin;
        Semaphore: is_send is_sync is_unpin is_static;
        anypipe::sync::Permit<'_>: is_send is_sync is_unpin;
        OwnedPermit: is_send is_sync is_unpin is_static;
        CapacityLimiter: is_send is_sync is_unpin is_static;
        Token<'_>: is_send is_sync is_unpin;
        OwnedToken: is_send is_sync is_unpin is_static;
        Event: is_send is_sync is_unpin is_static;
        RwLock<u8>: is_send is_sync is_unpin is_static;
        RwLock<Item>: is_send is_unpin is_static;
        RwLockReadGuard<'_, u8>: is_send is_sync is_unpin;
        RwLockWriteGuard<'_, u8>: is_send is_sync is_unpin;
        Condition: is_send is_sync is_unpin is_static;
        Barrier: is_send is_sync is_unpin is_static;
        OnceCell<u8>: is_send is_sync is_unpin is_static;
    }
}
