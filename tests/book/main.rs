//! The book: it builds without a warning, its links lead somewhere, its listings
//! compile, and what it shows of the kernel is still so.

mod chapters;
mod links;
mod listings;
mod pages;
mod sessions;
mod stock;
mod traces;
mod xrays;
