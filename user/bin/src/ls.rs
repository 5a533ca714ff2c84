//! `ls`: lists files, in columns on a terminal and one a line elsewhere.
#![no_std]
#![no_main]

use scarlet::fs::{self, FileType, Metadata};
use scarlet::io;
use scarlet::os::{OwnedHandle, terminal};
use scarlet::path;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};
use scarlet_programs::table::Table;
use scarlet_programs::times::Calendar;

scarlet::main!(main);

struct Style {
    long: bool,
    all: bool,
    one_column: bool,
    reverse: bool,
    by_time: bool,
    /// The terminal's width, if there is one.
    width: Option<usize>,
}

struct Entry {
    name: String,
    path: Vec<u8>,
    metadata: Metadata,
}

fn main() -> i32 {
    let mut options = Options::read("la1rtd", "", "ls [-l1adrt] [FILE ...]");
    let output = OwnedHandle::from_number(1);
    let width = terminal::window(&output).ok().map(|(_, columns)| usize::from(columns).max(20));
    let _ = output.into_number();
    let style = Style {
        long: options.has('l'),
        all: options.has('a'),
        one_column: options.has('1'),
        reverse: options.has('r'),
        by_time: options.has('t'),
        width,
    };
    if options.names.is_empty() {
        options.names.push(b".".to_vec());
    }
    let mut status = 0;
    let mut files = Vec::new();
    let mut directories = Vec::new();
    for name in &options.names {
        let found = match fs::metadata(name) {
            // A link that leads nowhere is still a file to list.
            Err(_) => fs::symlink_metadata(name),
            found => found,
        };
        match found {
            Ok(metadata) if metadata.is_dir() && !options.has('d') => directories.push(name.clone()),
            Ok(metadata) => files.push(Entry {
                name: path::display(name).into_owned(),
                path: name.clone(),
                metadata: if style.long { fs::symlink_metadata(name).unwrap_or(metadata) } else { metadata },
            }),
            Err(error) => {
                complain(name, &error);
                status = 1;
            }
        }
    }
    let mut first = files.is_empty();
    show(&mut files, &style);
    for directory in &directories {
        if options.names.len() > 1 {
            if !core::mem::take(&mut first) {
                println!();
            }
            println!("{}:", path::display(directory));
        }
        match entries(directory, &style) {
            Ok(mut entries) => show(&mut entries, &style),
            Err(error) => {
                complain(directory, &error);
                status = 1;
            }
        }
    }
    status
}

fn entries(directory: &[u8], style: &Style) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    if style.all {
        for name in [".", ".."] {
            let path = path::join(directory, name);
            let metadata = fs::symlink_metadata(&path)?;
            entries.push(Entry { name: name.to_string(), path, metadata });
        }
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !style.all && entry.file_name().starts_with(b".") {
            continue;
        }
        // It may have gone since the directory was read.
        let Ok(metadata) = entry.metadata() else { continue };
        entries.push(Entry { name: entry.name_text(), path: entry.path(), metadata });
    }
    Ok(entries)
}

fn show(entries: &mut [Entry], style: &Style) {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    if style.by_time {
        entries.sort_by_key(|entry| core::cmp::Reverse(entry.metadata.record().modified_ns));
    }
    if style.reverse {
        entries.reverse();
    }
    match style.width {
        _ if style.long => long(entries, style.width.is_some()),
        Some(width) if !style.one_column => columns(entries, width),
        colour => {
            for entry in entries {
                println!("{}", painted(entry, colour.is_some()));
            }
        }
    }
}

/// The name, in the colour of its kind on a terminal.
fn painted(entry: &Entry, colour: bool) -> String {
    let code = match entry.metadata.file_type().letter() {
        'd' => "1;34",
        'l' => "1;36",
        'c' | 'b' => "1;33",
        'p' | 's' => "35",
        _ if entry.metadata.permissions().mode() & 0o111 != 0 => "1;32",
        _ => return entry.name.clone(),
    };
    if colour { format!("\x1b[{code}m{}\x1b[0m", entry.name) } else { entry.name.clone() }
}

fn columns(entries: &[Entry], width: usize) {
    let widest = entries.iter().map(|entry| entry.name.chars().count()).max().unwrap_or(0) + 2;
    let count = ((width + 2) / widest).max(1);
    let rows = entries.len().div_ceil(count);
    for row in 0..rows {
        let mut line = String::new();
        for entry in entries.iter().skip(row).step_by(rows) {
            line.push_str(&painted(entry, true));
            let used = entry.name.chars().count();
            let last = entries.len() <= row + rows
                || core::ptr::eq(entry, entries.iter().skip(row).step_by(rows).last().unwrap_or(entry));
            if !last {
                line.extend(core::iter::repeat_n(' ', widest - used));
            }
        }
        println!("{line}");
    }
}

fn long(entries: &[Entry], colour: bool) {
    let mut table = Table::new(&[false, true, true, true, true, false, false]);
    for entry in entries {
        let record = entry.metadata.record();
        let date = Calendar::from_seconds(record.modified_ns / 1_000_000_000);
        let size = match entry.metadata.file_type().letter() {
            'c' | 'b' => {
                let device = record.node_device;
                format!("{}, {}", device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00)
            }
            _ => record.length.to_string(),
        };
        let mut name = painted(entry, colour);
        if entry.metadata.is_symlink()
            && let Ok(target) = fs::read_link(&entry.path)
        {
            name.push_str(" -> ");
            name.push_str(&path::display(&target));
        }
        table.row([
            mode(entry.metadata.file_type(), entry.metadata.permissions().mode()),
            record.links.to_string(),
            record.user.to_string(),
            record.group.to_string(),
            size,
            format!(
                "{} {:2} {} {:02}:{:02}",
                date.month_name(),
                date.day,
                date.year,
                date.hour,
                date.minute
            ),
            name,
        ]);
    }
    table.print();
}

/// `drwxr-xr-x`, with set-id and sticky bits as ls(1) shows them.
fn mode(kind: FileType, mode: u32) -> String {
    let mut text = String::new();
    text.push(kind.letter());
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, mode & special != 0) {
            (true, false) => 'x',
            (false, false) => '-',
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
        });
    }
    text
}
