//! One system call under way.

use alloc::sync::Arc;

use base::{Error, Result};
use object::{File, Rights};
use proc::{Process, Task};
use vfs::FsContext;

use crate::arguments::Descriptor;
use crate::limits::DESCRIPTORS;

/// What a handler works with.
pub(crate) struct Call<'a> {
    pub(crate) task: &'a Arc<Task>,
}

/// How a call ended when it did not fail.
pub(crate) enum Outcome {
    /// With this result.
    Value(usize),
    /// There is nobody to give a result to: the process ended, or runs another program.
    Gone,
}

impl From<usize> for Outcome {
    fn from(value: usize) -> Self {
        Outcome::Value(value)
    }
}

impl Call<'_> {
    pub(crate) fn process(&self) -> &Arc<Process> {
        self.task.process()
    }

    pub(crate) fn fs(&self) -> Arc<FsContext> {
        self.process().fs()
    }

    /// The slot of a descriptor that xv6 programs may use.
    pub(crate) fn slot(descriptor: Descriptor) -> Result<usize> {
        usize::try_from(descriptor.0)
            .ok()
            .filter(|&slot| slot < DESCRIPTORS)
            .ok_or(Error::BadHandle)
    }

    /// The open file of a descriptor, if it may be used so.
    pub(crate) fn file(&self, descriptor: Descriptor, rights: Rights) -> Result<Arc<dyn File>> {
        self.process()
            .handles()
            .file(Self::slot(descriptor)?, rights)
    }
}
