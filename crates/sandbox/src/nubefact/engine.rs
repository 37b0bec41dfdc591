//! One request decided: what Nubefact answers, and what it remembers of it.

use chaski_core::lima_date;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::answers::Teller;
use super::arrival::{Arrival, Written, digest, link_key, ticket};
use super::config::{NubefactAccount, NubefactConfig, Standing};
use super::entry::Decided;
use super::facts::{Facts, Identity};
use super::form::Form;
use super::kind::IssuedKind;
use super::refusal::Refusal;
use super::rules::{
    Modified, Withheld, check_comprobante, check_guia, check_withheld, issue_date, most_characters,
    required, required_whole,
};
use super::state::{Change, DocumentIssuer, IssuedDocument, Remembered, RequestedVoid};
use super::sunat::{Verdict, after};
use crate::fault::FaultKind;
use crate::operation::Operation;

/// The largest body that is looked at.
pub(crate) const LARGEST_BODY: usize = 8 * 1024 * 1024;
/// A void is possible until so many days after the issue.
const DAYS_TO_VOID: i64 = 7;
/// 0 to 3 days back are taken; of a guía one.
const DAYS_BACK: i64 = 3;
const DAYS_BACK_OF_GUIA: i64 = 1;
const LARGEST_NUMBER: u32 = 99_999_999;

/// What a request leads to when it is not refused.
pub(super) struct Done {
    pub(super) body: Value,
    pub(super) changes: Vec<Change>,
    pub(super) decided: Decided,
}

/// All that a decision depends on.
pub(super) struct Desk<'a> {
    pub(super) config: &'a NubefactConfig,
    pub(super) rejected_tokens: &'a [String],
    pub(super) remembered: &'a Remembered,
    pub(super) arrival: &'a Arrival,
    pub(super) struck: Option<FaultKind>,
    pub(super) now: Timestamp,
    /// How the account is named in state and ledger.
    pub(super) mark: &'a str,
}

