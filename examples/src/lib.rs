//! Holds the code of the guide and of the README to the compiler, with every backend turned on. The
//! programs themselves are in the folder `examples` beside this one.

/// Each page is a module, so that a failure names it.
macro_rules! pages {
    ($($name:ident: $path:literal)*) => {
        $(
            #[doc = include_str!($path)]
            mod $name {}
        )*
    };
}

pages! {
    readme: "../../README.md"
    application: "../../docs/guide/application.md"
    backend: "../../docs/guide/backend.md"
    backpressure: "../../docs/guide/backpressure.md"
    choosing: "../../docs/guide/choosing.md"
    first_pipeline: "../../docs/guide/first-pipeline.md"
    library: "../../docs/guide/library.md"
    operator: "../../docs/guide/operator.md"
    results: "../../docs/guide/results.md"
    several_ends: "../../docs/guide/several-ends.md"
    stages_and_boundaries: "../../docs/guide/stages-and-boundaries.md"
    stopping: "../../docs/guide/stopping.md"
    testing: "../../docs/guide/testing.md"
    workers_and_order: "../../docs/guide/workers-and-order.md"
}
