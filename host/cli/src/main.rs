//! `cargo scarlet`: the host tool.
fn main() {}
