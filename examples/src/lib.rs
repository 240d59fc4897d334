//! Holds the guide's code to the compiler; the programs themselves are in the folder above.
