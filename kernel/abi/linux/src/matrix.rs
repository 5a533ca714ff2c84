//! The matrix of system calls for the documentation, written from the table.

use alloc::string::String;
use core::fmt::Write;

use crate::call::Restart;
use crate::names;
use crate::table::{CALLS, Machines};

/// The page: every call of Linux 6.12, with its arguments where it is served.
pub fn page() -> String {
    let mut page = String::from(
        "# Linux system calls\n\n\
         Written from the table in `kernel/abi/linux/src/table.rs` by \
         `SCARLET_WRITE_DOCS=1 cargo test -p scarlet-abi-linux documentation`; a test keeps it current.\n\n\
         A call without arguments in this list answers `ENOSYS` and is counted in \
         `/proc/scarlet/unimplemented`. The last column says what becomes of a call that a signal \
         interrupts: it starts again if the handler asked for that (`SA_RESTART`), only without a \
         handler, or never.\n\n",
    );
    let served = CALLS.len();
    // Writing to a string cannot fail.
    let _ = writeln!(page, "Served: {served} of {}.\n", names::ALL.len());
    page.push_str(
        "| number | name | arguments | machines | after a signal |\n|---|---|---|---|---|\n",
    );
    for (number, name) in names::ALL {
        let _ = match CALLS.iter().find(|call| call.number == *number) {
            None => writeln!(page, "| {number} | {name} | | | |"),
            Some(call) => {
                let arguments: alloc::vec::Vec<_> = call
                    .arguments
                    .iter()
                    .map(|argument| alloc::format!("{}: {}", argument.name, kind(argument.kind)))
                    .collect();
                let arguments = if arguments.is_empty() {
                    String::from("none")
                } else {
                    arguments.join(", ")
                };
                writeln!(
                    page,
                    "| {number} | **{name}** | {arguments} | {} | {} |",
                    machines(call.machines),
                    restart(call.restart)
                )
            }
        };
    }
    page
}

/// A type without its path, and without what Markdown would take for itself.
fn kind(text: &str) -> String {
    let compact: String = text.chars().filter(|character| *character != ' ').collect();
    let last = match compact.find('<') {
        Some(_) => compact.as_str(),
        None => compact.rsplit("::").next().unwrap_or(&compact),
    };
    last.replace('<', "\\<")
}

fn machines(machines: Machines) -> &'static str {
    match machines {
        Machines::All => "both",
        Machines::RiscV => "riscv64",
        Machines::Arm => "aarch64",
    }
}

fn restart(restart: Restart) -> &'static str {
    match restart {
        Restart::Always => "always",
        Restart::IfAsked => "if asked",
        Restart::UnlessHandled => "without handler",
        Restart::Never => "never",
    }
}

#[cfg(test)]
mod tests {
    const PATH: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../docs/src/linux-syscalls.md"
    );

    /// With `SCARLET_WRITE_DOCS` set the page is written instead of compared.
    #[test]
    fn the_documentation_is_current() {
        if std::env::var_os("SCARLET_WRITE_DOCS").is_some() {
            std::fs::write(PATH, super::page()).expect("docs can be written");
        }
        let written = std::fs::read_to_string(PATH).unwrap_or_default();
        assert!(
            written == super::page(),
            "docs/src/linux-syscalls.md is stale: run \
             `SCARLET_WRITE_DOCS=1 cargo test -p scarlet-abi-linux documentation`"
        );
    }
}
