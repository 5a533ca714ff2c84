//! Access control lists: who gets what, and what chmod(2) and new files make of them.

use base::Error;
use vfs::{
    ACCESS_LIST, Credentials, DEFAULT_LIST, FsContext, OpenOptions, Path, Permission, ResolveFlags,
    SetExtended,
};

use super::kit::{Short, context, on_machine};

const FOLLOW: ResolveFlags = ResolveFlags::empty();

/// `user::uuu user:7:nnn group::ggg mask::mmm other::ooo`
fn list(user: u16, named: u16, group: u16, mask: u16, other: u16) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    let nobody = u32::MAX;
    for (tag, rights, number) in [
        (1_u16, user, nobody),
        (2, named, 7),
        (4, group, nobody),
        (16, mask, nobody),
        (32, other, nobody),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(u32::to_le_bytes(number));
    }
    bytes
}

fn at(context: &FsContext, path: &str) -> Path {
    context.resolve(None, path.as_bytes(), FOLLOW).unwrap()
}

fn user(context: &FsContext, uid: u32) -> FsContext {
    FsContext {
        credentials: Credentials::user(uid, uid),
        ..context.clone()
    }
}

fn set(context: &FsContext, path: &str, name: &[u8], value: &[u8]) -> base::Result<()> {
    context.set_extended_attribute(&at(context, path), name, value, SetExtended::empty())
}

fn may(context: &FsContext, path: &str, wanted: u32) -> bool {
    let wanted = Permission::from_bits(wanted).unwrap();
    context
        .access(None, path.as_bytes(), wanted, true, FOLLOW)
        .is_ok()
}

#[test]
fn a_named_user_gets_in_within_the_mask() {
    on_machine(|| {
        let root = context();
        root.make_directory("/private").unwrap();
        root.chmod(None, b"/private", 0o700, FOLLOW).unwrap();
        root.touch("/private/file").unwrap();
        let (seven, eight) = (user(&root, 7), user(&root, 8));
        assert!(!may(&seven, "/private", 1));
        set(&root, "/private", ACCESS_LIST, &list(7, 5, 0, 5, 0)).unwrap();
        assert_eq!(root.status("/private").unwrap().mode, 0o750);
        assert!(may(&seven, "/private", 5) && !may(&seven, "/private", 2));
        assert!(!may(&eight, "/private", 1));
        assert!(seven.status("/private/file").is_ok());
        assert_eq!(eight.error("/private/file"), Some(Error::AccessDenied));
        // Taking the group's digit away takes the mask away.
        root.chmod(None, b"/private", 0o700, FOLLOW).unwrap();
        assert!(!may(&seven, "/private", 1));
        let kept = root.extended_attribute(&at(&root, "/private"), ACCESS_LIST);
        assert_eq!(kept.unwrap(), list(7, 5, 0, 0, 0));
    });
}

#[test]
fn only_the_owner_sets_lists() {
    on_machine(|| {
        let root = context();
        root.touch("/file").unwrap();
        let seven = user(&root, 7);
        let some = list(6, 6, 4, 6, 0);
        assert_eq!(
            set(&seven, "/file", ACCESS_LIST, &some),
            Err(Error::NotPermitted)
        );
        root.chown(None, b"/file", Some(7), None, FOLLOW).unwrap();
        set(&seven, "/file", ACCESS_LIST, &some).unwrap();
        assert_eq!(
            set(&seven, "/file", DEFAULT_LIST, &some),
            Err(Error::AccessDenied)
        );
        assert_eq!(
            set(&seven, "/file", ACCESS_LIST, b"nonsense"),
            Err(Error::Unsupported)
        );
        assert_eq!(
            root.list_extended_attributes(&at(&root, "/file")).unwrap(),
            b"system.posix_acl_access\0"
        );
        // An empty list takes it away, and the mode stays.
        set(&seven, "/file", ACCESS_LIST, &some[..4]).unwrap();
        assert_eq!(
            root.extended_attribute(&at(&root, "/file"), ACCESS_LIST),
            Err(Error::NoData)
        );
        assert_eq!(root.status("/file").unwrap().mode, 0o660);
    });
}

#[test]
fn new_files_take_the_default_list() {
    on_machine(|| {
        let mut root = context();
        root.umask = 0o077;
        root.make_directory("/team").unwrap();
        root.chmod(None, b"/team", 0o711, FOLLOW).unwrap();
        let default = list(7, 7, 5, 7, 0);
        set(&root, "/team", DEFAULT_LIST, &default).unwrap();
        let options = OpenOptions {
            create: true,
            write: true,
            mode: 0o664,
            ..Default::default()
        };
        root.open(b"/team/file", &options).unwrap();
        // The umask has no say; the mode asked for bounds the list.
        assert_eq!(root.status("/team/file").unwrap().mode, 0o660);
        let got = |path: &str, name| root.extended_attribute(&at(&root, path), name);
        assert_eq!(got("/team/file", ACCESS_LIST).unwrap(), list(6, 7, 5, 6, 0));
        root.mkdir(None, b"/team/below", 0o755).unwrap();
        assert_eq!(got("/team/below", DEFAULT_LIST).unwrap(), default);
        assert_eq!(
            got("/team/below", ACCESS_LIST).unwrap(),
            list(7, 7, 5, 5, 0)
        );
        assert!(may(&user(&root, 7), "/team/below", 5));
        root.make_link("file", "/team/link").unwrap();
        assert_eq!(
            root.extended_attribute(&at(&root, "/team"), ACCESS_LIST),
            Err(Error::NoData)
        );
    });
}
