//! The experiments behind the book's figures.
//!
//! [`xrays`] start real programs and write down what the kernel shows of them;
//! [`traces`] have two hosts speak over a cable and record what they say.
//! `cargo wirebook xray NAME` and `trace NAME` run one on the reader's machine, with
//! `--record` for the book; a test runs all of them again and compares.

pub mod traces;
pub mod xrays;
