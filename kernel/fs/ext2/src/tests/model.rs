//! Long random sequences against a model, judged by e2fsck.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Error;
use mem::transfer::{Sink, Source};
use object::File;
use vfs::{FileSystem, FsContext};

use super::kit::*;
use crate::Ext2;

/// The bytes of files by path; directories have none.
type Model = BTreeMap<String, Option<Vec<u8>>>;

fn parent(path: &str) -> &str {
    &path[..path.rfind('/').unwrap_or(0)]
}

fn compare(context: &FsContext, model: &Model) {
    for (path, bytes) in model {
        match bytes {
            Some(bytes) => assert!(context.get(path).as_ref() == Ok(bytes), "{path}"),
            None => {
                let below = model
                    .keys()
                    .filter(|other| parent(other) == path && !other.is_empty());
                let extra = if path.is_empty() { 3 } else { 2 };
                let here = if path.is_empty() { "/" } else { path.as_str() };
                assert_eq!(
                    context.names(here).unwrap().len(),
                    below.count() + extra,
                    "{path}"
                );
            }
        }
    }
}

fn some(random: &mut Random, model: &Model, directory: bool) -> Option<String> {
    let fitting: Vec<&String> = model
        .iter()
        .filter(|(path, bytes)| bytes.is_none() == directory && (directory || !path.is_empty()))
        .map(|(path, _)| path)
        .collect();
    (!fitting.is_empty()).then(|| fitting[random.below(fitting.len())].clone())
}

fn step(random: &mut Random, context: &FsContext, ext2: &Ext2, model: &mut Model) {
    let directory = some(random, model, true).unwrap_or_default();
    let length = [3, 30, 150, 250][random.below(4)];
    let fresh = format!(
        "{directory}/{}{}",
        "n".repeat(random.below(length)),
        random.below(40)
    );
    match random.below(16) {
        0..4 => {
            let file = match context.touch(&fresh) {
                Ok(file) => file,
                Err(error) => {
                    assert!(
                        matches!(error, Error::NoSpace | Error::IsDirectory),
                        "{error}"
                    );
                    return;
                }
            };
            let bytes = model
                .entry(fresh)
                .or_insert(Some(Vec::new()))
                .as_mut()
                .unwrap();
            let offset = random.below(60_000);
            let data = random.below(30_000);
            let data = random.bytes(data);
            match file.write_at(offset as u64, &mut Source::kernel(&data)) {
                Ok(done) if done > 0 => {
                    bytes.resize(bytes.len().max(offset + done), 0);
                    bytes[offset..offset + done].copy_from_slice(&data[..done]);
                }
                Ok(_) => {}
                Err(error) => assert_eq!(error, Error::NoSpace),
            }
        }
        4 => {
            let Some(path) = some(random, model, false) else {
                return;
            };
            let length = random.below(80_000);
            context
                .touch(&path)
                .unwrap()
                .truncate(length as u64)
                .unwrap();
            model
                .get_mut(&path)
                .unwrap()
                .as_mut()
                .unwrap()
                .resize(length, 0);
        }
        5 => {
            let made = context.make_directory(&fresh);
            if made.is_ok() {
                assert!(model.insert(fresh, None).is_none());
            }
        }
        6..9 => {
            let Some(path) = some(random, model, false) else {
                return;
            };
            context.remove(&path).unwrap();
            model.remove(&path);
        }
        9 => {
            let empty = !model
                .keys()
                .any(|path| parent(path) == directory && !path.is_empty());
            if !directory.is_empty() {
                let removed = context.rmdir(None, directory.as_bytes());
                assert_eq!(removed.is_ok(), empty, "{directory}");
                if empty {
                    model.remove(&directory);
                }
            }
        }
        10..12 => {
            let Some(old) = some(random, model, false) else {
                return;
            };
            if context.move_to(&old, &fresh).is_ok() {
                let bytes = model.remove(&old).unwrap();
                model.insert(fresh, bytes);
            }
        }
        12 => {
            if directory.is_empty() {
                return;
            }
            let Some(to) = some(random, model, true) else {
                return;
            };
            let new = format!("{to}/moved{}", random.below(5));
            if context.move_to(&directory, &new).is_ok() && new != directory {
                let moved: Vec<String> = model
                    .keys()
                    .filter(|path| {
                        **path == directory || path.starts_with(&format!("{directory}/"))
                    })
                    .cloned()
                    .collect();
                model.remove(&new);
                for path in moved {
                    let bytes = model.remove(&path).unwrap();
                    model.insert(format!("{new}{}", &path[directory.len()..]), bytes);
                }
            }
        }
        13 => {
            let Some(path) = some(random, model, false) else {
                return;
            };
            let file = context.touch(&path).unwrap();
            let bytes = model[&path].as_ref().unwrap();
            let from = random.below(bytes.len() + 10);
            let mut read = vec![0; 5000];
            let done = file
                .read_at(from as u64, &mut Sink::kernel(&mut read))
                .unwrap();
            let end = (from + 5000).min(bytes.len());
            assert!(read[..done] == bytes[from.min(end)..end], "{path}");
        }
        14 => ext2.sync().unwrap(),
        _ => {
            let Some(path) = some(random, model, false) else {
                return;
            };
            context
                .touch(&path)
                .unwrap()
                .sync(random.below(2) == 0)
                .unwrap();
        }
    }
}

fn run(seed: u64, arguments: &'static [&'static str], steps: usize) {
    let image = make_image(2048, arguments);
    on_machine(move || {
        let disk = disk(image);
        let mut random = Random::new(seed);
        let mut model = Model::from([(String::new(), None)]);
        for _ in 0..3 {
            let ext2: Arc<Ext2> = mount(&disk);
            let context = context(&ext2);
            compare(&context, &model);
            for _ in 0..steps {
                step(&mut random, &context, &ext2, &mut model);
            }
            compare(&context, &model);
            drop(context);
            ext2.unmount().unwrap();
            drop(ext2);
            assert_clean(&disk.contents());
        }
    });
}

#[test]
fn a_long_life_leaves_what_the_model_says() {
    let rounds = std::env::var("SCARLET_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    for seed in 1..=rounds.unwrap_or(2) {
        run(seed, &["-b", "1024"], 150);
        run(seed, &["-b", "1024", "-g", "512", "-N", "128"], 150);
        run(seed, &["-b", "2048", "-O", "^filetype", "-I", "128"], 150);
        run(seed, &["-b", "4096"], 150);
    }
}
