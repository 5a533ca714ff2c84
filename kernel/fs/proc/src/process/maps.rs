//! `/proc/PID/maps`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base::{Result, Room};
use device::DeviceNumber;
use mem::{AreaInfo, AreaKind, Protection, Sharing};
use proc::Process;
use vfs::path_text::text_from;

use super::Subject;

/// Where names begin.
const NAME_COLUMN: usize = 73;

/// A line for each area.
pub(super) fn maps(subject: &Subject) -> Result<Vec<u8>> {
    crate::access::check(&subject.process)?;
    let mut text = Vec::new();
    let Some(space) = subject.process.space() else {
        return Ok(text);
    };
    let root = root_of_reader();
    for area in space.areas() {
        let line = line(&area, &root);
        text.make_room(line.len())?;
        text.extend(line.into_bytes());
    }
    Ok(text)
}

/// What the names of places below the reader's root begin with for those who see all: nothing where
/// the reader sees all himself.
fn root_of_reader() -> String {
    let root = Process::current().map(|reader| text_from(&reader.fs().root, None));
    let root = root.filter(|root| root != b"/").unwrap_or_default();
    String::from_utf8_lossy(&root).into_owned()
}

/// A name as it is below `root`; that of a place elsewhere stays whole, as on Linux.
fn below<'a>(name: &'a str, root: &str) -> &'a str {
    let inside = name.strip_prefix(root);
    inside.filter(|rest| rest.starts_with('/')).unwrap_or(name)
}

fn line(area: &AreaInfo, root: &str) -> String {
    let letter = |flag: Protection, letter: char| {
        if area.protection.contains(flag) {
            letter
        } else {
            '-'
        }
    };
    let (read, write) = (
        letter(Protection::READ, 'r'),
        letter(Protection::WRITE, 'w'),
    );
    let execute = letter(Protection::EXECUTE, 'x');
    let shared = if area.sharing == Sharing::Shared {
        's'
    } else {
        'p'
    };
    let object = area.object.as_ref();
    let device = DeviceNumber::from_linux(object.map_or(0, |object| object.device));
    let inode = object.map_or(0, |object| object.inode);
    let mut text = format!(
        "{:08x}-{:08x} {read}{write}{execute}{shared} {:08x} {:02x}:{:02x} {inode} ",
        area.start, area.end, area.offset, device.major, device.minor,
    );
    let name = match (area.kind, object) {
        (AreaKind::Heap, _) => "[heap]",
        (AreaKind::Stack { .. }, _) => "[stack]",
        (_, Some(object)) => below(&object.name, root),
        (_, None) => "",
    };
    if !name.is_empty() {
        while text.len() < NAME_COLUMN {
            text.push(' ');
        }
        // A newline in a name would look like another area.
        text.push_str(&name.replace('\n', "\\012"));
    }
    text.push('\n');
    text
}
