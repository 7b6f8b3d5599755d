//! The exercises: their skeletons are to be done, their solutions are right, and every
//! step catches the mistakes it is for.

mod compiled;
mod mistakes;
mod skeletons;
mod solutions;
