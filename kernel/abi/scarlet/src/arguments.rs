//! What arguments can be, and how they come out of the registers.
//!
//! A handler is a function of an [`Invocation`] and up to six things that implement [`Argument`].
//! [`Handler`] takes them out of the words, one after another.

use alloc::vec::Vec;

use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use object::Slot;
use scarlet_abi::PATH_MAX;
use scarlet_abi::event::Action;
use scarlet_abi::file::{OpenFlags, PathFlags};
use scarlet_abi::handle::HandleFlags;
use scarlet_abi::memory::Protection;
use scarlet_abi::mount::UnmountFlags;
use scarlet_abi::process::WaitFlags;
use vfs::Path;

use crate::handles;
use crate::invocation::Invocation;

/// The registers not taken yet.
pub(crate) struct Words<'a>(core::slice::Iter<'a, usize>);

impl Words<'_> {
    pub(crate) fn of(words: &[usize; 6]) -> Words<'_> {
        Words(words.iter())
    }

    fn next(&mut self) -> usize {
        self.0.next().copied().unwrap_or(0)
    }
}

/// Something that a call takes.
pub(crate) trait Argument: Sized {
    /// Takes it out of the words.
    fn take(words: &mut Words<'_>) -> Result<Self>;
}

impl Argument for usize {
    fn take(words: &mut Words<'_>) -> Result<usize> {
        Ok(words.next())
    }
}

impl Argument for u64 {
    fn take(words: &mut Words<'_>) -> Result<u64> {
        Ok(words.next() as u64)
    }
}

impl Argument for i64 {
    fn take(words: &mut Words<'_>) -> Result<i64> {
        Ok(words.next() as i64)
    }
}

impl Argument for u32 {
    fn take(words: &mut Words<'_>) -> Result<u32> {
        u32::try_from(words.next()).map_err(|_| Error::InvalidArgument)
    }
}

impl Argument for isize {
    fn take(words: &mut Words<'_>) -> Result<isize> {
        Ok(words.next() as isize)
    }
}

impl Argument for UserSlice {
    fn take(words: &mut Words<'_>) -> Result<UserSlice> {
        Ok(UserSlice::new(words.next(), words.next()))
    }
}

impl<T> Argument for UserPtr<T> {
    fn take(words: &mut Words<'_>) -> Result<UserPtr<T>> {
        Ok(UserPtr::from(words.next()))
    }
}

/// A handle's slot.
#[derive(Clone, Copy)]
pub(crate) struct HandleNumber(pub(crate) Slot);

impl Argument for HandleNumber {
    fn take(words: &mut Words<'_>) -> Result<HandleNumber> {
        Ok(HandleNumber(words.next()))
    }
}

/// A path: a directory handle and a text, the text not read yet.
#[derive(Clone, Copy)]
pub(crate) struct PathArgument {
    pub(crate) directory: usize,
    pub(crate) text: UserSlice,
}

impl Argument for PathArgument {
    fn take(words: &mut Words<'_>) -> Result<PathArgument> {
        let directory = words.next();
        Ok(PathArgument {
            directory,
            text: UserSlice::take(words)?,
        })
    }
}

impl PathArgument {
    /// The text.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        read_path(self.text)
    }

    /// Where a relative path starts, for looking.
    pub(crate) fn start(&self, invocation: &Invocation<'_>) -> Result<Option<Path>> {
        handles::directory(invocation, self.directory, false)
    }

    /// Where a relative path starts, for changing names.
    pub(crate) fn start_changing(&self, invocation: &Invocation<'_>) -> Result<Option<Path>> {
        handles::directory(invocation, self.directory, true)
    }
}

/// The text of a path: not too long, and without a zero byte, which no name can have.
pub(crate) fn read_path(text: UserSlice) -> Result<Vec<u8>> {
    let path = text.read_all(PATH_MAX, Error::NameTooLong)?;
    if path.contains(&0) {
        Err(Error::InvalidArgument)
    } else {
        Ok(path)
    }
}

macro_rules! flag_arguments {
    ($($kind:ty),*) => {
        $(impl Argument for $kind {
            /// Flags that nobody knows are refused.
            fn take(words: &mut Words<'_>) -> Result<$kind> {
                <$kind>::from_bits(u32::take(words)?).ok_or(Error::InvalidArgument)
            }
        })*
    };
}

flag_arguments!(
    OpenFlags,
    PathFlags,
    HandleFlags,
    Protection,
    UnmountFlags,
    WaitFlags
);

impl Argument for Action {
    fn take(words: &mut Words<'_>) -> Result<Action> {
        Action::from_number(words.next()).ok_or(Error::InvalidArgument)
    }
}

/// A function that answers a call, whatever its parameters.
pub(crate) trait Handler<Arguments> {
    /// Takes the arguments and answers.
    fn answer(self, invocation: &mut Invocation<'_>, words: &mut Words<'_>) -> Result<usize>;
}

macro_rules! handlers {
    ($(($($name:ident),*))*) => {
        $(impl<Function, $($name: Argument),*> Handler<($($name,)*)> for Function
        where
            Function: FnOnce(&mut Invocation<'_>, $($name),*) -> Result<usize>,
        {
            #[allow(non_snake_case, unused_variables)]
            fn answer(
                self,
                invocation: &mut Invocation<'_>,
                words: &mut Words<'_>,
            ) -> Result<usize> {
                $(let $name = $name::take(words)?;)*
                self(invocation, $($name),*)
            }
        })*
    };
}

handlers! { () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }
