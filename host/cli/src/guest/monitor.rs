//! The emulator's monitor: for what happens to a machine from outside, such as a disk that is pulled.
//!
//! A machine with a [`Machine::monitor`](super::Machine::monitor) has it on a socket; [`command`] says
//! one line to it and returns what it answers.

use super::{Temporary, unique};
use anyhow::{Context, Result, bail};
use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

/// What it says when it is ready for a line.
const READY: &[u8] = b"(qemu) ";
/// How long it may take to be there, and to answer.
const LIMIT: Duration = Duration::from_secs(20);

/// A place for a socket, which is gone with what is returned. Not below the project: such a path has
/// at most a hundred bytes.
pub fn socket() -> Temporary {
    let name = format!("scarlet-monitor-{}-{}", std::process::id(), unique());
    Temporary(std::env::temp_dir().join(name))
}

/// Says a line to the monitor on this socket; the answer is without the echo of the line.
pub fn command(socket: &Path, line: &str) -> Result<String> {
    let mut stream = UnixStream::connect(socket).context("the emulator has no monitor")?;
    stream.set_read_timeout(Some(LIMIT))?;
    until_ready(&mut stream)?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    let answer = until_ready(&mut stream)?;
    // The line editor repeats the line again and again.
    let answer = answer.split_once('\n').map_or("", |(_, answer)| answer);
    Ok(answer.replace('\r', "").trim().to_owned())
}

fn until_ready(stream: &mut UnixStream) -> Result<String> {
    let deadline = Instant::now() + LIMIT;
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    while !text.ends_with(READY) {
        match stream.read(&mut buffer) {
            Ok(length @ 1..) if Instant::now() < deadline => {
                text.extend_from_slice(&buffer[..length]);
            }
            _ => bail!(
                "the emulator's monitor does not answer: {}",
                String::from_utf8_lossy(&text)
            ),
        }
    }
    text.truncate(text.len() - READY.len());
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_line_is_said_and_answered() {
        let place = socket();
        let listener = UnixListener::bind(place.path()).unwrap();
        let monitor = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"QEMU 10 monitor\r\n(qemu) ").unwrap();
            let mut line = [0; 5];
            stream.read_exact(&mut line).unwrap();
            assert_eq!(&line, b"stop\n");
            stream
                .write_all(b"s\x1b[Kst\x1b[Kstop\r\ndone\r\n(qe")
                .unwrap();
            stream.write_all(b"mu) ").unwrap();
        });
        assert_eq!(command(place.path(), "stop").unwrap(), "done");
        monitor.join().unwrap();
        assert!(command(place.path(), "stop").is_err());
    }
}
