//! What the attribute macros call. Whether a backend is compiled in is asked here, where the features
//! are ours, and never in the user's crate.

mod watchdog;

pub use self::watchdog::{Case, check, outcome};

/// The body of a `main`: enters the runtime that was named, or chooses one.
#[doc(hidden)]
#[macro_export]
macro_rules! __main {
    ($body:ident) => {
        $crate::run($body())
    };
    ($body:ident, $variant:ident $(, $threads:literal)?) => {
        $crate::__if_compiled! { $variant
            { $crate::run_on($crate::__runtime!($variant $($threads)?), $body()) }
            { ::core::compile_error!(::core::concat!(
                "`#[anypipe::main(", ::core::stringify!($variant), ")]` needs the feature `",
                $crate::__feature!($variant), "` of anypipe",
            )) }
        }
    };
}

/// The module with a test's variants: all that are compiled in, or the ones that were named.
#[doc(hidden)]
#[macro_export]
macro_rules! __test {
    ($condition:tt {} { $name:ident $settings:tt $ignore:tt $attrs:tt }) => {
        $crate::__test_module! { $condition $name
            $crate::__if_any! { {} { $crate::__test_fails! {
                $ignore no_backend $name
                "no backend is compiled in: turn on at least one of anypipe's features `tokio`, `smol`, \
                 `async-std`, `sim` for the tests"
            } } }
            $crate::__test_on! { tokio {} { $name $settings $ignore $attrs } }
            $crate::__test_on! { tokio_current_thread {} { $name $settings $ignore $attrs } }
            $crate::__test_on! { smol {} { $name $settings $ignore $attrs } }
            $crate::__test_on! { smol_one_thread {} { $name $settings $ignore $attrs } }
            $crate::__test_on! { async_std {} { $name $settings $ignore $attrs } }
            $crate::__test_on! { sim {} { $name $settings $ignore $attrs } }
        }
    };
    ($condition:tt { $($variant:ident)+ } { $name:ident $settings:tt $ignore:tt $attrs:tt }) => {
        $crate::__test_named! {
            $condition { $($variant)+ } $name $ignore { $name $settings $ignore $attrs }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __test_named {
    ($condition:tt { $($variant:ident)+ } $name:ident $ignore:tt $case:tt) => {
        $crate::__test_module! { $condition $name
            $( $crate::__test_on! { $variant {
                $crate::__test_fails! {
                    $ignore $variant $name
                    ::core::concat!(
                        "the test asks for `", ::core::stringify!($variant), "`, but anypipe's feature `",
                        $crate::__feature!($variant), "` is off",
                    )
                }
            } $case } )+
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __test_module {
    ({ $($condition:tt)* } $name:ident $($tests:tt)*) => {
        $($condition)*
        mod $name { $($tests)* }
    };
}

/// One test, or what stands for it where its backend is not compiled in.
#[doc(hidden)]
#[macro_export]
macro_rules! __test_on {
    ($variant:ident $else:tt {
        $name:ident { $timeout_ms:literal $should_panic:literal $seeds:tt $jitter:tt }
        { $($ignore:tt)* } { $($attr:tt)* }
    }) => {
        $crate::__if_compiled! { $variant
            {
                #[::core::prelude::v1::test]
                $($ignore)*
                $($attr)*
                fn $variant() {
                    let case = $crate::__private::Case {
                        path: ::core::concat!(::core::module_path!(), "::", ::core::stringify!($variant)),
                        timeout_ms: $timeout_ms,
                        should_panic: $should_panic,
                    };
                    $crate::__private::check(&case, || $crate::__test_body!($variant super::$name $seeds $jitter));
                }
            }
            $else
        }
    };
}

/// Runs a test's body on the runtime of a variant: with more threads than are needed where there can
/// be several, and on the simulator under many seeds.
#[doc(hidden)]
#[macro_export]
macro_rules! __test_body {
    (sim super::$name:ident {} $jitter:tt) => {
        $crate::__test_body!(sim super::$name { 32 } $jitter)
    };
    (sim super::$name:ident { $seeds:literal } { $($jitter:literal)? }) => {
        $crate::runtime::Sim::each($seeds, |sim| {
            let sim = ::core::clone::Clone::clone(sim)$(.jitter($jitter))?;
            $crate::__private::outcome($crate::run_on(sim, super::$name()));
        })
    };
    (tokio super::$name:ident $seeds:tt $jitter:tt) => {
        $crate::__private::outcome($crate::run_on($crate::__runtime!(tokio 4), super::$name()))
    };
    (smol super::$name:ident $seeds:tt $jitter:tt) => {
        $crate::__private::outcome($crate::run_on($crate::__runtime!(smol 4), super::$name()))
    };
    ($variant:ident super::$name:ident $seeds:tt $jitter:tt) => {
        $crate::__private::outcome($crate::run_on($crate::__runtime!($variant), super::$name()))
    };
}

/// A test that only says why there is no other.
#[doc(hidden)]
#[macro_export]
macro_rules! __test_fails {
    ({ $($ignore:tt)* } $test:ident $name:ident $why:expr) => {
        #[::core::prelude::v1::test]
        $($ignore)*
        fn $test() {
            // So that it doesn't count as unused, on top.
            let _ = super::$name;
            ::core::panic!("{}", $why);
        }
    };
}

/// A runtime by its variant.
#[doc(hidden)]
#[macro_export]
macro_rules! __runtime {
    (tokio) => {
        $crate::runtime::Tokio::new()
    };
    (tokio $threads:literal) => {
        $crate::runtime::Tokio::multi_thread($threads)
    };
    (tokio_current_thread) => {
        $crate::runtime::Tokio::current_thread()
    };
    (smol) => {
        $crate::runtime::Smol::new()
    };
    (smol $threads:literal) => {
        $crate::runtime::Smol::threads($threads)
    };
    (smol_one_thread) => {
        $crate::runtime::Smol::threads(1)
    };
    (async_std) => {
        $crate::runtime::AsyncStd::new()
    };
    (sim) => {
        $crate::runtime::Sim::new(0)
    };
}

/// The feature of a variant.
#[doc(hidden)]
#[macro_export]
macro_rules! __feature {
    (tokio) => {
        "tokio"
    };
    (tokio_current_thread) => {
        "tokio"
    };
    (smol) => {
        "smol"
    };
    (smol_one_thread) => {
        "smol"
    };
    (async_std) => {
        "async-std"
    };
    (sim) => {
        "sim"
    };
}

/// The first group of tokens where the variant's feature is on, else the second.
#[doc(hidden)]
#[macro_export]
macro_rules! __if_compiled {
    (tokio $($groups:tt)*) => { $crate::__if_tokio! { $($groups)* } };
    (tokio_current_thread $($groups:tt)*) => { $crate::__if_tokio! { $($groups)* } };
    (smol $($groups:tt)*) => { $crate::__if_smol! { $($groups)* } };
    (smol_one_thread $($groups:tt)*) => { $crate::__if_smol! { $($groups)* } };
    (async_std $($groups:tt)*) => { $crate::__if_async_std! { $($groups)* } };
    (sim $($groups:tt)*) => { $crate::__if_sim! { $($groups)* } };
}

#[cfg(feature = "tokio")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_tokio {
    ({ $($yes:tt)* } $no:tt) => { $($yes)* };
}
#[cfg(not(feature = "tokio"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_tokio {
    ($yes:tt { $($no:tt)* }) => { $($no)* };
}

#[cfg(feature = "smol")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_smol {
    ({ $($yes:tt)* } $no:tt) => { $($yes)* };
}
#[cfg(not(feature = "smol"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_smol {
    ($yes:tt { $($no:tt)* }) => { $($no)* };
}

#[cfg(feature = "async-std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_async_std {
    ({ $($yes:tt)* } $no:tt) => { $($yes)* };
}
#[cfg(not(feature = "async-std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_async_std {
    ($yes:tt { $($no:tt)* }) => { $($no)* };
}

#[cfg(feature = "sim")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_sim {
    ({ $($yes:tt)* } $no:tt) => { $($yes)* };
}
#[cfg(not(feature = "sim"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_sim {
    ($yes:tt { $($no:tt)* }) => { $($no)* };
}

#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_any {
    ({ $($yes:tt)* } $no:tt) => { $($yes)* };
}
#[cfg(not(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_any {
    ($yes:tt { $($no:tt)* }) => { $($no)* };
}
