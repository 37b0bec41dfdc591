//! The form of the file: frames, one after the other. What is made durable together is one frame, so that
//! a frame that is not whole was never promised to anybody.
//!
//! `CHJ1`, length of what follows the checksum, checksum (the first 16 bytes of BLAKE3 over the frame's
//! place and its sealed bytes), sealed bytes. Opened, these are records: length of the JSON, length of the
//! body, JSON, body. Numbers are little-endian, of four bytes.

use std::io::{self, Read};

use crate::journal::Sealer;

pub(super) const MAGIC: [u8; 4] = *b"CHJ1";
pub(super) const HEAD: usize = 4 + 4 + 16;
/// Larger frames are not written: a document is at most 8 MiB, and few wait for the disk at once.
const MOST_SEALED: usize = 1 << 30;

/// An event as JSON, and the bytes that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrameRecord {
    pub(super) json: Vec<u8>,
    pub(super) body: Vec<u8>,
}

/// The frame of these records at a place; none when they are too large for one.
pub(super) fn frame_of(
    place: u64,
    records: &[FrameRecord],
    sealed_by: &dyn Sealer,
) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    for record in records {
        plain.extend(u32::try_from(record.json.len()).ok()?.to_le_bytes());
        plain.extend(u32::try_from(record.body.len()).ok()?.to_le_bytes());
        plain.extend(&record.json);
        plain.extend(&record.body);
    }
    let sealed = sealed_by.seal(place, &plain);
    if sealed.len() > MOST_SEALED {
        return None;
    }
    let mut frame = Vec::with_capacity(HEAD + sealed.len());
    frame.extend(MAGIC);
    frame.extend(u32::try_from(sealed.len()).ok()?.to_le_bytes());
    frame.extend(checksum(place, &sealed));
    frame.extend(sealed);
    Some(frame)
}

fn checksum(place: u64, sealed: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&place.to_le_bytes());
    hasher.update(sealed);
    let mut sum = [0; 16];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    sum
}

/// Reads the sealed bytes of the frame at a place; none where there is no whole frame.
pub(super) fn read_sealed(place: u64, source: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; HEAD];
    if !read_whole(source, &mut head)? {
        return Ok(None);
    }
    let Some((length, sum)) = parse_head(&head) else {
        return Ok(None);
    };
    // A length that is wrong must not reserve memory: it is read as far as there is anything.
    let mut sealed = Vec::new();
    source
        .by_ref()
        .take(length as u64)
        .read_to_end(&mut sealed)?;
    let whole = sealed.len() == length && checksum(place, &sealed) == sum;
    Ok(whole.then_some(sealed))
}

/// Whether a whole frame begins anywhere in the bytes, which begin at a place.
pub(super) fn holds_a_frame(place: u64, bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|at| {
        let mut rest = &bytes[at..];
        let place = place + at as u64;
        rest.starts_with(&MAGIC) && matches!(read_sealed(place, &mut rest), Ok(Some(_)))
    })
}

fn parse_head(head: &[u8; HEAD]) -> Option<(usize, [u8; 16])> {
    let (magic, rest) = head.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let sum = rest.first_chunk::<16>()?;
    (*magic == MAGIC && length <= MOST_SEALED).then_some((length, *sum))
}

/// Fills the buffer; false where there is less.
fn read_whole(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The records of an opened frame; none where they do not add up.
pub(super) fn records_of(mut plain: &[u8]) -> Option<Vec<FrameRecord>> {
    let mut records = Vec::new();
    while !plain.is_empty() {
        let (json, rest) = plain.split_first_chunk::<4>()?;
        let (body, rest) = rest.split_first_chunk::<4>()?;
        let (json, body) = (u32::from_le_bytes(*json), u32::from_le_bytes(*body));
        let (json, rest) = rest.split_at_checked(json as usize)?;
        let (body, rest) = rest.split_at_checked(body as usize)?;
        records.push(FrameRecord {
            json: json.to_vec(),
            body: body.to_vec(),
        });
        plain = rest;
    }
    Some(records)
}
