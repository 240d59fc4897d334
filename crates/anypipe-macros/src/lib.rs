//! The attribute macros of anypipe: [`macro@main`] and [`macro@test`].
//!
//! Use them as `#[anypipe::main]` and `#[anypipe::test]`, with the feature `macros` of the `anypipe`
//! crate. Each expands to the function as it was written and one call into the facade, which alone
//! knows what is compiled in: what is emitted into your crate asks nothing about features.
//!
//! # Variants
//!
//! Where a runtime is named, it is one of these:
//!
//! | Name | Runtime |
//! |---|---|
//! | `tokio` | tokio with several threads |
//! | `tokio_current_thread` | tokio on one thread |
//! | `smol` | a smol executor with several threads |
//! | `smol_one_thread` | a smol executor with one thread |
//! | `async_std` | async-std |
//! | `sim` | the deterministic simulator |

mod entry;
mod options;
mod test;

use proc_macro::TokenStream;
use syn::{ItemFn, Signature, parse_macro_input};

use self::options::Options;

/// Runs an `async fn` as the program's `main`.
///
/// It enters a runtime as `anypipe::run` does: the program's default, the one that `ANYPIPE_RUNTIME`
/// names, or the first compiled in of tokio, smol and async-std. A program that cares names one; it
/// doesn't compile where the feature of that one is off.
///
/// # Options
///
/// - a [variant](crate#variants): the runtime to enter;
/// - `threads = n`: how many threads it has (with `tokio` and `smol`);
/// - `crate = path`: where the `anypipe` crate is, if it was renamed.
///
/// # Examples
///
/// ```ignore
/// #[anypipe::main]
/// async fn main() {
///     println!("on {}", anypipe::runtime::current().name());
/// }
/// ```
///
/// ```ignore
/// #[anypipe::main(tokio, threads = 2)]
/// async fn main() -> std::io::Result<()> {
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    let expanded = syn::parse(options).and_then(|options| entry::expand(&options, &function));
    expanded.unwrap_or_else(|error| entry::refuse(&error, &function)).into()
}

/// Makes an `async fn` one test per backend that is compiled in, and per variant of it.
///
/// The tests are in a module named like the function: `adds_up::tokio`,
/// `adds_up::tokio_current_thread`, `adds_up::smol`, … On the simulator the body runs under many
/// seeds, and a failure tells its own. The body gives `()`, or a `Result` whose `Err` fails the
/// test.
///
/// `#[should_panic]`, `#[ignore]` and other attributes go to each test. A test that hangs fails: a
/// watchdog gives up on it after 60 seconds. Where no backend is compiled in, and where one that was
/// named is not, there is one failing test that says so.
///
/// Put it where tests are: in `tests/` or under `#[cfg(test)]`.
///
/// # Options
///
/// - [variants](crate#variants): only on these;
/// - `seeds = n`: how many seeds on the simulator;
/// - `jitter = percent`: by how much of its length a sleep may be late there; with 0 time is exact;
/// - `timeout = "5s"`: when the watchdog gives up; `ms`, `s`, `m` and `h`, or a number of seconds;
/// - `crate = path`: where the `anypipe` crate is, if it was renamed.
///
/// # Examples
///
/// ```ignore
/// #[anypipe::test]
/// async fn adds_up() {
///     assert_eq!(sum().await, 3);
/// }
///
/// #[anypipe::test(tokio, sim, seeds = 100, timeout = "5s")]
/// #[should_panic(expected = "boom")]
/// async fn blows_up() {
///     explode().await;
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Options<options::Test>);
    let function = parse_macro_input!(item as ItemFn);
    test::expand(&options, &function).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Refuses what neither attribute can call: only an `async fn` without arguments will do.
fn check(attribute: &str, signature: &Signature) -> syn::Result<()> {
    let refuse = |what: &dyn quote::ToTokens, message: &str| {
        Err(syn::Error::new_spanned(what, format!("`#[anypipe::{attribute}]` {message}")))
    };
    if signature.asyncness.is_none() {
        return refuse(&signature.fn_token, "goes on an `async fn`: write `async` before `fn`");
    }
    if !signature.inputs.is_empty() {
        return refuse(&signature.inputs, "calls the function without arguments: it can't take any");
    }
    if !signature.generics.params.is_empty() {
        return refuse(&signature.generics, "calls the function by its name: it can't be generic");
    }
    if let Some(token) = &signature.unsafety {
        return refuse(token, "calls the function from safe code: it can't be `unsafe`");
    }
    Ok(())
}
