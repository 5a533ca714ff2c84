//! A handle: an object, the rights to it, and its fate at exec.

use alloc::sync::Arc;
use core::any::Any;
use core::fmt;

use base::{Error, Result};

use crate::{File, PollRegistration, Ready, Rights};

/// What a handle may lead to that is no file.
pub trait KernelObject: Any + Send + Sync {
    /// What it is, in one word, for people.
    fn kind_name(&self) -> &'static str;

    /// What it is ready for; the rules are those of [`File::poll`].
    fn poll(&self, _interest: Ready, _waiter: Option<&mut PollRegistration>) -> Ready {
        Ready::empty()
    }
}

/// What a handle leads to: an open file, or another object of the kernel.
#[derive(Clone)]
pub struct Object(Kind);

// Not one `dyn KernelObject` for both: reading and writing are what handles are mostly used for,
// and a file behind two virtual calls would pay for that each time.
#[derive(Clone)]
enum Kind {
    File(Arc<dyn File>),
    Other(Arc<dyn KernelObject>),
}

impl Object {
    /// An object that is an open file.
    pub fn from_file(file: Arc<dyn File>) -> Self {
        Self(Kind::File(file))
    }

    /// An object that is no file.
    pub fn from_object(object: Arc<dyn KernelObject>) -> Self {
        Self(Kind::Other(object))
    }

    /// The open file that it is.
    #[inline]
    pub fn file(&self) -> Option<&Arc<dyn File>> {
        match &self.0 {
            Kind::File(file) => Some(file),
            Kind::Other(_) => None,
        }
    }

    /// The object as a concrete type that is no file.
    pub fn downcast<T: KernelObject>(&self) -> Option<Arc<T>> {
        match &self.0 {
            Kind::File(_) => None,
            Kind::Other(object) => {
                let any: Arc<dyn Any + Send + Sync> = object.clone();
                any.downcast().ok()
            }
        }
    }

    /// What it is, in one word, for people.
    pub fn kind_name(&self) -> &'static str {
        match &self.0 {
            Kind::File(file) => file.kind_name(),
            Kind::Other(object) => object.kind_name(),
        }
    }

    /// What it is ready for; the rules are those of [`File::poll`].
    pub fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        match &self.0 {
            Kind::File(file) => file.poll(interest, waiter),
            Kind::Other(object) => object.poll(interest, waiter),
        }
    }

    /// Whether both are the very same object.
    pub fn is_same(&self, other: &Object) -> bool {
        match (&self.0, &other.0) {
            (Kind::File(one), Kind::File(two)) => Arc::ptr_eq(one, two),
            (Kind::Other(one), Kind::Other(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Object({})", self.kind_name())
    }
}

/// What one slot of a handle table holds.
#[derive(Clone, Debug)]
pub struct Handle {
    /// What it leads to.
    pub object: Object,
    /// What may be done with it.
    pub rights: Rights,
    /// Whether exec closes it.
    pub close_on_exec: bool,
}

impl Handle {
    /// A handle to an open file, with all rights that the file's access allows.
    pub fn from_file(file: Arc<dyn File>) -> Self {
        let access = file.access();
        let mut rights = Rights::all();
        rights.set(Rights::READ, access.contains(crate::FileAccess::READ));
        rights.set(Rights::WRITE, access.contains(crate::FileAccess::WRITE));
        Self {
            object: Object::from_file(file),
            rights,
            close_on_exec: false,
        }
    }

    /// A handle to an object that is no file, with `rights`.
    pub fn from_object(object: Arc<dyn KernelObject>, rights: Rights) -> Self {
        Self {
            object: Object::from_object(object),
            rights,
            close_on_exec: false,
        }
    }

    /// The same handle with its fate at exec set.
    pub fn with_close_on_exec(mut self, close_on_exec: bool) -> Self {
        self.close_on_exec = close_on_exec;
        self
    }

    /// The open file, if it is one and the handle has all of `rights`.
    #[inline]
    pub fn file(&self, rights: Rights) -> Result<&Arc<dyn File>> {
        let file = self.object.file().ok_or(Error::BadHandle)?;
        if self.rights.contains(rights) {
            Ok(file)
        } else {
            Err(Error::BadHandle)
        }
    }
}
