//! The links of a document: its files, for whoever has the link, as at the real one.

use http::StatusCode;

use super::answers::Teller;
use super::files::{FileKind, file};
use super::state::Remembered;
use crate::reply::Reply;

/// The folders that links lead to, and which of them is a void's.
const FOLDERS: [(&str, bool); 3] = [("cpe", false), ("guia", false), ("anulacion", true)];

/// A path that may be one of a link: folder, key and what is wanted.
pub(crate) struct LinkPath<'a> {
    of_void: bool,
    key: &'a str,
    kind: FileKind,
}

impl LinkPath<'_> {
    pub(crate) fn read(path: &str) -> Option<LinkPath<'_>> {
        let (folder, name) = path.strip_prefix('/')?.split_once('/')?;
        let (_, of_void) = FOLDERS.iter().find(|(known, _)| *known == folder)?;
        let (key, end) = name.rsplit_once('.').unwrap_or((name, "pdf"));
        let kind = match end {
            "pdf" => FileKind::Pdf,
            "xml" => FileKind::Xml,
            "cdr" => FileKind::Cdr,
            _ => return None,
        };
        Some(LinkPath {
            of_void: *of_void,
            key,
            kind,
        })
    }

    /// The file. Of a guía there is none before SUNAT took it, and no CDR of anything before SUNAT
    /// answered.
    pub(super) fn serve(&self, remembered: &Remembered, teller: &Teller<'_>) -> Reply {
        let Some((document, of_void)) = remembered.linked(self.key) else {
            return missing();
        };
        let void = document.void.as_ref().filter(|_| of_void);
        let full = teller.accepted(document, void);
        let is_early = match self.kind {
            _ if full.kind.is_guia() => !full.sunat.accepted,
            FileKind::Cdr => full.sunat.code.is_none(),
            _ => false,
        };
        if of_void != self.of_void || is_early {
            return missing();
        }
        let content = file(&full, self.kind);
        if content.is_empty() {
            return missing();
        }
        Reply {
            content_type: match self.kind {
                FileKind::Pdf => "application/pdf",
                FileKind::Xml => "application/xml",
                FileKind::Cdr => "application/zip",
            },
            ..Reply::new(StatusCode::OK, content)
        }
    }
}

fn missing() -> Reply {
    Reply::html(StatusCode::NOT_FOUND)
}
