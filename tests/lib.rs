//! Only a place for the tests beside it.
