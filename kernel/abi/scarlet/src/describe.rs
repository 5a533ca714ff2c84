//! Calls and results in words, for tracing: the contract's own names and descriptions.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proc::trace::quoted_bytes;
use scarlet_abi::ErrorCode;
use scarlet_abi::call::CALLS;

/// A call's name.
pub(crate) fn name(number: usize) -> Option<&'static str> {
    let known = CALLS.iter().find(|known| known.call as usize == number);
    known.map(|known| known.name)
}

/// A call with its arguments: `Open(path: 0 "/etc/passwd", flags: 0x1, mode: 0x0)`.
pub(crate) fn call(number: usize, words: &[usize; 6]) -> String {
    let Some(known) = CALLS.iter().find(|known| known.call as usize == number) else {
        return format!("call {number}");
    };
    let mut words = words.iter().copied();
    let mut word = || words.next().unwrap_or(0);
    let shown: Vec<String> = known
        .arguments
        .split(", ")
        .filter(|name| !name.is_empty())
        .map(|name| match name {
            // Three words: the directory's handle, address and length of the text.
            "path" => {
                let directory = word() as isize;
                let (address, length) = (word(), word());
                format!("path: {directory} {}", quoted_bytes(address, length, 64))
            }
            "handle" | "status" | "length" | "count" | "process" | "selector" | "size" => {
                format!("{name}: {}", word() as isize)
            }
            _ => format!("{name}: {:#x}", word()),
        })
        .collect();
    format!("{}({})", known.name, shown.join(", "))
}

/// A result: a number, or the error's name.
pub(crate) fn result(result: usize) -> String {
    let number = result as isize;
    let error = i32::try_from(number.wrapping_neg())
        .ok()
        .and_then(ErrorCode::from_number);
    match error {
        Some(error) if number < 0 => format!("{error:?}"),
        _ if !(-0x1_0000..0x1_0000_0000).contains(&number) => format!("{result:#x}"),
        _ => format!("{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_results_in_words() {
        assert_eq!(call(6, &[3, 0, 0, 0, 0, 0]), "Close(handle: 3)");
        assert_eq!(result(5), "5");
        assert_eq!(result(-2isize as usize), "NotFound");
    }
}
