//! The macros that turn cases into tests.

/// Stamps every law, promise and case onto a variant of a backend: a module with a `#[test]` for each,
/// the variant's name in its path.
///
/// `suite!(name, || value)` takes what makes the runtime, afresh for each test.
/// `suite!(name, each |case| ..)` takes how a case is run, where it is to be run more than once.
///
/// # Examples
///
/// ```
/// # mod backend {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/threads/mod.rs"));
/// # }
/// # use backend::Threads;
/// // In the backend's own `tests/conformance.rs`: here that of the guide's backend.
/// anypipe_conformance::suite!(on_threads, || Threads);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! suite {
    ($variant:ident, each $run:expr) => {
        mod $variant {
            #[allow(unused_imports, reason = "what the runner names is in the file around it")]
            use super::*;

            fn stamped_run(case: &'static $crate::Case) {
                let run: fn(&$crate::Case) = $run;
                run(case);
            }

            $crate::__groups!(stamped_run);
        }
    };
    ($variant:ident, $make:expr) => {
        $crate::suite!($variant, each | case | case.run_on($make, $crate::seed()));
    };
}

/// Stamps the laws of a runtime alone, for one more way to make it: what else holds on it was shown by
/// its [`suite!`](crate::suite).
#[macro_export]
macro_rules! runtime_suite {
    ($variant:ident, $make:expr) => {
        mod $variant {
            #[allow(unused_imports, reason = "what the runner names is in the file around it")]
            use super::*;

            fn stamped_run(case: &'static $crate::Case) {
                case.run_on($make, $crate::seed());
            }

            $crate::__runtime_laws!(stamped_run);
        }
    };
}

/// Stamps the laws of operators onto operators of your own, on one variant of a backend: a module with a
/// `#[test]` for each law, which tries all of them.
///
/// The entries are a constant slice of [`Operator`](crate::registry::Operator)s; [`registry`](crate::registry) tells
/// how one is written. A failure, and a hang, names the operator with all that was drawn for it.
/// [`source_suite!`](crate::source_suite) and [`sink_suite!`](crate::sink_suite) do the same for sources and sinks.
///
/// `operator_suite!(name, || value, ENTRIES)` takes what makes the runtime, as [`suite!`](crate::suite) does, or
/// `each |case| ..`: so the simulator tries each law under many seeds.
///
/// # Examples
///
/// ```
/// # mod backend {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/threads/mod.rs"));
/// # }
/// # use backend::Threads;
/// use anypipe_conformance::registry::{BuiltStage, Item, Operator};
/// use anypipe_stages::stage; // here stands your crate
///
/// const ENTRIES: &[Operator] = &[Operator {
///     name: "double",
///     build: |_draw| {
///         let double = stage::map(|item: Item| item.map(|n| n * 2));
///         BuiltStage::new("double", double, |all| all.iter().map(|n| n * 2).collect()).itemwise()
///     },
/// }];
///
/// anypipe_conformance::operator_suite!(on_threads, || Threads, ENTRIES);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! operator_suite {
    ($variant:ident, $($how:tt)+) => {
        $crate::__entry_suite!(__operator_laws, $variant, $($how)+);
    };
}

/// As [`operator_suite!`](crate::operator_suite), for sources: the entries are [`Origin`](crate::registry::Origin)s.
///
/// # Examples
///
/// ```
/// # mod backend {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/threads/mod.rs"));
/// # }
/// # use backend::Threads;
/// use anypipe_conformance::registry::{BuiltSource, Origin};
/// use anypipe_stages::source; // here stands your crate
///
/// const ENTRIES: &[Origin] = &[Origin {
///     name: "these",
///     build: |draw, census| {
///         let (values, census) = (draw.values(30), census.clone());
///         // Its items are made by the census, which counts them.
///         let items = values.clone().into_iter().map(move |value| census.item(value));
///         BuiltSource::new("these", source::from_iter(items), values)
///     },
/// }];
///
/// anypipe_conformance::source_suite!(on_threads, || Threads, ENTRIES);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! source_suite {
    ($variant:ident, $($how:tt)+) => {
        $crate::__entry_suite!(__source_laws, $variant, $($how)+);
    };
}

