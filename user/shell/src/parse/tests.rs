//! What parses, what does not, what needs more.

use super::*;
use crate::tree::{CommandKind, Connector, Part, Target};

fn parse(text: &str) -> ParseResult<List> {
    let mut parser = Parser::new(text.as_bytes(), &NoAliases);
    let mut all = List::default();
    while let Some(list) = parser.next_line()? {
        all.items.extend(list.items);
    }
    Ok(all)
}

fn simple(command: &crate::tree::Command) -> Vec<String> {
    let CommandKind::Simple { words, .. } = &command.kind else {
        panic!("not a simple command: {command:?}")
    };
    words
        .iter()
        .map(|word| String::from_utf8_lossy(word.plain().unwrap_or(b"?")).into())
        .collect()
}

#[test]
fn lists_and_pipelines() {
    let list = parse("a b | c && d || ! e & f; g\nh").unwrap();
    assert_eq!(list.items.len(), 4);
    let first = &list.items[0];
    assert!(first.background);
    assert_eq!(first.text, "a b | c && d || ! e");
    assert_eq!(first.chain.first.commands.len(), 2);
    assert_eq!(first.chain.first.text, "a b | c");
    assert_eq!(simple(&first.chain.first.commands[0]), ["a", "b"]);
    assert_eq!(first.chain.rest[0].0, Connector::And);
    assert_eq!(first.chain.rest[1].0, Connector::Or);
    assert!(first.chain.rest[1].1.negated);
    assert!(!list.items[1].background);
}

#[test]
fn redirections() {
    let list = parse("a <in >out 2>>err 2>&1 &>both 3<>x >&-").unwrap();
    let redirections = &list.items[0].chain.first.commands[0].redirections;
    let handles: Vec<u32> = redirections.iter().map(|one| one.handle).collect();
    assert_eq!(handles, [0, 1, 2, 2, 1, 2, 3, 1]);
    assert!(matches!(redirections[2].target, Target::Append(_)));
    assert!(matches!(redirections[3].target, Target::Duplicate(_)));
    assert!(matches!(redirections[6].target, Target::ReadWrite(_)));
    let list = parse("echo 2 >x a2>y").unwrap();
    assert_eq!(
        simple(&list.items[0].chain.first.commands[0]),
        ["echo", "2", "a2"]
    );
}

#[test]
fn here_documents() {
    let list = parse("cat <<E; b\none $x\n\ttwo\nE\nc <<-'Q'\n\t$y\n\tQ\n").unwrap();
    assert_eq!(list.items.len(), 3);
    let Target::Here(body) = &list.items[0].chain.first.commands[0].redirections[0].target else {
        panic!("not a here document")
    };
    let Some(Part::DoubleQuoted(parts)) = body.get().unwrap().parts.first() else {
        panic!("not quoted")
    };
    assert_eq!(parts[0], Part::Quoted(b"one ".to_vec()));
    assert_eq!(parts[2], Part::Quoted(b"\n\ttwo\n".to_vec()));
    let Target::Here(body) = &list.items[2].chain.first.commands[0].redirections[0].target else {
        panic!("not a here document")
    };
    assert_eq!(body.get().unwrap().parts, [Part::Quoted(b"$y\n".to_vec())]);
    assert_eq!(parse("cat <<E\nx\n").unwrap_err(), ParseError::Incomplete);
}

#[test]
fn compound_commands() {
    for text in [
        "if a; then b; elif c; then d; else e; fi >x",
        "if a\nthen\nb\nfi",
        "while a; do b; done | c",
        "until a; do b; done",
        "for i in a b $c; do echo $i; done",
        "for i\ndo echo; done",
        "case $x in a|b) c;; (d) ;; *) e\nesac",
        "case x in x) y;; esac",
        "f() { a; b; }",
        "function g { a; }",
        "f () ( a )",
        "{ a; } && (b; c) 2>&1",
        "a | while read x; do echo $x; done",
        "echo if then fi { }",
        "# only a comment",
        "a # comment",
        "a \\\n b",
        "echo a#b",
        "x=1 y=$(a | b) c",
        "x=1",
        ">file",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}

#[test]
fn incomplete_needs_more() {
    for text in [
        "if a; then",
        "while a",
        "for i in a; do",
        "case x in",
        "{ a;",
        "(a",
        "a |",
        "a &&",
        "echo 'x",
        "echo \"x",
        "echo $(a",
        "echo ${x",
        "echo ${x:-a",
        "echo $((1 +",
        "echo `a",
        "f() {",
        "f()",
        "a \\",
        "if a; then b; fi && {",
    ] {
        assert_eq!(parse(text).unwrap_err(), ParseError::Incomplete, "{text}");
    }
}

#[test]
fn nonsense_is_refused_with_a_sentence() {
    for text in [
        "|",
        "a | | b",
        "a && || b",
        ")",
        "a )",
        "fi",
        "then",
        "done",
        "if a; fi",
        "a ;; b",
        "& a",
        "; a",
        "for 1 in a; do b; done",
        "a <",
        "a > > b",
        "{ }",
        "()",
        "echo (a)",
        "${x!}",
        "esac",
        "while a; done",
        "echo ${}",
        "case x in a b) c;; esac",
    ] {
        match parse(text) {
            Err(ParseError::Syntax(_)) | Err(ParseError::Incomplete) => {}
            Ok(list) => panic!("{text} parsed as {list:?}"),
        }
    }
}

#[test]
fn aliases_replace_the_first_word() {
    struct Table;
    impl Aliases for Table {
        fn alias(&self, name: &[u8]) -> Option<Vec<u8>> {
            match name {
                b"ll" => Some(b"ls -l".to_vec()),
                b"ls" => Some(b"ls --color".to_vec()),
                b"loop" => Some(b"while true; do".to_vec()),
                _ => None,
            }
        }
    }
    let list = Parser::new(b"ll x; ls ll; loop a; done", &Table)
        .next_line()
        .unwrap()
        .unwrap();
    assert_eq!(
        simple(&list.items[0].chain.first.commands[0]),
        ["ls", "--color", "-l", "x"]
    );
    assert_eq!(
        simple(&list.items[1].chain.first.commands[0]),
        ["ls", "--color", "ll"]
    );
    assert!(matches!(
        list.items[2].chain.first.commands[0].kind,
        CommandKind::Loop { .. }
    ));
}

#[test]
fn garbage_neither_panics_nor_hangs() {
    let alphabet: &[u8] = b"ab $(){}[]<>|&;'\"`\\\n=#~!*?-if then fi do done case esac in 12";
    let mut state = 1u64;
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..24 {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            text.push(alphabet[(state >> 33) as usize % alphabet.len()]);
        }
        let _ = parse(&String::from_utf8_lossy(&text));
    }
    for deep in ["(", "{ ", "$(", "\"$(", "if ", "${x:-", "`"] {
        let _ = parse(&deep.repeat(5000));
    }
}
