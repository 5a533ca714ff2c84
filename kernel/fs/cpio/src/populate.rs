//! From the archive to files.
//!
//! Two passes: [`check`] understands every header, so that a garbled archive is refused as a whole;
//! then each entry is entered. Directories that the archive does not mention are made. A later
//! entry of the same name replaces an earlier one, which is how an image is amended by appending a
//! second archive.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use base::Error;
use fs_ram::RamFs;
use hal::PAGE_SIZE;
use hal::frame::Frame;
use object::{FileKind, Timestamp};
use vfs::{AttributeChange, FileSystem, Inode, Name, NewInode, Ownership};

use crate::error::{ArchiveError, Reason};
use crate::header::{Entry, Parsed, next_archive, parse};
use crate::links::Links;
use crate::source::Source;

/// What was in an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries, of all archives.
    pub entries: usize,
    /// Pages of file data that were taken over as they lay.
    pub adopted_pages: usize,
    /// Bytes of file data that were copied.
    pub copied_bytes: usize,
}

/// Checks all of an archive; returns how many entries it has.
pub fn check(archive: &(impl Source + ?Sized)) -> Result<usize, ArchiveError> {
    let mut entries = 0;
    for_each(archive, |event| {
        if let Event::Entry(entry) = event {
            check_entry(&entry).map_err(|reason| ArchiveError {
                offset: entry.offset,
                reason,
            })?;
            entries += 1;
        }
        Ok(())
    })?;
    Ok(entries)
}

/// Enters everything of an archive in `filesystem`.
pub fn populate(
    archive: &(impl Source + ?Sized),
    filesystem: &RamFs,
) -> Result<Summary, ArchiveError> {
    check(archive)?;
    let mut builder = Builder {
        root: filesystem.root(),
        last_directory: None,
        links: Links::default(),
        summary: Summary::default(),
    };
    for_each(archive, |event| match event {
        Event::Entry(entry) => builder
            .enter(archive, &entry)
            .map_err(|reason| ArchiveError {
                offset: entry.offset,
                reason,
            }),
        Event::End => {
            builder.links = Links::default();
            Ok(())
        }
    })?;
    Ok(builder.summary)
}

enum Event {
    Entry(Entry),
    /// One archive is over; inode numbers begin anew.
    End,
}

fn for_each(
    archive: &(impl Source + ?Sized),
    mut visit: impl FnMut(Event) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let mut at = next_archive(archive, 0);
    if at.is_none() {
        return Err(ArchiveError {
            offset: 0,
            reason: Reason::NoTrailer,
        });
    }
    while let Some(offset) = at {
        at = match parse(archive, offset)? {
            Parsed::Entry(entry) => {
                let next = entry.next;
                visit(Event::Entry(entry))?;
                Some(next)
            }
            Parsed::Trailer(next) => {
                visit(Event::End)?;
                next_archive(archive, next)
            }
        };
    }
    Ok(())
}

/// The parts of a name: no empty ones, no `.`.
fn parts(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
}

fn check_entry(entry: &Entry) -> Result<(), Reason> {
    for part in parts(&entry.name) {
        Name::new(part).map_err(|_| Reason::BadName)?;
    }
    match entry.kind {
        FileKind::SymbolicLink if entry.size == 0 || entry.size >= vfs::PATH_MAX => {
            Err(Reason::BadLink)
        }
        FileKind::Directory => Ok(()),
        // The root is a directory.
        _ if parts(&entry.name).next().is_none() => Err(Reason::BadName),
        _ => Ok(()),
    }
}

struct Builder {
    root: Arc<dyn Inode>,
    /// The directory of the last entry: the next one mostly lies in it too.
    last_directory: Option<(Vec<u8>, Arc<dyn Inode>)>,
    links: Links,
    summary: Summary,
}

impl Builder {
    fn enter(&mut self, archive: &(impl Source + ?Sized), entry: &Entry) -> Result<(), Reason> {
        self.summary.entries += 1;
        let mut path: Vec<&[u8]> = parts(&entry.name).collect();
        let owner = Ownership {
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
        };
        let Some(last) = path.pop() else {
            return finish(&self.root, entry);
        };
        let directory = self.directory(&path)?;
        let name = Name::new(last).map_err(|_| Reason::BadName)?;
        let present = match directory.lookup(name) {
            Ok(present) => Some(present),
            Err(Error::NotFound) => None,
            Err(error) => return Err(Reason::FileSystem(error)),
        };
        if let Some(present) = present {
            if entry.kind == FileKind::Directory && present.is_directory() {
                return finish(&present, entry);
            }
            self.replace(&directory, name, &present)?;
        }
        if let Some(file) = self.links.find(entry) {
            directory.link(name, &file).map_err(Reason::FileSystem)?;
            // Whichever name has the data gives it to all.
            if entry.size > 0 {
                self.fill(archive, entry, &file)?;
            }
            return finish(&file, entry);
        }
        let body;
        let new = match entry.kind {
            FileKind::Directory => NewInode::Directory,
            FileKind::SymbolicLink => {
                body = bytes(archive, entry)?;
                NewInode::Symlink(&body)
            }
            FileKind::CharacterDevice | FileKind::BlockDevice => NewInode::Device {
                kind: entry.kind,
                major: entry.device_major,
                minor: entry.device_minor,
            },
            FileKind::Fifo => NewInode::Fifo,
            FileKind::Socket => NewInode::Socket,
            FileKind::Regular | FileKind::Anonymous => NewInode::File,
        };
        let inode = directory
            .create(name, &new, owner)
            .map_err(Reason::FileSystem)?;
        self.links.remember(entry, &inode);
        if entry.kind == FileKind::Regular {
            self.fill(archive, entry, &inode)?;
        }
        finish(&inode, entry)
    }

