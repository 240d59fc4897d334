//! Holds the code of the guide and of the README to the compiler, with every backend turned on. The
//! programs themselves are in the folder `examples` beside this one.

pub mod words;

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
    coming_from_aiostream: "../../docs/guide/coming-from/aiostream.md"
    coming_from_anyio: "../../docs/guide/coming-from/anyio.md"
    coming_from_anyiostream: "../../docs/guide/coming-from/anyiostream.md"
    coming_from_futures: "../../docs/guide/coming-from/futures.md"
    coming_from_par_stream: "../../docs/guide/coming-from/par-stream.md"
    coming_from_pumps: "../../docs/guide/coming-from/pumps.md"
    coming_from_rayon_crossbeam: "../../docs/guide/coming-from/rayon-crossbeam.md"
    coming_from_rx: "../../docs/guide/coming-from/rx.md"
    coming_from_tokio: "../../docs/guide/coming-from/tokio.md"
    coming_from_tokio_stream: "../../docs/guide/coming-from/tokio-stream.md"
    cookbook: "../../docs/guide/cookbook.md"
    ecosystem: "../../docs/guide/ecosystem.md"
    first_pipeline: "../../docs/guide/first-pipeline.md"
    four_ways: "../../docs/guide/four-ways.md"
    library: "../../docs/guide/library.md"
    moving: "../../docs/guide/moving.md"
    operator: "../../docs/guide/operator.md"
    results: "../../docs/guide/results.md"
    several_ends: "../../docs/guide/several-ends.md"
    signs: "../../docs/guide/signs.md"
    stages_and_boundaries: "../../docs/guide/stages-and-boundaries.md"
    stopping: "../../docs/guide/stopping.md"
    tasks: "../../docs/guide/tasks.md"
    testing: "../../docs/guide/testing.md"
    top: "../../docs/guide/top.md"
    watching: "../../docs/guide/watching.md"
    workers_and_order: "../../docs/guide/workers-and-order.md"
}
