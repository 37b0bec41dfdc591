//! The archive around an xlsx or ods, opened by someone who trusts nothing it declares.
//!
//! Declared sizes, counts and dimensions are never used to allocate. What is really unpacked is
//! counted as it streams, over all parts together, and no single tag or run of text may grow
//! beyond its ceiling: a 1 GiB inline string is refused after the first MiB.

use std::borrow::Cow;
use std::cell::Cell as Counter;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use crate::sheets::{Excess, Limits, SheetError};

/// Sheets, relations and number formats beyond this are not of a book for people: Excel itself
/// stops at 65,490 styles.
pub(super) const LIST_LIMIT: usize = 70_000;

/// An archive whose directory was found acceptable.
pub(super) struct Package<'l, R: Read + Seek> {
    archive: ZipArchive<BufReader<R>>,
    /// Part names in lower case with forward slashes: some writers disagree with themselves.
    names: HashMap<String, usize>,
    unpacked: Counter<u64>,
    pub(super) limits: &'l Limits,
}

impl<'l, R: Read + Seek> Package<'l, R> {
    pub(super) fn open(source: R, limits: &'l Limits) -> Result<Package<'l, R>, SheetError> {
        let mut source = BufReader::with_capacity(64 * 1024, source);
        refuse_many_parts(&mut source, limits)?;
        let archive = ZipArchive::new(source).map_err(|_| corrupt("zip"))?;
        let mut names = HashMap::with_capacity(archive.len());
        for (index, name) in archive.file_names().enumerate() {
            let name = name.map_err(|_| corrupt("zip"))?.replace('\\', "/");
            // Nothing is ever written under these names, but no program for people writes such.
            if name.split('/').any(|step| step == "..") || name.contains('\0') {
                return Err(corrupt("zip"));
            }
            names.insert(name.trim_start_matches('/').to_ascii_lowercase(), index);
        }
        Ok(Package {
            archive,
            names,
            unpacked: Counter::new(0),
            limits,
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(&name.to_ascii_lowercase())
    }

    /// Whether any part lies in a folder.
    pub(super) fn has_folder(&self, folder: &str) -> bool {
        self.names.keys().any(|name| name.starts_with(folder))
    }

    /// The names of all files in it, folders left out.
    pub(super) fn files(&self) -> Vec<String> {
        let names = self.archive.file_names().filter_map(Result::ok);
        names
            .filter(|name| !name.ends_with(['/', '\\']))
            .map(|name| name.to_string())
            .collect()
    }

    /// A file in it, whole.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, SheetError> {
        let key = name.replace('\\', "/");
        let key = key.trim_start_matches('/').to_ascii_lowercase();
        let index = *self.names.get(&key).ok_or_else(|| corrupt(name))?;
        let file = opened(&mut self.archive, index, name)?;
        let mut bytes = Vec::new();
        let most = self.limits.file_bytes;
        let read = file.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|_| corrupt(name))?;
        if bytes.len() as u64 > most {
            return Err(self.limits.beyond(Excess::FileBytes));
        }
        Ok(bytes)
    }

    /// A part as XML; none if the archive has no such part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<PackagePart<'_, R>>, SheetError> {
        let Some(&index) = self.names.get(&name.to_ascii_lowercase()) else {
            return Ok(None);
        };
        let file = opened(&mut self.archive, index, name)?;
        let source = BufReader::with_capacity(32 * 1024, file);
        Ok(Some(XmlPart::new(
            source,
            &self.unpacked,
            self.limits,
            name,
        )))
    }
}

fn opened<'a, R: Read + Seek>(
    archive: &'a mut ZipArchive<BufReader<R>>,
    index: usize,
    name: &str,
) -> Result<ZipFile<'a, BufReader<R>>, SheetError> {
    archive.by_index(index).map_err(|error| match error {
        ZipError::InvalidPassword => SheetError::Encrypted,
        ZipError::UnsupportedArchive(text) if text == ZipError::PASSWORD_REQUIRED => {
            SheetError::Encrypted
        }
        _ => corrupt(name),
    })
}

/// A part of an archive.
pub(super) type PackagePart<'p, R> = XmlPart<'p, BufReader<ZipFile<'p, BufReader<R>>>>;

/// One part being read, event by event.
pub(super) struct XmlPart<'p, B> {
    reader: Reader<Guard<'p, B>>,
    buffer: Vec<u8>,
    depth: usize,
    idle: u64,
    pub(super) limits: &'p Limits,
    name: String,
}

/// Elements inside one another; real workbooks stay below twenty. The XML reader remembers the
/// name of every open element, so unlimited depth would be unlimited memory.
const DEPTH_LIMIT: usize = 256;

