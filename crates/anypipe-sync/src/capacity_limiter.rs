//! So many at once, where the limit changes and those who borrow have names.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use crate::borrower::Borrower;
use crate::guarded::{Guarded, Wakes};
use crate::statistics::CapacityLimiterStatistics;
use crate::turn::Turn;
use crate::wait_list::{Left, Place, WaitList};

/// So many at once, and no more, where the limit can be changed while it is used and those who borrow may have names.
///
/// Who only counts takes a [`Semaphore`](crate::Semaphore), which is cheaper. Here `total` tokens may be borrowed at once. Where
/// that is [set](Self::set_total_tokens) below what is borrowed already, nobody is interrupted: the next token is lent
/// once enough of them have come back.
///
/// A [`Token`] is given back when it is dropped. Where a token outlives the code that took it, it is borrowed
/// [on behalf of](Self::acquire_on_behalf_of) somebody, and given back by name; each name has one at the most, so that
/// borrowing twice by mistake is told, and giving back what was never borrowed too.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use anypipe::sync::CapacityLimiter;
///
/// static DISK: CapacityLimiter = CapacityLimiter::new(1);
///
/// anypipe::run(async {
///     let token = DISK.acquire().await;
///     assert!(DISK.try_acquire().is_none());
///     DISK.set_total_tokens(2);
///     assert!(DISK.try_acquire().is_some());
///     drop(token);
/// });
/// ```
pub struct CapacityLimiter {
    state: Guarded<State>,
}

struct State {
    /// How many may be borrowed at once.
    total: usize,
    /// How many are, those included that were granted to one who has not looked yet.
    borrowed: usize,
    /// Whose names are taken: of those who hold a token, and of those who have asked and have none in hand yet.
    holding: BTreeSet<Borrower>,
    asking: BTreeSet<Borrower>,
    list: WaitList<()>,
}

impl State {
    fn is_open(&self) -> bool {
        self.list.is_empty() && self.borrowed < self.total
    }

    /// Lends tokens to those who wait, as far as they reach.
    fn settle(&mut self, wakes: &mut Wakes) {
        while self.borrowed < self.total && !self.list.is_empty() {
            self.borrowed += 1;
            wakes.add(self.list.grant_first());
        }
    }

    fn give_back(&mut self, wakes: &mut Wakes) {
        self.borrowed -= 1;
        self.settle(wakes);
    }

    /// Refuses a name that is taken.
    fn check(&self, borrower: &Borrower) -> Result<(), AcquireError> {
        if self.holding.contains(borrower) {
            return Err(AcquireError::Holds(borrower.clone()));
        }
        if self.asking.contains(borrower) {
            return Err(AcquireError::Waits(borrower.clone()));
        }
        Ok(())
    }
}

impl CapacityLimiter {
    /// A limiter of which so many tokens may be borrowed at once; with 0 nobody gets one until that is changed, and
    /// `usize::MAX` is no limit.
    pub const fn new(total: usize) -> Self {
        let state = State {
            total,
            borrowed: 0,
            holding: BTreeSet::new(),
            asking: BTreeSet::new(),
            list: WaitList::new(),
        };
        Self { state: Guarded::new(state) }
    }

