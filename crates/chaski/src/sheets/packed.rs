//! The rows of a list, or what is said of them. Those of a long list would take more memory than a machine
//! of an accountant has to spare: all but the first ones are kept packed, some thousands together, those of
//! a very long one in a file, and are unpacked one part after the other as they are looked at.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::scratch::Aside;

/// Up to so many are kept as they are: the lists that people usually have are never packed.
const PLAIN: usize = 10_240;

/// How many of a longer list stay so, its titles among them.
const PLAIN_OF_MORE: usize = 1_024;

/// Bytes of packed parts that stay in memory.
const IN_MEMORY: usize = 4 * 1024 * 1024;

/// How many are packed together.
const TOGETHER: usize = 2_048;

/// How many of those of a long list are looked at to judge it, at most.
const SPREAD: usize = 1_000;

/// Many of one thing, in their order.
#[derive(Clone)]
pub struct Packed<T> {
    first: Vec<T>,
    parts: Vec<Part>,
    /// Bytes of the parts that are in memory.
    held: usize,
    /// Where the others are.
    aside: Option<Arc<Aside>>,
    /// Those that are still too few to be packed.
    last: Vec<T>,
    /// Some of a long list from its beginning to its end, once they were asked for.
    spread: OnceLock<Vec<T>>,
}

/// Some of them, written one after the other and compressed.
#[derive(Clone)]
struct Part {
    count: usize,
    bytes: Bytes,
}

#[derive(Clone)]
enum Bytes {
    Held(Box<[u8]>),
    Aside(Arc<Aside>, Range<u64>),
}

impl<T: Clone + Serialize + DeserializeOwned> Packed<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        let packed: usize = self.parts.iter().map(|part| part.count).sum();
        self.first.len() + packed + self.last.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.parts.is_empty() && self.last.is_empty()
    }

    /// Adds one at the end.
    pub fn push(&mut self, one: T) {
        self.spread.take();
        if self.parts.is_empty() && self.last.is_empty() {
            if self.first.len() < PLAIN {
                self.first.push(one);
                return;
            }
            let more = self.first.split_off(PLAIN_OF_MORE);
            for some in more.chunks(TOGETHER) {
                let part = self.pack(some);
                self.parts.push(part);
            }
        }
        self.last.push(one);
        if self.last.len() == TOGETHER {
            let some = std::mem::take(&mut self.last);
            let part = self.pack(&some);
            self.parts.push(part);
        }
    }

    fn pack(&mut self, some: &[T]) -> Part {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        for one in some {
            postcard::to_io(one, &mut encoder).expect("memory takes what is written");
        }
        let bytes = encoder.finish().expect("memory takes what is written");
        let put = (self.held + bytes.len() > IN_MEMORY)
            .then(|| self.put_aside(&bytes))
            .flatten();
        let bytes = put.unwrap_or_else(|| {
            self.held += bytes.len();
            Bytes::Held(bytes.into_boxed_slice())
        });
        Part {
            count: some.len(),
            bytes,
        }
    }

    /// Where there is no room for a file, memory has to do.
    fn put_aside(&mut self, bytes: &[u8]) -> Option<Bytes> {
        if self.aside.is_none() {
            self.aside = Aside::new().ok().map(Arc::new);
        }
        let aside = self.aside.as_ref()?;
        let place = aside.put(bytes).ok()?;
        Some(Bytes::Aside(Arc::clone(aside), place))
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, T>> {
        let packed = self.parts.iter().flat_map(Part::read);
        let first = self.first.iter().map(Cow::Borrowed);
        let last = self.last.iter().map(Cow::Borrowed);
        first.chain(packed.map(Cow::Owned)).chain(last)
    }

    /// So many or fewer, spread over all of them: what comes first may be all of one kind.
    pub fn sample(&self, most: usize) -> impl Iterator<Item = &T> {
        let spread = || {
            let step = self.len().div_ceil(SPREAD);
            self.iter().step_by(step).map(Cow::into_owned).collect()
        };
        let from = if self.len() == self.first.len() {
            &self.first
        } else {
            self.spread.get_or_init(spread)
        };
        from.iter().step_by(from.len().div_ceil(most).max(1))
    }

    /// The first ones, which are not packed: all of a list that is not long.
    pub fn first(&self) -> &[T] {
        &self.first
    }

    /// Takes some of the first ones out.
    pub fn take_first(&mut self, count: usize) -> Vec<T> {
        self.spread.take();
        self.first.drain(..count.min(self.first.len())).collect()
    }

    /// Changes some where they are: `change` gets each with its place and says whether it did.
    pub fn change(&mut self, mut change: impl FnMut(usize, &mut T) -> bool) {
        self.spread.take();
        let mut place = 0;
        let mut of_these = |some: &mut [T]| {
            let mut any = false;
            for one in some {
                any |= change(place, one);
                place += 1;
            }
            any
        };
        of_these(&mut self.first);
        for at in 0..self.parts.len() {
            let mut some: Vec<T> = self.parts[at].read().collect();
            if of_these(&mut some) {
                self.parts[at] = self.pack(&some);
            }
        }
        of_these(&mut self.last);
    }

    /// Leaves out those that are not wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        self.spread.take();
        self.first.retain(&mut wanted);
        for at in 0..self.parts.len() {
            let mut some: Vec<T> = self.parts[at].read().collect();
            some.retain(&mut wanted);
            if some.len() < self.parts[at].count {
                self.parts[at] = self.pack(&some);
            }
        }
        self.parts.retain(|part| part.count > 0);
        self.last.retain(wanted);
    }

    /// All of them at once: only what is short anyway is to be taken so.
    pub fn into_vec(self) -> Vec<T> {
        let packed = self.parts.iter().flat_map(Part::read);
        let mut all = self.first;
        all.extend(packed);
        all.extend(self.last);
        all
    }
}

