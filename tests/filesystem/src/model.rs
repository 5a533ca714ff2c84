//! Long random lives of a file system against a model of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Error;
use device::block::MemoryDisk;
use mem::transfer::{Sink, Source};
use object::File;
use vfs::{FileSystem, FsContext};

use crate::{Mounting, Random, Short, context, on_machine};

/// What a life depends on.
#[derive(Clone, Copy)]
pub struct Life {
    /// How long names are, at the most.
    pub names: &'static [usize],
    /// The names that the root of an empty image has.
    pub present: &'static [&'static str],
    /// Another spelling of a path for the same file.
    pub spell: fn(&mut Random, &str) -> String,
    /// How the image is mounted; its end is [`FileSystem::finish`].
    pub mount: &'static Mounting,
    /// Fails the test if an image is not in order.
    pub judge: fn(&[u8]),
}

/// The only spelling there is.
pub fn spelled_so(_: &mut Random, path: &str) -> String {
    path.into()
}

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

fn some(random: &mut Random, model: &Model, directory: bool) -> Option<String> {
    let fitting: Vec<&String> = model
        .iter()
        .filter(|(path, bytes)| bytes.is_none() == directory && (directory || !path.is_empty()))
        .map(|(path, _)| path)
        .collect();
    (!fitting.is_empty()).then(|| fitting[random.below(fitting.len())].clone())
}

impl Life {
    /// Lives three times `steps` steps on an image, mounted anew and judged between them.
    ///
    /// # Panics
    /// If anything comes out otherwise than in the model.
    pub fn run(self, seed: u64, image: Vec<u8>, steps: usize) {
        on_machine(move || {
            let disk = MemoryDisk::new("test", 0, image);
            let mut random = Random::new(seed);
            let mut model = Model::from([(String::new(), None)]);
            for _ in 0..3 {
                let filesystem: Arc<dyn FileSystem> = (self.mount)(&disk);
                let context = context(&filesystem);
                self.compare(&context, &model);
                for _ in 0..steps {
                    self.step(&mut random, &context, &*filesystem, &mut model);
                }
                self.compare(&context, &model);
                drop(context);
                filesystem.finish().expect("the end of the mount");
                drop(filesystem);
                (self.judge)(&disk.contents());
            }
        });
    }

    fn compare(&self, context: &FsContext, model: &Model) {
        for (path, bytes) in model {
            let Some(bytes) = bytes else {
                let here = if path.is_empty() { "/" } else { path.as_str() };
                let mut names = context.names(here).expect("its names");
                names.retain(|name| name != "." && name != "..");
                if path.is_empty() {
                    names.retain(|name| !self.present.contains(&name.as_str()));
                }
                let mut names: Vec<String> = names
                    .iter()
                    .map(|name| format!("{path}/{}", name.to_lowercase()))
                    .collect();
                names.sort();
                let expected: Vec<String> = below(model, path).cloned().collect();
                assert_eq!(names, expected, "{path}");
                continue;
            };
            assert!(context.get(path).as_ref() == Ok(bytes), "{path}");
        }
    }

    fn step(
        &self,
        random: &mut Random,
        context: &FsContext,
        filesystem: &dyn FileSystem,
        model: &mut Model,
    ) {
        let directory = some(random, model, true).unwrap_or_default();
        let length = self.names[random.below(self.names.len())];
        let fresh = format!(
            "{directory}/{}{}",
            "n".repeat(random.below(length)),
            random.below(40)
        );
        let asked = (self.spell)(random, &fresh);
        let file = some(random, model, false);
        match (random.below(16), file) {
            (0..4, _) => write(random, context, model, &asked, fresh),
            (4, Some(path)) => {
                let length = random.below(80_000);
                let bytes = contents(model, &path);
                match context
                    .touch(&path)
                    .expect("it is there")
                    .truncate(length as u64)
                {
                    Ok(()) => bytes.resize(length, 0),
                    Err(error) => assert!(error == Error::NoSpace && length > bytes.len()),
                }
            }
            (5, _) if context.make_directory(&asked).is_ok() => {
                assert!(model.insert(fresh, None).is_none());
            }
            (6..9, Some(path)) => {
                let removed = context.remove(&(self.spell)(random, &path));
                assert_eq!(removed, Ok(()), "{path}");
                model.remove(&path);
            }
            (9, _) if !directory.is_empty() => {
                let empty = below(model, &directory).next().is_none();
                let removed = context.rmdir(None, directory.as_bytes());
                assert_eq!(removed.is_ok(), empty, "{directory}");
                if empty {
                    model.remove(&directory);
                }
            }
            (10..12, Some(old)) => {
                let from = (self.spell)(random, &old);
                if context.move_to(&from, &asked).is_ok()
                    && let Some(bytes) = model.remove(&old)
                {
                    model.insert(fresh, bytes);
                }
            }
            (12, _) => move_directory(random, context, model, &directory),
            (13, Some(path)) => {
                let file = context.touch(&path).expect("it is there");
                let bytes = contents(model, &path);
                let from = random.below(bytes.len() + 10);
                let mut read = vec![0; 5000];
                let done = file.read_at(from as u64, &mut Sink::kernel(&mut read));
                let end = (from + 5000).min(bytes.len());
                let expected = &bytes[from.min(end)..end];
                assert!(
                    done == Ok(expected.len()) && read.starts_with(expected),
                    "{path}"
                );
            }
            (14, _) => filesystem.sync().expect("it is written"),
            (15, Some(path)) => {
                let file = context.touch(&path).expect("it is there");
                file.sync(random.below(2) == 0).expect("it is written");
            }
            _ => {}
        }
    }
}

fn contents<'a>(model: &'a mut Model, path: &str) -> &'a mut Vec<u8> {
    let bytes = model.get_mut(path).and_then(Option::as_mut);
    bytes.expect("a file")
}

fn write(random: &mut Random, context: &FsContext, model: &mut Model, asked: &str, path: String) {
    let file = match context.touch(asked) {
        Ok(file) => file,
        Err(error) => {
            assert!(
                matches!(error, Error::NoSpace | Error::IsDirectory),
                "{error}"
            );
            return;
        }
    };
    model.entry(path.clone()).or_insert(Some(Vec::new()));
    let bytes = contents(model, &path);
    let offset = random.below(60_000);
    let length = random.below(30_000) + 1;
    let data = random.bytes(length);
    match file.write_at(offset as u64, &mut Source::kernel(&data)) {
        Ok(done) => {
            bytes.resize(bytes.len().max(offset + done), 0);
            bytes[offset..offset + done].copy_from_slice(&data[..done]);
        }
        Err(error) => assert_eq!(error, Error::NoSpace),
    }
}

fn move_directory(random: &mut Random, context: &FsContext, model: &mut Model, directory: &str) {
    let to = some(random, model, true).unwrap_or_default();
    let new = format!("{to}/moved{}", random.below(5));
    if directory.is_empty() || new == directory || context.move_to(directory, &new).is_err() {
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
        if let Some(bytes) = model.remove(&path) {
            model.insert(format!("{new}{}", &path[directory.len()..]), bytes);
        }
    }
}
