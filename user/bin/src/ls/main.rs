//! `ls`: lists files and directories.
//!
//! On a terminal in columns and with colours; elsewhere one name a line. `-l` tells all about each file,
//! `-a` shows hidden names, `-A` all but `.` and `..`, `-d` directories themselves, `-R` what is below,
//! `-1` one a line, `-F` marks kinds, `-h` sizes as a person reads them, `-i` inode numbers, `-t` and
//! `-S` sort by time and size, `-r` the other way round.
#![no_std]
#![no_main]

mod show;

use scarlet::fs::{self, Metadata};
use scarlet::io::{self, IsTerminal};
use scarlet::path;
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};
use show::Style;

scarlet::main!(main);

/// One thing to show.
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) path: Vec<u8>,
    /// What is known of it; asked for only where it is needed.
    pub(crate) metadata: Option<Metadata>,
    pub(crate) kind: char,
}

struct List {
    options: Options,
    style: Style,
    needs_metadata: bool,
    status: i32,
    /// Something was printed before: an empty line comes before the next directory.
    printed: bool,
}

fn main() -> i32 {
    let mut options = Options::read("laAdR1FhitSrCn", "w", "ls [-laAdR1FhitSr] [FILE…]");
    let names = core::mem::take(&mut options.names);
    let names = if names.is_empty() {
        vec![b".".to_vec()]
    } else {
        names
    };
    let is_terminal = io::stdout().is_terminal();
    let style = Style {
        long: options.has('l') || options.has('n'),
        columns: (is_terminal || options.has('C')) && !options.has('1'),
        colours: scarlet::os::terminal::shows_colours(&io::stdout()),
        marks: options.has('F'),
        human: options.has('h'),
        inodes: options.has('i'),
        width: show::screen_width(),
    };
    let needs_metadata = style.long || style.inodes || options.has('t') || options.has('S');
    let mut list = List {
        options,
        style,
        needs_metadata,
        status: 0,
        printed: false,
    };
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for name in names {
        // A link that is named leads to what it is a link to, unless everything is told about it.
        let itself = list.style.long || list.options.has('d');
        let found = if itself {
            fs::symlink_metadata(&name)
        } else {
            fs::metadata(&name)
        };
        match found.or_else(|_| fs::symlink_metadata(&name)) {
            Ok(found) if found.is_dir() && !list.options.has('d') => directories.push(name),
            Ok(found) => files.push(Entry {
                kind: found.file_type().letter(),
                path: name.clone(),
                name,
                metadata: Some(found),
            }),
            Err(error) => list.fail(&name, &error),
        }
    }
    let several = directories.len() + files.len() > 1 || list.options.has('R');
    if !files.is_empty() {
        list.show(files);
    }
    for directory in directories {
        list.directory(&directory, several);
    }
    list.status
}

impl List {
    fn fail(&mut self, name: &[u8], error: &io::Error) {
        complain(name, error);
        self.status = 1;
    }

    fn directory(&mut self, name: &[u8], with_title: bool) {
        let entries = match self.read(name) {
            Ok(entries) => entries,
            Err(error) => return self.fail(name, &error),
        };
        if with_title {
            let gap = if self.printed { "\n" } else { "" };
            println!("{gap}{}:", path::display(name));
        }
        let below: Vec<Vec<u8>> = entries
            .iter()
            .filter(|entry| entry.kind == 'd' && !matches!(entry.name.as_slice(), b"." | b".."))
            .map(|entry| entry.path.clone())
            .collect();
        if self.style.long {
            let blocks = entries.iter().filter_map(|entry| entry.metadata.as_ref());
            let total: u64 = blocks.map(|found| found.record().blocks).sum();
            println!("total {}", total / 2);
        }
        self.show(entries);
        self.printed = true;
        if self.options.has('R') {
            for directory in below {
                self.directory(&directory, true);
            }
        }
    }

    fn read(&mut self, name: &[u8]) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        if self.options.has('a') {
            for dots in [&b"."[..], b".."] {
                let path = path::join(name, dots);
                let metadata = fs::metadata(&path).ok();
                entries.push(Entry {
                    name: dots.to_vec(),
                    path,
                    metadata,
                    kind: 'd',
                });
            }
        }
        let hidden = self.options.has('a') || self.options.has('A');
        for entry in fs::read_dir(name)? {
            let entry = entry?;
            if entry.file_name().starts_with(b".") && !hidden {
                continue;
            }
            let mut metadata = None;
            // The mode tells programs apart, which only colours and marks show.
            let wanted = self.needs_metadata || self.style.colours || self.style.marks;
            if wanted {
                match entry.metadata() {
                    Ok(found) => metadata = Some(found),
                    Err(error) => self.fail(&entry.path(), &error),
                }
            }
            entries.push(Entry {
                name: entry.file_name().to_vec(),
                path: entry.path(),
                kind: entry.file_type().letter(),
                metadata,
            });
        }
        Ok(entries)
    }

    fn show(&mut self, mut entries: Vec<Entry>) {
        entries.sort_by(|one, two| one.name.cmp(&two.name));
        let length = |entry: &Entry| entry.metadata.map_or(0, |found| found.len());
        let time = |entry: &Entry| entry.metadata.map(|found| found.modified());
        if self.options.has('S') {
            entries.sort_by_key(|entry| core::cmp::Reverse(length(entry)));
        } else if self.options.has('t') {
            entries.sort_by_key(|entry| core::cmp::Reverse(time(entry)));
        }
        if self.options.has('r') {
            entries.reverse();
        }
        self.style.show(&entries);
        self.printed = true;
    }
}