impl Part {
    fn read<T: DeserializeOwned>(&self) -> impl Iterator<Item = T> + use<T> {
        let read = match &self.bytes {
            Bytes::Held(bytes) => Cow::Borrowed(&**bytes),
            Bytes::Aside(aside, place) => {
                let piece = aside.get(place);
                Cow::Owned(piece.expect("what this process put aside can be read"))
            }
        };
        let mut plain = Vec::new();
        let mut decoder = DeflateDecoder::new(&*read);
        decoder
            .read_to_end(&mut plain)
            .expect("what was compressed here is whole");
        let (mut at, mut left) = (0, self.count);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let rest = &plain[at..];
            let (one, after) =
                postcard::take_from_bytes(rest).expect("what was written here can be read");
            at += rest.len() - after.len();
            Some(one)
        })
    }
}

impl<T> Default for Packed<T> {
    fn default() -> Packed<T> {
        Packed {
            first: Vec::new(),
            parts: Vec::new(),
            held: 0,
            aside: None,
            last: Vec::new(),
            spread: OnceLock::new(),
        }
    }
}

impl<T: Clone + Serialize + DeserializeOwned> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Packed<T> {
        let mut packed = Packed::default();
        packed.extend(all);
        packed
    }
}

impl<T: Clone + Serialize + DeserializeOwned> Extend<T> for Packed<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, more: I) {
        for one in more {
            self.push(one);
        }
    }
}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned> PartialEq for Packed<T> {
    fn eq(&self, other: &Packed<T>) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Clone + Serialize + DeserializeOwned> fmt::Debug for Packed<T> {
    /// How many: a list holds numbers and names of people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes on both sides of every border.
    const SIZES: [usize; 7] = [
        0,
        1,
        PLAIN,
        PLAIN + 1,
        PLAIN + TOGETHER - 1,
        PLAIN + TOGETHER,
        PLAIN + 2 * TOGETHER + 7,
    ];

    fn of(size: usize) -> Packed<String> {
        (0..size).map(|it| format!("fila {it}")).collect()
    }

    /// The same with nothing left in memory.
    fn aside(size: usize) -> Packed<String> {
        let mut packed = Packed {
            held: IN_MEMORY,
            ..Packed::default()
        };
        packed.extend((0..size).map(|it| format!("fila {it}")));
        assert_eq!(packed.aside.is_some(), size > PLAIN);
        packed
    }

    fn all(packed: &Packed<String>) -> Vec<String> {
        packed.iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn what_goes_in_comes_out() {
        for (size, of) in SIZES
            .into_iter()
            .flat_map(|it| [(it, of as fn(_) -> _), (it, aside)])
        {
            let (packed, plain) = (of(size), (0..size).map(|it| format!("fila {it}")));
            let plain: Vec<String> = plain.collect();
            assert_eq!(packed.len(), size);
            assert_eq!(packed.is_empty(), size == 0);
            for most in [1, 7, SPREAD, SPREAD + 1] {
                let some: Vec<&String> = packed.sample(most).collect();
                assert!(some.len() <= most && (some.len() > most / 2 || some.len() == size));
                assert!(some.is_sorted_by_key(|it| plain.iter().position(|one| one == *it)));
            }
            assert_eq!(all(&packed), plain);
            assert_eq!(packed.clone().into_vec(), plain);
            assert_eq!(packed, plain.into_iter().collect());
        }
    }

    #[test]
    fn one_in_every_few_is_changed_or_left_out() {
        for (size, of) in SIZES
            .into_iter()
            .flat_map(|it| [(it, of as fn(_) -> _), (it, aside)])
        {
            let mut packed = of(size);
            packed.change(|place, it| {
                assert_eq!(*it, format!("fila {place}"));
                let wanted = place % 1000 == 3;
                if wanted {
                    it.push('!');
                }
                wanted
            });
            let changed = |place: usize| match place % 1000 {
                3 => format!("fila {place}!"),
                _ => format!("fila {place}"),
            };
            assert_eq!(all(&packed), (0..size).map(changed).collect::<Vec<_>>());
            packed.retain(|it| !it.ends_with('!'));
            let left = (0..size).filter(|place| place % 1000 != 3);
            assert_eq!(all(&packed), left.map(changed).collect::<Vec<_>>());
            packed.retain(|_| false);
            assert!(packed.is_empty());
        }
    }

    #[test]
    fn a_list_goes_on_after_its_first_ones_are_taken() {
        for size in SIZES {
            let mut packed = of(size);
            let taken = packed.take_first(3);
            assert_eq!(taken.len(), size.min(3));
            packed.push("otra".to_owned());
            let rest = (taken.len()..size).map(|it| format!("fila {it}"));
            let rest: Vec<String> = rest.chain(["otra".to_owned()]).collect();
            assert_eq!(all(&packed), rest);
        }
    }
}