    /// Waits for a token, which is given back when it is dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue, and has borrowed nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::CapacityLimiter;
    ///
    /// anypipe::run(async {
    ///     let limiter = CapacityLimiter::new(2);
    ///     let _token = limiter.acquire().await;
    ///     assert_eq!(limiter.available_tokens(), 1);
    /// });
    /// ```
    pub async fn acquire(&self) -> Token<'_> {
        self.borrow().await;
        Token { limiter: self }
    }

    /// Borrows a token if there is one now and nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let limiter = anypipe::sync::CapacityLimiter::new(1);
    /// let token = limiter.try_acquire().unwrap();
    /// assert!(limiter.try_acquire().is_none());
    /// # drop(token);
    /// ```
    pub fn try_acquire(&self) -> Option<Token<'_>> {
        self.try_borrow().then(|| Token { limiter: self })
    }

    /// As [`acquire`](Self::acquire), for a token that may go anywhere: into a task, or to a thread.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::sync::Arc;
    /// use anypipe::sync::CapacityLimiter;
    ///
    /// anypipe::run(async {
    ///     let limiter = Arc::new(CapacityLimiter::new(1));
    ///     let token = Arc::clone(&limiter).acquire_owned().await;
    ///     std::thread::spawn(move || drop(token)).join().unwrap();
    ///     assert_eq!(limiter.borrowed_tokens(), 0);
    /// });
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> OwnedToken {
        self.borrow().await;
        OwnedToken { limiter: self }
    }

    /// As [`try_acquire`](Self::try_acquire), for a token that may go anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::sync::Arc;
    ///
    /// let limiter = Arc::new(anypipe::sync::CapacityLimiter::new(1));
    /// let token = Arc::clone(&limiter).try_acquire_owned().unwrap();
    /// assert!(limiter.try_acquire().is_none());
    /// # drop(token);
    /// ```
    pub fn try_acquire_owned(self: Arc<Self>) -> Option<OwnedToken> {
        self.try_borrow().then(|| OwnedToken { limiter: self })
    }

    /// Waits for a token on behalf of somebody, who keeps it until it is
    /// [released](Self::release_on_behalf_of) on their behalf.
    ///
    /// # Errors
    ///
    /// Where the borrower holds a token of this limiter already, and where it waits for one.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue, and has borrowed nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::CapacityLimiter;
    ///
    /// anypipe::run(async {
    ///     let limiter = CapacityLimiter::new(3);
    ///     limiter.acquire_on_behalf_of("upload").await.unwrap();
    ///     let twice = limiter.acquire_on_behalf_of("upload").await.unwrap_err();
    ///     assert!(twice.to_string().contains("`upload` holds a token of this limiter already"));
    ///     limiter.release_on_behalf_of("upload").unwrap();
    ///     assert_eq!(limiter.borrowed_tokens(), 0);
    /// });
    /// ```
    pub async fn acquire_on_behalf_of(&self, borrower: impl Into<Borrower>) -> Result<(), AcquireError> {
        self.borrow_as(Some(borrower.into())).await
    }

    /// Borrows a token on behalf of somebody, if there is one now and nobody waits.
    ///
    /// # Errors
    ///
    /// Where there is none; where the borrower holds one already, and where it waits for one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::{CapacityLimiter, TryAcquireError};
    ///
    /// let limiter = CapacityLimiter::new(1);
    /// limiter.try_acquire_on_behalf_of(1).unwrap();
    /// assert_eq!(limiter.try_acquire_on_behalf_of(2), Err(TryAcquireError::Full));
    /// assert_eq!(limiter.try_acquire_on_behalf_of(1), Err(TryAcquireError::Holds(1.into())));
    /// ```
    pub fn try_acquire_on_behalf_of(&self, borrower: impl Into<Borrower>) -> Result<(), TryAcquireError> {
        let borrower = borrower.into();
        self.state.with(|state, _| {
            state.check(&borrower)?;
            if !state.is_open() {
                return Err(TryAcquireError::Full);
            }
            state.borrowed += 1;
            state.holding.insert(borrower);
            Ok(())
        })
    }

    /// Gives back the token that was borrowed on behalf of somebody.
    ///
    /// # Errors
    ///
    /// Where none was: it was given back already, or the borrower still waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let limiter = anypipe::sync::CapacityLimiter::new(1);
    /// let error = limiter.release_on_behalf_of("nobody").unwrap_err();
    /// assert_eq!(error.to_string(), "no token of this limiter is borrowed on behalf of `nobody`");
    /// ```
    pub fn release_on_behalf_of(&self, borrower: impl Into<Borrower>) -> Result<(), ReleaseError> {
        let borrower = borrower.into();
        self.state.with(|state, wakes| {
            if !state.holding.remove(&borrower) {
                return Err(ReleaseError { borrower });
            }
            state.give_back(wakes);
            Ok(())
        })
    }

    /// How many tokens may be borrowed at once.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// assert_eq!(anypipe::sync::CapacityLimiter::new(40).total_tokens(), 40);
    /// ```
    pub fn total_tokens(&self) -> usize {
        self.state.look(|state| state.total)
    }

    /// Changes how many tokens may be borrowed at once. More are lent there and then to those who wait; with fewer than
    /// are borrowed, nobody gets one until enough have come back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let limiter = anypipe::sync::CapacityLimiter::new(2);
    /// let (one, other) = (limiter.try_acquire(), limiter.try_acquire());
    /// limiter.set_total_tokens(1);
    /// drop(one);
    /// assert!(limiter.try_acquire().is_none(), "one is still borrowed");
    /// drop(other);
    /// assert!(limiter.try_acquire().is_some());
    /// ```
    pub fn set_total_tokens(&self, total: usize) {
        self.state.with(|state, wakes| {
            state.total = total;
            state.settle(wakes);
        });
    }

    /// How many tokens are borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let limiter = anypipe::sync::CapacityLimiter::new(2);
    /// let _token = limiter.try_acquire();
    /// assert_eq!(limiter.borrowed_tokens(), 1);
    /// ```
    pub fn borrowed_tokens(&self) -> usize {
        self.state.look(|state| state.borrowed)
    }

    /// How many more tokens may be borrowed now: 0 where more are borrowed than there are.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let limiter = anypipe::sync::CapacityLimiter::new(2);
    /// let _token = limiter.try_acquire();
    /// assert_eq!(limiter.available_tokens(), 1);
    /// ```
    pub fn available_tokens(&self) -> usize {
        self.state.look(|state| state.total.saturating_sub(state.borrowed))
    }

    /// What the limiter is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let limiter = anypipe::sync::CapacityLimiter::new(2);
    /// limiter.try_acquire_on_behalf_of("upload").unwrap();
    /// let statistics = limiter.statistics();
    /// assert_eq!((statistics.borrowed, statistics.total, statistics.waiting), (1, 2, 0));
    /// assert_eq!(statistics.borrowers, ["upload".into()]);
    /// ```
    pub fn statistics(&self) -> CapacityLimiterStatistics {
        self.state.look(|state| CapacityLimiterStatistics {
            total: state.total,
            borrowed: state.borrowed,
            borrowers: state.holding.iter().cloned().collect(),
            waiting: state.list.len(),
        })
    }

    async fn borrow(&self) {
        let borrowed = self.borrow_as(None).await;
        borrowed.expect("who has no name borrows as often as it likes");
    }

    fn borrow_as(&self, borrower: Option<Borrower>) -> Borrow<'_> {
        Borrow { limiter: self, borrower, place: None, turn: Turn::default() }
    }

    fn try_borrow(&self) -> bool {
        self.state.with(|state, _| {
            let open = state.is_open();
            state.borrowed += usize::from(open);
            open
        })
    }

    fn give_back(&self) {
        self.state.with(State::give_back);
    }
}

