//! A guest whose console a program reads and types at.

use super::Machine;
use anyhow::{Context, Result};
use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Instant,
};

/// A running guest. Dropping it ends the guest.
pub struct Console {
    child: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
    transcript: Vec<u8>,
}

/// What came of waiting for output.
pub enum Waited {
    /// Some output.
    Bytes(Vec<u8>),
    /// The guest has ended, and all its output was read.
    Ended,
    /// Nothing came in time.
    TimedOut,
}

impl Console {
    /// Starts a machine.
    pub fn start(machine: &Machine) -> Result<Console> {
        Console::start_with(machine, Stdio::inherit())
    }

    /// Starts a machine whose emulator complains to `errors`.
    pub fn start_with(machine: &Machine, errors: Stdio) -> Result<Console> {
        let mut child = machine
            .emulator()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {}", machine.arch.emulator()))?;
        let input = child.stdin.take().context("the guest has no input")?;
        let mut from_guest = child.stdout.take().context("the guest has no output")?;
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = from_guest.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Console {
            child,
            input,
            output,
            transcript: Vec::new(),
        })
    }

    /// Waits for output until a deadline.
    pub fn receive(&mut self, deadline: Instant) -> Waited {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.output.recv_timeout(left) {
            Ok(bytes) => {
                self.transcript.extend_from_slice(&bytes);
                Waited::Bytes(bytes)
            }
            Err(RecvTimeoutError::Disconnected) => Waited::Ended,
            Err(RecvTimeoutError::Timeout) => Waited::TimedOut,
        }
    }

    /// Types at the console.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.input
            .write_all(bytes)
            .and_then(|()| self.input.flush())
            .context("the guest no longer takes input")
    }

    /// Ends the guest as a loss of power would; what it had given to the host is there.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// All that the guest has printed so far.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.transcript).replace('\r', "")
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.kill();
    }
}
