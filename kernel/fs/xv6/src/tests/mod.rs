//! Tests on images of our own making, judged by [`crate::check`].

mod faults;
mod kit;
mod limits;
mod log;
mod model;
mod mounting;
mod power;
mod writing;