impl fmt::Debug for CapacityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CapacityLimiterStatistics { total, borrowed, borrowers, waiting } = self.statistics();
        f.debug_struct("CapacityLimiter")
            .field("total", &total)
            .field("borrowed", &borrowed)
            .field("borrowers", &borrowers)
            .field("waiting", &waiting)
            .finish()
    }
}

/// The wait for a token.
struct Borrow<'a> {
    limiter: &'a CapacityLimiter,
    /// On whose behalf. The name is taken while it waits.
    borrower: Option<Borrower>,
    /// Where it stands, once it waits.
    place: Option<Place>,
    turn: Turn,
}

impl Borrow<'_> {
    /// Takes a token, or enters; true where it has one.
    fn enter(&mut self, waker: Waker) -> Result<bool, AcquireError> {
        let Self { limiter, borrower, place, .. } = self;
        limiter.state.with(|state, wakes| {
            if let Some(borrower) = borrower {
                if let Err(error) = state.check(borrower) {
                    wakes.put_away(waker);
                    return Err(error);
                }
            }
            let is_open = state.is_open();
            if is_open {
                wakes.put_away(waker);
                state.borrowed += 1;
            } else {
                *place = Some(state.list.enter((), waker));
            }
            if let Some(borrower) = borrower {
                let names = if is_open { &mut state.holding } else { &mut state.asking };
                names.insert(borrower.clone());
            }
            Ok(is_open)
        })
    }

    /// Whether it was granted a token.
    fn look(&mut self, waker: Waker) -> bool {
        let Some(place) = &self.place else { return false };
        self.limiter.state.with(|state, wakes| {
            wakes.put_away(state.list.rewake(place, waker));
            state.list.is_granted(place)
        })
    }

    /// Takes the token that it was granted.
    fn accept(&mut self) {
        let Some(place) = self.place.take() else { return };
        self.limiter.state.with(|state, _| {
            state.list.leave(place);
            if let Some(borrower) = self.borrower.take() {
                state.asking.remove(&borrower);
                state.holding.insert(borrower);
            }
        });
    }
}

