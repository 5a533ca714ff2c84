//! `/proc/PID/fd` and `fdinfo`: what a process holds open.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::{
    DirectoryEntry, File, FileAccess, FileKind, FileStatus, Handle, SeekFrom, Slot, StatusFlags,
};
use vfs::{Inode, Name, OpenFile, Path};

use super::{Remembered, Subject};
use fs_text::{Directory, Generate, LinkNode, Listing, Meta, Target, TextNode, Visit};

/// Inode numbers of handles follow those of the fixed entries.
const FIRST_INODE: u32 = 1000;

/// `/proc/PID/fd`.
pub(super) fn directory(subject: Subject, meta: Meta) -> Arc<dyn Inode> {
    Arc::new(Directory(Handles {
        subject: subject.remember(),
        meta,
        info: false,
    }))
}

/// `/proc/PID/fdinfo`.
pub(super) fn info_directory(subject: Subject, meta: Meta) -> Arc<dyn Inode> {
    Arc::new(Directory(Handles {
        subject: subject.remember(),
        meta,
        info: true,
    }))
}

struct Handles {
    subject: Remembered,
    meta: Meta,
    info: bool,
}

fn handle(subject: &Remembered, slot: Slot) -> Result<Handle> {
    let subject = subject.present()?;
    crate::access::check(&subject.process)?;
    subject
        .process
        .handles()
        .get(slot)
        .map_err(|_| Error::NotFound)
}

/// What stands for an object without a name; Linux puts brackets around all kinds but one.
fn nameless(kind: &str) -> String {
    match kind {
        "inotify" => format!("anon_inode:{kind}"),
        _ => format!("anon_inode:[{kind}]"),
    }
}

/// The place that a handle leads to: a file's own, or one made for a nameless object.
fn place(subject: &Remembered, slot: Slot) -> Result<Path> {
    let handle = handle(subject, slot)?;
    let file = handle.object.file().ok_or(Error::NoSuchDevice)?;
    if let Some(opened) = file.downcast::<OpenFile>() {
        return Ok(opened.path().clone());
    }
    let status = file.status().unwrap_or_default();
    let text = match status.kind {
        FileKind::Fifo => format!("pipe:[{}]", status.inode),
        FileKind::Socket => format!("socket:[{}]", status.inode),
        _ => nameless(handle.object.kind_name()),
    };
    Ok(vfs::anonymous::place_of(file.clone(), text.into_bytes()))
}

/// The permission bits of a link show how the file was opened.
fn mode(handle: &Handle) -> u32 {
    let access = handle
        .object
        .file()
        .map_or(FileAccess::empty(), |file| file.access());
    let read = if access.contains(FileAccess::READ) {
        0o500
    } else {
        0
    };
    let write = if access.contains(FileAccess::WRITE) {
        0o300
    } else {
        0
    };
    read | write
}

impl Handles {
    fn inode_of(&self, slot: Slot) -> u64 {
        let index = FIRST_INODE.saturating_add(slot as u32 * 2 + u32::from(self.info));
        super::inode_of_same(self.meta.inode, index)
    }
}

impl Listing for Handles {
    fn status(&self) -> Result<FileStatus> {
        // Linux tells the number of open files as the size.
        let subject = self.subject.present();
        let size = subject.map_or(0, |subject| subject.process.handles().count() as u64);
        Ok(FileStatus {
            size,
            ..self.meta.status(FileKind::Directory)
        })
    }

    fn stays(&self) -> bool {
        false
    }

    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let text = name.as_str().ok_or(Error::NotFound)?;
        let slot: Slot = text.parse().map_err(|_| Error::NotFound)?;
        if format!("{slot}") != text {
            return Err(Error::NotFound);
        }
        let handle = handle(&self.subject, slot)?;
        let meta = Meta {
            inode: self.inode_of(slot),
            links: 1,
            ..self.meta
        };
        let subject = self.subject.clone();
        if self.info {
            let meta = Meta {
                mode: 0o400,
                ..meta
            };
            let source = Arc::new(Info { subject, slot });
            return Ok(Arc::new(TextNode {
                meta,
                source,
                cacheable: false,
            }));
        }
        let meta = Meta {
            mode: mode(&handle),
            ..meta
        };
        let target = match handle.object.file() {
            Some(_) => Target::Place(Box::new(move || place(&subject, slot))),
            None => {
                let text = nameless(handle.object.kind_name());
                Target::Body(text.into_bytes())
            }
        };
        Ok(Arc::new(LinkNode {
            meta,
            target,
            cacheable: false,
        }))
    }

    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        let subject = self.subject.present()?;
        crate::access::check(&subject.process)?;
        let kind = if self.info {
            FileKind::Regular
        } else {
            FileKind::SymbolicLink
        };
        for (slot, _handle) in subject.process.handles().iter() {
            if (slot as u64) < cookie {
                continue;
            }
            let name = format!("{slot}");
            let more = visit(&DirectoryEntry {
                name: name.as_bytes(),
                inode: self.inode_of(slot),
                kind,
                next_position: slot as u64 + 1,
            });
            if !more {
                break;
            }
        }
        Ok(())
    }
}

/// The text of `fdinfo/N`.
struct Info {
    subject: Remembered,
    slot: Slot,
}

impl Generate for Info {
    fn text(&self) -> Result<Vec<u8>> {
        let handle = handle(&self.subject, self.slot)?;
        let Some(file) = handle.object.file() else {
            return Ok(b"pos:\t0\nflags:\t0\nmnt_id:\t0\nino:\t0\n".to_vec());
        };
        let position = file.seek(SeekFrom::Current(0)).unwrap_or(0);
        let opened = file.downcast::<OpenFile>();
        let mount = opened.map_or(0, |opened| opened.path().mount().id());
        let inode = file.status().map_or(0, |status| status.inode);
        // Every opened name has O_LARGEFILE where offsets have 64 bits.
        let large = if opened.is_some() { 0o100_000 } else { 0 };
        let flags = linux_flags(&**file, handle.close_on_exec) | large;
        Ok(format!(
            "pos:\t{position}\nflags:\t0{flags:o}\nmnt_id:\t{mount}\nino:\t{inode}\n{}",
            file.details()
        )
        .into_bytes())
    }
}

/// The flags as Linux numbers them; those whose number differs between architectures are left out.
fn linux_flags(file: &dyn File, close_on_exec: bool) -> u32 {
    let access = file.access();
    let mut flags = match (
        access.contains(FileAccess::READ),
        access.contains(FileAccess::WRITE),
    ) {
        (_, false) => 0,
        (false, true) => 1,
        (true, true) => 2,
    };
    let status = file.status_flags();
    let numbers = [
        (StatusFlags::APPEND, 0o2000),
        (StatusFlags::NONBLOCK, 0o4000),
        (StatusFlags::DATA_SYNC, 0o10000),
        (StatusFlags::ASYNC, 0o20000),
        (StatusFlags::NO_ACCESS_TIME, 0o1000000),
        (StatusFlags::SYNC, 0o4010000),
    ];
    for (_, number) in numbers.iter().filter(|(flag, _)| status.contains(*flag)) {
        flags |= number;
    }
    if close_on_exec {
        flags | 0o2000000
    } else {
        flags
    }
}
