//! The input queue: bytes that arrived and were not read yet, and where lines end among them.
//!
//! One queue serves both modes. In canonical mode its head part, up to the last delimiter, is
//! *committed* and may be read, a line at a time; the tail is the line under edit. In raw mode
//! everything may be read. Changing the mode changes only what counts as committed, so nothing that
//! was typed ahead is lost.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// How many bytes wait at most; one place is kept for the delimiter (Linux: N_TTY_BUF_SIZE).
pub const INPUT_LIMIT: usize = 4096;

/// What a queued byte is to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Part of a line.
    Plain,
    /// The last byte of a line, read with it.
    Delimiter,
    /// The end-of-file mark: ends a line, is never read.
    EndOfFile,
}

/// What a reader got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether they end a line.
    pub ended: bool,
}

/// The queue.
#[derive(Debug, Default)]
pub struct InputQueue {
    cells: VecDeque<(u8, Role)>,
    /// How many cells from the head are complete lines.
    committed: usize,
}

impl InputQueue {
    /// An empty queue.
    pub const fn new() -> InputQueue {
        InputQueue {
            cells: VecDeque::new(),
            committed: 0,
        }
    }

    /// Whether an ordinary byte no longer fits.
    pub fn is_full(&self) -> bool {
        self.cells.len() >= INPUT_LIMIT - 1
    }

    /// Whether complete lines wait.
    pub fn has_line(&self) -> bool {
        self.committed > 0
    }

    /// How many bytes wait, marks included, whatever the mode.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many bytes a reader may get (FIONREAD): whole lines, or everything in raw mode.
    pub fn readable(&self, canonical: bool) -> usize {
        let end = if canonical {
            self.committed
        } else {
            self.cells.len()
        };
        self.cells
            .iter()
            .take(end)
            .filter(|cell| cell.1 != Role::EndOfFile)
            .count()
    }

    /// Adds a byte; `false` when there is no room and it is dropped.
    pub fn push(&mut self, byte: u8) -> bool {
        if self.is_full() {
            return false;
        }
        self.cells.push_back((byte, Role::Plain));
        true
    }

    /// Ends the line under edit with this byte; there is always room to end one line.
    pub fn push_delimiter(&mut self, byte: u8) {
        self.end_line((byte, Role::Delimiter));
    }

    /// Ends the line under edit with an end-of-file mark.
    pub fn push_end_of_file(&mut self) {
        self.end_line((0, Role::EndOfFile));
    }

    fn end_line(&mut self, cell: (u8, Role)) {
        if self.cells.len() >= INPUT_LIMIT {
            return;
        }
        self.cells.push_back(cell);
        self.committed = self.cells.len();
    }