impl Future for Borrow<'_> {
    type Output = Result<(), AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.place.is_none() {
            let is_turn = this.turn.poll(cx).is_ready();
            if is_turn && this.borrower.is_none() && this.limiter.try_borrow() {
                return Poll::Ready(Ok(()));
            }
            if !is_turn && this.limiter.state.look(State::is_open) {
                return Poll::Pending;
            }
            // Cloned before the lock is taken: that may run anybody's code.
            return match this.enter(cx.waker().clone()) {
                Ok(false) => Poll::Pending,
                Ok(true) => Poll::Ready(Ok(())),
                Err(error) => Poll::Ready(Err(error)),
            };
        }
        if !this.look(cx.waker().clone()) {
            return Poll::Pending;
        }
        // Who was cancelled meanwhile is dropped here, and hands on what it was granted.
        ready!(this.turn.poll(cx));
        this.accept();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Borrow<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        self.limiter.state.with(|state, wakes| {
            if let Some(borrower) = &self.borrower {
                state.asking.remove(borrower);
            }
            match state.list.leave(place) {
                Left::Granted(()) => state.give_back(wakes),
                Left::Waited((), waker) => wakes.put_away(waker),
            }
        });
    }
}

/// A token of a [`CapacityLimiter`], which goes back when this is dropped.
#[must_use = "the token goes back when this is dropped"]
pub struct Token<'a> {
    limiter: &'a CapacityLimiter,
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        self.limiter.give_back();
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// A token of a [`CapacityLimiter`] that is shared in an `Arc`; it goes back when this is dropped.
#[must_use = "the token goes back when this is dropped"]
pub struct OwnedToken {
    limiter: Arc<CapacityLimiter>,
}

impl Drop for OwnedToken {
    fn drop(&mut self) {
        self.limiter.give_back();
    }
}

impl fmt::Debug for OwnedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedToken").finish_non_exhaustive()
    }
}

/// Why [`CapacityLimiter::acquire_on_behalf_of`] was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireError {
    /// The borrower holds a token of this limiter already.
    Holds(Borrower),
    /// The borrower waits for a token of this limiter already.
    Waits(Borrower),
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds(borrower) => holds(borrower, f),
            Self::Waits(borrower) => waits(borrower, f),
        }
    }
}

impl Error for AcquireError {}

/// Why [`CapacityLimiter::try_acquire_on_behalf_of`] gave no token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// All tokens are borrowed, or others wait before.
    Full,
    /// The borrower holds a token of this limiter already.
    Holds(Borrower),
    /// The borrower waits for a token of this limiter already.
    Waits(Borrower),
}

impl From<AcquireError> for TryAcquireError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Holds(borrower) => Self::Holds(borrower),
            AcquireError::Waits(borrower) => Self::Waits(borrower),
        }
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("no token of this limiter is free now: wait for one with `acquire`"),
            Self::Holds(borrower) => holds(borrower, f),
            Self::Waits(borrower) => waits(borrower, f),
        }
    }
}

impl Error for TryAcquireError {}

fn holds(borrower: &Borrower, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "`{borrower}` holds a token of this limiter already: release it first, or take another name")
}

fn waits(borrower: &Borrower, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "`{borrower}` waits for a token of this limiter already: await that, or take another name")
}

/// A token was to be given back that was not borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseError {
    /// On whose behalf.
    borrower: Borrower,
}

impl ReleaseError {
    /// On whose behalf it was to be given back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let limiter = anypipe::sync::CapacityLimiter::new(1);
    /// assert_eq!(limiter.release_on_behalf_of(3).unwrap_err().borrower(), &3.into());
    /// ```
    pub fn borrower(&self) -> &Borrower {
        &self.borrower
    }
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no token of this limiter is borrowed on behalf of `{}`", self.borrower)
    }
}

impl Error for ReleaseError {}
