//! A view as a file: `/proc/PID/ns/mnt`.
//!
//! Whoever has it open can enter the view (setns(2)) and tell views apart by the inode's number; it keeps the view, also
//! when nobody is in it any more. It has no name of its own ([`crate::anonymous`]).

use alloc::format;
use alloc::sync::Arc;
use core::any::Any;

use base::Result;
use hal::Global;
use object::{File, FileAccess, FileKind, FileStatus};

use crate::anonymous;
use crate::path::Path;
use crate::view::View;
use crate::volume::allocate_device;

/// The number of the first view's file: Linux counts its namespaces from here.
const FIRST_INODE: u64 = 0xf000_0000;

static DEVICE: Global<u64> = Global::new(allocate_device);

/// See the module.
pub struct ViewFile {
    view: Arc<View>,
}

impl ViewFile {
    /// The view it stands for.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }
}

impl View {
    /// The number of the file that stands for this view.
    pub fn file_number(&self) -> u64 {
        FIRST_INODE + self.id()
    }

    /// A place whose open gives a [`ViewFile`] of this view.
    pub fn place(self: &Arc<Self>) -> Path {
        let text = format!("mnt:[{}]", self.file_number());
        let file = Arc::new(ViewFile { view: self.clone() });
        anonymous::place_of(file, text.into_bytes())
    }
}

impl File for ViewFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        FileAccess::READ
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            kind: FileKind::Regular,
            mode: 0o444,
            device: *DEVICE,
            inode: self.view.file_number(),
            links: 1,
            ..FileStatus::default()
        })
    }
}
