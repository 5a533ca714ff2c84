//! Tests on images that mkfs.fat makes and fsck.fat judges.

mod faults;
mod kit;
mod limits;
mod model;
mod mounting;
mod naming;
mod power;
mod writing;
