//! The inodes that are in memory, by what leads to them.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};

/// Live inodes by their keys: numbers, or places on the disk. It keeps none of them alive.
pub struct Living<K, N>(BTreeMap<K, Weak<N>>);

impl<K: Ord, N> Default for Living<K, N> {
    fn default() -> Self {
        Living(BTreeMap::new())
    }
}

impl<K: Ord, N> Living<K, N> {
    /// The inode with a key, if it is in memory.
    #[inline]
    pub fn find(&self, key: &K) -> Option<Arc<N>> {
        self.0.get(key).and_then(Weak::upgrade)
    }

    /// Makes an inode known.
    #[inline]
    pub fn enter(&mut self, key: K, node: &Arc<N>) {
        self.0.insert(key, Arc::downgrade(node));
    }

    /// Takes a key from an inode, if it is this one's.
    pub fn leave(&mut self, key: &K, node: &Arc<N>) {
        if self
            .0
            .get(key)
            .is_some_and(|present| present.as_ptr() == Arc::as_ptr(node))
        {
            self.0.remove(key);
        }
    }

    /// The last use of an inode with this key has ended; somebody else may have it already.
    #[inline]
    pub fn forget(&mut self, key: &K) {
        if self.0.get(key).is_some_and(|node| node.strong_count() == 0) {
            self.0.remove(key);
        }
    }
}