/// As [`operator_suite!`](crate::operator_suite), for sinks: the entries are
/// [`Terminal`](crate::registry::Terminal)s.
///
/// # Examples
///
/// ```
/// # mod backend {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/threads/mod.rs"));
/// # }
/// # use backend::Threads;
/// use anypipe_conformance::registry::{BuiltSink, Item, Terminal};
/// use anypipe_stages::sink; // here stands your crate
///
/// const ENTRIES: &[Terminal] = &[Terminal {
///     name: "everything",
///     build: |_draw| {
///         let tell = |items: Vec<Item>| items.iter().map(Item::raw).collect();
///         BuiltSink::new("everything", sink::collect(), tell, <[i64]>::to_vec)
///     },
/// }];
///
/// anypipe_conformance::sink_suite!(on_threads, || Threads, ENTRIES);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! sink_suite {
    ($variant:ident, $($how:tt)+) => {
        $crate::__entry_suite!(__sink_laws, $variant, $($how)+);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __entry_suite {
    ($laws:ident, $variant:ident, each $run:expr, $entries:expr) => {
        mod $variant {
            #[allow(unused_imports, reason = "what the runner names is in the file around it")]
            use super::*;

            fn stamped_run(case: &'static $crate::Case) {
                let run: fn(&$crate::Case) = $run;
                run(case);
            }

            $crate::$laws!(stamped_run, $entries);
        }
    };
    ($laws:ident, $variant:ident, $make:expr, $entries:expr) => {
        $crate::__entry_suite!($laws, $variant, each | case | case.run_on($make, $crate::seed()), $entries);
    };
}

/// One module for each file of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __groups {
    ($run:ident) => {
        mod channels {
            $crate::__channels!(super::$run);
        }
        mod oneshots {
            $crate::__oneshots!(super::$run);
        }
        mod broadcasts {
            $crate::__broadcasts!(super::$run);
        }
        mod broadcast_ring {
            $crate::__broadcast_ring!(super::$run);
        }
        mod watches {
            $crate::__watches!(super::$run);
        }
        mod plain_threads {
            $crate::__plain_threads!(super::$run);
        }
        mod scopes {
            $crate::__scopes!(super::$run);
        }
        mod tasks {
            $crate::__tasks!(super::$run);
        }
        mod shields {
            $crate::__shields!(super::$run);
        }
        mod locals {
            $crate::__locals!(super::$run);
        }
        mod gathers {
            $crate::__gathers!(super::$run);
        }
        mod accounting {
            $crate::__accounting!(super::$run);
        }
        mod growth {
            $crate::__growth!(super::$run);
        }
        mod pictures {
            $crate::__pictures!(super::$run);
        }
        mod bottlenecks {
            $crate::__bottlenecks!(super::$run);
        }
        mod stalls {
            $crate::__stalls!(super::$run);
        }
        mod cut_off {
            $crate::__cut_off!(super::$run);
        }
        mod streams {
            $crate::__streams!(super::$run);
        }
        mod options {
            $crate::__options!(super::$run);
        }
        mod latency {
            $crate::__latency!(super::$run);
        }
        mod clocks {
            $crate::__clocks!(super::$run);
        }
        mod deadlines {
            $crate::__deadlines!(super::$run);
        }
        mod limits {
            $crate::__limits!(super::$run);
        }
        mod blocking {
            $crate::__blocking!(super::$run);
        }
        mod partials {
            $crate::__partials!(super::$run);
        }
        mod resizing {
            $crate::__resizing!(super::$run);
        }
        mod resizing_at_random {
            $crate::__resizing_at_random!(super::$run);
        }
        mod auto {
            $crate::__auto!(super::$run);
        }
        mod pooled {
            $crate::__pooled!(super::$run);
        }
        mod portals {
            $crate::__portals!(super::$run);
        }
        mod locks {
            $crate::__locks!(super::$run);
        }
        mod permits {
            $crate::__permits!(super::$run);
        }
        mod sync_cases {
            $crate::__sync_cases!(super::$run);
        }
        mod crowds {
            $crate::__crowds!(super::$run);
        }
        mod permit_models {
            $crate::__permit_models!(super::$run);
        }
        mod permit_turns {
            $crate::__permit_turns!(super::$run);
        }
        mod permit_faults {
            $crate::__permit_faults!(super::$run);
        }
        mod conditions {
            $crate::__conditions!(super::$run);
        }
        mod barriers {
            $crate::__barriers!(super::$run);
        }
        mod once_cells {
            $crate::__once_cells!(super::$run);
        }
        mod mapping {
            $crate::__mapping!(super::$run);
        }
        mod operators {
            $crate::__operators!(super::$run);
        }
        mod combining {
            $crate::__combining!(super::$run);
        }
        mod pipelines {
            $crate::__pipelines!(super::$run);
        }
        mod novel {
            $crate::__novel!(super::$run);
        }
        mod peers {
            $crate::__peers!(super::$run);
        }
        mod property {
            $crate::__property!(super::$run);
        }
        mod promises {
            $crate::__promises_runs!(super::$run);
            $crate::__promises_items!(super::$run);
        }
        mod laws {
            $crate::__laws!(super::$run);
        }
        mod runtime_laws {
            $crate::__runtime_laws!(super::$run);
        }
    };
}

