//! Names: long and short, and in whatever case of letters.

use base::Error;
use vfs::FileSystem;

use super::kit::*;
use crate::Options;
use crate::format::fold::Charset;
use crate::format::short::Case;

#[test]
fn spellings_lead_to_one_file() {
    on_every_kind(
        |_, context| {
            context.put("/Long Name.Text", b"one").unwrap();
            context.make_directory("/Directory").unwrap();
            for spelling in [
                "/LONG NAME.TEXT",
                "/long name.text..",
                "/LONGNA~1.TEX",
                "/longna~1.tex",
            ] {
                assert_eq!(context.get(spelling).unwrap(), b"one", "{spelling}");
            }
            let inode = context.status("/Long Name.Text").unwrap().inode;
            assert_eq!(context.status("/LONGNA~1.TEX").unwrap().inode, inode);
            assert_eq!(
                context.make_directory("/LONG name.text"),
                Err(Error::Exists)
            );
            assert_eq!(context.make_directory("/longna~1.tex"), Err(Error::Exists));
            assert_eq!(context.make_directory("/DIRECTORY"), Err(Error::Exists));
            // The file that was known under one name is gone under all.
            context.put("/directory/File in it", b"x").unwrap();
            assert_eq!(context.get("/DIRECT~1/FILEIN~1").unwrap(), b"x");
            context.remove("/DiReCtOrY/FILEIN~1").unwrap();
            assert_eq!(
                context.error("/Directory/File in it"),
                Some(Error::NotFound)
            );
            context.put("/Directory/File in it", b"again").unwrap();
            assert_eq!(context.get("/DIRECTORY/filein~1").unwrap(), b"again");
            context.put("/other", b"other").unwrap();
            context.move_to("/OTHER", "/LONGNA~1.TEX").unwrap();
            assert_eq!(context.get("/long name.text").unwrap(), b"other");
        },
        |context| {
            assert_eq!(
                context.names("/").unwrap(),
                [".", "..", "Long Name.Text", "Directory"]
            );
            assert_eq!(
                context.names("/directory").unwrap(),
                [".", "..", "File in it"]
            );
            assert_eq!(context.get("/longna~1.tex").unwrap(), b"other");
        },
    );
}

#[test]
fn names_of_all_lengths_and_characters() {
    let names = || {
        let mut names: Vec<String> = (1..=255)
            .step_by(9)
            .map(|length| "n".repeat(length))
            .collect();
        names.extend(
            [
                "ünïcödé ¥€",
                "\u{1f600} smile",
                "dots.in.it",
                "a+b=c;d,[e]",
                ".hidden",
            ]
            .map(String::from),
        );
        names
    };
    on_every_kind(
        move |_, context| {
            context.make_directory("/d").unwrap();
            for name in names() {
                context.put(&format!("/d/{name}"), name.as_bytes()).unwrap();
            }
            let refused = |name: &str| context.put(&format!("/d/{name}"), b"").err();
            for name in ["a:b", "a*", "what?", "\"", "<", "a\\b", "tab\t", "space "] {
                assert_eq!(refused(name), Some(Error::InvalidArgument), "{name}");
            }
            assert_eq!(refused("..."), Some(Error::NotFound));
            let invalid = context.mkdir(None, b"/d/\xff", 0o777).err();
            assert_eq!(invalid, Some(Error::InvalidArgument));
        },
        move |context| {
            let mut found = context.names("/d").unwrap();
            found.sort();
            let mut expected = names();
            expected.extend([".", ".."].map(String::from));
            expected.sort();
            assert_eq!(found, expected);
            for name in names() {
                assert_eq!(context.get(&format!("/d/{name}")).unwrap(), name.as_bytes());
                context.remove(&format!("/d/{name}")).unwrap();
            }
        },
    );
}

#[test]
fn many_files_with_one_beginning() {
    on_every_kind(
        |_, context| {
            context.make_directory("/many").unwrap();
            for number in 0..60 {
                context
                    .put(&format!("/many/the same beginning {number}"), b"")
                    .unwrap();
            }
        },
        |context| {
            assert_eq!(context.names("/many").unwrap().len(), 62);
            assert_eq!(context.get("/many/THESAM~9").unwrap(), b"");
        },
    );
}

#[test]
fn without_long_names() {
    let image = make_image(1440, &["-F", "12"]);
    on_machine(move || {
        let disk = disk(image);
        let options = Options {
            long_names: false,
            ..Options::new()
        };
        let fat = mount_with(&disk, options);
        assert_eq!(fat.name(), "msdos");
        let context = context(&fat);
        context.put("/LongFileName.text", b"x").unwrap();
        assert_eq!(context.names("/").unwrap(), [".", "..", "longfile.tex"]);
        assert_eq!(context.get("/LONGFILE.TEXAS").unwrap(), b"x");
        assert_eq!(context.put("/.x", b"").err(), Some(Error::InvalidArgument));
        assert_eq!(context.make_directory("/longfilex.tex"), Err(Error::Exists));
        drop(context);
        fat.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn the_case_of_short_names_is_an_option() {
    let image = make_image(1440, &["-F", "12"]);
    on_machine(move || {
        let disk = disk(image);
        let with = |case, charset| Options {
            case,
            charset,
            ..Options::new()
        };
        let fat = mount_with(&disk, with(Case::WinNt, Charset::Utf8));
        let context = context(&fat);
        for name in ["/lower.txt", "/UPPER.TXT", "/Mixed.txt", "/\u{e4}"] {
            context.put(name, b"").unwrap();
        }
        drop(context);
        fat.unmount().unwrap();
        drop(fat);
        assert_clean(&disk.contents());
        for (case, first, second) in [
            (Case::Lower, "lower.txt", "upper.txt"),
            (Case::Win95, "LOWER.TXT", "UPPER.TXT"),
            (Case::Mixed, "lower.txt", "UPPER.TXT"),
        ] {
            let fat = mount_with(&disk, with(case, Charset::Utf8));
            let names = self::context(&fat).names("/").unwrap();
            assert_eq!(&names[2..], [first, second, "Mixed.txt", "\u{e4}"]);
            fat.unmount().unwrap();
        }
        let fat = mount_with(&disk, with(Case::Mixed, Charset::Latin1));
        let context = self::context(&fat);
        assert!(
            context
                .stat(None, b"/\xc4", vfs::ResolveFlags::empty())
                .is_ok()
        );
        drop(context);
        fat.unmount().unwrap();
    });
}

#[test]
fn the_name_of_the_volume_is_no_file() {
    let image = make_image(1440, &["-F", "12", "-n", "LABEL"]);
    on_machine(move || {
        let disk = disk(image);
        let fat = mount(&disk);
        let context = context(&fat);
        assert_eq!(context.names("/").unwrap(), [".", ".."]);
        context.put("/LABEL", b"a file").unwrap();
        assert_eq!(context.get("/label").unwrap(), b"a file");
        drop(context);
        fat.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}
