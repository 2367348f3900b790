//! A made-up machine.
