//! What a person reads in a table where programs read codes and ISO dates: the words for them, dates as
//! they are written in Peru, sentences with their capital.

use chaski_core::{Lang, sentence};

/// Codes that stand in tables, and their words. Codes of failures are words already.
const WORDS: [(&str, &str); 28] = [
    ("SUCCESS", "respondido"),
    ("NOT_FOUND", "no existe"),
    ("404_NOT_FOUND", "no figura en SUNAT"),
    ("404_NOT_FOUND_IN_BATCH", "no figura en SUNAT"),
    ("NO_EXISTE_SUNAT", "no figura en SUNAT"),
    ("HIT", "guardado"),
    ("MISS", "consultado"),
    ("STALE", "guardado, vencido"),
    ("NO_HABIDO", "NO HABIDO"),
    ("NO_HALLADO", "NO HALLADO"),
    ("NO_VERIFICADO", "sin verificar"),
    ("PENDING", "pendiente"),
    ("PROCESSING", "en proceso"),
    ("RUNNING", "en proceso"),
    ("PAUSED", "en pausa"),
    ("COMPLETED", "terminado"),
    ("PARTIAL", "terminado en parte"),
    ("FAILED", "fallido"),
    ("CANCELLED", "cancelado"),
    ("LOW", "baja"),
    ("NORMAL", "normal"),
    ("HIGH", "alta"),
    ("CRITICAL", "crítica"),
    ("ok", "sin observaciones"),
    ("observado", "SUNAT la aceptaría con observación"),
    ("rechazado", "SUNAT la rechazaría"),
    ("sunat", "SUNAT"),
    ("sbs", "SBS"),
];

/// Columns whose values are codes.
const CODED: [&str; 10] = [
    "resultado",
    "cache",
    "estado",
    "status",
    "condicion",
    "prioridad",
    "priority",
    "motivo",
    "nivel",
    "origen",
];

/// Columns that hold sentences.
const SENTENCES: [&str; 5] = ["mensaje", "accion", "hallazgos", "error", "detalle"];

/// A value of a column as a person reads it.
pub(super) fn in_words(column: &str, value: String, lang: Lang) -> String {
    if lang == Lang::Es {
        if let Some(date) = as_in_peru(&value) {
            return date;
        }
        let known = WORDS.iter().find(|(code, _)| *code == value);
        if let Some((_, word)) = known.filter(|_| CODED.contains(&column)) {
            return (*word).to_owned();
        }
    }
    if SENTENCES.contains(&column) {
        return sentence(&value);
    }
    value
}

/// A day, or a moment of Lima, as it is written in Peru.
fn as_in_peru(value: &str) -> Option<String> {
    let (day, time) = match value.split_once(['T', ' ']) {
        Some((day, time)) => (day, time.strip_suffix("-05:00").unwrap_or(time)),
        None => (value, ""),
    };
    let [year, month, date]: [&str; 3] = day.split('-').collect::<Vec<_>>().try_into().ok()?;
    let digits =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(date, 2)) {
        return None;
    }
    if !time.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let day = format!("{date}/{month}/{year}");
    Some(if time.is_empty() {
        day
    } else {
        format!("{day} {time}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(column: &str, value: &str, es: &str, en: &str) {
        assert_eq!(in_words(column, value.to_owned(), Lang::Es), es);
        assert_eq!(in_words(column, value.to_owned(), Lang::En), en);
    }

    #[test]
    fn as_people_read_it() {
        check("fecha", "2026-11-27", "27/11/2026", "2026-11-27");
        check(
            "hora",
            "2026-11-27T09:05:00-05:00",
            "27/11/2026 09:05:00",
            "2026-11-27T09:05:00-05:00",
        );
        check(
            "hora",
            "2026-11-27 09:05:00",
            "27/11/2026 09:05:00",
            "2026-11-27 09:05:00",
        );
        check("resultado", "NOT_FOUND", "no existe", "NOT_FOUND");
        check(
            "resultado",
            "tiempo_agotado",
            "tiempo_agotado",
            "tiempo_agotado",
        );
        check("mensaje", "la copia está", "La copia está", "La copia está");
        // Neither a date nor a code is what looks a little like one.
        for (column, value) in [
            ("serie", "2026-11-1"),
            ("nombre", "NORMAL"),
            ("comprobante", "FFF1-1"),
            ("telefono", "1234-56-78 y más"),
        ] {
            check(column, value, value, value);
        }
    }
}
