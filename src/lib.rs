//! The companion of the workbook: it serves the book, runs the checks and shows their
//! evidence. Learners run it as `cargo wirebook`.
//!
//! One file a command: [`check`], [`list`], [`doctor`], [`hint`], [`xray`], [`trace`], …, and [`serve`] for
//! the bare one. What they share is the workbook on disk ([`workbook`], [`sources`],
//! [`progress`]), the [`book`], the run of a check ([`mod@run`], which gives a
//! [`verdict`]), and the terminal ([`terminal`], [`spinner`], [`interrupt`],
//! [`failure`]). The book's figures come from [`experiments`], and wrong programs, for
//! experiments and tests, from [`mistakes`].

pub mod book;
pub mod check;
pub mod doctor;
pub mod experiments;
pub mod failure;
pub mod hint;
pub mod interrupt;
pub mod list;
pub mod mistakes;
pub mod progress;
pub mod run;
pub mod serve;
pub mod sources;
pub mod spinner;
pub mod terminal;
pub mod trace;
pub mod verdict;
pub mod workbook;
pub mod xray;
