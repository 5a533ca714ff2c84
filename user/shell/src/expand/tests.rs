//! Expansion in a small world.

use super::*;
use crate::parse::{NoAliases, Parser};
use crate::tree::CommandKind;
use alloc::collections::BTreeMap;
use alloc::vec;

struct World {
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    positional: Vec<Vec<u8>>,
}

impl Host for World {
    fn variable(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.variables.get(name).cloned()
    }
    fn set_variable(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), String> {
        self.variables.insert(name.to_vec(), value);
        Ok(())
    }
    fn positional(&self) -> &[Vec<u8>] {
        &self.positional
    }
    fn special(&self, name: u8) -> Vec<u8> {
        vec![b'<', name, b'>']
    }
    fn substitute(&mut self, list: &List) -> Result<Vec<u8>, String> {
        Ok(list.items[0].text.replace('_', " ").into_bytes())
    }
    fn names_in(&mut self, directory: &[u8]) -> Vec<Vec<u8>> {
        let names: &[&str] = match directory {
            b"." => &["b.rs", "a.rs", ".hidden", "dir", "x y"],
            b"dir/" | b"/dir/" => &["one", "two"],
            _ => &[],
        };
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }
    fn exists(&mut self, path: &[u8]) -> bool {
        matches!(path, b"dir" | b"dir/" | b"dir/one")
    }
    fn home_of(&self, user: &[u8]) -> Option<Vec<u8>> {
        match user {
            b"" => Some(b"/root".to_vec()),
            b"me" => Some(b"/home/me".to_vec()),
            _ => None,
        }
    }
}

fn world() -> World {
    let mut variables = BTreeMap::new();
    for (name, value) in [
        ("a", "one two"),
        ("e", ""),
        ("path", "/usr/lib/x.tar.gz"),
        ("star", "*.rs"),
        ("n", "5"),
    ] {
        variables.insert(name.as_bytes().to_vec(), value.as_bytes().to_vec());
    }
    let positional = ["sh", "p 1", "p2"]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    World {
        variables,
        positional,
    }
}

fn try_expand(text: &str) -> Result<Vec<String>, String> {
    let list = Parser::whole(text.as_bytes(), &NoAliases)
        .next_line()
        .unwrap()
        .unwrap();
    let CommandKind::Simple { words, .. } = &list.items[0].chain.first.commands[0].kind else {
        panic!("not a simple command")
    };
    let all = arguments(words, &mut world())?;
    Ok(all
        .into_iter()
        .map(|one| String::from_utf8(one).unwrap())
        .collect())
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(try_expand(text).unwrap(), expected, "{text}");
}

#[test]
fn splitting_and_quotes() {
    check("$a", &["one", "two"]);
    check("x$a'y'", &["xone", "twoy"]);
    check("\"$a\"", &["one two"]);
    check("'$a' \\$a", &["$a", "$a"]);
    check("$e \"$e\" ''", &["", ""]);
    check("a\"b c\"d", &["ab cd"]);
    check("$'a\\tb\\x41'", &["a\tbA"]);
}

#[test]
fn positional_parameters() {
    check("$1", &["p", "1"]);
    check("\"$@\"", &["p 1", "p2"]);
    check("x\"$@\"y", &["xp 1", "p2y"]);
    check("\"$*\"", &["p 1 p2"]);
    check("$# ${#1} ${10}", &["2", "3"]);
    check("$? $$", &["<?>", "<$>"]);
}

#[test]
fn parameter_operations() {
    check("${x:-d e} \"${x:-d e}\"", &["d", "e", "d e"]);
    check("${e-no} ${e:-yes}", &["yes"]);
    check("${n:+set} ${x:+set}", &["set"]);
    check("${x:=new} $x", &["new", "new"]);
    check(
        "${path##*/} ${path%.*} ${path%%.*} ${path#/*/}",
        &["x.tar.gz", "/usr/lib/x.tar", "/usr/lib/x", "lib/x.tar.gz"],
    );
    check("\"${x:-$a}\" ${x-'a b'}", &["one two", "a b"]);
    assert_eq!(
        try_expand("${x:?is missing}"),
        Err(String::from("x: is missing"))
    );
}

#[test]
fn substitution_and_arithmetic() {
    check("$(a_b) \"$(a_b)\" `c`", &["a", "b", "a b", "c"]);
    check("$((n * 2 + 1)) $(( $n-1 ))", &["11", "4"]);
    assert!(try_expand("$((1/0))").is_err());
}

#[test]
fn patterns_become_paths() {
    check("*.rs", &["a.rs", "b.rs"]);
    check("$star \"$star\" \\*.rs", &["a.rs", "b.rs", "*.rs", "*.rs"]);
    check("dir/* d*/one", &["dir/one", "dir/two", "dir/one"]);
    check("no*thing .h*", &["no*thing", ".hidden"]);
    check("[ab].rs ?.rs", &["a.rs", "b.rs", "a.rs", "b.rs"]);
}

#[test]
fn tilde_and_braces() {
    check(
        "~ ~/x ~me/y '~' a~ ~nobody",
        &["/root", "/root/x", "/home/me/y", "~", "a~", "~nobody"],
    );
    check(
        "x{a,b}y {1..3} {c..a} {x} a{}b {a,{b,c}}",
        &[
            "xay", "xby", "1", "2", "3", "c", "b", "a", "{x}", "a{}b", "a", "b", "c",
        ],
    );
}

#[test]
fn other_separators() {
    let mut world = world();
    world.variables.insert(b"IFS".to_vec(), b":".to_vec());
    world.variables.insert(b"p".to_vec(), b"a::b:".to_vec());
    let list = Parser::whole(b"$p", &NoAliases)
        .next_line()
        .unwrap()
        .unwrap();
    let CommandKind::Simple { words, .. } = &list.items[0].chain.first.commands[0].kind else {
        panic!("not a simple command")
    };
    assert_eq!(
        arguments(words, &mut world).unwrap(),
        [b"a".to_vec(), b"".to_vec(), b"b".to_vec()]
    );
}
