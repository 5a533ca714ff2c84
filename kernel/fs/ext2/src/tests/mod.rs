//! Images made by the host's mke2fs, read and written here, and judged by e2fsck.

mod attributes;
mod ext4;
mod faults;
mod handles;
mod kit;
mod model;
mod moments;
mod mounting;
mod power;
mod pressure;
mod reading;
mod reserve;
mod storm;
mod together;
mod writing;
