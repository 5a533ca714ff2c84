//! Integer expressions of `$((…))`: the operators of C without side effects but `=` and its relatives.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Where names get and put their values.
pub trait Variables {
    /// A variable's value.
    fn get(&self, name: &[u8]) -> Option<Vec<u8>>;
    /// Sets a variable.
    fn set(&mut self, name: &[u8], value: i64);
}

/// The value of an expression.
pub fn evaluate(text: &[u8], variables: &mut dyn Variables) -> Result<i64, String> {
    let mut evaluator = Evaluator {
        text,
        position: 0,
        variables,
        depth: 0,
        idle: false,
    };
    if evaluator.peek().is_none() {
        return Ok(0);
    }
    let value = evaluator.assignment()?;
    if evaluator.peek().is_some() {
        return evaluator.unexpected();
    }
    Ok(value)
}

/// Binary operators from the loosest to the tightest, longer spellings first.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

struct Evaluator<'a> {
    text: &'a [u8],
    position: usize,
    variables: &'a mut dyn Variables,
    depth: usize,
    /// In a branch that does not count: nothing is assigned and nothing divided.
    idle: bool,
}

impl Evaluator<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self
            .text
            .get(self.position)
            .is_some_and(u8::is_ascii_whitespace)
        {
            self.position += 1;
        }
        self.text.get(self.position).copied()
    }

    fn unexpected<T>(&self) -> Result<T, String> {
        let rest = String::from_utf8_lossy(&self.text[self.position.min(self.text.len())..]);
        Err(if rest.is_empty() {
            String::from("arithmetic: the expression ends too early")
        } else {
            format!("arithmetic: unexpected '{rest}'")
        })
    }

    /// Takes an operator, unless it is the beginning of a longer one.
    fn accept(&mut self, operator: &str) -> bool {
        self.peek();
        let rest = &self.text[self.position..];
        if !rest.starts_with(operator.as_bytes()) {
            return false;
        }
        let next = rest.get(operator.len()).copied();
        let longer = match operator {
            "|" | "&" => next == Some(operator.as_bytes()[0]) || next == Some(b'='),
            "<" | ">" => next == Some(operator.as_bytes()[0]),
            "=" => next == Some(b'='),
            "!" => next == Some(b'='),
            "+" | "-" | "*" | "/" | "%" | "^" | "<<" | ">>" => next == Some(b'='),
            _ => false,
        };
        if longer {
            return false;
        }
        self.position += operator.len();
        true
    }

    fn name(&mut self) -> Option<Vec<u8>> {
        let first = self.peek()?;
        if first != b'_' && !first.is_ascii_alphabetic() {
            return None;
        }
        let rest = &self.text[self.position..];
        let length = rest
            .iter()
            .position(|&byte| byte != b'_' && !byte.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        self.position += length;
        Some(rest[..length].to_vec())
    }

    fn assignment(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(String::from("arithmetic: nested too deeply"));
        }
        let start = self.position;
        if let Some(name) = self.name() {
            for operator in [
                "=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^=",
            ] {
                if self.accept(operator) {
                    let right = self.assignment()?;
                    let operator = &operator[..operator.len() - 1];
                    let value = if operator.is_empty() {
                        right
                    } else {
                        let left = self.value_of(&name)?;
                        self.apply(operator, left, right)?
                    };
                    if !self.idle {
                        self.variables.set(&name, value);
                    }
                    self.depth -= 1;
                    return Ok(value);
                }
            }
        }
        self.position = start;
        let value = self.conditional()?;
        self.depth -= 1;
        Ok(value)
    }

    fn conditional(&mut self) -> Result<i64, String> {
        let condition = self.binary(0)?;
        if !self.accept("?") {
            return Ok(condition);
        }
        let yes = self.branch(condition != 0, Self::assignment)?;
        if !self.accept(":") {
            return self.unexpected();
        }
        let no = self.branch(condition == 0, Self::assignment)?;
        Ok(if condition != 0 { yes } else { no })
    }

    /// Evaluates something that may not count.
    fn branch(
        &mut self,
        counts: bool,
        evaluate: impl FnOnce(&mut Self) -> Result<i64, String>,
    ) -> Result<i64, String> {
        let before = self.idle;
        self.idle |= !counts;
        let value = evaluate(self);
        self.idle = before;
        value
    }

    fn binary(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        'next: loop {
            for operator in *operators {
                if self.accept(operator) {
                    let counts = match *operator {
                        "||" => left == 0,
                        "&&" => left != 0,
                        _ => true,
                    };
                    let right = self.branch(counts, |this| this.binary(level + 1))?;
                    left = self.apply(operator, left, right)?;
                    continue 'next;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(String::from("arithmetic: nested too deeply"));
        }
        let value = if self.accept("!") {
            i64::from(self.unary()? == 0)
        } else if self.accept("~") {
            !self.unary()?
        } else if self.accept("-") {
            self.unary()?.wrapping_neg()
        } else if self.accept("+") {
            self.unary()?
        } else if self.accept("(") {
            let value = self.assignment()?;
            if !self.accept(")") {
                return self.unexpected();
            }
            value
        } else if let Some(name) = self.name() {
            self.value_of(&name)?
        } else {
            self.number()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn number(&mut self) -> Result<i64, String> {
        self.peek();
        let rest = &self.text[self.position..];
        let length = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        match parse_number(&rest[..length]) {
            Some(value) => {
                self.position += length;
                Ok(value)
            }
            None => self.unexpected(),
        }
    }

    fn value_of(&self, name: &[u8]) -> Result<i64, String> {
        let value = self.variables.get(name).unwrap_or_default();
        let text = value.trim_ascii();
        if text.is_empty() {
            return Ok(0);
        }
        let (negative, digits) = match text.strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        match parse_number(digits) {
            Some(number) => Ok(if negative {
                number.wrapping_neg()
            } else {
                number
            }),
            None => Err(format!(
                "arithmetic: the value of {} is not a number: '{}'",
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(text)
            )),
        }
    }

    fn apply(&self, operator: &str, left: i64, right: i64) -> Result<i64, String> {
        Ok(match operator {
            "||" => i64::from(left != 0 || right != 0),
            "&&" => i64::from(left != 0 && right != 0),
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<<" => left.wrapping_shl(right as u32),
            ">>" => left.wrapping_shr(right as u32),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            _ if self.idle => 0,
            _ if right == 0 => return Err(String::from("arithmetic: division by zero")),
            "/" => left.wrapping_div(right),
            _ => left.wrapping_rem(right),
        })
    }
}

/// A number as C writes it: decimal, `0x` hexadecimal, `0` octal.
fn parse_number(text: &[u8]) -> Option<i64> {
    let text = core::str::from_utf8(text).ok()?;
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(digits, 16)
            .ok()
            .map(|value| value as i64);
    }
    if text.len() > 1 && text.starts_with('0') {
        return i64::from_str_radix(text, 8).ok();
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    #[derive(Default)]
    struct Map(BTreeMap<Vec<u8>, Vec<u8>>);

    impl Variables for Map {
        fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
            self.0.get(name).cloned()
        }
        fn set(&mut self, name: &[u8], value: i64) {
            self.0
                .insert(name.to_vec(), format!("{value}").into_bytes());
        }
    }

    fn value(text: &str) -> i64 {
        evaluate(text.as_bytes(), &mut Map::default()).unwrap()
    }

    #[test]
    fn precedence() {
        assert_eq!(value("1 + 2 * 3"), 7);
        assert_eq!(value("(1 + 2) * 3"), 9);
        assert_eq!(value("10 - 4 - 3"), 3);
        assert_eq!(value("1 << 4 | 1"), 17);
        assert_eq!(value("2 > 1 && 3 >= 3"), 1);
        assert_eq!(value("!5 + -2"), -2);
        assert_eq!(value("1 ? 2 : 3"), 2);
        assert_eq!(value("0x1f + 010"), 39);
        assert_eq!(value(""), 0);
    }

    #[test]
    fn variables_and_assignment() {
        let mut map = Map::default();
        assert_eq!(evaluate(b"x = 4", &mut map), Ok(4));
        assert_eq!(evaluate(b"x += 3", &mut map), Ok(7));
        assert_eq!(evaluate(b"x % 4 == 3", &mut map), Ok(1));
        assert_eq!(evaluate(b"0 && (x = 9)", &mut map), Ok(0));
        assert_eq!(evaluate(b"x", &mut map), Ok(7));
    }

    #[test]
    fn errors_are_sentences() {
        for text in [
            "1 +",
            "1 / 0",
            "(1",
            "1 2",
            "$",
            "08",
            "99999999999999999999",
        ] {
            assert!(
                evaluate(text.as_bytes(), &mut Map::default()).is_err(),
                "{text}"
            );
        }
        assert_eq!(value("0 && 1 / 0"), 0);
        assert_eq!(value("9223372036854775807 + 1"), i64::MIN);
        let deep = alloc::vec![b'('; 10_000];
        assert!(evaluate(&deep, &mut Map::default()).is_err());
    }
}
