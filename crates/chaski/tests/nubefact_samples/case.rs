//! A case as its manifest has it: the request, the clock, what was issued before, what must come.

use std::path::{Path, PathBuf};

use chaski_core::invoicing::{DocumentKind, Known, ModifiedDocument, check};
use chaski_core::lima_date;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

/// The clock of a case that has none.
const NOON: &str = "2026-11-27T12:00:00-05:00";
/// How dates are written in requests and in simple forms.
const DATES: [&str; 3] = ["%d-%m-%Y", "%Y-%m-%d", "%d/%m/%Y"];

/// One case, with its files.
pub(crate) struct SampleCase {
    pub(crate) folder: PathBuf,
    pub(crate) id: String,
    pub(crate) operation: String,
    pub(crate) now: Timestamp,
    pub(crate) body: Vec<u8>,
    pub(crate) before: Vec<EarlierRequest>,
    /// It goes through the issuer, and not through the check and the sandbox alone.
    pub(crate) by_issuer: bool,
    pub(crate) faults: String,
    pub(crate) expect: Value,
}

/// A request that was made on the same ruta before.
pub(crate) struct EarlierRequest {
    pub(crate) now: Timestamp,
    pub(crate) body: Vec<u8>,
    /// Made by somebody else, behind our back.
    pub(crate) by_stranger: bool,
}

impl SampleCase {
    pub(crate) fn read(folder: &Path, case: &Value) -> Result<SampleCase, String> {
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let id = text("id");
        let file = case["file"]
            .as_str()
            .map_or_else(|| format!("{id}.json"), str::to_owned);
        let now = instant(&case["hoy"], NOON)?;
        // Dates are taken as written where the case sets the clock.
        let is_fixed = !case["hoy"].is_null();
        let before = case["antes"].as_array().into_iter().flatten();
        let before = before.map(|it| EarlierRequest::read(folder, it, now, is_fixed));
        Ok(SampleCase {
            folder: folder.to_owned(),
            operation: text("operacion"),
            now,
            body: read(&folder.join(file), now, is_fixed)?,
            before: before.collect::<Result<_, _>>()?,
            by_issuer: case["por"] == "emisor",
            faults: text("falla"),
            expect: case["expect"].clone(),
            id,
        })
    }

    /// What our store would know of what was issued before.
    pub(crate) fn known(&self) -> Known {
        let mut known = Known::default();
        for before in self.before.iter().filter(|it| !it.by_stranger) {
            let checked = check(&before.body, before.now, &Known::default());
            let Some(document) = checked.document else {
                continue;
            };
            known.voided_issued_on = document.fecha();
            if document.kind() == DocumentKind::NotaCredito {
                let modified = known.modified.get_or_insert_default();
                modified.credited_before += document.total().unwrap_or_default();
            } else {
                known.modified = Some(ModifiedDocument::of(&document));
            }
        }
        known
    }
}

impl EarlierRequest {
    fn read(
        folder: &Path,
        before: &Value,
        of_case: Timestamp,
        is_fixed: bool,
    ) -> Result<EarlierRequest, String> {
        let file = before["file"].as_str().ok_or("«antes» names no file")?;
        let now = instant(&before["hoy"], &of_case.to_string())?;
        let is_fixed = is_fixed || !before["hoy"].is_null();
        Ok(EarlierRequest {
            now,
            body: read(&folder.join(file), now, is_fixed)?,
            by_stranger: before["por"] == "extrano",
        })
    }
}

fn instant(said: &Value, otherwise: &str) -> Result<Timestamp, String> {
    let text = said.as_str().unwrap_or(otherwise);
    text.parse()
        .map_err(|error| format!("«hoy» {text}: {error}"))
}

/// The file; where its dates may move, they are moved so that it is issued on the day of the clock.
fn read(file: &Path, now: Timestamp, is_fixed: bool) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if is_fixed {
        return Ok(bytes);
    }
    Ok(moved_to(&bytes, lima_date(now)).unwrap_or(bytes))
}

/// The same text, every date moved by what the day of issue is away from that day. The rest stays as it is
/// written: a number that was read and written again would no longer be the sample's.
pub(crate) fn moved_to(bytes: &[u8], day: Date) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let issued = value["fecha_de_emision"]
        .as_str()
        .or(value["fecha"].as_str())?;
    let (issued, _) = date(issued)?;
    let days = (day - issued).get_days();
    let text = std::str::from_utf8(bytes).ok()?;
    // Between two quotes stands a text, and between a text and the next one does not.
    let pieces = text.split('"').map(|piece| match date(piece) {
        Some((date, form)) => date.checked_add(days.days()).map_or_else(
            |_| piece.to_owned(),
            |moved| moved.strftime(form).to_string(),
        ),
        None => piece.to_owned(),
    });
    Some(pieces.collect::<Vec<_>>().join("\"").into_bytes())
}

fn date(text: &str) -> Option<(Date, &'static str)> {
    let date = |form| Some((Date::strptime(form, text).ok()?, form));
    DATES
        .into_iter()
        .filter(|_| text.len() == 10)
        .find_map(date)
}
