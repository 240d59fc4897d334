/// An item that is a result: what terminals of results take. Every `Result` is one, and nothing else.
///
/// Its value and its error have names here, so that no terminal has to name them: `try_collect::<Vec<_>>()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`",
    label = "the items of this pipeline are no results",
    note = "where nothing can fail there are `collect`, `for_each` and `fold`; a stage that gives a `Result` makes results"
)]
pub trait IsResult: Send + 'static {
    /// What an `Ok` holds.
    type Ok: Send + 'static;
    /// What an `Err` holds.
    type Err: Send + 'static;

    /// The item as the result that it is.
    #[expect(clippy::missing_errors_doc, reason = "it is the item")]
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
}

impl<T, E> IsResult for Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    type Ok = T;
    type Err = E;

    #[inline]
    fn into_result(self) -> Self {
        self
    }
}
