//! Typed arguments: what the table names is what a handler gets.
//!
//! A register is a bare number; a handler should never see one. Each type here knows how many
//! registers it takes, and how to turn them into a value or refuse them: a `Fd` is the low 32 bits, a
//! set of flags refuses unknown bits with `EINVAL`, a `UserSlice` takes two registers, address
//! and length. Integers of C's `int` size are cut to 32 bits, because the upper half of their
//! register is unspecified in a system call.

use base::{Error, Result};
use hal::user::CallRegisters;
use mem::user::{UserPtr, UserSlice, UserText};
use object::Slot;

/// The longest path, with its NUL (`PATH_MAX`).
pub const PATH_MAX: usize = 4096;

/// The registers of one call, taken from left to right.
pub struct Registers<'a> {
    call: &'a CallRegisters<'a>,
    next: usize,
}

impl<'a> Registers<'a> {
    /// Starts with the first one.
    #[inline]
    pub fn of(call: &'a CallRegisters<'a>) -> Self {
        Self { call, next: 0 }
    }

    /// The next register. The table's test makes sure that no call has more than six.
    #[inline]
    pub fn take(&mut self) -> usize {
        let value = self.call.argument(self.next);
        self.next += 1;
        value
    }
}

/// A type that a call's argument can have.
pub trait Argument: Sized {
    /// How many registers it takes.
    const REGISTERS: usize = 1;

    /// Makes the value, or says why the registers hold none.
    fn take(registers: &mut Registers<'_>) -> Result<Self>;
}

/// A file descriptor as the program gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(pub i32);

impl Fd {
    /// The slot of the handle table; a negative descriptor is in no table.
    #[inline]
    pub fn slot(self) -> Result<Slot> {
        Slot::try_from(self.0).map_err(|_| Error::BadHandle)
    }
}

impl Argument for Fd {
    #[inline]
    fn take(registers: &mut Registers<'_>) -> Result<Self> {
        Ok(Fd(registers.take() as i32))
    }
}

/// The directory that a relative path starts from: a descriptor or `AT_FDCWD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryFd(pub i32);

impl DirectoryFd {
    /// `AT_FDCWD`: the working directory.
    pub const WORKING_DIRECTORY: DirectoryFd = DirectoryFd(-100);
}

impl Argument for DirectoryFd {
    #[inline]
    fn take(registers: &mut Registers<'_>) -> Result<Self> {
        Ok(DirectoryFd(registers.take() as i32))
    }
}

/// The address of a NUL-terminated path in the program's memory.
#[derive(Clone, Copy, Debug)]
pub struct UserPath(pub usize);

impl UserPath {
    /// Reads it. A path that does not end within [`PATH_MAX`] is too long.
    #[inline]
    pub fn read(self, room: &mut UserText) -> Result<&[u8]> {
        room.read(self.0, PATH_MAX)
    }

    /// Reads it, `None` for a null pointer.
    #[inline]
    pub fn read_optional(self, room: &mut UserText) -> Result<Option<&[u8]>> {
        if self.0 == 0 {
            Ok(None)
        } else {
            self.read(room).map(Some)
        }
    }
}

impl Argument for UserPath {
    #[inline]
    fn take(registers: &mut Registers<'_>) -> Result<Self> {
        Ok(UserPath(registers.take()))
    }
}

impl<T> Argument for UserPtr<T> {
    #[inline]
    fn take(registers: &mut Registers<'_>) -> Result<Self> {
        Ok(UserPtr::from(registers.take()))
    }
}

impl Argument for UserSlice {
    const REGISTERS: usize = 2;

    #[inline]
    fn take(registers: &mut Registers<'_>) -> Result<Self> {
        let address = registers.take();
        Ok(UserSlice {
            address,
            length: registers.take(),
        })
    }
}

macro_rules! integer_arguments {
    ($($type:ty),*) => {
        $(impl Argument for $type {
            #[inline]
    fn take(registers: &mut Registers<'_>) -> Result<Self> {
                Ok(registers.take() as $type)
            }
        })*
    };
}

integer_arguments!(i32, u32, i64, u64, isize, usize);

/// Defines a set of flags that refuses unknown bits, as an argument.
macro_rules! flags_argument {
    ($(#[$($meta:tt)*])* pub struct $name:ident: $width:ty { $($(#[$($flag_meta:tt)*])* const $flag:ident = $value:expr;)* }) => {
        bitflags::bitflags! {
            $(#[$($meta)*])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name: $width { $($(#[$($flag_meta)*])* const $flag = $value;)* }
        }

        impl crate::arguments::Argument for $name {
            #[inline]
            fn take(registers: &mut crate::arguments::Registers<'_>) -> base::Result<Self> {
                Self::from_bits(registers.take() as $width).ok_or(base::Error::InvalidArgument)
            }
        }
    };
}
pub(crate) use flags_argument;

flags_argument! {
    /// `AT_*`: how a path argument is to be understood.
    pub struct AtFlags: u32 {
        /// The last component is not followed if it is a symbolic link.
        const SYMLINK_NOFOLLOW = 0x100;
        /// unlinkat: remove a directory. faccessat2: use the effective ids.
        const REMOVEDIR = 0x200;
        /// The last component is followed if it is a symbolic link.
        const SYMLINK_FOLLOW = 0x400;
        /// Do not trigger automounts (there are none).
        const NO_AUTOMOUNT = 0x800;
        /// An empty path means the descriptor itself.
        const EMPTY_PATH = 0x1000;
        /// statx: ask the server again.
        const STATX_FORCE_SYNC = 0x2000;
        /// statx: what is cached will do.
        const STATX_DONT_SYNC = 0x4000;
    }
}

impl AtFlags {
    /// faccessat2: use the effective ids.
    pub const EACCESS: AtFlags = AtFlags::REMOVEDIR;

    /// `EINVAL` if it has any flag that this call does not know.
    pub fn only(self, known: AtFlags) -> Result<AtFlags> {
        if known.contains(self) {
            Ok(self)
        } else {
            Err(Error::InvalidArgument)
        }
    }
}

/// Reads a record that grows with Linux's versions (openat2, clone3): a shorter one is filled up with
/// zeros, a longer one may hold only zeros beyond what is known, else `E2BIG`.
pub(crate) fn read_extensible<T>(pointer: UserPtr<T>, size: usize) -> Result<T>
where
    T: zerocopy::FromBytes + zerocopy::IntoBytes,
{
    if size > hal::PAGE_SIZE {
        return Err(Error::ArgumentListTooLong);
    }
    let bytes = UserSlice::new(pointer.address(), size)
        .read_all(hal::PAGE_SIZE, Error::ArgumentListTooLong)?;
    let known = size.min(size_of::<T>());
    if bytes[known..].iter().any(|byte| *byte != 0) {
        return Err(Error::ArgumentListTooLong);
    }
    let mut value = T::new_zeroed();
    value.as_mut_bytes()[..known].copy_from_slice(&bytes[..known]);
    Ok(value)
}
