//! How a document stands with SUNAT, read as six public clients agree (reference: Nubefact's manual names
//! the fields and not what they mean together).

use super::read::NubefactReply;

/// How a document stands with SUNAT. That Nubefact has it says nothing of this, and a link to a PDF does
/// not either: both are there before SUNAT has heard of it.
///
/// ```
/// use chaski_client::{NubefactReply, NubefactState};
/// let state = |json: &str| NubefactReply::from_json(json.as_bytes()).unwrap().state();
/// let pending = r#"{"aceptada_por_sunat":false,"enlace_del_pdf":"https://www.nubefact.com/cpe/1.pdf"}"#;
/// assert_eq!(state(pending), NubefactState::Pending);
/// let rejected = r#"{"aceptada_por_sunat":false,"sunat_responsecode":"2335"}"#;
/// assert_eq!(state(rejected), NubefactState::Rejected { code: "2335".into() });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NubefactState {
    /// SUNAT took it.
    Accepted,
    /// SUNAT took it and remarks on it: codes from 4000 on.
    Observed {
        /// The codes, in their order.
        codes: Vec<String>,
    },
    /// SUNAT refused it; its number is used up and the correction needs a new one.
    Rejected {
        /// Of 2000 to 3999, usually.
        code: String,
    },
    /// It has not got to SUNAT, or SUNAT could not work on it (codes below 2000): Nubefact goes on
    /// trying, or something is to be set right in its panel.
    Undelivered {
        /// SUNAT's code, where there is one.
        code: Option<String>,
    },
    /// SUNAT has not said anything yet: a boleta until the next day, a void with a ticket, a guía just
    /// sent, whatever a demo account holds.
    Pending,
    /// It was voided.
    Voided,
}

impl NubefactReply {
    /// How the document stands with SUNAT.
    pub fn state(&self) -> NubefactState {
        NubefactState::of(self)
    }
}

impl NubefactState {
    fn of(reply: &NubefactReply) -> NubefactState {
        if reply.boolean("anulado") == Some(true) {
            return NubefactState::Voided;
        }
        let code = reply.text("sunat_responsecode");
        if reply.boolean("aceptada_por_sunat") == Some(true) {
            let codes = observations(reply, code.as_deref());
            return if codes.is_empty() {
                NubefactState::Accepted
            } else {
                NubefactState::Observed { codes }
            };
        }
        let fault = || NubefactState::Undelivered {
            code: code.clone().filter(|it| digits_of(it) != Some(0)),
        };
        match code.as_deref().map(|text| (text, digits_of(text))) {
            Some((_, Some(0))) | None => match reply.text("sunat_soap_error") {
                Some(_) => fault(),
                None => NubefactState::Pending,
            },
            // Exceptions: SUNAT has registered nothing.
            Some((_, Some(100..=1999))) => fault(),
            // A ticket that SUNAT is still working on; an observation and not accepted, which is
            // neither yes nor no.
            Some((_, Some(98 | 4000..))) => NubefactState::Pending,
            Some((text, _)) => NubefactState::Rejected { code: text.into() },
        }
    }

    /// Whether it may still change by itself.
    pub fn is_final(&self) -> bool {
        !matches!(
            self,
            NubefactState::Pending | NubefactState::Undelivered { .. }
        )
    }

    /// Stable name, as people and programs see it.
    pub fn as_str(&self) -> &'static str {
        match self {
            NubefactState::Accepted => "ACEPTADO",
            NubefactState::Observed { .. } => "OBSERVADO",
            NubefactState::Rejected { .. } => "RECHAZADO",
            NubefactState::Undelivered { .. } | NubefactState::Pending => "PENDIENTE_SUNAT",
            NubefactState::Voided => "ANULADO",
        }
    }
}

/// The last number in a code such as `2335` or `soap-env:Client.2335`.
fn digits_of(text: &str) -> Option<u32> {
    let end = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let before = end.trim_end_matches(|c: char| c.is_ascii_digit());
    end.get(before.len()..)?.parse().ok()
}

/// SUNAT's remarks: the answer's code, or codes that its note names.
fn observations(reply: &NubefactReply, code: Option<&str>) -> Vec<String> {
    let note = reply.text("sunat_note").unwrap_or_default();
    let named = note
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| part.len() == 4 && part.starts_with('4'))
        .map(str::to_owned);
    let own = code.filter(|code| digits_of(code).is_some_and(|it| (4000..5000).contains(&it)));
    let mut codes: Vec<String> = own.map(str::to_owned).into_iter().chain(named).collect();
    codes.dedup();
    codes
}
