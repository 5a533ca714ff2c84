//! Arguments with types, made from registers.

use mem::user::UserPtr;

/// An argument of a system call: what the table writes behind its name.
pub(crate) trait Argument {
    /// How the table's readers know it.
    const KIND: &'static str;

    /// Makes it from its register.
    fn from_register(value: usize) -> Self;
}

impl Argument for i32 {
    const KIND: &'static str = "int";

    fn from_register(value: usize) -> Self {
        value as i32
    }
}

/// A file descriptor: any number, checked when it is used.
#[derive(Clone, Copy)]
pub(crate) struct Descriptor(pub(crate) i32);

impl Argument for Descriptor {
    const KIND: &'static str = "descriptor";

    fn from_register(value: usize) -> Self {
        Self(value as i32)
    }
}

/// Where a string begins that ends with NUL.
#[derive(Clone, Copy)]
pub(crate) struct Text(pub(crate) usize);

impl Argument for Text {
    const KIND: &'static str = "string";

    fn from_register(value: usize) -> Self {
        Self(value)
    }
}

/// Where a buffer begins.
#[derive(Clone, Copy)]
pub(crate) struct Buffer(pub(crate) usize);

impl Argument for Buffer {
    const KIND: &'static str = "buffer";

    fn from_register(value: usize) -> Self {
        Self(value)
    }
}

impl<T> Argument for UserPtr<T> {
    const KIND: &'static str = "pointer";

    fn from_register(value: usize) -> Self {
        UserPtr::from(value)
    }
}
