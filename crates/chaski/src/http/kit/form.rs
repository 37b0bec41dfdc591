//! A form in parts (RFC 7578), taken apart where it lies: its file may be large and stays there.

use std::io::{self, Read};

use super::problem::Problem;
use crate::scratch::Scratch;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// One field of a form.
pub(crate) struct FormPart {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content: Scratch,
}

/// Most fields of a form.
const MOST_PARTS: usize = 256;
/// What stands between a mark and the content of its field.
const MOST_HEAD: u64 = 4 * 1024;
/// A field that is not a file.
const MOST_TEXT: u64 = 64 * 1024;

impl FormPart {
    /// The text of a field that is not a file.
    pub(crate) fn text(&self) -> Result<String, Problem> {
        if self.content.len() > MOST_TEXT {
            return Err(broken_form());
        }
        let bytes = self.content.whole().map_err(|_| Problem::internal())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// What a mark between two fields turned out to be.
enum Mark {
    /// A field begins; all that follows may be its content.
    Field(FormPart),
    /// The form ends.
    Last,
    /// Part of a content that only looks like a mark.
    None,
    /// What follows is no field.
    Broken,
}

/// The fields of a form, in their order.
pub(crate) fn parts(form: &Scratch, boundary: &str) -> Result<Vec<FormPart>, Problem> {
    let failed = |_: io::Error| Problem::internal();
    let mut parts = Vec::<FormPart>::new();
    for (at, after) in places(form, boundary).map_err(failed)? {
        let read = read_mark(form, after).map_err(failed)?;
        if matches!(read, Mark::None) {
            continue;
        }
        if let Some(FormPart { content, .. }) = parts.last_mut() {
            *content = content.part(0..(at + content.len()).saturating_sub(form.len()));
        }
        match read {
            Mark::Last => return Ok(parts),
            Mark::Field(part) if parts.len() < MOST_PARTS => parts.push(part),
            _ => break,
        }
    }
    Err(broken_form())
}

/// Where marks begin and end. The first one has no end of a line before it.
pub(crate) fn places(form: &Scratch, boundary: &str) -> io::Result<Vec<(u64, u64)>> {
    let mark = format!("\r\n--{boundary}");
    let mark = mark.as_bytes();
    let length = mark.len() as u64;
    let mut places = Vec::new();
    let mut reader = form.reader();
    let mut window = Vec::with_capacity(64 * 1024 + mark.len());
    window.extend_from_slice(b"\r\n");
    // Place of the beginning of the window, counted from two bytes before the form.
    let mut base = 0_u64;
    loop {
        let filled = window.len();
        reader.by_ref().take(64 * 1024).read_to_end(&mut window)?;
        if window.len() == filled {
            return Ok(places);
        }
        let mut from = 0;
        while let Some(step) = window[from..].iter().position(|byte| *byte == b'\r') {
            let at = from + step;
            if window[at..].starts_with(mark) {
                let at = base + at as u64;
                places.push((at.saturating_sub(2), at + length - 2));
                if places.len() > 2 * MOST_PARTS {
                    return Ok(places);
                }
            }
            from = at + 1;
        }
        let kept = window.len().min(mark.len() - 1);
        base += (window.len() - kept) as u64;
        window.drain(..window.len() - kept);
    }
}

fn read_mark(form: &Scratch, after: u64) -> io::Result<Mark> {
    let head = form.part(after..after + MOST_HEAD).whole()?;
    if head.starts_with(b"--") {
        return Ok(Mark::Last);
    }
    let blank = head
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let Some(lines) = head[blank..].strip_prefix(b"\r\n") else {
        return Ok(Mark::None);
    };
    let Some(end) = lines.windows(4).position(|it| it == b"\r\n\r\n") else {
        return Ok(Mark::Broken);
    };
    let text = String::from_utf8_lossy(&lines[..end]);
    let Some((name, file_name)) = names(&text) else {
        return Ok(Mark::Broken);
    };
    let content = after + (blank + 2 + end + 4) as u64;
    Ok(Mark::Field(FormPart {
        name,
        file_name,
        content: form.part(content..form.len()),
    }))
}

/// Name and name of the file, as the lines before a content say them.
fn names(lines: &str) -> Option<(String, Option<String>)> {
    let disposition = lines.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.trim().eq_ignore_ascii_case("content-disposition");
        is_it.then_some(value)
    })?;
    let (mut name, mut file_name) = (None, None);
    let mut rest = disposition.split_once(';')?.1;
    while let Some((key, value)) = rest.split_once('=') {
        let (value, after) = value_of(value.trim_start());
        match key.trim().to_ascii_lowercase().as_str() {
            "name" => name = Some(value),
            "filename" => file_name = Some(value),
            _ => {}
        }
        rest = after.split_once(';').map_or("", |(_, after)| after);
    }
    Some((name?, file_name))
}

/// A value, in quotes or without, and what follows.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim_end().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            // A path of old browsers has backslashes that escape nothing.
            '\\' if quoted[at + 1..].starts_with('"') => {
                value.push('"');
                letters.next();
            }
            letter => value.push(letter),
        }
    }
    (value, "")
}

pub(crate) fn broken_form() -> Problem {
    Problem::unreadable("el formulario no se puede leer", "the form cannot be read")
}

pub(crate) fn boundary(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = kind.split(';').skip(1);
    let value = parameters.find_map(|it| {
        let (name, value) = it.split_once('=')?;
        let is_it = name.trim().eq_ignore_ascii_case("boundary");
        is_it.then(|| value.trim().trim_matches('"'))
    })?;
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: &str, expected: Option<&[(&str, Option<&str>, &str)]>) {
        let form = Scratch::of_bytes(form.to_owned().into());
        let read = parts(&form, "x1").ok().map(|parts| {
            let part = |it: FormPart| {
                (
                    it.name.clone(),
                    it.file_name.clone(),
                    it.text().ok().unwrap(),
                )
            };
            parts.into_iter().map(part).collect::<Vec<_>>()
        });
        let owned = |it: &(&str, Option<&str>, &str)| {
            (it.0.to_owned(), it.1.map(str::to_owned), it.2.to_owned())
        };
        let expected = expected.map(|parts| parts.iter().map(owned).collect::<Vec<_>>());
        assert_eq!(read, expected);
    }

    #[test]
    fn forms_as_programs_send_them() {
        check(
            "--x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x1--\r\n",
            Some(&[("a", None, "1")]),
        );
        check(
            "preface\r\n--x1 \r\ncontent-disposition:form-data;name=a;filename=\"l \\\"1\\\".csv\"\r\n\
             Content-Type: text/csv\r\n\r\n\r\n--x12\r\n--x\r\n\r\n--x1\r\n\
             Content-Disposition: form-data; filename=C:\\a.csv; name=\"b;c\"\r\n\r\n\r\n--x1--",
            Some(&[
                ("a", Some("l \"1\".csv"), "\r\n--x12\r\n--x\r\n"),
                ("b;c", Some("C:\\a.csv"), ""),
            ]),
        );
        check("--x1--", Some(&[]));
        for broken in [
            "",
            "--x1",
            "--x1\r\n",
            "--x1\r\n\r\n1\r\n--x1--",
            "--x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1",
            "--x1\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x1--",
        ] {
            check(broken, None);
        }
    }
}
