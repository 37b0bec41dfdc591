//! What is said of a voucher, by its state and by how its issuer stands.

use chaski_client::CpeState;
use chaski_core::{
    Condicion, Estado, Lang, Role, Severity, fitness, lima_date, lima_datetime, text,
};

use super::outcome::{VoucherAnswer, VoucherOutcome};
use crate::app::App;
use crate::app::verdicts::{OfList, RucOutcome, is_limit, of_failed_code, with_code};
use crate::hints::Hinted;
use crate::sheets::{VoucherVerdict, VoucherWord};

impl App {
    pub(super) fn judge_voucher(
        &self,
        outcome: &VoucherOutcome,
        list: OfList,
        said: &mut VoucherVerdict,
        notes: &mut Vec<String>,
        lang: Lang,
    ) {
        let judged = self.judge_issuer(outcome.issuer.as_ref(), said, lang);
        let (state, source, at) = match &outcome.answer {
            VoucherAnswer::Said { state, source, at } => (state, *source, *at),
            VoucherAnswer::Failed(error) => {
                said.word = of_failure(error.code(), list);
                notes.push(error.hinted(lang));
                return;
            }
            VoucherAnswer::FailedBefore(code) => {
                said.word = of_failure(code, list);
                notes.push(of_failed_code(code, lang));
                return;
            }
            VoucherAnswer::Forgotten => {
                said.word = VoucherWord::Error;
                let why = text!(
                    "la respuesta ya no está guardada",
                    "the answer is no longer kept"
                );
                notes.push(why.pick(lang));
                return;
            }
        };
        self.source_name(source, lang).clone_into(&mut said.fuente);
        said.consultado_en = lima_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let (word, name) = match state {
            CpeState::Accepted => (VoucherWord::Valido, "ACEPTADO"),
            CpeState::Cancelled => (VoucherWord::Anulado, "ANULADO"),
            CpeState::NotFound => (VoucherWord::NoInformado, "NO EXISTE"),
            CpeState::Unknown(raw) => (VoucherWord::Desconocido, raw.as_str()),
        };
        name.clone_into(&mut said.estado);
        said.word = word;
        match state {
            CpeState::Accepted => match judged {
                Judged::Good => {}
                Judged::Remarks(remarks) => {
                    said.word = VoucherWord::Observado;
                    notes.extend(remarks);
                }
                Judged::Failed(why) => {
                    said.word = VoucherWord::Error;
                    let why = text!(
                        "SUNAT lo tiene ACEPTADO, pero no se pudo consultar a su emisor: {why}",
                        "SUNAT has it accepted, but its issuer could not be looked up: {why}"
                    );
                    notes.push(why.pick(lang));
                }
            },
            CpeState::Cancelled => notes
                .push(text!("su emisor lo comunicó de baja", "its issuer voided it").pick(lang)),
            CpeState::NotFound => notes.push(
                text!(
                    "SUNAT no lo tiene con este RUC, serie, número, fecha e importe",
                    "SUNAT does not have it with this RUC, series, number, date and amount"
                )
                .pick(lang),
            ),
            CpeState::Unknown(raw) if raw.is_empty() => notes.push(
                text!(
                    "el servicio no dijo su estado: verifíquelo en SUNAT",
                    "the service did not say its state: check it at SUNAT"
                )
                .pick(lang),
            ),
            CpeState::Unknown(raw) => notes.push(
                text!(
                    "el servicio respondió «{raw}»: verifíquelo en SUNAT",
                    "the service said \"{raw}\": check it at SUNAT"
                )
                .pick(lang),
            ),
        }
    }

    /// How the issuer stands today.
    fn judge_issuer(
        &self,
        issuer: Option<&RucOutcome>,
        said: &mut VoucherVerdict,
        lang: Lang,
    ) -> Judged {
        let today = lima_date(self.clock.now());
        let fitness = match issuer {
            Some(RucOutcome::Found { taxpayer, .. }) => {
                let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
                said.razon_social
                    .clone_from(&taxpayer.nombre_o_razon_social);
                said.estado_emisor = text(taxpayer.estado.as_ref().map(Estado::as_str));
                said.condicion_emisor = text(taxpayer.condicion.as_ref().map(Condicion::as_str));
                fitness(&taxpayer.ruc, Some(taxpayer), Role::Issuer, today)
            }
            Some(RucOutcome::NotFound { .. }) => {
                let why = text!(
                    "el RUC de su emisor no figura en SUNAT",
                    "SUNAT does not know the RUC of its issuer"
                );
                return Judged::Remarks(vec![why.pick(lang)]);
            }
            Some(RucOutcome::Failed(error)) => return Judged::Failed(error.hinted(lang)),
            Some(RucOutcome::FailedBefore(code)) => return Judged::Failed(code.to_string()),
            Some(RucOutcome::Forgotten) | None => {
                let why = text!(
                    "lo que se sabía de su emisor ya no está guardado",
                    "what was known of its issuer is no longer kept"
                );
                return Judged::Remarks(vec![why.pick(lang)]);
            }
        };
        let mut findings = fitness.hallazgos.iter();
        if fitness.apto && findings.all(|it| it.severidad == Severity::Aviso) {
            return Judged::Good;
        }
        let remarks = fitness.hallazgos.iter().map(|it| with_code(it, lang));
        Judged::Remarks(remarks.collect())
    }
}

/// What is to be said of an issuer.
enum Judged {
    Good,
    Remarks(Vec<String>),
    Failed(String),
}

fn of_failure(code: &str, list: OfList) -> VoucherWord {
    if is_limit(code) && !list.nothing_came {
        VoucherWord::Pendiente
    } else {
        VoucherWord::Error
    }
}
