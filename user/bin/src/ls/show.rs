//! How entries look.

use crate::Entry;
use scarlet::fs::{self, Metadata};
use scarlet::io;
use scarlet::os::terminal;
use scarlet::prelude::*;
use scarlet::time::SystemTime;
use scarlet_programs::table::{Table, human};
use scarlet_programs::times::Calendar;

/// What was asked for.
pub(crate) struct Style {
    pub(crate) long: bool,
    pub(crate) columns: bool,
    pub(crate) colours: bool,
    pub(crate) marks: bool,
    pub(crate) human: bool,
    pub(crate) inodes: bool,
    pub(crate) width: usize,
}

/// How wide the screen is; 80 if nobody knows.
pub(crate) fn screen_width() -> usize {
    match terminal::window(&io::stdout()) {
        Ok((_, columns)) if columns > 0 => usize::from(columns),
        _ => 80,
    }
}

/// Half a year: older times are shown with their year.
const RECENT_SECONDS: u64 = 182 * 86_400;

fn is_program(entry: &Entry) -> bool {
    entry
        .metadata
        .is_some_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

impl Style {
    /// The name with its mark, and how many columns it takes.
    fn name(&self, entry: &Entry) -> (String, usize) {
        let plain = String::from_utf8_lossy(&entry.name).into_owned();
        let mut width = plain.chars().count();
        let colour = match entry.kind {
            'd' => "1;34",
            'l' => "1;36",
            'c' | 'b' => "1;33",
            'p' | 's' => "35",
            _ if is_program(entry) => "1;32",
            _ => "",
        };
        let mark = match entry.kind {
            'd' => "/",
            'l' if !self.long => "@",
            'p' => "|",
            's' => "=",
            _ if is_program(entry) => "*",
            _ => "",
        };
        let mut text = if self.colours && !colour.is_empty() {
            format!("\x1b[{colour}m{plain}\x1b[m")
        } else {
            plain
        };
        if self.marks {
            text.push_str(mark);
            width += mark.len();
        }
        if self.inodes && !self.long {
            let number = entry.metadata.map_or(0, |found| found.record().inode);
            let head = format!("{number} ");
            width += head.len();
            text = head + &text;
        }
        (text, width)
    }

    /// Prints entries.
    pub(crate) fn show(&self, entries: &[Entry]) {
        if self.long {
            self.show_long(entries);
        } else if self.columns {
            self.show_columns(entries);
        } else {
            for entry in entries {
                println!("{}", self.name(entry).0);
            }
        }
    }

    fn show_columns(&self, entries: &[Entry]) {
        let names: Vec<(String, usize)> = entries.iter().map(|entry| self.name(entry)).collect();
        let widths = |rows: usize| -> Vec<usize> {
            let columns = names.chunks(rows);
            columns
                .map(|part| part.iter().map(|name| name.1).max().unwrap_or(0) + 2)
                .collect()
        };
        // The fewest rows that fit.
        let fits = |rows: &usize| widths(*rows).iter().sum::<usize>() <= self.width + 2;
        let rows = (1..=names.len()).find(fits).unwrap_or(names.len().max(1));
        let widths = widths(rows);
        for row in 0..rows {
            let mut line = String::new();
            let mut gap = 0;
            for (column, width) in widths.iter().enumerate() {
                if let Some((text, taken)) = names.get(column * rows + row) {
                    line.extend(core::iter::repeat_n(' ', gap));
                    line.push_str(text);
                    gap = width - taken;
                }
            }
            if !line.is_empty() {
                println!("{line}");
            }
        }
    }

    fn show_long(&self, entries: &[Entry]) {
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let groups = fs::read_to_string("/etc/group").unwrap_or_default();
        let right: Vec<bool> = match self.inodes {
            true => vec![true, false, true, false, false, true],
            false => vec![false, true, false, false, true],
        };
        let mut table = Table::new(&right);
        for entry in entries {
            let Some(found) = entry.metadata else {
                continue;
            };
            let record = found.record();
            let mut cells = Vec::new();
            if self.inodes {
                cells.push(format!("{}", record.inode));
            }
            cells.push(mode_text(entry.kind, found.permissions().mode()));
            cells.push(format!("{}", record.links));
            cells.push(name_of(&accounts, record.user));
            cells.push(name_of(&groups, record.group));
            cells.push(self.size(entry, &found));
            cells.push(time_text(found.modified()));
            let mut name = self.name(entry).0;
            if entry.kind == 'l'
                && let Ok(target) = fs::read_link(&entry.path)
            {
                name.push_str(" -> ");
                name.push_str(&String::from_utf8_lossy(&target));
            }
            cells.push(name);
            table.row(cells);
        }
        table.print();
    }

    fn size(&self, entry: &Entry, found: &Metadata) -> String {
        let device = found.record().node_device;
        match entry.kind {
            'c' | 'b' => format!("{}, {}", device >> 32, device & 0xffff_ffff),
            _ if self.human => human(found.len()),
            _ => format!("{}", found.len()),
        }
    }
}

/// `drwxr-xr-x`
fn mode_text(kind: char, mode: u32) -> String {
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// The name that a line of `/etc/passwd` or `/etc/group` gives a number.
fn name_of(table: &str, number: u32) -> String {
    let wanted = format!("{number}");
    let name = table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == wanted).then_some(name)
    });
    name.map_or(wanted.clone(), str::to_owned)
}

/// `Nov 22 18:09`, or with the year where that is not clear.
fn time_text(time: SystemTime) -> String {
    let seconds = time.since_epoch().as_secs();
    let now = SystemTime::now().since_epoch().as_secs();
    let at = Calendar::from_seconds(seconds);
    let is_recent = seconds <= now && now - seconds < RECENT_SECONDS;
    let tail = if is_recent {
        format!("{:02}:{:02}", at.hour, at.minute)
    } else {
        format!("{:>5}", at.year)
    };
    format!("{} {:2} {tail}", at.month_name(), at.day)
}
