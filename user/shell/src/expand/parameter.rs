//! `$name` and `${name…}`.

use super::{ExpandError, Fields, Host, expand_parts, pattern};
use crate::pattern::{Mark, match_prefix, match_suffix};
use crate::tree::{Alternative, Operation, Parameter};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A parameter's value: several for `$@` and `$*`.
enum Value {
    Unset,
    One(Vec<u8>),
    Many(Vec<Vec<u8>>),
}

impl Value {
    fn is_unset(&self, empty_is_unset: bool) -> bool {
        match self {
            Value::Unset => true,
            Value::One(value) => empty_is_unset && value.is_empty(),
            Value::Many(values) => {
                values.is_empty() || (empty_is_unset && values.iter().all(Vec::is_empty))
            }
        }
    }

    /// The same operation on each value.
    fn map(self, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Value {
        match self {
            Value::Unset => Value::Unset,
            Value::One(value) => Value::One(change(value)),
            Value::Many(values) => Value::Many(values.into_iter().map(change).collect()),
        }
    }
}

fn look_up(name: &[u8], host: &dyn Host) -> Value {
    match name {
        b"@" | b"*" => Value::Many(host.positional().iter().skip(1).cloned().collect()),
        b"#" => Value::One(format!("{}", host.positional().len().saturating_sub(1)).into_bytes()),
        [special @ (b'?' | b'$' | b'!' | b'-')] => Value::One(host.special(*special)),
        [first, ..] if first.is_ascii_digit() => {
            let number = core::str::from_utf8(name)
                .ok()
                .and_then(|text| text.parse::<usize>().ok());
            match number.and_then(|number| host.positional().get(number)) {
                Some(value) => Value::One(value.clone()),
                None => Value::Unset,
            }
        }
        _ => host.variable(name).map_or(Value::Unset, Value::One),
    }
}

pub(super) fn expand(
    parameter: &Parameter,
    quoted: bool,
    fields: &mut Fields,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let name = &parameter.name;
    let value = look_up(name, host);
    let value = match &parameter.operation {
        Operation::Value => demand_set(value, name, host)?,
        Operation::Length => {
            let length = match demand_set(value, name, host)? {
                Value::Unset => 0,
                Value::One(value) => String::from_utf8_lossy(&value).chars().count(),
                Value::Many(values) => values.len(),
            };
            Value::One(format!("{length}").into_bytes())
        }
        Operation::Default(other) => {
            if value.is_unset(other.empty_is_unset) {
                return alternative(other, quoted, fields, host);
            }
            value
        }
        Operation::Replace(other) => {
            if value.is_unset(other.empty_is_unset) {
                Value::Unset
            } else {
                return alternative(other, quoted, fields, host);
            }
        }
        Operation::Assign(other) => {
            if value.is_unset(other.empty_is_unset) {
                let text = super::single(&other.word, host)?;
                host.set_variable(name, text.clone())?;
                Value::One(text)
            } else {
                value
            }
        }
        Operation::Demand(other) => {
            if value.is_unset(other.empty_is_unset) {
                return Err(demand_message(name, other, host)?);
            }
            value
        }
        Operation::RemovePrefix {
            longest,
            pattern: word,
        } => {
            let marks = pattern(word, host)?;
            value.map(|mut text| {
                let length = match_prefix(&marks, &text, *longest).unwrap_or(0);
                text.split_off(length)
            })
        }
        Operation::Substitute {
            all,
            pattern: word,
            replacement,
        } => {
            let marks = pattern(word, host)?;
            let replacement = super::single(replacement, host)?;
            value.map(|text| substitute(&text, &marks, &replacement, *all))
        }
        Operation::Substring { offset, length } => {
            let offset = super::arithmetic_value(&offset.parts, host)?;
            let length = match length {
                Some(length) => Some(super::arithmetic_value(&length.parts, host)?),
                None => None,
            };
            value.map(|text| substring(&text, offset, length))
        }
        Operation::RemoveSuffix {
            longest,
            pattern: word,
        } => {
            let marks = pattern(word, host)?;
            value.map(|mut text| {
                let length = match_suffix(&marks, &text, *longest).unwrap_or(text.len());
                text.truncate(length);
                text
            })
        }
    };
    put(value, name, quoted, fields);
    Ok(())
}

/// The text with the longest matches replaced: the first, or all.
fn substitute(text: &[u8], pattern: &[Mark], replacement: &[u8], all: bool) -> Vec<u8> {
    let mut result = Vec::new();
    let mut at = 0;
    let mut done = false;
    while at < text.len() {
        let found = if done && !all {
            None
        } else {
            match_prefix(pattern, &text[at..], true)
        };
        match found {
            Some(length) if length > 0 => {
                result.extend_from_slice(replacement);
                at += length;
                done = true;
            }
            _ => {
                result.push(text[at]);
                at += 1;
            }
        }
    }
    result
}

/// Some characters of a text; a negative offset or length counts from the end.
fn substring(text: &[u8], offset: i64, length: Option<i64>) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let count = text.chars().count() as i64;
    let start = if offset < 0 {
        count.saturating_add(offset)
    } else {
        offset
    };
    if start < 0 {
        return Vec::new();
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => count.saturating_add(length),
        Some(length) => start.saturating_add(length),
    };
    let taken = usize::try_from(end - start).unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    text.chars()
        .skip(start)
        .take(taken)
        .collect::<String>()
        .into_bytes()
}

fn alternative(
    other: &Alternative,
    quoted: bool,
    fields: &mut Fields,
    host: &mut dyn Host,
) -> Result<(), ExpandError> {
    let before = core::mem::replace(&mut fields.inside_alternative, true);
    let outcome = expand_parts(&other.word.parts, quoted, fields, host);
    fields.inside_alternative = before;
    outcome
}

fn demand_set(value: Value, name: &[u8], host: &dyn Host) -> Result<Value, ExpandError> {
    match value {
        Value::Unset if host.unset_is_error() => {
            Err(format!("{}: not set", String::from_utf8_lossy(name)))
        }
        value => Ok(value),
    }
}

fn demand_message(
    name: &[u8],
    other: &Alternative,
    host: &mut dyn Host,
) -> Result<String, ExpandError> {
    let message = super::single(&other.word, host)?;
    let message = if message.is_empty() {
        b"not set".to_vec()
    } else {
        message
    };
    Ok(format!(
        "{}: {}",
        String::from_utf8_lossy(name),
        String::from_utf8_lossy(&message)
    ))
}

fn put(value: Value, name: &[u8], quoted: bool, fields: &mut Fields) {
    match value {
        Value::Unset => {}
        Value::One(value) => fields.value(&value, quoted),
        Value::Many(values) if quoted && name == b"*" => {
            let joint = fields.joint().to_vec();
            fields.value(&values.join(joint.as_slice()), true);
        }
        Value::Many(values) => {
            for (number, value) in values.iter().enumerate() {
                if number > 0 {
                    fields.end_field();
                }
                if quoted {
                    fields.present();
                }
                fields.value(value, quoted);
            }
        }
    }
}
