//! The companion, used as a learner uses it: each command, each page, and what
//! becomes of bad input.
//!
//! Each test has a small workbook of its own in a temporary folder, with two
//! exercises that depend on nothing, so that they compile in a second.

mod bad_input;
mod commands;
mod mini;
mod serving;
mod site;
mod trace;
mod with_the_grader;
