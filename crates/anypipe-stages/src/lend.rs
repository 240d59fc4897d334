use std::future::Future;

/// An asynchronous closure that borrows its state: `async |state, item| ..`.
///
/// It stands for `AsyncFn(&mut St, In) -> Out` with a future that can be sent to another thread, which
/// can't be written as a bound yet. Every closure that fits has it.
#[diagnostic::on_unimplemented(
    message = "the future of this closure can't be sent between threads, or it borrows from the closure",
    note = "what is captured must be cloned into the future: `move |state, item| {{ let client = client.clone(); \
            async move {{ .. }} }}`, or be part of the state"
)]
pub trait AsyncWith<'a, St: 'a, In>: Fn(&'a mut St, In) -> Self::Future {
    /// What the future gives.
    type Out;
    /// The future, which may hold the borrowed state.
    type Future: Future<Output = Self::Out> + Send;
}

impl<'a, St, In, F, Fut> AsyncWith<'a, St, In> for F
where
    St: 'a,
    F: Fn(&'a mut St, In) -> Fut,
    Fut: Future + Send,
{
    type Out = Fut::Output;
    type Future = Fut;
}

/// An asynchronous closure that borrows its item: `async |item| ..`.
///
/// It stands for `AsyncFn(&In) -> Out` with a future that can be sent to another thread, which can't be
/// written as a bound yet. Every closure that fits has it.
#[diagnostic::on_unimplemented(
    message = "the future of this closure can't be sent between threads, or it borrows from the closure",
    note = "what is captured is lent by `using_ref(client, async |client, item| ..)`"
)]
pub trait AsyncRef<'a, In: 'a>: Fn(&'a In) -> Self::Future {
    /// What the future gives.
    type Out;
    /// The future, which may hold the borrowed item.
    type Future: Future<Output = Self::Out> + Send;
}

impl<'a, In, F, Fut> AsyncRef<'a, In> for F
where
    In: 'a,
    F: Fn(&'a In) -> Fut,
    Fut: Future + Send,
{
    type Out = Fut::Output;
    type Future = Fut;
}

/// An asynchronous closure that borrows a value which all of its calls share: `async |value, item| ..`.
///
/// It stands for `AsyncFn(&V, In) -> Out` with a future that can be sent to another thread, which can't be
/// written as a bound yet. Every closure that fits has it.
#[diagnostic::on_unimplemented(
    message = "the future of this closure can't be sent between threads, or it borrows from the closure",
    note = "what it needs beside its item is part of the value: `using((client, limit), async |(client, limit), item| ..)`"
)]
pub trait AsyncUsing<'a, V: 'a, In>: Fn(&'a V, In) -> Self::Future {
    /// What the future gives.
    type Out;
    /// The future, which may hold the borrowed value.
    type Future: Future<Output = Self::Out> + Send;
}

impl<'a, V, In, F, Fut> AsyncUsing<'a, V, In> for F
where
    V: 'a,
    F: Fn(&'a V, In) -> Fut,
    Fut: Future + Send,
{
    type Out = Fut::Output;
    type Future = Fut;
}

/// As [`AsyncUsing`], for a closure that takes what came of the items before as well: `async |value, sum, item| ..`.
#[diagnostic::on_unimplemented(
    message = "the future of this closure can't be sent between threads, or it borrows from the closure",
    note = "what it needs beside its item is part of the value: `using_fold((client, limit), async |(client, limit), sum, item| ..)`"
)]
pub trait AsyncUsingFold<'a, V: 'a, A, In>: Fn(&'a V, A, In) -> Self::Future {
    /// What the future gives.
    type Out;
    /// The future, which may hold the borrowed value.
    type Future: Future<Output = Self::Out> + Send;
}

impl<'a, V, A, In, F, Fut> AsyncUsingFold<'a, V, A, In> for F
where
    V: 'a,
    F: Fn(&'a V, A, In) -> Fut,
    Fut: Future + Send,
{
    type Out = Fut::Output;
    type Future = Fut;
}
