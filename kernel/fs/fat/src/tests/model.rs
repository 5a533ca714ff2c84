//! Long random sequences against a model, judged by fsck.fat.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Error;
use mem::transfer::{Sink, Source};
use object::File;
use vfs::{FileSystem, FsContext};

use super::kit::*;
use crate::Fat;

/// The bytes of files by path, in small letters; directories have none.
type Model = BTreeMap<String, Option<Vec<u8>>>;

fn parent(path: &str) -> &str {
    &path[..path.rfind('/').unwrap_or(0)]
}

fn below<'a>(model: &'a Model, directory: &'a str) -> impl Iterator<Item = &'a String> {
    model
        .keys()
        .filter(move |path| !path.is_empty() && parent(path) == directory)
}

fn compare(context: &FsContext, model: &Model) {
    for (path, bytes) in model {
        match bytes {
            Some(bytes) => assert!(context.get(path).as_ref() == Ok(bytes), "{path}"),
            None => {
                let here = if path.is_empty() { "/" } else { path.as_str() };
                let mut names: Vec<String> = context.names(here).unwrap();
                names.retain(|name| name != "." && name != "..");
                let mut names: Vec<String> = names
                    .iter()
                    .map(|name| format!("{path}/{}", name.to_lowercase()))
                    .collect();
                names.sort();
                let expected: Vec<String> = below(model, path).cloned().collect();
                assert_eq!(names, expected, "{path}");
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

/// Another spelling of a path.
fn spelled(random: &mut Random, path: &str) -> String {
    match random.below(3) {
        0 => path.to_uppercase(),
        1 => path.replace('n', "N"),
        _ => path.into(),
    }
}

fn step(random: &mut Random, context: &FsContext, fat: &Fat, model: &mut Model) {
    let directory = some(random, model, true).unwrap_or_default();
    let length = [3, 8, 30, 150][random.below(4)];
    let fresh = format!(
        "{directory}/{}{}",
        "n".repeat(random.below(length)),
        random.below(40)
    );
    let asked = spelled(random, &fresh);
    match random.below(16) {
        0..4 => {
            let file = match context.touch(&asked) {
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
            let data = random.below(30_000) + 1;
            let data = random.bytes(data);
            match file.write_at(offset as u64, &mut Source::kernel(&data)) {
                Ok(done) => {
                    bytes.resize(bytes.len().max(offset + done), 0);
                    bytes[offset..offset + done].copy_from_slice(&data[..done]);
                }
                Err(error) => assert_eq!(error, Error::NoSpace),
            }
        }
        4 => {
            let Some(path) = some(random, model, false) else {
                return;
            };
            let length = random.below(80_000);
            let bytes = model.get_mut(&path).unwrap().as_mut().unwrap();
            match context.touch(&path).unwrap().truncate(length as u64) {
                Ok(()) => bytes.resize(length, 0),
                Err(error) => assert!(error == Error::NoSpace && length > bytes.len()),
            }
        }
        5 => {
            if context.make_directory(&asked).is_ok() {
                assert!(model.insert(fresh, None).is_none());
            }
        }
        6..9 => {
            let Some(path) = some(random, model, false) else {
                return;
            };
            context.remove(&spelled(random, &path)).unwrap();
            model.remove(&path);
        }
        9 => {
            if !directory.is_empty() {
                let empty = below(model, &directory).next().is_none();
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
            if context.move_to(&spelled(random, &old), &asked).is_ok() {
                let bytes = model.remove(&old).unwrap();
                model.insert(fresh, bytes);
            }
        }
        12 => {
            let Some(to) = some(random, model, true) else {
                return;
            };
            let new = format!("{to}/moved{}", random.below(5));
            if directory.is_empty()
                || new == directory
                || context.move_to(&directory, &new).is_err()
            {
                return;
            }
            model.remove(&new);
            let inside = format!("{directory}/");
            let moved: Vec<String> = model
                .keys()
                .filter(|path| **path == directory || path.starts_with(&inside))
                .cloned()
                .collect();
            for path in moved {
                let bytes = model.remove(&path).unwrap();
                model.insert(format!("{new}{}", &path[directory.len()..]), bytes);
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
        14 => fat.sync().unwrap(),
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

fn run(seed: u64, kibibytes: u64, arguments: &'static [&'static str], steps: usize) {
    let image = make_image(kibibytes, arguments);
    on_machine(move || {
        let disk = disk(image);
        let mut random = Random::new(seed);
        let mut model = Model::from([(String::new(), None)]);
        for _ in 0..3 {
            let fat: Arc<Fat> = mount(&disk);
            let context = context(&fat);
            compare(&context, &model);
            for _ in 0..steps {
                step(&mut random, &context, &fat, &mut model);
            }
            compare(&context, &model);
            drop(context);
            fat.unmount().unwrap();
            drop(fat);
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
        for (arguments, kibibytes) in KINDS {
            run(seed, kibibytes, arguments, 250);
        }
    }
}