impl<'p, B: BufRead> XmlPart<'p, B> {
    /// Reads XML from a source. What it unpacks is added to `unpacked`; `name` is told where it is
    /// damaged.
    pub(super) fn new(
        source: B,
        unpacked: &'p Counter<u64>,
        limits: &'p Limits,
        name: &str,
    ) -> XmlPart<'p, B> {
        let guard = Guard {
            inner: source,
            unpacked,
            construct: 0,
            limits,
            tripped: None,
        };
        let mut reader = Reader::from_reader(guard);
        reader.config_mut().expand_empty_elements = true;
        XmlPart {
            reader,
            buffer: Vec::with_capacity(1024),
            depth: 0,
            idle: 0,
            limits,
            name: name.to_owned(),
        }
    }

    /// The next event. A document type is refused: no entity is ever defined or fetched.
    pub(super) fn next_event(&mut self) -> Result<Event<'_>, SheetError> {
        self.idle += 1;
        if self.idle > self.limits.idle_pieces {
            return Err(self.limits.beyond(Excess::Idle));
        }
        self.buffer.clear();
        self.reader.get_mut().construct = 0;
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::DocType(_)) => Err(corrupt(&self.name)),
            Ok(Event::Start(_)) if self.depth == DEPTH_LIMIT => Err(corrupt(&self.name)),
            Ok(event) => {
                match event {
                    Event::Start(_) => self.depth += 1,
                    Event::End(_) => self.depth -= 1,
                    _ => {}
                }
                Ok(event)
            }
            Err(_) => Err(match self.reader.get_ref().tripped {
                Some(what) => self.limits.beyond(what),
                None => corrupt(&self.name),
            }),
        }
    }

    /// Says whether the last pieces brought a value. A plain cell takes five or six.
    pub(super) fn gave_value(&mut self, some: bool) {
        if some {
            self.idle = self.idle.saturating_sub(8);
        }
    }

    pub(super) fn corrupt(&self) -> SheetError {
        corrupt(&self.name)
    }
}

pub(super) fn corrupt(place: &str) -> SheetError {
    SheetError::Corrupt {
        place: chaski_core::clean(place).chars().take(60).collect(),
    }
}

/// The value of an attribute by its local name, entities resolved.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)
        .and_then(|attribute| {
            let value = attribute.value.as_ref();
            quick_xml::escape::unescape(value).ok().map(Cow::into_owned)
        })
}

/// Appends what a reference such as `&amp;` or `&#241;` stands for; an undefined entity
/// stays as it is written.
pub(super) fn push_reference(text: &mut String, reference: &BytesRef<'_>) {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        text.push(c);
    } else if let Some(known) = quick_xml::escape::resolve_predefined_entity(reference) {
        text.push_str(known);
    } else {
        text.push('&');
        text.push_str(reference);
        text.push(';');
    }
}

/// Counts what is unpacked and how long the present construct has become, and stops at either
/// ceiling before the XML reader's buffer can grow beyond it.
struct Guard<'p, R> {
    inner: R,
    unpacked: &'p Counter<u64>,
    construct: u64,
    limits: &'p Limits,
    tripped: Option<Excess>,
}

impl<R: BufRead> BufRead for Guard<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.construct > self.limits.markup_bytes {
            self.tripped = Some(Excess::Markup);
        } else if self.unpacked.get() > self.limits.unpacked_bytes {
            self.tripped = Some(Excess::UnpackedBytes);
        }
        match self.tripped {
            Some(_) => Err(io::Error::other("beyond a ceiling")),
            None => self.inner.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.construct += amount as u64;
        self.unpacked.set(self.unpacked.get() + amount as u64);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Guard<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(target.len());
        target[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// Counts the headers of the archive's directory before the archive is opened, for opening it
/// allocates for each; the count that the archive declares of itself may lie.
fn refuse_many_parts<R: Read + Seek>(source: &mut R, limits: &Limits) -> Result<(), SheetError> {
    let headers = count(source, b"PK\x01\x02", limits.parts).map_err(|_| corrupt("zip"))?;
    if headers > limits.parts {
        return Err(limits.beyond(Excess::Parts));
    }
    Ok(())
}

/// How often a short pattern occurs, counted until it is more than `most`. Leaves the source at its
/// beginning.
pub(super) fn count<R: Read + Seek>(
    source: &mut R,
    pattern: &[u8],
    most: usize,
) -> io::Result<usize> {
    source.seek(SeekFrom::Start(0))?;
    let mut window: Vec<u8> = Vec::with_capacity(64 * 1024);
    let mut count = 0;
    while count <= most {
        let filled = window.len();
        source.by_ref().take(64 * 1024).read_to_end(&mut window)?;
        if window.len() == filled {
            break;
        }
        let places = window.windows(pattern.len());
        count += places
            .filter(|place| place[0] == pattern[0] && *place == pattern)
            .count();
        // The rest may be the beginning of another one.
        window.drain(..window.len().saturating_sub(pattern.len() - 1));
    }
    source.seek(SeekFrom::Start(0))?;
    Ok(count)
}
