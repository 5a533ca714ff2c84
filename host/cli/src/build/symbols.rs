//! The kernel's table of symbols, in the form that the kernel's backtrace reads.
//!
//! `SCSYMS01`, number of entries, length in bytes; then the entries, sorted, each the offset of a
//! function from the kernel's start and the offset of its name from the table's start; then the
//! names, each ended by a zero byte. All numbers are 32 bits, little endian.

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// Longer names (deep generics) are cut: a backtrace is read by people.
const LONGEST_NAME: usize = 96;

/// The table for a linked kernel, at most `capacity` bytes: when names do not all fit, the table
/// keeps as many entries as do, evenly, so that a lookup still finds the nearest one.
pub fn table(file: &object::File, capacity: usize) -> Result<Vec<u8>> {
    let start = address(file, "__kernel_start")?;
    let text = file
        .sections()
        .filter(|section| section.kind() == object::SectionKind::Text)
        .map(|section| section.address()..section.address() + section.size())
        .collect::<Vec<_>>();
    let mut symbols: Vec<(u32, String)> = file
        .symbols()
        .filter(|symbol| {
            matches!(
                symbol.kind(),
                SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label
            )
        })
        .filter(|symbol| text.iter().any(|range| range.contains(&symbol.address())))
        .filter_map(|symbol| {
            let offset = u32::try_from(symbol.address().checked_sub(start)?).ok()?;
            let name = symbol.name().ok()?;
            // Mapping symbols ($x, $d) and local labels say nothing.
            let useful = !name.is_empty() && !name.starts_with('$') && !name.starts_with(".L");
            useful.then(|| (offset, readable(name)))
        })
        .collect();
    symbols.sort();
    symbols.dedup_by_key(|(offset, _)| *offset);
    let size = |symbols: &[(u32, String)]| {
        16 + symbols
            .iter()
            .map(|(_, name)| 8 + name.len() + 1)
            .sum::<usize>()
    };
    while size(&symbols) > capacity {
        let mut index = 0;
        symbols.retain(|_| {
            index += 1;
            index % 8 != 0
        });
    }
    Ok(encode(&symbols))
}

fn encode(symbols: &[(u32, String)]) -> Vec<u8> {
    let names_start = 16 + 8 * symbols.len();
    let mut entries = Vec::with_capacity(names_start);
    let mut names = Vec::new();
    for (offset, name) in symbols {
        entries.extend(offset.to_le_bytes());
        entries.extend(((names_start + names.len()) as u32).to_le_bytes());
        names.extend(name.as_bytes());
        names.push(0);
    }
    let mut table = b"SCSYMS01".to_vec();
    table.extend((symbols.len() as u32).to_le_bytes());
    table.extend(((names_start + names.len()) as u32).to_le_bytes());
    table.extend(entries);
    table.extend(names);
    table
}

/// A symbol's address.
pub fn address(file: &object::File, name: &str) -> Result<u64> {
    file.symbols()
        .find(|symbol| symbol.name() == Ok(name))
        .map(|symbol| symbol.address())
        .with_context(|| format!("the kernel has no symbol {name}"))
}

fn readable(name: &str) -> String {
    let mut name = format!("{:#}", rustc_demangle::demangle(name));
    if name.len() > LONGEST_NAME {
        let cut = (0..=LONGEST_NAME)
            .rev()
            .find(|&index| name.is_char_boundary(index));
        name.truncate(cut.unwrap_or(0));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_laid_out_as_documented() {
        let table = encode(&[(0, "entry".into()), (0x40, "main".into())]);
        assert_eq!(&table[..8], b"SCSYMS01");
        assert_eq!(table[8..12], 2u32.to_le_bytes());
        assert_eq!(table[12..16], (table.len() as u32).to_le_bytes());
        assert_eq!(table[24..28], 0x40u32.to_le_bytes());
        let name = u32::from_le_bytes(table[28..32].try_into().unwrap()) as usize;
        assert_eq!(&table[name..], b"main\0");
    }
}
