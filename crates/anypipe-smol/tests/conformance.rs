//! Every law, promise and case, on smol with one thread and with several.

use anypipe_smol::Smol;

anypipe_conformance::suite!(smol_one_thread, || Smol::threads(1));
anypipe_conformance::suite!(smol_many_threads, || Smol::threads(4));

// The two executors that a program has anyway.
anypipe_conformance::runtime_suite!(smol_shared, Smol::new);
anypipe_conformance::runtime_suite!(smol_global, Smol::global);
