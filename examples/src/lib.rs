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
}
