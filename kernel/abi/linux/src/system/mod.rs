//! The machine as a whole: its names, memory, log, power, randomness, file system types.

pub mod information;
pub mod log;
pub mod names;
pub mod power;
pub mod probe;
pub mod random;
