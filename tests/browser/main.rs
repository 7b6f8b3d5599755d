//! The book, used as a learner uses it: its pages in headless Chromium, with the
//! companion that serves them and without.
//!
//! Chromium and its driver come from Debian's packages `chromium` and
//! `chromium-driver`; without them these tests fail and say so. They take turns:
//! all work on one copy of the workbook, which each finds as it was copied.

mod axe;
mod browser;
mod companion;
mod layout;
mod player;
mod quiz;
mod reader;
mod reload;
mod stage;
mod static_site;
mod steps;
mod webdriver;
mod weight;
mod without_companion;
mod workbook;
