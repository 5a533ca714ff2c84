//! Calls and results in words, for tracing: what the table says of each argument.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base::Error;
use proc::trace::{quoted_bytes, quoted_c_string};

use crate::table::ArgumentDescription;
use crate::{errno, names, table};

/// The bits of `open`'s flags that are the same on both machines.
const OPEN_FLAGS: &[(u32, &str)] = &[
    (0o1, "O_WRONLY"),
    (0o2, "O_RDWR"),
    (0o100, "O_CREAT"),
    (0o200, "O_EXCL"),
    (0o400, "O_NOCTTY"),
    (0o1000, "O_TRUNC"),
    (0o2000, "O_APPEND"),
    (0o4000, "O_NONBLOCK"),
    (0o200_0000, "O_CLOEXEC"),
];
const PROTECTION: &[(u32, &str)] = &[(1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC")];
const MAPPING: &[(u32, &str)] = &[
    (0x1, "MAP_SHARED"),
    (0x2, "MAP_PRIVATE"),
    (0x10, "MAP_FIXED"),
    (0x20, "MAP_ANONYMOUS"),
    (0x2_0000, "MAP_STACK"),
];
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// A call with its arguments: `openat(AT_FDCWD, "/etc/passwd", O_RDONLY, 0)`.
pub(crate) fn call(number: usize, registers: [usize; 6]) -> String {
    let Some(entry) = table::find(number) else {
        return match names::of(number) {
            Some(name) => format!("{name}(...)"),
            None => format!("call {number}(...)"),
        };
    };
    let mut registers = registers.into_iter();
    let shown: Vec<String> = entry
        .arguments
        .iter()
        .map(|description| {
            let first = registers.next().unwrap_or(0);
            let second = match description.registers {
                2.. => registers.next().unwrap_or(0),
                _ => 0,
            };
            argument(entry.name, description, first, second)
        })
        .collect();
    format!("{}({})", entry.name, shown.join(", "))
}

fn argument(call: &str, description: &ArgumentDescription, first: usize, second: usize) -> String {
    match (description.kind, description.name) {
        ("DirectoryFd", _) if first as i32 == -100 => String::from("AT_FDCWD"),
        ("UserPath", _) if first != 0 => quoted_c_string(first, 64),
        ("UserSlice", _) if call.contains("write") || call.contains("send") => {
            format!("{}, {second}", quoted_bytes(first, second, 32))
        }
        ("UserSlice", _) => format!("{first:#x}, {second}"),
        (_, "flags") if call.starts_with("open") => match bits(first as u32, OPEN_FLAGS) {
            text if first & 3 == 0 && first != 0 => format!("O_RDONLY|{text}"),
            _ if first == 0 => String::from("O_RDONLY"),
            text => text,
        },
        (_, "protection") => bits(first as u32, PROTECTION),
        (_, "flags") if call == "mmap" => bits(first as u32, MAPPING),
        (_, "signal") => match SIGNALS.get(first.wrapping_sub(1)) {
            Some(name) => format!("SIG{name}"),
            None => format!("{first}"),
        },
        (_, "mode") => format!("{:#o}", first as u32),
        ("Fd" | "i32" | "DirectoryFd", _) => format!("{}", first as i32),
        ("i64", _) => format!("{}", first as i64),
        (kind, _) if kind.starts_with("UserPtr") || kind == "UserPath" => match first {
            0 => String::from("NULL"),
            _ => format!("{first:#x}"),
        },
        (_, "flags" | "mask") => format!("{first:#x}"),
        _ if first < 1 << 20 => format!("{first}"),
        _ => format!("{first:#x}"),
    }
}

/// Named bits, and the rest as a number.
fn bits(mut value: u32, known: &[(u32, &str)]) -> String {
    let mut words: Vec<String> = Vec::new();
    for (bit, name) in known {
        if value & bit != 0 {
            words.push(String::from(*name));
            value &= !bit;
        }
    }
    if value != 0 || words.is_empty() {
        words.push(format!("{value:#x}"));
    }
    words.join("|")
}

/// A result: a number, an address, or an error's name.
pub(crate) fn result(result: usize) -> String {
    let number = result as isize;
    if (-4095..0).contains(&number) {
        let error = Error::ALL
            .iter()
            .find(|error| errno::number(**error) as isize == -number);
        return match error {
            Some(error) => format!("-1 {}", errno::name(*error)),
            None => format!("-1 error {}", -number),
        };
    }
    if !(0..0x1_0000_0000).contains(&number) {
        return format!("{result:#x}");
    }
    format!("{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_in_words() {
        assert_eq!(call(57, [3, 0, 0, 0, 0, 0]), "close(3)");
        assert_eq!(call(172, [0; 6]), "getpid()");
        assert_eq!(call(129, [7, 9, 0, 0, 0, 0]), "kill(7, SIGKILL)");
        let mapped = call(222, [0, 8192, 3, 0x22, usize::MAX, 0]);
        assert_eq!(
            mapped,
            "mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
        );
        assert!(call(425, [0; 6]).starts_with("io_uring_setup"));
    }

    #[test]
    fn results_in_words() {
        assert_eq!(result(3), "3");
        assert_eq!(result(-2isize as usize), "-1 ENOENT");
        assert_eq!(result(0x3f_b000_0000), "0x3fb0000000");
    }
}
