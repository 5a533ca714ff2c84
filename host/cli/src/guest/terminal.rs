//! The person's terminal as the guest's console: raw while the guest runs, restored however it
//! ends, with Ctrl-A as the one key that is not passed on (Ctrl-A X leaves, Ctrl-A Ctrl-A types
//! one).

use anyhow::{Context, Result};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::{
    io::{IsTerminal, Read, Write},
    process::Child,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const ESCAPE: u8 = 0x01;

/// The terminal's size in rows and columns, when there is a terminal.
pub fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}

/// Connects the terminal with a guest until the guest ends or the person leaves.
pub fn attach(mut child: Child) -> Result<u8> {
    let raw = Raw::enter();
    let leave = Arc::new(AtomicBool::new(false));
    for signal in [
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
        signal_hook::consts::SIGINT,
    ] {
        signal_hook::flag::register(signal, leave.clone())?;
    }
    let mut to_guest = child.stdin.take().context("the guest has no input")?;
    let mut from_guest = child.stdout.take().context("the guest has no output")?;
    let left = leave.clone();
    // This thread may stay in `read` when the guest has ended: it goes with the process.
    std::thread::spawn(move || {
        let mut keys = Keys::default();
        let mut buffer = [0; 256];
        let mut input = std::io::stdin();
        loop {
            match input.read(&mut buffer) {
                // The end of a redirected input leaves the guest running: it may have work to do.
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    let (bytes, leave) = keys.translate(&buffer[..length]);
                    let _ = to_guest.write_all(&bytes).and_then(|()| to_guest.flush());
                    if leave {
                        left.store(true, Ordering::Relaxed);
                        return;
                    }
                }
            }
        }
    });
    let printer = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut output = std::io::stdout();
        while let Ok(length @ 1..) = from_guest.read(&mut buffer) {
            if output
                .write_all(&buffer[..length])
                .and_then(|()| output.flush())
                .is_err()
            {
                break;
            }
        }
    });
    let status = loop {
        if let Some(status) = child.try_wait()? {
            let _ = printer.join();
            break u8::from(!status.success());
        }
        if leave.load(Ordering::Relaxed) {
            let _ = child.kill();
            let _ = child.wait();
            break 0;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop(raw);
    if leave.load(Ordering::Relaxed) {
        eprintln!();
    }
    Ok(status)
}

/// The terminal in raw mode; restored when dropped.
struct Raw(Option<Termios>);

impl Raw {
    fn enter() -> Raw {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return Raw(None);
        }
        let Ok(before) = tcgetattr(&input) else {
            return Raw(None);
        };
        let mut raw = before.clone();
        raw.make_raw();
        let _ = tcsetattr(&input, OptionalActions::Now, &raw);
        Raw(Some(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Which keys are the guest's and which are ours.
#[derive(Default)]
struct Keys {
    escaped: bool,
}

impl Keys {
    /// The bytes to pass on, and whether the person leaves.
    fn translate(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(typed.len());
        for &byte in typed {
            match (self.escaped, byte) {
                (false, ESCAPE) => self.escaped = true,
                (false, byte) => passed.push(byte),
                (true, b'x' | b'X') => return (passed, true),
                (true, byte) => {
                    self.escaped = false;
                    // Ctrl-A Ctrl-A types one; before any other key it was meant for the guest.
                    passed.push(ESCAPE);
                    if byte != ESCAPE {
                        passed.push(byte);
                    }
                }
            }
        }
        (passed, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_a_is_the_only_key_kept_back() {
        let mut keys = Keys::default();
        assert_eq!(keys.translate(b"ls\r\x03"), (b"ls\r\x03".to_vec(), false));
        assert_eq!(keys.translate(b"\x01"), (vec![], false));
        assert_eq!(keys.translate(b"\x01"), (b"\x01".to_vec(), false));
        assert_eq!(keys.translate(b"\x01b"), (b"\x01b".to_vec(), false));
        assert_eq!(keys.translate(b"a\x01x"), (b"a".to_vec(), true));
    }
}
