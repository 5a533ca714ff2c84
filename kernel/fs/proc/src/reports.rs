//! `/proc/scarlet`: texts that other rooms give.
//!
//! A room registers a name and a function; several may register the same name, and the file then
//! shows all their texts in a row. `unimplemented` is the first of these: each ABI lists the calls
//! that programs made and that it does not have, so that nothing missing goes unnoticed.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use hal::Global;
use object::{FileKind, FileStatus};
use vfs::{Inode, Name};

use crate::filesystem::Shared;
use fs_text::{Directory, Generate, Listing, Meta, TextNode, Visit, inode_below, show};

/// Makes a report.
pub type Report = fn() -> String;

static REPORTS: Global<SpinLock<Vec<(&'static str, Report)>>> =
    Global::new(|| SpinLock::new(rank::VIEW, Vec::new()));

/// Adds `report` to the file `name` in `/proc/scarlet`.
pub fn register_report(name: &'static str, report: Report) {
    REPORTS.lock().push((name, report));
}

/// The names, each once, in the order of registration.
fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for (name, _) in REPORTS.lock().iter() {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

/// The directory.
pub(crate) fn directory(shared: &Arc<Shared>, inode: u64) -> Arc<dyn Inode> {
    let meta = Meta {
        links: 2,
        ..shared.meta(inode, 0o555)
    };
    let shared = shared.clone();
    Arc::new(Directory(Reports { shared, meta }))
}

struct Reports {
    shared: Arc<Shared>,
    meta: Meta,
}

struct Named(&'static str);

impl Generate for Named {
    fn text(&self) -> Result<Vec<u8>> {
        let reports = REPORTS.lock().clone();
        let mut text = String::new();
        for (_, report) in reports.iter().filter(|(name, _)| *name == self.0) {
            text.push_str(&report());
        }
        Ok(text.into_bytes())
    }
}

/// The file that begins traces and holds their lines.
const TRACE: &[u8] = b"trace";

/// Reading takes the lines that wait; writing `PID` begins the trace of a process, `-PID` ends it.
struct Trace(Arc<Shared>);

impl Generate for Trace {
    fn text(&self) -> Result<Vec<u8>> {
        Ok(proc::trace::take())
    }

    fn store(&self, text: &[u8]) -> Result<()> {
        let text = core::str::from_utf8(text).map_err(|_| Error::InvalidArgument)?;
        let number: i32 = text.trim().parse().map_err(|_| Error::InvalidArgument)?;
        let process = self
            .0
            .namespace()
            .process(number.unsigned_abs())
            .ok_or(Error::NoSuchProcess)?;
        proc::trace::set(&process, number > 0);
        Ok(())
    }
}

impl Listing for Reports {
    fn status(&self) -> Result<FileStatus> {
        Ok(self.meta.status(FileKind::Directory))
    }

    fn is_fixed(&self) -> bool {
        false
    }

    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        if name.as_bytes() == TRACE {
            let inode = inode_below(self.meta.inode, TRACE);
            return Ok(Arc::new(TextNode {
                meta: self.shared.meta(inode, 0o600),
                source: Arc::new(Trace(self.shared.clone())),
                cacheable: true,
            }));
        }
        let known = names()
            .into_iter()
            .find(|known| known.as_bytes() == name.as_bytes())
            .ok_or(Error::NotFound)?;
        let inode = inode_below(self.meta.inode, known.as_bytes());
        let meta = self.shared.meta(inode, 0o444);
        Ok(Arc::new(TextNode {
            meta,
            source: Arc::new(Named(known)),
            cacheable: true,
        }))
    }

    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        let all = names().into_iter().map(str::as_bytes).chain([TRACE]);
        let row = all.map(|name| {
            let inode = inode_below(self.meta.inode, name);
            (name, inode, FileKind::Regular)
        });
        show(row, cookie, visit);
        Ok(())
    }
}