impl Desk<'_> {
    /// From the address to the answer. The order of the checks is not documented but for one
    /// report: arithmetic before series.
    pub(super) fn decide(&self) -> Result<Done, Refusal> {
        // 1. Whose account is it, and may it be used?
        let account = self
            .config
            .account(&self.arrival.ruta)
            .ok_or_else(|| Refusal::of(11))?;
        if !self.may_enter(account) {
            return Err(Refusal::of(10));
        }
        match account.standing {
            Standing::Good => {}
            Standing::Suspended => return Err(Refusal::of(50)),
            Standing::Unpaid => return Err(Refusal::of(51)),
        }
        // 2. Is it JSON, and an operation?
        match self.arrival.written {
            Written::Json => {}
            Written::Txt => return Err(Refusal::format()),
            Written::Other => return Err(Refusal::of(12)),
        }
        if self.arrival.body.len() > LARGEST_BODY {
            return Err(Refusal::format());
        }
        let form = self.arrival.form.as_ref().ok_or_else(Refusal::format)?;
        if let Some(field) = form.control_character() {
            let field = super::form::words(field);
            return Err(Refusal::reason(format!(
                "{field} contiene caracteres no permitidos"
            )));
        }
        // 3. The deed.
        let operation = self.arrival.operation;
        if operation.is_issue() {
            self.issue(account, form)
        } else if operation.is_void() {
            self.void(form)
        } else if operation.is_question() {
            self.tell(form)
        } else {
            Err(Refusal::format())
        }
    }

    fn may_enter(&self, account: &NubefactAccount) -> bool {
        self.arrival.token.as_ref().is_some_and(|token| {
            let good = account.tokens.is_empty() || account.tokens.contains(token);
            good && !self.rejected_tokens.contains(token)
        })
    }

    fn issue(&self, account: &NubefactAccount, form: &Form) -> Result<Done, Refusal> {
        // 1. Is it right in itself?
        let identity = self.identity(form)?;
        let facts = Facts::read(form, identity.kind)?;
        // What is sent again is not measured against itself: a note would exceed its document.
        let is_there = self.remembered.document(self.mark, &identity).is_some();
        let modified = facts.modifies.as_ref().filter(|_| !is_there);
        let known = modified.and_then(|modified| self.remembered.modified(self.mark, modified));
        check(form, &identity, facts.issued, known)?;
        // 2. May it be issued here, now, under this number?
        if !account.has_series(&identity.serie) {
            // The quote at the end is real.
            return Err(Refusal::reason(
                "Serie No puedes emitir comprobantes con esta serie'",
            ));
        }
        if is_there {
            return Err(Refusal::of(23));
        }
        let code = facts.unique_code.as_deref();
        let is_used = |code: &str| self.remembered.knows_code(self.mark, code);
        if self.config.unique_code && code.is_some_and(is_used) {
            return Err(Refusal::of(23));
        }
        let days_back = match identity.kind {
            _ if self.config.only_today => 0,
            kind if kind.is_guia() => DAYS_BACK_OF_GUIA,
            _ => DAYS_BACK,
        };
        issue_date(facts.issued, lima_date(self.now), days_back)?;
        if account
            .cap
            .is_some_and(|cap| self.remembered.count(self.mark) >= cap)
        {
            let cap = account.cap.unwrap_or_default();
            return Err(Refusal::reason(format!(
                "No puedes enviar mas de {cap} documentos en en una cuenta DEMO, ingresa a tu cuenta \
                 y elimina tus comprobantes."
            )));
        }
        // 3. Then it is there.
        let document = self.document(account, identity, facts, &self.arrival.body);
        Ok(Done {
            body: self.teller().document(&document),
            changes: vec![Change::Issued(Box::new(document))],
            decided: Decided::Aceptado,
        })
    }

    pub(super) fn document(
        &self,
        account: &NubefactAccount,
        identity: Identity,
        facts: Facts,
        body: &[u8],
    ) -> IssuedDocument {
        let at = self.now.to_string();
        let name = identity.name();
        let parts = [
            self.mark.as_bytes(),
            identity.kind.sunat_code().as_bytes(),
            name.as_bytes(),
            body,
            at.as_bytes(),
        ];
        let verdict = Verdict::of_document(
            &identity,
            &facts,
            self.now,
            self.config.guia_takes,
            self.struck,
        );
        IssuedDocument {
            ruta: self.mark.to_owned(),
            issuer: DocumentIssuer {
                ruc: account.ruc.clone(),
                name: account.name.clone(),
                address: account.address.clone(),
            },
            at: self.now,
            body: String::from_utf8_lossy(body).into_owned(),
            key: link_key(&parts),
            hash: digest(&parts),
            verdict,
            seen_from: match self.struck {
                Some(FaultKind::NotFoundYet(span)) => Some(after(self.now, span)),
                _ => None,
            },
            void: None,
            identity,
            facts,
        }
    }

    fn void(&self, form: &Form) -> Result<Done, Refusal> {
        // 1. What is asked, and of which document.
        let identity = self.identity(form)?;
        // A client that many use sends none with a reversal; of those the vendor's text was not seen.
        if self.arrival.operation == Operation::GenerarAnulacion {
            required(form, "motivo")?;
        }
        most_characters(form, "motivo", 100)?;
        most_characters(form, "codigo_unico", 250)?;
        let document = self.found(&identity)?;
        // 2. Is it possible? What a second void is answered is not documented: SUNAT's words for it.
        let earlier = document.void.as_ref();
        if earlier.is_some_and(|void| void.ticket.is_some()) {
            return Err(Refusal::reason(
                "Existe documento ya informado anteriormente en una comunicación de baja | Error al \
                 PreValidar INFO : 2323 (nodo: / valor: )",
            ));
        }
        if document.verdict.is_rejected(self.now) {
            return Err(Refusal::reason(
                "El documento fue rechazado por la SUNAT, no se puede anular",
            ));
        }
        let issued = document.facts.issued;
        let last = issued.checked_add(DAYS_TO_VOID.days()).unwrap_or(issued);
        if lima_date(self.now) > last {
            return Err(Refusal::sunat(2957, "fecha_de_emision", issued));
        }
        // A boleta's void waits until the boleta is accepted, others are refused until then.
        let waits = document.identity.kind == IssuedKind::Boleta
            || document
                .facts
                .modifies
                .as_ref()
                .is_some_and(|modified| modified.kind == IssuedKind::Boleta);
        if !waits && !document.verdict.is_accepted(self.now) {
            return Err(Refusal::reason(
                "El documento debe ser aceptado por la SUNAT antes de anularlo",
            ));
        }
        // 3. It has a ticket, and its answer comes later.
        let accepted = document.verdict.from();
        let from = accepted.map(|from| after(from.max(self.now), self.config.void_takes));
        let at = self.now.to_string();
        let parts = [document.key.as_bytes(), at.as_bytes(), b"anulacion"];
        let is_lost = self.struck == Some(FaultKind::TicketLost);
        let void = RequestedVoid {
            motivo: form.text("motivo").unwrap_or_default().to_owned(),
            at: self.now,
            key: link_key(&parts),
            ticket: (!is_lost).then(|| ticket(&parts)),
            verdict: Verdict::accepted(from).changed(self.struck, self.now),
            was_voided: self.struck == Some(FaultKind::AlreadyVoided),
        };
        Ok(Done {
            body: self.teller().void(document, &void),
            changes: vec![Change::Voided {
                ruta: self.mark.to_owned(),
                identity,
                void,
            }],
            decided: Decided::Baja,
        })
    }

    /// The state of a document or of its void. A fault may settle what was open.
    fn tell(&self, form: &Form) -> Result<Done, Refusal> {
        let identity = self.identity(form)?;
        let mut document = self.found(&identity)?.clone();
        let of_void = matches!(
            self.arrival.operation,
            Operation::ConsultarAnulacion
                | Operation::ConsultarReversionRetencion
                | Operation::ConsultarReversionPercepcion
        );
        let verdict = if of_void {
            // What is answered where there is no void is not known; one application reads 24 so.
            &mut document
                .void
                .as_mut()
                .ok_or_else(|| Refusal::of(24))?
                .verdict
        } else {
            &mut document.verdict
        };
        let mut changes = Vec::new();
        let settled = self.struck.filter(|_| !verdict.is_told(self.now));
        let settled = settled.map(|struck| verdict.settled(struck, self.now));
        if let Some(settled) = settled.filter(|settled| settled != verdict) {
            *verdict = settled;
            changes.push(Change::Settled {
                ruta: self.mark.to_owned(),
                identity,
                of_void,
                verdict: settled,
            });
        }
        let teller = self.teller();
        let body = match &document.void {
            Some(void) if of_void => teller.void(&document, void),
            _ => teller.document(&document),
        };
        Ok(Done {
            body,
            changes,
            decided: Decided::Consulta,
        })
    }

    /// The document, if a question finds it already.
    fn found(&self, identity: &Identity) -> Result<&IssuedDocument, Refusal> {
        let document = self.remembered.document(self.mark, identity);
        let document = document.ok_or_else(|| Refusal::of(24))?;
        let lag = match self.struck {
            Some(FaultKind::NotFoundYet(span)) => Some(after(document.at, span)),
            _ => None,
        };
        let seen_from = document.seen_from.max(lag);
        if seen_from.is_some_and(|from| self.now < from) {
            return Err(Refusal::of(24));
        }
        Ok(document)
    }

    /// Kind, series and number, each well formed and of what the operation is for.
    fn identity(&self, form: &Form) -> Result<Identity, Refusal> {
        let kind = match IssuedKind::of_operation(self.arrival.operation) {
            Some(kind) => kind,
            None => self.numbered_kind(form)?,
        };
        let serie = required(form, "serie")?.to_owned();
        if serie.chars().count() != 4 {
            return Err(Refusal::reason("Serie debe tener 4 caracteres"));
        }
        let numero = required_whole(form, "numero")?;
        if !(1..=LARGEST_NUMBER).contains(&numero) {
            return Err(Refusal::reason("Numero debe estar entre 1 y 99999999"));
        }
        Ok(Identity {
            kind,
            serie,
            numero,
        })
    }

    /// The kind that `tipo_de_comprobante` says, if the operation is for it.
    fn numbered_kind(&self, form: &Form) -> Result<IssuedKind, Refusal> {
        let operation = self.arrival.operation;
        let tipo = required_whole(form, "tipo_de_comprobante")?;
        let wrong = || Refusal::reason("Tipo de comprobante no está incluido en la lista");
        let kind = IssuedKind::numbered(tipo).ok_or_else(wrong)?;
        if kind.is_guia() && is_anulacion(operation) {
            // A guía cannot be voided here: the text is that of 24.
            return Err(Refusal::of(24));
        }
        let for_guias = matches!(operation, Operation::GenerarGuia | Operation::ConsultarGuia);
        if kind.is_guia() == for_guias {
            Ok(kind)
        } else {
            Err(wrong())
        }
    }

    fn teller(&self) -> Teller<'_> {
        Teller {
            config: self.config,
            links: &self.arrival.links,
            now: self.now,
        }
    }
}

fn is_anulacion(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::GenerarAnulacion | Operation::ConsultarAnulacion
    )
}

/// Whether a document is right in itself and beside the one that it modifies.
fn check(
    form: &Form,
    identity: &Identity,
    issued: Date,
    known: Option<Modified>,
) -> Result<(), Refusal> {
    let serie = identity.serie.as_str();
    match identity.kind {
        IssuedKind::Retencion => check_withheld(form, serie, &Withheld::RETENCION),
        IssuedKind::Percepcion => check_withheld(form, serie, &Withheld::PERCEPCION),
        kind if kind.is_guia() => check_guia(form, kind, serie),
        kind => check_comprobante(form, kind, serie, issued, known),
    }
}
