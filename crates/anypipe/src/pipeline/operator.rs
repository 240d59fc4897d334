//! Writes an operator's three faces: the method of [`Pipeline`](super::Pipeline), whose bounds tell
//! closures what they take; the method of [`Segment`](super::Segment); and the free function for `|`.

/// What is asked of the pipeline is asked by the method and not by the block around it, so that a mistake in a stage is told as
/// what it is, in a line, wherever the chain goes on.
///
/// ```text
/// operator! {
///     /// What it means.
///     name<F>(f: F) -> Map<F>;          // the stage that `anypipe_stages::stage::name` returns
///     [U] where F: Fn(S::Item) -> U     // further parameters and bounds of the pipeline's method
/// }
/// ```
macro_rules! operator {
    (
        $(#[$doc:meta])*
        $name:ident $(<$($P:ident),+>)? ($($arg:ident: $Arg:ty),*) -> $Stage:ty;
        [$($Q:ident),*] where $($bounds:tt)*
    ) => {
        impl<S> $crate::Pipeline<S> {
            $(#[$doc])*
            #[track_caller]
            pub fn $name<$($($P,)+)? $($Q),*>(
                self,
                $($arg: $Arg),*
            ) -> $crate::Pipeline<anypipe_stages::Piped<S, $Stage>>
            where
                S: anypipe_core::Source,
                $($bounds)*
            {
                self.pipe(anypipe_stages::stage::$name($($arg),*))
            }
        }

        impl<G> $crate::Segment<G> {
            #[doc = concat!("As [`Pipeline::", stringify!($name), "`](crate::Pipeline::", stringify!($name), ").")]
            #[track_caller]
            pub fn $name $(<$($P),+>)? (
                self,
                $($arg: $Arg),*
            ) -> $crate::Segment<anypipe_stages::Joined<G, $Stage>> {
                self.pipe(anypipe_stages::stage::$name($($arg),*))
            }
        }

        #[doc = concat!("As [`Pipeline::", stringify!($name), "`](crate::Pipeline::", stringify!($name), "), for `|`.")]
        #[track_caller]
        pub fn $name $(<$($P),+>)? ($($arg: $Arg),*) -> $crate::Segment<$Stage> {
            $crate::pipeline::segment(anypipe_stages::stage::$name($($arg),*))
        }
    };
}
pub(crate) use operator;
