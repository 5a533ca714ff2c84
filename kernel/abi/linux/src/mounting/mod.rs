//! The mount calls of Linux 5.2 and later: a file system is configured, made, and attached in steps, each on a
//! descriptor (fsopen(2), fsconfig(2), fsmount(2), fspick(2), open_tree(2), move_mount(2), mount_setattr(2)).
//!
//! * [`context`]: a file system that is being configured. * [`log`]: what it says about what went wrong.
//! * [`status`]: single mounts by their numbers (statmount(2), listmount(2)).
//! * [`trees`]: mounts that are attached nowhere, and attaching them. * [`attributes`]: restrictions and propagation.

pub(crate) mod attributes;
pub(crate) mod context;
mod log;
pub(crate) mod status;
pub(crate) mod trees;
