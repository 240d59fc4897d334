//! Every law, promise and case, on async-std.

use anypipe_async_std::AsyncStd;

anypipe_conformance::suite!(async_std, AsyncStd::new);
