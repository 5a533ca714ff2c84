//! Finds a command's output and status in what a guest's console prints.
//!
//! The guest's init prints `RS nonce:begin LF` before the command and `RS nonce:end:STATUS LF`
//! after it (RS is the control character 0x1e). The nonce is new for each run, so that no program
//! can print the end by accident.

/// The state of one run.
pub struct Frame {
    begin: Vec<u8>,
    end: Vec<u8>,
    pending: Vec<u8>,
    begun: bool,
}

/// What became known with some further bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Output of the command.
    pub output: Vec<u8>,
    /// The command's status, once it has ended.
    pub status: Option<u8>,
}

impl Frame {
    /// The frame of the run with this nonce.
    pub fn new(nonce: &str) -> Frame {
        Frame {
            begin: format!("\x1e{nonce}:begin\n").into_bytes(),
            end: format!("\x1e{nonce}:end:").into_bytes(),
            pending: Vec::new(),
            begun: false,
        }
    }

    /// Whether the guest came as far as the command.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes bytes from the console. A terminal sends CR LF for a line's end: the CR goes.
    pub fn feed(&mut self, bytes: &[u8]) -> Part {
        self.pending.extend_from_slice(bytes);
        self.drop_carriage_returns();
        if !self.begun {
            let Some(at) = find(&self.pending, &self.begin) else {
                return Part::default();
            };
            self.pending.drain(..at + self.begin.len());
            self.begun = true;
        }
        if let Some(at) = find(&self.pending, &self.end) {
            let rest = &self.pending[at + self.end.len()..];
            if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
                let status = std::str::from_utf8(&rest[..length]).ok();
                let status = status.and_then(|text| text.trim().parse::<i32>().ok());
                let output = self.pending[..at].to_vec();
                self.pending.clear();
                return Part {
                    output,
                    status: Some(status.unwrap_or(255) as u8),
                };
            }
            return Part::default();
        }
        // Everything is output, but for a tail that may be the beginning of the end.
        let keep = (0..self.end.len())
            .rev()
            .find(|&length| self.pending.ends_with(&self.end[..length]))
            .unwrap_or(0);
        let keep = keep.max(usize::from(self.pending.ends_with(b"\r")));
        let output = self.pending.drain(..self.pending.len() - keep).collect();
        Part {
            output,
            status: None,
        }
    }

    fn drop_carriage_returns(&mut self) {
        let mut at = 0;
        while at + 1 < self.pending.len() {
            if self.pending[at] == b'\r' && self.pending[at + 1] == b'\n' {
                self.pending.remove(at);
            } else {
                at += 1;
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_are_found_however_the_bytes_arrive() {
        let console =
            b"OpenSBI\r\nnoise\r\n\x1e7:begin\r\nHello\r\n\x1e half\r\n\x1e7:end:3\r\nmore";
        for size in 1..console.len() {
            let mut frame = Frame::new("7");
            let mut output = Vec::new();
            let mut status = None;
            for bytes in console.chunks(size) {
                let part = frame.feed(bytes);
                output.extend(part.output);
                if status.is_none() {
                    status = part.status;
                }
                if status.is_some() {
                    break;
                }
            }
            assert_eq!(
                String::from_utf8(output).unwrap(),
                "Hello\n\x1e half\n",
                "size {size}"
            );
            assert_eq!(status, Some(3));
        }
    }
}
