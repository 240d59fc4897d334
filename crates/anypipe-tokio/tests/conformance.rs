//! Every law, promise and case, on tokio's two kinds of runtime.

use anypipe_tokio::Tokio;

anypipe_conformance::suite!(tokio_multi_thread, || Tokio::multi_thread(2));
anypipe_conformance::suite!(tokio_current_thread, Tokio::current_thread);

anypipe_conformance::runtime_suite!(tokio_one_worker, || Tokio::multi_thread(1));
