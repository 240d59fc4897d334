//! Concurrent pipelines and structured concurrency on tokio, smol or async-std, as the application chooses.
