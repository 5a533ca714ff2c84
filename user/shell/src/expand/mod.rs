//! From words to arguments.
//!
//! In the order of the standard: tilde, parameters, command substitution and arithmetic; then field
//! splitting of what came out of those unquoted; then patterns. Each byte remembers whether it was
//! quoted, because quoted bytes are neither split nor patterns.

mod brace;
mod fields;
mod glob;
mod parameter;

#[cfg(test)]
mod tests;

use crate::arithmetic::{self, Variables};
use crate::pattern::Mark;
use crate::tree::{List, Part, Word};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use fields::Fields;

/// What expansion asks of the world.
pub trait Host {
    /// A variable's value.
    fn variable(&self, name: &[u8]) -> Option<Vec<u8>>;
    /// Sets a variable.
    fn set_variable(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), String>;
    /// `$0` and the positional parameters.
    fn positional(&self) -> &[Vec<u8>];
    /// The value of `$?`, `$$`, `$!` or `$-`.
    fn special(&self, name: u8) -> Vec<u8>;
    /// What a command prints, without the newlines at its end.
    fn substitute(&mut self, list: &List) -> Result<Vec<u8>, String>;
    /// The names in a directory, without `.` and `..`; none if it cannot be read.
    fn names_in(&mut self, directory: &[u8]) -> Vec<Vec<u8>>;
    /// Whether something is at a path.
    fn exists(&mut self, path: &[u8]) -> bool;
    /// A user's home directory; the caller's own for an empty name.
    fn home_of(&self, user: &[u8]) -> Option<Vec<u8>>;
    /// Whether a variable without a value is an error (`set -u`).
    fn unset_is_error(&self) -> bool {
        false
    }
    /// Whether patterns stay as they are (`set -f`).
    fn no_patterns(&self) -> bool {
        false
    }
}

/// Why a word has no value.
pub type ExpandError = String;

/// Expands words into arguments.
pub fn arguments(words: &[Word], host: &mut dyn Host) -> Result<Vec<Vec<u8>>, ExpandError> {
    let mut all = Vec::new();
    for word in words {
        for word in brace::expand(word) {
            let mut fields = Fields::new(host);
            expand_parts(&word.parts, false, &mut fields, host)?;
            for field in fields.finish() {
                all.extend(glob::expand(field, host));
            }
        }
    }
    Ok(all)
}

/// Expands a word into one string: no splitting, no patterns.
pub fn single(word: &Word, host: &mut dyn Host) -> Result<Vec<u8>, ExpandError> {
    Ok(pattern(word, host)?.iter().map(|mark| mark.byte).collect())
}

/// Expands a word into a pattern.
pub fn pattern(word: &Word, host: &mut dyn Host) -> Result<Vec<Mark>, ExpandError> {
    let mut fields = Fields::whole();
    expand_parts(&word.parts, false, &mut fields, host)?;
    Ok(fields.finish().into_iter().next().unwrap_or_default())
}

fn expand_parts(
    parts: &[Part],
    quoted: bool,
    fields: &mut Fields,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    for part in parts {
        match part {
            Part::Text(text) if fields.inside_alternative => fields.value(text, quoted),
            Part::Text(text) => fields.literal(text, quoted),
            Part::Quoted(text) => fields.literal(text, true),
            Part::DoubleQuoted(inner) => {
                // `"$@"` without parameters is no field at all, `""` is one.
                let only_at = matches!(inner.as_slice(), [Part::Parameter(parameter)]
                    if parameter.name == b"@");
                if !only_at {
                    fields.present();
                }
                expand_parts(inner, true, fields, host)?;
            }
            Part::Parameter(one) => parameter::expand(one, quoted, fields, host)?,
            Part::Substitution(list) => {
                let text = host.substitute(list)?;
                fields.value(&text, quoted);
            }
            Part::Arithmetic(inner) => {
                let value = arithmetic_value(inner, host)?;
                fields.value(format!("{value}").as_bytes(), quoted);
            }
            Part::Tilde(user) => match host.home_of(user) {
                Some(home) => fields.literal(&home, true),
                None => {
                    fields.literal(b"~", quoted);
                    fields.literal(user, quoted);
                }
            },
        }
    }
    Ok(())
}

fn arithmetic_value(parts: &[Part], host: &mut dyn Host) -> Result<i64, ExpandError> {
    let mut fields = Fields::whole();
    expand_parts(parts, true, &mut fields, host)?;
    let field = fields.finish().into_iter().next().unwrap_or_default();
    let text: Vec<u8> = field.iter().map(|mark| mark.byte).collect();
    let mut variables = HostVariables {
        host,
        failure: None,
    };
    let value = arithmetic::evaluate(&text, &mut variables);
    match variables.failure {
        Some(failure) => Err(failure),
        None => value,
    }
}

/// The host's variables, as arithmetic wants them.
struct HostVariables<'a> {
    host: &'a mut dyn Host,
    failure: Option<String>,
}

impl Variables for HostVariables<'_> {
    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.host.variable(name)
    }

    fn set(&mut self, name: &[u8], value: i64) {
        if let Err(failure) = self
            .host
            .set_variable(name, format!("{value}").into_bytes())
        {
            self.failure = Some(failure);
        }
    }
}
