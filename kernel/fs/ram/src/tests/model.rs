//! The simplest file tree that can be right: what the real one is compared with.
//!
//! A vector of nodes, no cache, no locks, no mounts; the walk is a recursive function.

use std::collections::BTreeMap;

use base::{Error, Result};
use vfs::RenameFlags;

type Id = usize;

pub(super) const ROOT: Id = 0;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    File,
    Directory {
        parent: Id,
        entries: BTreeMap<String, Id>,
    },
    Link(String),
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    nodes: Vec<Node>,
}

/// The last component of a path: a name, or why it is none.
enum Last {
    Name(String),
    Current,
    Parent,
    Root,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::Directory {
                parent: ROOT,
                entries: BTreeMap::new(),
            }],
        }
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn entries(&self, id: Id) -> Result<&BTreeMap<String, Id>> {
        match &self.nodes[id] {
            Node::Directory { entries, .. } => Ok(entries),
            _ => Err(Error::NotDirectory),
        }
    }

    fn entries_mut(&mut self, id: Id) -> &mut BTreeMap<String, Id> {
        match &mut self.nodes[id] {
            Node::Directory { entries, .. } => entries,
            _ => unreachable!("the parent of a name is a directory"),
        }
    }

    fn parent_of(&self, id: Id) -> Id {
        match self.nodes[id] {
            Node::Directory { parent, .. } => parent,
            _ => unreachable!("only directories are asked"),
        }
    }

    fn is_directory(&self, id: Id) -> bool {
        matches!(self.nodes[id], Node::Directory { .. })
    }

    pub(super) fn resolve(&self, path: &str, follow: bool) -> Result<Id> {
        self.walk(ROOT, path, follow, &mut 0)
    }

    fn walk(&self, start: Id, path: &str, follow: bool, links: &mut usize) -> Result<Id> {
        if path.is_empty() {
            return Err(Error::NotFound);
        }
        let (directory, last, slash) = self.walk_parent(start, path, links)?;
        let found = match last {
            Last::Root | Last::Current => directory,
            Last::Parent => self.parent_of(directory),
            Last::Name(name) => {
                let found = *self.entries(directory)?.get(&name).ok_or(Error::NotFound)?;
                match &self.nodes[found] {
                    Node::Link(body) if follow || slash => {
                        *links += 1;
                        if *links > 40 {
                            return Err(Error::SymlinkLoop);
                        }
                        self.walk(directory, body, true, links)?
                    }
                    _ => found,
                }
            }
        };
        if slash && !self.is_directory(found) {
            return Err(Error::NotDirectory);
        }
        Ok(found)
    }

    /// The directory of the last component, the component, and whether a slash follows.
    fn walk_parent(&self, start: Id, path: &str, links: &mut usize) -> Result<(Id, Last, bool)> {
        let mut at = if path.starts_with('/') { ROOT } else { start };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let slash = path.ends_with('/');
        let Some((last, before)) = parts.split_last() else {
            return Ok((at, Last::Root, true));
        };
        for part in before {
            at = self.walk(at, &format!("{part}/"), true, links)?;
        }
        self.entries(at)?;
        let last = match *last {
            "." => Last::Current,
            ".." => Last::Parent,
            name => Last::Name(name.into()),
        };
        Ok((at, last, slash))
    }

    fn parent(&self, path: &str) -> Result<(Id, Last, bool)> {
        if path.is_empty() {
            return Err(Error::NotFound);
        }
        self.walk_parent(ROOT, path, &mut 0)
    }

    fn enter(&mut self, directory: Id, name: String, node: Node) {
        self.nodes.push(node);
        let id = self.nodes.len() - 1;
        self.entries_mut(directory).insert(name, id);
    }

    fn make(
        &mut self,
        path: &str,
        slash_allowed: bool,
        node: impl FnOnce(Id) -> Node,
    ) -> Result<()> {
        let (directory, last, slash) = self.parent(path)?;
        let Last::Name(name) = last else {
            return Err(Error::Exists);
        };
        if self.entries(directory)?.contains_key(&name) {
            return Err(Error::Exists);
        }
        if slash && !slash_allowed {
            return Err(Error::NotFound);
        }
        self.enter(directory, name, node(directory));
        Ok(())
    }

    pub(super) fn mkdir(&mut self, path: &str) -> Result<()> {
        self.make(path, true, |parent| Node::Directory {
            parent,
            entries: BTreeMap::new(),
        })
    }

    pub(super) fn symlink(&mut self, target: &str, path: &str) -> Result<()> {
        if target.is_empty() {
            return Err(Error::NotFound);
        }
        self.make(path, false, |_| Node::Link(target.into()))
    }

    /// open(O_CREAT|O_WRONLY), or with O_EXCL.
    pub(super) fn create(&mut self, path: &str, exclusive: bool) -> Result<()> {
        let mut links = 0;
        let mut start = ROOT;
        let mut path = path.to_owned();
        if path.is_empty() {
            return Err(Error::NotFound);
        }
        loop {
            let (directory, last, slash) = self.walk_parent(start, &path, &mut links)?;
            let Last::Name(name) = last else {
                return Err(Error::IsDirectory);
            };
            if slash {
                return Err(Error::IsDirectory);
            }
            let Some(&found) = self.entries(directory)?.get(&name) else {
                self.enter(directory, name, Node::File);
                return Ok(());
            };
            if exclusive {
                return Err(Error::Exists);
            }
            match &self.nodes[found] {
                Node::File => return Ok(()),
                Node::Directory { .. } => return Err(Error::IsDirectory),
                Node::Link(body) => {
                    links += 1;
                    if links > 40 {
                        return Err(Error::SymlinkLoop);
                    }
                    start = directory;
                    path = body.clone();
                }
            }
        }
    }

    pub(super) fn link(&mut self, old: &str, new: &str) -> Result<()> {
        let target = self.resolve(old, false)?;
        let (directory, last, slash) = self.parent(new)?;
        let Last::Name(name) = last else {
            return Err(Error::Exists);
        };
        if self.entries(directory)?.contains_key(&name) {
            return Err(Error::Exists);
        }
        if slash {
            return Err(Error::NotFound);
        }
        if self.is_directory(target) {
            return Err(Error::NotPermitted);
        }
        self.entries_mut(directory).insert(name, target);
        Ok(())
    }

    pub(super) fn unlink(&mut self, path: &str) -> Result<()> {
        let (directory, last, slash) = self.parent(path)?;
        let Last::Name(name) = last else {
            return Err(Error::IsDirectory);
        };
        let found = *self.entries(directory)?.get(&name).ok_or(Error::NotFound)?;
        if self.is_directory(found) {
            return Err(Error::IsDirectory);
        }
        if slash {
            return Err(Error::NotDirectory);
        }
        self.entries_mut(directory).remove(&name);
        Ok(())
    }

    pub(super) fn rmdir(&mut self, path: &str) -> Result<()> {
        let (directory, last, _) = self.parent(path)?;
        let name = match last {
            Last::Name(name) => name,
            Last::Current => return Err(Error::InvalidArgument),
            Last::Parent => return Err(Error::NotEmpty),
            Last::Root => return Err(Error::Busy),
        };
        let found = *self.entries(directory)?.get(&name).ok_or(Error::NotFound)?;
        if !self.entries(found)?.is_empty() {
            return Err(Error::NotEmpty);
        }
        self.entries_mut(directory).remove(&name);
        Ok(())
    }

    fn is_below_or_same(&self, mut at: Id, other: Id) -> bool {
        loop {
            if at == other {
                return true;
            }
            if at == ROOT {
                return false;
            }
            at = self.parent_of(at);
        }
    }

    pub(super) fn rename(&mut self, old: &str, new: &str, flags: RenameFlags) -> Result<()> {
        let keep = flags.contains(RenameFlags::NO_REPLACE);
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        let (from, old_last, old_slash) = self.parent(old)?;
        let (to, new_last, new_slash) = self.parent(new)?;
        let Last::Name(old_name) = old_last else {
            return Err(Error::Busy);
        };
        let Last::Name(new_name) = new_last else {
            return Err(if keep { Error::Exists } else { Error::Busy });
        };
        let source = *self.entries(from)?.get(&old_name).ok_or(Error::NotFound)?;
        let target = self.entries(to)?.get(&new_name).copied();
        if target.is_some() && keep {
            return Err(Error::Exists);
        }
        if target.is_none() && exchange {
            return Err(Error::NotFound);
        }
        let source_directory = self.is_directory(source);
        let target_directory = target.map(|target| self.is_directory(target));
        if exchange && new_slash && target_directory == Some(false) {
            return Err(Error::NotDirectory);
        }
        if !source_directory && (old_slash || (new_slash && !exchange)) {
            return Err(Error::NotDirectory);
        }
        if from != to {
            if source_directory && self.is_below_or_same(to, source) {
                return Err(Error::InvalidArgument);
            }
            if let Some(target) = target
                && self.is_directory(target)
                && self.is_below_or_same(from, target)
            {
                return Err(if exchange {
                    Error::InvalidArgument
                } else {
                    Error::NotEmpty
                });
            }
        }
        if target == Some(source) {
            return Ok(());
        }
        if let Some(target) = target.filter(|_| !exchange) {
            match (source_directory, self.is_directory(target)) {
                (true, false) => return Err(Error::NotDirectory),
                (false, true) => return Err(Error::IsDirectory),
                (true, true) if !self.entries(target)?.is_empty() => return Err(Error::NotEmpty),
                _ => {}
            }
        }
        match target.filter(|_| exchange) {
            Some(target) => {
                self.entries_mut(from).insert(old_name, target);
                self.move_into(target, from);
            }
            None => {
                self.entries_mut(from).remove(&old_name);
            }
        }
        self.entries_mut(to).insert(new_name, source);
        self.move_into(source, to);
        Ok(())
    }

    fn move_into(&mut self, id: Id, directory: Id) {
        if let Node::Directory { parent, .. } = &mut self.nodes[id] {
            *parent = directory;
        }
    }
}
