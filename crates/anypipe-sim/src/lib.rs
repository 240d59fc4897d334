//! The deterministic simulator of anypipe: a backend with a seeded schedule and a virtual clock.
