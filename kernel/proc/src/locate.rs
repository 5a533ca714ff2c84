//! Whether a directory is reachable from a root in a view.

use crate::environment::AbiView;
use vfs::Path;

impl AbiView {
    /// The place of a directory as seen in this view: the same directory, by the first mount that shows it below the
    /// root. `None` where no name leads to it.
    pub fn locate(&self, directory: &Path) -> Option<Path> {
        self.view.locate(&self.root, directory)
    }
}
