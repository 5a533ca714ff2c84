//! Printing columns.

use scarlet::prelude::*;

/// Rows of cells; numbers stand to the right.
#[derive(Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Table {
    /// A table; for each column whether it stands to the right.
    pub fn new(right: &[bool]) -> Table {
        Table {
            rows: Vec::new(),
            right: right.to_vec(),
        }
    }

    /// Adds a row.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Prints the rows, with columns as wide as their widest cell; the last one is not padded.
    pub fn print(&self) {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..count).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    line.push(' ');
                }
                let wide = widths[column];
                if self.right.get(column).copied().unwrap_or(false) {
                    line.push_str(&format!("{cell:>wide$}"));
                } else if column + 1 == row.len() {
                    line.push_str(cell);
                } else {
                    line.push_str(&format!("{cell:<wide$}"));
                }
            }
            println!("{line}");
        }
    }
}

/// A size as a person reads it: `512`, `1.5K`, `23M`.
pub fn human(bytes: u64) -> String {
    let mut unit = "";
    // In tenths, so that small numbers keep a digit behind the point.
    let mut tenths = bytes.saturating_mul(10);
    for next in ["K", "M", "G", "T"] {
        if tenths < 10 * 1024 {
            break;
        }
        tenths = tenths.div_ceil(1024);
        unit = next;
    }
    match unit {
        "" => format!("{bytes}"),
        _ if tenths < 100 => format!("{}.{}{unit}", tenths / 10, tenths % 10),
        _ => format!("{}{unit}", tenths.div_ceil(10)),
    }
}
