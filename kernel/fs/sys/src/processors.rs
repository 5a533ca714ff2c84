//! `/sys/devices/system`: the CPUs, which are there from the start and stay.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use base::Result;

use crate::tree::Child;

/// What `/sys/devices/system` has.
pub(crate) fn all() -> Vec<Child> {
    vec![Child::fixed("cpu", processors)]
}

fn processors() -> Vec<Child> {
    let lists = ["online", "possible", "present"];
    let lists = lists.into_iter().map(|name| Child::text(name, list));
    let each = (0..hal::cpu::count()).map(|index| Child::fixed(format!("cpu{index}"), Vec::new));
    lists.chain(each).collect()
}

/// All of them, as Linux lists numbers.
fn list() -> Result<Vec<u8>> {
    let text = match hal::cpu::count() {
        0 | 1 => "0\n".into(),
        count => format!("0-{}\n", count - 1),
    };
    Ok(text.into_bytes())
}
