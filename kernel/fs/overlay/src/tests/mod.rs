//! Tests over tmpfs, and over ext2 images of `mke2fs`.

mod kit;
mod layers;
mod marks;
mod mounting;
mod races;
mod reading;
mod renaming;
mod stored;
