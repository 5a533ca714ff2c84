//! Extended attributes: who may read and write them, and what they count for.

use base::Error;
use vfs::{
    Credentials, EXTENDED_VALUE_MAX, FileSystem, FsContext, Path, ResolveFlags, SetExtended, View,
};

use super::kit::{LIMITS, Short, context, on_machine};
use crate::{Limits, RamFs};

const ANY: SetExtended = SetExtended::empty();

fn at(context: &FsContext, path: &str) -> Path {
    context
        .resolve(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
        .unwrap()
}

fn user(context: &FsContext) -> FsContext {
    FsContext {
        credentials: Credentials::user(7, 7),
        ..context.clone()
    }
}

#[test]
fn values_come_back_and_go() {
    on_machine(|| {
        let root = context();
        root.touch("/file").unwrap();
        let file = at(&root, "/file");
        root.set_extended_attribute(&file, b"user.b", b"value", ANY)
            .unwrap();
        root.set_extended_attribute(&file, b"user.a", b"", ANY)
            .unwrap();
        root.set_extended_attribute(&file, b"trusted.t", &[0, 255], ANY)
            .unwrap();
        assert_eq!(root.extended_attribute(&file, b"user.b").unwrap(), b"value");
        assert_eq!(root.extended_attribute(&file, b"user.a").unwrap(), b"");
        let list = root.list_extended_attributes(&file).unwrap();
        assert_eq!(list, b"trusted.t\0user.a\0user.b\0");
        // For others the trusted ones are not there.
        let list = user(&root).list_extended_attributes(&file).unwrap();
        assert_eq!(list, b"user.a\0user.b\0");
        root.remove_extended_attribute(&file, b"user.b").unwrap();
        for error in [
            root.remove_extended_attribute(&file, b"user.b").err(),
            root.extended_attribute(&file, b"user.b").err(),
        ] {
            assert_eq!(error, Some(Error::NoData));
        }
    });
}

#[test]
fn creating_replacing_and_limits() {
    on_machine(|| {
        let root = context();
        root.touch("/file").unwrap();
        let file = at(&root, "/file");
        let set = |name: &[u8], value: &[u8], how| {
            root.set_extended_attribute(&file, name, value, how).err()
        };
        assert_eq!(
            set(b"user.a", b"1", SetExtended::REPLACE),
            Some(Error::NoData)
        );
        assert_eq!(set(b"user.a", b"1", SetExtended::CREATE), None);
        assert_eq!(
            set(b"user.a", b"2", SetExtended::CREATE),
            Some(Error::Exists)
        );
        assert_eq!(set(b"user.a", b"2", SetExtended::REPLACE), None);
        assert_eq!(set(b"user.b", &[7; EXTENDED_VALUE_MAX], ANY), None);
        let long = vec![7; EXTENDED_VALUE_MAX + 1];
        assert_eq!(set(b"user.b", &long, ANY), Some(Error::ArgumentListTooLong));
        assert_eq!(set(b"other.a", b"1", ANY), Some(Error::Unsupported));
        assert_eq!(set(b"system.a", b"1", ANY), Some(Error::Unsupported));
        assert_eq!(set(b"user.", b"1", ANY), Some(Error::InvalidArgument));
        let name = [b"user.".to_vec(), vec![b'n'; 251]].concat();
        assert_eq!(set(&name, b"1", ANY), Some(Error::OutOfRange));
        assert_eq!(set(&name[..255], b"1", ANY), None);
    });
}

#[test]
fn name_spaces_have_their_own_rules() {
    on_machine(|| {
        let root = context();
        root.touch("/file").unwrap();
        root.make_directory("/sticky").unwrap();
        root.chmod(None, b"/sticky", 0o1777, ResolveFlags::empty())
            .unwrap();
        root.make_link("file", "/link").unwrap();
        let user = user(&root);
        let (file, sticky, link) = (at(&root, "/file"), at(&root, "/sticky"), at(&root, "/link"));
        let set = |place: &Path, name: &[u8]| user.set_extended_attribute(place, name, b"1", ANY);
        // The file's mode is 0666.
        set(&file, b"user.a").unwrap();
        assert_eq!(set(&file, b"trusted.a"), Err(Error::NotPermitted));
        assert_eq!(set(&file, b"security.a"), Err(Error::NotPermitted));
        assert_eq!(set(&sticky, b"user.a"), Err(Error::NotPermitted));
        assert_eq!(
            root.set_extended_attribute(&link, b"user.a", b"1", ANY),
            Err(Error::NotPermitted)
        );
        root.set_extended_attribute(&link, b"trusted.a", b"1", ANY)
            .unwrap();
        root.set_extended_attribute(&file, b"security.a", b"1", ANY)
            .unwrap();
        root.set_extended_attribute(&file, b"trusted.a", b"1", ANY)
            .unwrap();
        assert_eq!(user.extended_attribute(&file, b"security.a").unwrap(), b"1");
        assert_eq!(
            user.extended_attribute(&file, b"trusted.a"),
            Err(Error::NoData)
        );
        root.chmod(None, b"/file", 0o640, ResolveFlags::empty())
            .unwrap();
        assert_eq!(set(&file, b"user.a"), Err(Error::AccessDenied));
        assert_eq!(
            user.extended_attribute(&file, b"user.a"),
            Err(Error::AccessDenied)
        );
        assert_eq!(
            user.remove_extended_attribute(&file, b"user.a"),
            Err(Error::AccessDenied)
        );
    });
}

#[test]
fn they_count_against_the_size() {
    on_machine(|| {
        let limits = Limits {
            pages: 20,
            ..LIMITS
        };
        let filesystem = RamFs::with("tmpfs", limits, 0o755).unwrap();
        let free = || filesystem.statistics().blocks_free;
        let shown: std::sync::Arc<dyn FileSystem> = filesystem.clone();
        let root = FsContext::new(View::new(&shown));
        root.touch("/file").unwrap();
        let file = at(&root, "/file");
        root.set_extended_attribute(&file, b"user.a", &[1; 60_000], ANY)
            .unwrap();
        assert_eq!(free(), 5);
        assert_eq!(
            root.set_extended_attribute(&file, b"user.b", &[1; 60_000], ANY),
            Err(Error::NoSpace)
        );
        root.set_extended_attribute(&file, b"user.a", b"", ANY)
            .unwrap();
        assert_eq!(free(), 19);
        root.set_extended_attribute(&file, b"user.b", &[1; 60_000], ANY)
            .unwrap();
        drop(file);
        root.unlink(None, b"/file").unwrap();
        assert_eq!(free(), 20);
    });
}
