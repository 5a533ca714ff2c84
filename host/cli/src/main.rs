//! `cargo scarlet`: the host tool that sets up, builds, boots, tests and debugs Scarlet.
//!
//! Each command prepares whatever it needs by itself: the emulator through the system's package
//! manager, the Rust targets, Debian's programs from the mirror that apt is set up with. The
//! modules follow a command's way down: [`command`] is what a person types, [`setup`] makes the
//! machine ready, [`build`] makes the kernel and the programs, [`image`] the root file system,
//! [`guest`] runs it in QEMU, [`oracle`] runs the same on Linux, [`mod@bench`] measures both, and [`mod@test`] judges what came
//! out.

mod arch;
mod bench;
mod build;
mod command;
mod diff;
mod fuzz;
mod guest;
mod image;
mod kills;
mod oracle;
mod project;
mod setup;
mod soak;
mod test;
mod ui;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo runs `cargo-scarlet scarlet …` for an installed subcommand and `cargo-scarlet …` for
    // the workspace alias: accept both.
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == "scarlet") {
        arguments.remove(1);
    }
    match command::Arguments::parse_from(arguments).run() {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            ui::clear();
            eprintln!("cargo scarlet: {error:#}");
            ExitCode::from(2)
        }
    }
}
