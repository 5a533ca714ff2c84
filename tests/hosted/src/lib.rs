//! The kit of ring 2: boots the kernel on the hosted backend inside `cargo test`.
#![forbid(unsafe_code)]
