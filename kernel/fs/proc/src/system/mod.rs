//! The texts about the machine.

pub(crate) mod crash;
pub(crate) mod devices;
pub(crate) mod load;
pub(crate) mod locks;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod release;
pub(crate) mod stat;
pub(crate) mod system_v;
