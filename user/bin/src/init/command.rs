//! A command that the image or this start's initramfs carries: it is run instead of a login, and the
//! machine is switched off with its status. `cargo scarlet boot --run` works through this.
//!
//! The file's first line is a word that nobody can guess; it marks where the command's output begins
//! and ends on the console. The rest is the command.

use scarlet::os::system;
use scarlet::prelude::*;
use scarlet::process::{self, Command};
use scarlet::{fs, io};

/// Where it is looked for: where a disk is the root, what only this start is to do is in the
/// initramfs, which the kernel shows there.
const FILES: [&str; 2] = ["/run/initramfs/etc/scarlet/run", "/etc/scarlet/run"];

/// What the image asks for.
pub(crate) struct Order {
    nonce: String,
    command: Vec<u8>,
}

/// Reads the command, if there is one.
pub(crate) fn read() -> Option<Order> {
    let text = FILES.iter().find_map(|file| fs::read(file).ok())?;
    let newline = text
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(text.len());
    let nonce = String::from_utf8_lossy(&text[..newline]).into_owned();
    let command = text
        .get(newline + 1..)
        .unwrap_or(b"")
        .trim_ascii_end()
        .to_vec();
    Some(Order { nonce, command })
}

/// Runs it and switches the machine off.
pub(crate) fn run(order: &Order) -> ! {
    println!("\n\x1e{}:begin", order.nonce);
    let status = start(order);
    let _ = io::flush_standard_output();
    println!("\x1e{}:end:{status}", order.nonce);
    let _ = io::flush_standard_output();
    if let Err(error) = system::power_off(0) {
        eprintln!("init: cannot switch off: {error}");
    }
    process::exit(status)
}

fn start(order: &Order) -> i32 {
    // A session of its own with the console as its terminal, as a login would have.
    let mut command = Command::new("/bin/login");
    command.arg("-c").arg(&order.command).new_session();
    // Whoever reads the output is a program: no colours.
    command.env("TERM", "dumb");
    match command.spawn() {
        Ok(child) => crate::wait_for(child.id()).shell_status(),
        Err(error) => {
            eprintln!("init: /bin/login: {error}");
            127
        }
    }
}
