//! What a file is, by its content: names, links and the manual itself have been seen to say it wrong.

use std::io::{Cursor, Read};

use bytes::Bytes;
use zip::ZipArchive;

use super::FileKind;

/// Largest file, opened.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Most members of an archive that are looked at; a CDR has one, beside an empty folder.
const MOST_MEMBERS: usize = 16;
/// A PDF may begin a little later than its first byte.
const PDF_WITHIN: usize = 1024;

/// The files in some bytes: the one that they are, or those of an archive.
pub(super) fn files_in(bytes: &Bytes) -> Vec<(FileKind, Bytes)> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return kind_of(bytes)
            .map(|kind| (kind, bytes.clone()))
            .into_iter()
            .collect();
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for place in 0..archive.len().min(MOST_MEMBERS) {
        let Ok(member) = archive.by_index(place) else {
            continue;
        };
        let mut opened = Vec::new();
        // What it says of its own size is not believed.
        let read = member.take(MOST_BYTES + 1).read_to_end(&mut opened);
        if read.is_err() || opened.len() as u64 > MOST_BYTES {
            continue;
        }
        if let Some(kind) = kind_of(&opened) {
            files.push((kind, opened.into()));
        }
    }
    files
}

fn kind_of(bytes: &[u8]) -> Option<FileKind> {
    let begin = bytes.get(..PDF_WITHIN).unwrap_or(bytes);
    if begin.windows(5).any(|it| it == b"%PDF-") {
        return Some(FileKind::Pdf);
    }
    match root_of(bytes)? {
        b"ApplicationResponse" => Some(FileKind::Cdr),
        root if root.eq_ignore_ascii_case(b"html") => None,
        _ => Some(FileKind::Xml),
    }
}

/// The name of an XML document's root, without its prefix.
fn root_of(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    loop {
        rest = rest.strip_prefix(b"<")?;
        let end: &[u8] = match rest.first()? {
            b'?' => b"?>",
            b'!' if rest.starts_with(b"!--") => b"-->",
            b'!' => b">",
            _ => break,
        };
        let at = rest.windows(end.len()).position(|it| it == end)?;
        rest = rest.get(at + end.len()..)?.trim_ascii_start();
    }
    let is_of_a_name = |byte: &u8| byte.is_ascii_alphanumeric() || b":_-.".contains(byte);
    let length = rest.iter().take_while(|byte| is_of_a_name(byte)).count();
    let name = rest.get(..length)?.rsplit(|byte| *byte == b':').next()?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use bytes::Bytes;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::{FileKind, files_in, kind_of};

    #[test]
    fn content_tells_the_kind() {
        for (bytes, expected) in [
            (&b"%PDF-1.7 ..."[..], Some(FileKind::Pdf)),
            (b"\n\n%PDF-1.4", Some(FileKind::Pdf)),
            (
                b"<?xml version=\"1.0\"?><Invoice xmlns=\"x\"/>",
                Some(FileKind::Xml),
            ),
            (
                b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- <a> --><ns2:CreditNote>",
                Some(FileKind::Xml),
            ),
            (b"<?xml?><ar:ApplicationResponse>", Some(FileKind::Cdr)),
            (b"<!DOCTYPE html><html>", None),
            (b"<HTML>", None),
            (b"", None),
            (b"<", None),
            (b"<?xml", None),
            (b"{\"errors\":\"x\"}", None),
        ] {
            assert_eq!(
                kind_of(bytes),
                expected,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn archives_are_opened_within_bounds() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        zip.add_directory("dummy/", options).expect("a folder");
        zip.start_file("R-20.xml", options).expect("a member");
        zip.write_all(b"<ApplicationResponse/>").expect("written");
        zip.start_file("bomb.xml", options).expect("a member");
        zip.write_all(&vec![b' '; 17 * 1024 * 1024])
            .expect("written");
        let bytes = zip.finish().expect("an archive").into_inner();
        let files = files_in(&Bytes::from(bytes.clone()));
        assert_eq!(
            files,
            [(FileKind::Cdr, Bytes::from_static(b"<ApplicationResponse/>"))]
        );
        for cut in [4, 20, bytes.len() / 2, bytes.len() - 1] {
            assert!(files_in(&Bytes::copy_from_slice(&bytes[..cut])).len() <= 1);
        }
    }
}
