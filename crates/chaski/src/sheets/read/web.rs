//! What is named like a workbook and is none: web pages, pages in one file (MHT), Excel's XML of 2003.

use std::io::{Read, Seek, SeekFrom};

use encoding_rs::Encoding as Charset;
use mailparse::MailHeaderMap;

use super::decoded::DecodedText;
use super::delimited::{detect_encoding, unreadable};
use super::html::read_html;
use super::xml_2003::read_xml;
use crate::sheets::choice::Choice;
use crate::sheets::{Excess, Limits, SheetError};

/// How much of a page is looked at to find its encoding and what it is.
const SAMPLE_BYTES: u64 = 4096;

/// A page, or Excel's XML.
pub(super) fn read_page<R: Read + Seek>(
    mut source: R,
    limits: &Limits,
    choice: &mut Choice<'_>,
) -> Result<(), SheetError> {
    let (charset, is_xml) = looked_at(&mut source, None)?;
    let decoded = DecodedText::new(source, charset);
    if is_xml {
        return match read_xml(decoded, limits, choice)? {
            0 => Err(SheetError::WebPage),
            _ => Ok(()),
        };
    }
    match read_html(decoded, "", limits)? {
        Some(found) => choice.offer(Ok(Some(found))),
        None => return Err(SheetError::WebPage),
    }
    Ok(())
}

/// A page with everything that belongs to it in one file: each page in it is a sheet.
pub(super) fn read_web_archive<R: Read + Seek>(
    mut source: R,
    limits: &Limits,
    choice: &mut Choice<'_>,
) -> Result<(), SheetError> {
    let mut bytes = Vec::new();
    let most = limits.file_bytes;
    let read = source.by_ref().take(most + 1).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(limits.beyond(Excess::FileBytes));
    }
    let archive = mailparse::parse_mail(&bytes).map_err(|_| SheetError::WebPage)?;
    let is_page = |part: &&mailparse::ParsedMail<'_>| part.ctype.mimetype == "text/html";
    let mut pages = Vec::new();
    for part in archive.parts().filter(is_page) {
        let text = part.get_body_raw().map_err(|_| SheetError::WebPage)?;
        let declared = part.ctype.params.get("charset");
        let charset = declared.and_then(|it| Charset::for_label(it.as_bytes()));
        let mut text = std::io::Cursor::new(text);
        let (charset, _) = looked_at(&mut text, charset)?;
        let location = part.headers.as_slice().get_first_value("Content-Location");
        let location = location.unwrap_or_default();
        let file = location.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = file
            .rsplit_once('.')
            .map_or(file, |(name, _)| name)
            .to_owned();
        if let Some(found) = read_html(DecodedText::new(text, charset), "", limits)? {
            pages.push((name, found));
        }
    }
    match pages.len() {
        0 => return Err(SheetError::WebPage),
        1 => pages
            .into_iter()
            .for_each(|(_, found)| choice.offer(Ok(Some(found)))),
        _ => {
            for (name, found) in pages {
                if choice.wants(&name) {
                    choice.offer(Ok(Some(found)));
                }
            }
        }
    }
    Ok(())
}

/// Whether a text begins as a page in one file does.
pub(super) fn is_web_archive(start: &[u8]) -> bool {
    let text = start.to_ascii_lowercase();
    let has = |name: &[u8]| text.windows(name.len()).any(|it| it == name);
    let header = |line: &[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.len() < line.len()
            && name
                .iter()
                .all(|it| it.is_ascii_alphabetic() || *it == b'-')
    };
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    header(first) && has(b"mime-version:") && has(b"content-type:")
}

/// How the characters of a page are written, and whether it is Excel's XML. What the page says of itself
/// counts unless it has a byte order mark; where it says nothing it is looked at.
fn looked_at<R: Read + Seek>(
    source: &mut R,
    declared: Option<&'static Charset>,
) -> Result<(&'static Charset, bool), SheetError> {
    let found = detect_encoding(source).map_err(unreadable)?;
    source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut start = Vec::new();
    let read = source.by_ref().take(SAMPLE_BYTES).read_to_end(&mut start);
    read.map_err(unreadable)?;
    source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let (text, ..) = found.charset().decode(&start);
    let text = text.to_ascii_lowercase();
    let says = |name: &str| {
        let value = text
            .split(name)
            .nth(1)?
            .trim_start_matches(['=', '"', '\'', ' ']);
        let end = value.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
        Charset::for_label(&value.as_bytes()[..end.unwrap_or(value.len())])
    };
    // What is valid UTF-8 with letters beyond ASCII is that, whatever it says of itself.
    let is_ascii = start.is_ascii();
    let own = || says("charset").or_else(|| says("encoding"));
    let charset = match found {
        crate::sheets::Encoding::Windows1252 => declared.or_else(own),
        crate::sheets::Encoding::Utf8 if is_ascii => declared.or_else(own),
        _ => None,
    };
    // UTF-16 that was told in ASCII letters is none.
    let charset = charset.filter(|it| it.is_ascii_compatible());
    let is_xml = text.contains("urn:schemas-microsoft-com:office:spreadsheet")
        && text.contains("<workbook")
        || text.contains("excel.sheet\"");
    Ok((charset.unwrap_or_else(|| found.charset()), is_xml))
}
