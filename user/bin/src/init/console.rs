//! The console's size. A serial line cannot tell it, so whoever starts the machine says it on the
//! kernel's command line: `console.size=COLUMNSxROWS`.

use scarlet::os::terminal;
use scarlet::prelude::*;
use scarlet::{fs, io};

/// Sets the size that the command line names, if it names one.
pub fn set_size() {
    let line = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let size = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("console.size="))
        .and_then(|size| size.split_once('x'))
        .and_then(|(columns, rows)| Some((rows.parse().ok()?, columns.parse().ok()?)));
    if let Some((rows, columns)) = size
        && let Err(error) = terminal::set_window(&io::stdin(), rows, columns)
    {
        eprintln!("init: the console's size: {error}");
    }
}
