use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use anypipe_core::run::picture::StageKind;
use anypipe_core::runtime::Alarm;
use anypipe_core::scope::Charted;
use anypipe_core::stage::{drop_each, poll_go_on};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::attached::Attached;
use crate::fan::{Fan, Refused, fan};
use crate::many::Many;
use crate::stage::sequential_stage;

/// Stages of its own for the items of each key; made by [`group_by`].
#[derive(Clone, Debug)]
pub struct GroupBy<L, F> {
    name: Name,
    key: L,
    stages: F,
    limit: usize,
    idle: Option<Duration>,
}

/// The stage of `Pipeline::group_by`, where all of it is told.
///
/// # Panics
///
/// Where `limit` is 0.
#[track_caller]
pub fn group_by<L, F>(key: L, stages: F, limit: usize) -> GroupBy<L, F> {
    assert!(limit > 0, "`group_by(.., 0)`: at least one group must be open");
    GroupBy { name: Name::new("group_by"), key, stages, limit, idle: None }
}

impl<L, F> GroupBy<L, F> {
    /// Closes a group that no item came for in `length`.
    pub fn idle_timeout(self, length: Duration) -> Self {
        Self { idle: Some(length), ..self }
    }
}

impl<In, K, L, F, G> Stage<In> for GroupBy<L, F>
where
    In: Send + 'static,
    K: Clone + Eq + Hash + Send + 'static,
    L: Fn(&In) -> K + Send + Sync + 'static,
    F: Fn(K) -> G + Send + Sync + 'static,
    G: Stage<In>,
{
    type Out = G::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = G::Out> + Send + 'static {
        let Self { name, key, stages, limit, idle } = self;
        let (told, inside) = (name.clone(), scope.clone());
        let charted = scope.charted(name.0.clone(), StageKind::Branch);
        let dealer = charted.clone();
        let open = move |key| {
            let (fan, inputs) = fan(1, None, Some(&dealer));
            let input = inputs.into_iter().next().expect("one branch");
            let scope = inside.repeated_child();
            let stage = told.guard(|| stages(key));
            let given: Pin<Box<dyn Stream<Item = G::Out> + Send>> = Box::pin(stage.attach(input, &scope));
            (fan, Attached::own(given, scope))
        };
        Grouped {
            input: Some(Box::pin(input)),
            charted: Some(charted),
            outputs: Many::new(),
            groups: Groups::new(limit, idle),
            waiting: None,
            key: move |item: &In| name.guard(|| key(item)),
            open,
            alarm: Alarm::new(scope.runtime()),
        }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

sequential_stage!(GroupBy<L, F>, named);

/// What is known of the groups, but what they give.
struct Groups<K, In> {
    limit: usize,
    idle: Option<Duration>,
    /// By their number, in the order in which they were opened.
    all: BTreeMap<u64, Group<K, In>>,
    /// The number of the group of each key.
    of_key: HashMap<K, u64>,
    /// Those that can be closed, by the number of the last item that came for them: the one idle longest is the first. One
    /// that another item came for stands there once more; where it stood before is passed over.
    by_use: VecDeque<(u64, u64)>,
    /// The number of the group that has this place among the outputs.
    of_output: Vec<u64>,
    /// How many were closed and have not ended yet.
    closing: usize,
    /// Numbers groups and items.
    count: u64,
}

struct Group<K, In> {
    key: K,
    /// Where items wait for it, and its place among the outputs; `None` where its stages ended by themselves.
    running: Option<(Fan<In>, usize)>,
    /// It was closed: it takes no more items, and gives the rest.
    closing: bool,
    /// The number of the last item that came for it.
    last: u64,
    /// When that was; told where groups that are idle are closed.
    at: Option<Instant>,
}

/// What becomes of an item.
enum Dealt<In> {
    /// It is with its group, which is to be polled where it has this place among the outputs; or nobody wants it.
    Done(Option<usize>),
    /// It waits: for room, or for a group to end.
    Waits(In),
    /// It waits for a group to be opened.
    New(In),
}

impl<K: Clone + Eq + Hash, In> Groups<K, In> {
    fn new(limit: usize, idle: Option<Duration>) -> Self {
        Self {
            limit,
            idle,
            all: BTreeMap::new(),
            of_key: HashMap::new(),
            by_use: VecDeque::new(),
            of_output: Vec::new(),
            closing: 0,
            count: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// Gives an item to the group of its key.
    fn deal(&mut self, key: &K, item: In, now: Option<Instant>, cx: &mut Context<'_>) -> Dealt<In> {
        let Some(&id) = self.of_key.get(key) else { return self.make_place(item) };
        let number = self.number();
        let Some(group) = self.all.get_mut(&id) else { return Dealt::Waits(item) };
        if group.closing {
            return Dealt::Waits(item);
        }
        let mut rung = None;
        // Where its stages have ended nobody wants the item.
        if let Some((fan, place)) = &mut group.running {
            fan.register(cx);
            match fan.give(0, item) {
                Ok(()) => rung = (!fan.rung().is_empty()).then_some(*place),
                Err(Refused::Full(item)) => return Dealt::Waits(item),
                Err(Refused::Closed(item)) => drop(item),
            }
            fan.rung().clear();
        }
        (group.last, group.at) = (number, now);
        self.note_use(number, id);
        Dealt::Done(rung)
    }

    /// Makes a place for another group; where there is none, one of those that are open is closed.
    fn make_place(&mut self, item: In) -> Dealt<In> {
        if self.all.len() >= self.limit && self.closing == 0 {
            self.close_first();
        }
        if self.all.len() < self.limit { Dealt::New(item) } else { Dealt::Waits(item) }
    }

    /// Adds a group, with its place among the outputs.
    fn add(&mut self, key: K, fan: Fan<In>, place: usize) {
        let (id, last) = (self.number(), self.number());
        if place >= self.of_output.len() {
            self.of_output.resize(place + 1, 0);
        }
        self.of_output[place] = id;
        self.of_key.insert(key.clone(), id);
        self.all.insert(id, Group { key, running: Some((fan, place)), closing: false, last, at: None });
        self.note_use(last, id);
    }

    /// Notes that this item came for the group last.
    fn note_use(&mut self, number: u64, id: u64) {
        self.by_use.push_back((number, id));
        // Most of it stands where something else came since: it goes, which takes a step for each item.
        if self.by_use.len() > 2 * self.all.len() + 8 {
            self.by_use.retain(|(number, id)| is_last_use(&self.all, *number, *id));
        }
    }

    /// The group that is idle longest, of those that can be closed.
    fn idle_longest(&mut self) -> Option<u64> {
        while let Some(&(number, id)) = self.by_use.front() {
            if is_last_use(&self.all, number, id) {
                return Some(id);
            }
            self.by_use.pop_front();
        }
        None
    }

    /// Closes the group that is idle longest.
    fn close_first(&mut self) {
        let Some(id) = self.idle_longest() else { return };
        self.by_use.pop_front();
        let Some(group) = self.all.get_mut(&id) else { return };
        match &group.running {
            Some((fan, _)) => {
                fan.end();
                group.closing = true;
                self.closing += 1;
            }
            None => self.remove(id),
        }
    }

    fn remove(&mut self, id: u64) {
        if let Some(group) = self.all.remove(&id) {
            self.of_key.remove(&group.key);
        }
    }

    /// Closes all: no further items come.
    fn close_all(&mut self) {
        while self.idle_longest().is_some() {
            self.close_first();
        }
    }

    /// When the first of them will have been idle for too long.
    fn due(&mut self) -> Option<Instant> {
        let (idle, id) = (self.idle?, self.idle_longest()?);
        self.all.get(&id)?.at?.checked_add(idle)
    }

    /// The stages of a group have ended.
    fn ended(&mut self, place: usize) {
        let id = self.of_output[place];
        let Some(group) = self.all.get_mut(&id) else { return };
        group.running = None;
        // One that ended by itself stays, so that its key isn't begun anew with the next item.
        if group.closing {
            self.closing -= 1;
            self.remove(id);
        }
    }
}

/// True where this item was the last that came for the group, and that can be closed.
fn is_last_use<K, In>(groups: &BTreeMap<u64, Group<K, In>>, number: u64, id: u64) -> bool {
    groups.get(&id).is_some_and(|group| group.last == number && !group.closing)
}

struct Grouped<S, K, In, Out, L, O> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// Until the input was polled: its place in pictures of the run.
    charted: Option<Charted>,
    /// What the groups give.
    outputs: Many<Out>,
    groups: Groups<K, In>,
    /// An item that waits, with its key.
    waiting: Option<(K, In)>,
    /// Tells an item's key.
    key: L,
    /// Opens a group.
    open: O,
    /// Set to when the first group will have been idle for too long.
    alarm: Alarm,
}

// The items are only ever moved.
impl<S, K, In, Out, L, O> Unpin for Grouped<S, K, In, Out, L, O> {}

impl<S, K, In, Out, L, O> Grouped<S, K, In, Out, L, O>
where
    S: Stream<Item = In>,
    K: Clone + Eq + Hash,
    L: Fn(&In) -> K,
    O: Fn(K) -> (Fan<In>, Attached<Out>),
{
    /// Deals one item; pending where that is waited for, or it waits itself.
    fn poll_deal(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = self.groups.idle.map(|_| self.alarm.now());
        while self.groups.due().zip(now).is_some_and(|(due, now)| due <= now) {
            self.groups.close_first();
        }
        if self.waiting.is_none() {
            let Some(input) = &mut self.input else { return Poll::Pending };
            let polled = match self.charted.take() {
                Some(charted) => charted.poll_in(|| input.as_mut().poll_next(cx)),
                None => input.as_mut().poll_next(cx),
            };
            match ready!(polled) {
                Some(item) => self.waiting = Some(((self.key)(&item), item)),
                None => {
                    self.input = None;
                    self.groups.close_all();
                    return Poll::Ready(());
                }
            }
        }
        let Some((key, item)) = self.waiting.take() else { return Poll::Pending };
        let mut dealt = self.groups.deal(&key, item, now, cx);
        if let Dealt::New(item) = dealt {
            let (mut fan, given) = (self.open)(key.clone());
            let place = self.outputs.push(given);
            fan.set_bell(0, self.outputs.waker(place).clone());
            self.groups.add(key.clone(), fan, place);
            dealt = self.groups.deal(&key, item, now, cx);
        }
        match dealt {
            Dealt::Done(rung) => {
                if let Some(place) = rung {
                    self.outputs.line_up(place);
                }
                Poll::Ready(())
            }
            Dealt::Waits(item) | Dealt::New(item) => {
                self.waiting = Some((key, item));
                Poll::Pending
            }
        }
    }

    /// Ready once a group has been idle for too long.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.groups.due() {
            Some(due) => self.alarm.set_at(due),
            None => self.alarm.clear(),
        }
        self.alarm.poll(cx)
    }
}

impl<S, K, In, Out, L, O> Stream for Grouped<S, K, In, Out, L, O>
where
    S: Stream<Item = In>,
    K: Clone + Eq + Hash,
    L: Fn(&In) -> K,
    O: Fn(K) -> (Fan<In>, Attached<Out>),
{
    type Item = Out;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Out>> {
        let this = self.get_mut();
        loop {
            match this.outputs.poll_next(cx) {
                Poll::Ready(Some((_, Some(item)))) => return Poll::Ready(Some(item)),
                Poll::Ready(Some((place, None))) => this.groups.ended(place),
                Poll::Ready(None) if this.input.is_none() && this.waiting.is_none() => {
                    return Poll::Ready(None);
                }
                Poll::Ready(None) | Poll::Pending => {
                    if this.poll_deal(cx).is_pending() {
                        ready!(this.poll_idle(cx));
                    }
                }
            }
            ready!(poll_go_on(cx));
        }
    }
}

impl<K, In> Drop for Groups<K, In> {
    fn drop(&mut self) {
        drop_each(std::mem::take(&mut self.all).into_values());
    }
}