    /// Takes away what an entry replaces.
    fn replace(
        &mut self,
        directory: &Arc<dyn Inode>,
        name: Name<'_>,
        present: &Arc<dyn Inode>,
    ) -> Result<(), Reason> {
        self.last_directory = None;
        let gone = if present.is_directory() {
            directory.remove_directory(name)
        } else {
            directory.unlink(name)
        };
        gone.map_err(|_| Reason::Conflict)
    }

    /// The directory of an entry, made if it is not there.
    fn directory(&mut self, path: &[&[u8]]) -> Result<Arc<dyn Inode>, Reason> {
        let key = path.join(&b'/');
        if let Some((last, directory)) = &self.last_directory
            && *last == key
        {
            return Ok(directory.clone());
        }
        let mut directory = self.root.clone();
        for part in path {
            let name = Name::new(part).map_err(|_| Reason::BadName)?;
            let owner = Ownership {
                mode: 0o755,
                uid: 0,
                gid: 0,
            };
            directory = match directory.lookup(name) {
                Ok(found) if found.is_directory() => found,
                Ok(_) => return Err(Reason::Conflict),
                Err(Error::NotFound) => directory
                    .create(name, &NewInode::Directory, owner)
                    .map_err(Reason::FileSystem)?,
                Err(error) => return Err(Reason::FileSystem(error)),
            };
        }
        self.last_directory = Some((key, directory.clone()));
        Ok(directory)
    }

    /// Gives a file its data: whole pages by taking them over where they lie on page boundaries,
    /// the rest by copying. The last, partial page is always copied: what follows the data in
    /// it is the next header, and beyond a file's end there are zeros.
    fn fill(
        &mut self,
        archive: &(impl Source + ?Sized),
        entry: &Entry,
        inode: &Arc<dyn Inode>,
    ) -> Result<(), Reason> {
        let cache = inode
            .page_cache()
            .ok_or(Reason::FileSystem(Error::InvalidArgument))?;
        inode.truncate(0).map_err(Reason::FileSystem)?;
        let mut buffer = Vec::new();
        for (index, start) in (0..entry.size).step_by(PAGE_SIZE).enumerate() {
            let length = (entry.size - start).min(PAGE_SIZE);
            let offset = entry.data + start;
            let whole = length == PAGE_SIZE;
            let frame = match archive.page(offset).filter(|_| whole) {
                Some(frame) => {
                    self.summary.adopted_pages += 1;
                    frame
                }
                None => {
                    buffer.resize(PAGE_SIZE, 0);
                    let Some(part) = buffer.get_mut(..length) else {
                        continue;
                    };
                    if archive.read(offset, part) != length {
                        return Err(Reason::TruncatedData);
                    }
                    let frame = Frame::allocate()
                        .map_err(|error| Reason::FileSystem(Error::from(error)))?;
                    frame.write(0, part);
                    self.summary.copied_bytes += length;
                    frame
                }
            };
            cache
                .insert(index as u64, frame)
                .map_err(Reason::FileSystem)?;
        }
        cache.set_size(entry.size as u64);
        Ok(())
    }
}

fn bytes(archive: &(impl Source + ?Sized), entry: &Entry) -> Result<Vec<u8>, Reason> {
    let mut body = vec![0; entry.size];
    if archive.read(entry.data, &mut body) != entry.size {
        return Err(Reason::TruncatedData);
    }
    // Some archivers end a link's body with a NUL.
    while body.last() == Some(&0) {
        body.pop();
    }
    if body.is_empty() || body.contains(&0) {
        Err(Reason::BadLink)
    } else {
        Ok(body)
    }
}

/// Sets what a fresh inode did not get when it was made, or what a repeated directory changes.
fn finish(inode: &Arc<dyn Inode>, entry: &Entry) -> Result<(), Reason> {
    let moment = Timestamp {
        seconds: i64::from(entry.modification_time),
        ..Timestamp::default()
    };
    let change = AttributeChange {
        mode: Some(entry.mode),
        uid: Some(entry.uid),
        gid: Some(entry.gid),
        access_time: Some(moment),
        modification_time: Some(moment),
        change_time: None,
    };
    inode.set_attributes(&change).map_err(Reason::FileSystem)
}
