//! How the issuing of documents stands: whether its record is whole, what is in doubt, near a deadline or
//! held, and who issues.

use chaski_client::DocumentState;
use chaski_core::{Text, lima_datetime, text};
use jiff::Timestamp;

use super::{CheckupFinding, Examined};
use crate::app::invoices::JOURNAL_FILE;
use crate::app::issuing::{HeldIssuer, IssuingStanding, SeatHolder};
use crate::app::{App, AppError, folder_of};
use crate::store::EventsBroken;

impl App {
    /// How issuing stands; nothing where nothing was ever issued.
    pub async fn issuing_findings(&self) -> Result<Vec<CheckupFinding>, AppError> {
        let mut findings = Vec::new();
        let journal = folder_of(&self.config, self.mode).join(JOURNAL_FILE);
        if journal.exists() {
            findings.push(of_before(&journal.display().to_string()));
        }
        let series = self.store.document_series().await?;
        if series.is_empty() && self.document_counts().await?.is_empty() {
            return Ok(findings);
        }
        findings.push(record(&self.store.check_events().await?));
        let standing = self.issuing_standing().await?;
        findings.extend(documents(&standing));
        findings.extend(standing.held.iter().map(held));
        findings.push(seat(self.seat_holder(), &standing));
        Ok(findings)
    }
}

/// Issued by a program of before, and not taken over yet.
fn of_before(shown: &str) -> CheckupFinding {
    Examined("diario").good(text!(
        "el diario {shown} es de una versión anterior: pasa a la base de datos la próxima vez que se emita",
        "the journal {shown} is an earlier version's: it goes into the database when something is issued next"
    ))
}

/// Whether what happened is on record as it happened.
fn record(checked: &Result<u64, EventsBroken>) -> CheckupFinding {
    match checked {
        Ok(count) => Examined("diario")
            .good(text!(
                "el diario de emisión está entero: {count} hechos encadenados",
                "the record of issuing is whole: {count} events in a chain"
            ))
            .with("hechos", *count),
        Err(broken) => {
            let seq = broken.seq;
            Examined("diario")
                .bad(text!(
                    "el diario de emisión no está entero desde el hecho {seq}: alguien cambió o quitó filas de la base de datos; compárela con la última copia (chaski restaurar COPIA --dir OTRA)",
                    "the record of issuing is not whole from event {seq} on: somebody changed rows of the database or took them out; compare it with the latest backup (chaski restaurar COPY --dir ANOTHER)"
                ))
                .with("hecho", seq)
        }
    }
}

/// What waits, and must not be forgotten.
fn documents(standing: &IssuingStanding) -> Vec<CheckupFinding> {
    let mut findings = Vec::new();
    let doubt = standing.count(DocumentState::InDoubt);
    if doubt > 0 {
        let finding = Examined("comprobantes").advice(text!(
            "comprobantes en duda, {doubt}: no los emita otra vez; chaski serve los consulta solo, y también lo hacen chaski factura listar --estado DESCONOCIDO y chaski factura consultar",
            "documents in doubt, {doubt}: do not issue them again; chaski serve asks about them by itself, and so do chaski factura listar --estado DESCONOCIDO and chaski factura consultar"
        ));
        findings.push(finding.with("en_duda", doubt));
    }
    let near = standing.near_deadline;
    if near > 0 {
        let finding = Examined("comprobantes").bad(text!(
            "comprobantes por vencer o vencidos sin respuesta de SUNAT, {near}: mírelos con chaski factura listar --estado PENDIENTE_SUNAT y en su cuenta de Nubefact",
            "documents near their deadline or past it without a word of SUNAT, {near}: look at them with chaski factura listar --estado PENDIENTE_SUNAT and in your account at Nubefact"
        ));
        findings.push(finding.with("por_vencer", near));
    }
    let review = standing.in_review;
    if review > 0 {
        let finding = Examined("series").advice(text!(
            "series por recorrer porque se puso una copia, {review}: se pregunta a Nubefact qué se emitió después antes de tomar otro número",
            "series to be walked because a copy was put in place, {review}: Nubefact is asked what was issued since before another number is taken"
        ));
        findings.push(finding.with("por_recorrer", review));
    }
    if findings.is_empty() {
        findings.push(Examined("comprobantes").good(text!(
            "ningún comprobante está en duda ni por vencer",
            "no document is in doubt or near its deadline"
        )));
    }
    findings
}

