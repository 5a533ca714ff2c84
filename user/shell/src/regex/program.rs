//! From tree to instructions.

use super::parse::{Set, Tree};
use alloc::string::String;
use alloc::vec::Vec;

/// What must hold at a place between characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    LineStart,
    LineEnd,
    WordEdge,
    NoWordEdge,
    WordStart,
    WordEnd,
}

/// One instruction; those without a target go on with the next.
pub(super) enum Instruction {
    Character(Set),
    Check(Condition),
    Jump(usize),
    Split(usize, usize),
    Match,
}

/// Instructions, beginning with the first.
pub(super) struct Program(pub(super) Vec<Instruction>);

/// Larger programs (`((a{99}){99}){99}`) are refused.
const MOST_INSTRUCTIONS: usize = 50_000;

pub(super) fn compile(tree: &Tree) -> Result<Program, String> {
    let mut program = Program(Vec::new());
    program.emit(tree)?;
    program.0.push(Instruction::Match);
    Ok(program)
}

impl Program {
    fn emit(&mut self, tree: &Tree) -> Result<(), String> {
        if self.0.len() > MOST_INSTRUCTIONS {
            return Err(String::from("the expression is too large"));
        }
        match tree {
            Tree::Empty => {}
            Tree::Character(set) => self.0.push(Instruction::Character(set.clone())),
            Tree::Check(condition) => self.0.push(Instruction::Check(*condition)),
            Tree::Sequence(trees) => {
                for tree in trees {
                    self.emit(tree)?;
                }
            }
            Tree::Choice(trees) => self.emit_choice(trees)?,
            Tree::Repeat { tree, least, most } => self.emit_repeat(tree, *least, *most)?,
        }
        Ok(())
    }

    fn emit_choice(&mut self, trees: &[Tree]) -> Result<(), String> {
        let mut jumps = Vec::new();
        for (number, tree) in trees.iter().enumerate() {
            if number + 1 == trees.len() {
                self.emit(tree)?;
                break;
            }
            let split = self.0.len();
            self.0.push(Instruction::Split(split + 1, 0));
            self.emit(tree)?;
            jumps.push(self.0.len());
            self.0.push(Instruction::Jump(0));
            self.0[split] = Instruction::Split(split + 1, self.0.len());
        }
        let end = self.0.len();
        for jump in jumps {
            self.0[jump] = Instruction::Jump(end);
        }
        Ok(())
    }

    fn emit_repeat(&mut self, tree: &Tree, least: u32, most: Option<u32>) -> Result<(), String> {
        for _ in 0..least {
            self.emit(tree)?;
        }
        let Some(most) = most else {
            let split = self.0.len();
            self.0.push(Instruction::Split(split + 1, 0));
            self.emit(tree)?;
            self.0.push(Instruction::Jump(split));
            self.0[split] = Instruction::Split(split + 1, self.0.len());
            return Ok(());
        };
        let mut splits = Vec::new();
        for _ in least..most {
            splits.push(self.0.len());
            self.0.push(Instruction::Jump(0));
            self.emit(tree)?;
        }
        let end = self.0.len();
        for split in splits {
            self.0[split] = Instruction::Split(split + 1, end);
        }
        Ok(())
    }
}
