//! Building fields: what is split, and where.

use super::Host;
use crate::pattern::Mark;
use alloc::vec;
use alloc::vec::Vec;

/// The fields of one word, while it is expanded.
pub(super) struct Fields {
    done: Vec<Vec<Mark>>,
    /// The field that is being built, if there is one: an empty one exists only where quotes were.
    current: Option<Vec<Mark>>,
    /// Bytes that separate fields; `None` where nothing is split.
    separators: Option<Vec<u8>>,
    /// The first separator: what `"$*"` puts between parameters.
    joint: Vec<u8>,
    /// In the word of `${x:-word}`, whose text is split as if it were a value.
    pub(super) inside_alternative: bool,
}

impl Fields {
    /// For arguments: split at `$IFS`.
    pub(super) fn new(host: &dyn Host) -> Fields {
        let separators = host.variable(b"IFS").unwrap_or_else(|| b" \t\n".to_vec());
        let joint = separators
            .first()
            .map(|&byte| vec![byte])
            .unwrap_or_default();
        Fields {
            done: Vec::new(),
            current: None,
            separators: Some(separators),
            joint,
            inside_alternative: false,
        }
    }

    /// For one string: nothing is split.
    pub(super) fn whole() -> Fields {
        Fields {
            done: Vec::new(),
            current: None,
            separators: None,
            joint: b" ".to_vec(),
            inside_alternative: false,
        }
    }

    /// What `"$*"` puts between parameters.
    pub(super) fn joint(&self) -> &[u8] {
        &self.joint
    }

    /// From here on there is a field, even if nothing follows.
    pub(super) fn present(&mut self) {
        self.current.get_or_insert_with(Vec::new);
    }

    /// Text of the word itself, which is never split.
    pub(super) fn literal(&mut self, text: &[u8], quoted: bool) {
        let field = self.current.get_or_insert_with(Vec::new);
        field.extend(text.iter().map(|&byte| Mark { byte, quoted }));
    }

    /// A value that was put in: split unless quoted.
    pub(super) fn value(&mut self, text: &[u8], quoted: bool) {
        let separators = match &self.separators {
            Some(separators) if !quoted => separators.clone(),
            _ => {
                if !text.is_empty() {
                    self.literal(text, quoted);
                }
                return;
            }
        };
        let blank = |byte: u8| separators.contains(&byte) && byte.is_ascii_whitespace();
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            if !separators.contains(&byte) {
                self.literal(&[byte], false);
                at += 1;
                continue;
            }
            // Blanks around one other separator are one end of a field together with it.
            let mut hard = false;
            while at < text.len() && (blank(text[at]) || (!hard && separators.contains(&text[at])))
            {
                hard |= !blank(text[at]);
                at += 1;
            }
            if hard {
                self.present();
            }
            self.end_field();
        }
    }

    /// Ends the field that is being built.
    pub(super) fn end_field(&mut self) {
        if self.separators.is_some() {
            self.done.extend(self.current.take());
        } else {
            self.literal(b" ", true);
        }
    }

    /// All fields.
    pub(super) fn finish(mut self) -> Vec<Vec<Mark>> {
        self.done.extend(self.current.take());
        self.done
    }
}