/// An account that Nubefact does not work for.
fn held(issuer: &HeldIssuer) -> CheckupFinding {
    let shown = issuer
        .ruc
        .map_or_else(|| "?".to_owned(), |ruc| ruc.to_string());
    let (code, since) = (&issuer.code, moment(issuer.since));
    let until = moment(issuer.until);
    let Text { es, en } = match code.as_str() {
        "10" | "11" | "401" => text!(
            "revise su ruta y su token con chaski empresas probar",
            "check its ruta and token with chaski empresas probar"
        ),
        "429" => text!(
            "son demasiadas peticiones por minuto",
            "these are too many requests a minute"
        ),
        _ => text!(
            "revise en Nubefact que la cuenta esté activa y pagada",
            "see at Nubefact that the account is active and paid"
        ),
    };
    Examined("emision")
        .bad(text!(
            "la emisión de {shown} está retenida desde {since} (código {code}): {es}; se prueba de nuevo a las {until} y sigue sola",
            "issuing for {shown} is on hold since {since} (code {code}): {en}; it is tried again at {until} and goes on by itself"
        ))
        .with("codigo", code.as_str())
        .with("desde", issuer.since.to_string())
}

/// Who issues.
fn seat(holder: SeatHolder, standing: &IssuingStanding) -> CheckupFinding {
    let queued = standing.count(DocumentState::Queued);
    let finding = match holder {
        SeatHolder::Here => {
            Examined("turno").good(text!("este proceso emite", "this process issues"))
        }
        SeatHolder::Other(Some(pid)) => {
            Examined("turno").good(text!("emite el proceso {pid}", "process {pid} issues"))
        }
        SeatHolder::Other(None) => {
            Examined("turno").good(text!("emite otro proceso", "another process issues"))
        }
        SeatHolder::Nobody if queued > 0 => Examined("turno").advice(text!(
            "nadie emite ahora y hay comprobantes en cola, {queued}: salen con chaski serve",
            "nobody issues now and documents are queued, {queued}: chaski serve sends them"
        )),
        SeatHolder::Nobody => Examined("turno").good(text!(
            "nadie emite ahora y no hay nada en cola",
            "nobody issues now and nothing is queued"
        )),
    };
    finding.with("en_cola", queued)
}

/// A moment as people say it, Lima.
fn moment(at: Timestamp) -> String {
    lima_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use chaski_core::Lang;

    use super::*;
    use crate::app::checkup::Grade;

    fn standing(state: DocumentState, count: u64) -> IssuingStanding {
        IssuingStanding {
            waiting: vec![(state, count)],
            ..IssuingStanding::default()
        }
    }

    #[track_caller]
    fn check(finding: &CheckupFinding, grade: Grade, es: &str, en: &str) {
        assert_eq!(finding.grade, grade, "{}", finding.message(Lang::Es));
        for (lang, part) in [(Lang::Es, es), (Lang::En, en)] {
            let said = finding.message(lang);
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn the_record() {
        check(&record(&Ok(3)), Grade::Good, "entero: 3", "whole: 3");
        let broken = record(&Err(EventsBroken { seq: 7 }));
        check(&broken, Grade::Bad, "desde el hecho 7", "from event 7");
    }

    #[test]
    fn what_waits() {
        let one = |standing: IssuingStanding| documents(&standing).remove(0);
        let nothing = one(IssuingStanding::default());
        check(&nothing, Grade::Good, "Ningún", "No document");
        let doubt = one(standing(DocumentState::InDoubt, 2));
        check(&doubt, Grade::Advice, "en duda, 2", "in doubt, 2");
        let near = one(IssuingStanding {
            near_deadline: 4,
            ..IssuingStanding::default()
        });
        check(
            &near,
            Grade::Bad,
            "por vencer o vencidos sin respuesta de SUNAT, 4",
            "SUNAT, 4",
        );
        let review = one(IssuingStanding {
            in_review: 1,
            ..IssuingStanding::default()
        });
        check(&review, Grade::Advice, "por recorrer", "to be walked");
    }

    #[test]
    fn who_is_held_and_who_issues() {
        let at: Timestamp = "2026-11-28T17:00:00Z".parse().unwrap();
        for (code, es, en) in [
            ("10", "empresas probar", "ruta and token"),
            ("51", "activa y pagada", "active and paid"),
            ("429", "por minuto", "a minute"),
        ] {
            let issuer = HeldIssuer {
                ruc: "20100070970".parse().ok(),
                code: code.to_owned(),
                since: at,
                until: at,
            };
            check(&held(&issuer), Grade::Bad, es, en);
            check(
                &held(&issuer),
                Grade::Bad,
                "2026-11-28 12:00",
                "20100070970",
            );
        }
        let queued = standing(DocumentState::Queued, 5);
        check(
            &seat(SeatHolder::Nobody, &queued),
            Grade::Advice,
            "en cola, 5",
            "queued, 5",
        );
        let idle = IssuingStanding::default();
        check(
            &seat(SeatHolder::Nobody, &idle),
            Grade::Good,
            "nada en cola",
            "nothing",
        );
        check(
            &seat(SeatHolder::Other(Some(9)), &queued),
            Grade::Good,
            "proceso 9",
            "Process 9",
        );
    }
}