/// Lists the cases of a file, and makes the macro that stamps them. A case that isn't listed is dead
/// code, which the compiler tells.
macro_rules! cases {
    (($d:tt) $group:ident as $macro:ident { $($case:ident($($given:ident)?)),+ $(,)? }) => {
        #[allow(non_upper_case_globals, reason = "a case is called the same everywhere")]
        #[doc(hidden)]
        pub mod stamped {
            $(pub static $case: $crate::Case = $crate::Case::new(
                concat!(stringify!($group), "::", stringify!($case)),
                $crate::suite::body!($case $($given)?),
            );)+
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! $macro {
            ($d run:path) => {
                $(#[test]
                fn $case() {
                    let path = concat!(module_path!(), "::", stringify!($case));
                    $d crate::watched(path, || $d run(&$d crate::$group::stamped::$case));
                })+
            };
        }
    };
}
pub(crate) use cases;

/// Lists the laws of what is entered in a registry: cases on our own entries, and a macro for each registry that
/// stamps them onto the entries of others.
macro_rules! laws {
    (($d:tt) $($registry:ident as $macro:ident { $($law:ident),+ $(,)? })+) => {
        $crate::suite::cases! { ($d) laws as __laws { $($($law($registry),)+)+ } }

        $(#[doc(hidden)]
        #[macro_export]
        macro_rules! $macro {
            ($d run:path, $d entries:expr) => {
                $(#[test]
                fn $law() {
                    static CASE: $d crate::Case = $d crate::Case::new(
                        concat!("laws::", stringify!($law)),
                        $d crate::Body::Future(|seed| Box::pin($d crate::laws::$law($d entries.iter().collect(), seed))),
                    );
                    let path = concat!(module_path!(), "::", stringify!($law));
                    $d crate::watched(path, || $d run(&CASE));
                })+
            };
        })+
    };
}
pub(crate) use laws;

/// What a case does, by what it is given: nothing, the seed, what makes its runtime, or a registry and the seed.
macro_rules! body {
    ($case:ident) => {
        $crate::case::Body::Future(|_| Box::pin(super::$case()))
    };
    ($case:ident seed) => {
        $crate::case::Body::Future(|seed| Box::pin(super::$case(seed)))
    };
    ($case:ident make) => {
        $crate::case::Body::Law(|make| super::$case(make))
    };
    ($case:ident $registry:ident) => {
        $crate::case::Body::Future(|seed| {
            Box::pin(super::$case($crate::registry::$registry().collect(), seed))
        })
    };
}
pub(crate) use body;
