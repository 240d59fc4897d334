//! The laws of channels, on our own.

use anypipe_core::channel::bounded;

anypipe_conformance::channel_suite!(in_memory, bounded);