    /// The line under edit.
    pub fn line(&self) -> impl DoubleEndedIterator<Item = u8> + '_ {
        self.cells.range(self.committed..).map(|cell| cell.0)
    }

    /// How long the line under edit is, in bytes.
    pub fn line_len(&self) -> usize {
        self.cells.len() - self.committed
    }

    /// The last byte of the line under edit.
    pub fn last(&self) -> Option<u8> {
        self.line().next_back()
    }

    /// Takes the last byte of the line under edit away.
    pub fn pop(&mut self) -> Option<u8> {
        if self.line_len() == 0 {
            return None;
        }
        self.cells.pop_back().map(|cell| cell.0)
    }

    /// Forgets the line under edit.
    pub fn clear_line(&mut self) {
        self.cells.truncate(self.committed);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.committed = 0;
    }

    /// Takes up to `most` bytes of one line. A line that does not fit is continued by the next
    /// call. An end-of-file mark right behind the last byte goes with it, so that a read which fits
    /// exactly is not followed by a false end of file.
    pub fn take_line(&mut self, most: usize) -> Taken {
        let mut taken = Taken::default();
        while self.committed > 0 && most > 0 && !taken.ended {
            match self.cells.front() {
                Some((_, Role::EndOfFile)) => {
                    self.drop_front();
                    taken.ended = true;
                }
                Some(&(byte, role)) if taken.bytes.len() < most => {
                    self.drop_front();
                    taken.bytes.push(byte);
                    taken.ended = role == Role::Delimiter;
                }
                _ => break,
            }
        }
        taken
    }

    fn drop_front(&mut self) {
        self.cells.pop_front();
        self.committed = self.committed.saturating_sub(1);
    }

    /// Takes up to `most` bytes, lines or not (raw mode).
    pub fn take_raw(&mut self, most: usize) -> Taken {
        let mut taken = Taken::default();
        while taken.bytes.len() < most
            && let Some(&(byte, role)) = self.cells.front()
        {
            self.drop_front();
            if role != Role::EndOfFile {
                taken.bytes.push(byte);
            }
        }
        taken
    }

    /// Puts back what a reader could not deliver because its memory was bad: all of `taken` but
    /// the first `delivered` bytes.
    pub fn put_back(&mut self, taken: &Taken, delivered: usize, canonical: bool) {
        let bytes = taken.bytes.get(delivered..).unwrap_or_default();
        for (index, &byte) in bytes.iter().rev().enumerate() {
            let role = if index == 0 && taken.ended {
                Role::Delimiter
            } else {
                Role::Plain
            };
            self.cells.push_front((byte, role));
        }
        if canonical {
            self.committed += bytes.len();
        }
    }

    /// The mode changed: what is queued becomes one complete line in canonical mode, and loses its
    /// line structure in raw mode.
    pub fn change_mode(&mut self, canonical: bool) {
        self.cells.retain(|cell| cell.1 != Role::EndOfFile);
        self.cells.iter_mut().for_each(|cell| cell.1 = Role::Plain);
        self.committed = 0;
        if canonical && let Some(last) = self.cells.back_mut() {
            last.1 = Role::Delimiter;
            self.committed = self.cells.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &[u8]) -> InputQueue {
        let mut queue = InputQueue::new();
        for &byte in text {
            match byte {
                b'\n' => queue.push_delimiter(byte),
                4 => queue.push_end_of_file(),
                _ => assert!(queue.push(byte)),
            }
        }
        queue
    }

    #[test]
    fn lines_come_one_at_a_time() {
        let mut queue = typed(b"one\ntwo\nthr");
        assert_eq!(queue.readable(true), 8);
        assert_eq!(queue.take_line(100).bytes, b"one\n");
        assert_eq!(queue.take_line(2).bytes, b"tw");
        assert_eq!(queue.take_line(100).bytes, b"o\n");
        assert!(!queue.has_line());
        assert_eq!(queue.take_line(100).bytes, b"");
        assert_eq!(queue.line().collect::<Vec<_>>(), b"thr");
    }

    #[test]
    fn end_of_file_ends_a_line_without_a_byte() {
        let mut queue = typed(b"ab\x04\x04c\n");
        assert_eq!(queue.take_line(100).bytes, b"ab");
        assert!(queue.has_line());
        assert_eq!(queue.take_line(100).bytes, b"");
        assert_eq!(queue.take_line(100).bytes, b"c\n");
    }

    #[test]
    fn an_exact_fit_takes_the_mark_along() {
        let mut queue = typed(b"ab\x04c\n");
        assert_eq!(queue.take_line(2).bytes, b"ab");
        assert_eq!(queue.take_line(2).bytes, b"c\n");
    }

    #[test]
    fn a_full_queue_still_ends_its_line() {
        let mut queue = InputQueue::new();
        while queue.push(b'x') {}
        queue.push_delimiter(b'\n');
        assert_eq!(queue.len(), INPUT_LIMIT);
        assert_eq!(queue.take_line(usize::MAX).bytes.len(), INPUT_LIMIT);
    }

    #[test]
    fn modes_keep_what_was_typed() {
        let mut queue = typed(b"one\ntwo\x04th");
        queue.change_mode(false);
        assert_eq!(queue.readable(false), 9);
        queue.change_mode(true);
        assert_eq!(queue.take_line(100).bytes, b"one\ntwoth");
    }

    #[test]
    fn what_was_not_delivered_comes_back() {
        let mut queue = typed(b"hello\nx\n");
        let taken = queue.take_line(100);
        queue.put_back(&taken, 2, true);
        assert_eq!(queue.take_line(100).bytes, b"llo\n");
        assert_eq!(queue.take_line(100).bytes, b"x\n");
    }
}
