//! A note made out of the document that it corrects.

use std::collections::BTreeMap;

use chaski_core::invoicing::catalogs::note_reasons::{NoteKind, NoteReason};
use chaski_core::invoicing::{
    Correction, CorrectionScope, CreditedBefore, JsonObject, JsonValue, ScopeKind, TaxDocument,
    allowed_scopes, correct,
};
use chaski_core::lima_date;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::plan::WishState;
use super::{InvoiceError, InvoicePlan, InvoiceRoom, IssuedInvoice, WantedInvoice};
use crate::app::AppError;

/// A note that is wanted.
pub struct CorrectionWish {
    /// The document.
    pub wanted: WantedInvoice,
    /// SUNAT's code: catálogo 09, or 10 of a nota de débito.
    pub motivo: String,
    /// Whether it is a nota de débito.
    pub debit: bool,
    /// What of it; without, all of it where the motivo leaves no choice.
    pub scope: Option<CorrectionScope>,
    /// Why, in words.
    pub sustento: Option<String>,
    /// Series of the note; the document's own without.
    pub serie: Option<String>,
    /// Its day; today without.
    pub fecha: Option<Date>,
    /// Whether one more is wanted of what was issued before.
    pub another: bool,
}

/// Motivos that take back the whole of a document.
const WHOLE: [&str; 3] = ["01", "02", "06"];
/// NubeFact's numbers of motivos whose notes are on quantities.
const ON_QUANTITIES: [&str; 4] = ["1", "2", "6", "7"];

impl InvoiceRoom<'_> {
    /// What note is going to be issued on a document of the journal. The same wish again is the same note.
    pub async fn correct_invoice(&self, wish: &CorrectionWish) -> Result<InvoicePlan, AppError> {
        // 1. The document, and why.
        let kind = if wish.debit {
            NoteKind::Debit
        } else {
            NoteKind::Credit
        };
        let code = format!("{:0>2}", wish.motivo.trim());
        let motivo = NoteReason::from_catalog(kind, &code).ok_or(InvoiceError::NoSuchMotivo)?;
        let id = self.named(&wish.wanted).await?;
        let issued = self.issued(&id).await?;
        let scope = wish.scope.clone().map_or_else(|| usual_scope(motivo), Ok)?;
        // 2. Was this wished for before?
        let said = format!(
            "{kind:?} {code} {scope:?} {:?} {:?}",
            wish.sustento, wish.serie
        );
        let hash = blake3::hash(said.as_bytes()).to_hex();
        let key = format!("nota:{id}:{}:{}", id.kind.catalog_01(), &hash[..32]);
        let key = match self.key_derived(&key, wish.another).await? {
            WishState::Free(key) => key,
            known => return self.plan_known(known).await,
        };
        // 3. The note, checked like anything else.
        let today = lima_date(self.app.clock.now());
        let mut correction = Correction::new(motivo, scope, wish.fecha.unwrap_or(today));
        correction.serie.clone_from(&wish.serie);
        correction.sustento.clone_from(&wish.sustento);
        if !wish.debit {
            let notes = self.credit_notes_on(&id).await?;
            correction.before = credited_before(&issued.document, &notes);
        }
        let note = correct(&issued.document, &correction).map_err(InvoiceError::from)?;
        let value = JsonValue::Object(note.fields().clone());
        self.plan_new(value, key).await
    }
}

fn usual_scope(motivo: NoteReason) -> Result<CorrectionScope, InvoiceError> {
    let allows = allowed_scopes(motivo).contains(&ScopeKind::Whole);
    if allows && motivo.kind == NoteKind::Credit && WHOLE.contains(&motivo.catalog) {
        return Ok(CorrectionScope::Whole);
    }
    Err(InvoiceError::Scope(chaski_core::text!(
        "falta qué se corrige: --linea N=CANTIDAD, --linea N, --todo, --importe, --linea-importe N=IMPORTE o --cuota FECHA=IMPORTE",
        "what is corrected is missing: --linea N=QUANTITY, --linea N, --todo, --importe, --linea-importe N=AMOUNT or --cuota DATE=AMOUNT"
    )))
}

/// What earlier notes took off a document. A note on quantities has the lines that it credits, so they
/// are found by what they say; what is not found is taken off as an amount.
fn credited_before(document: &TaxDocument, notes: &[IssuedInvoice]) -> CreditedBefore {
    let mut before = CreditedBefore::default();
    let sold = lines_of(document);
    for IssuedInvoice { document: note, .. } in notes {
        let tipo = note.fields().present("tipo_de_nota_de_credito");
        let on_quantities = tipo
            .and_then(JsonValue::as_str)
            .is_some_and(|it| ON_QUANTITIES.contains(&it));
        let found = on_quantities.then(|| matched(&sold, &lines_of(note), &before.quantities));
        match found.flatten() {
            Some(quantities) => before.quantities = quantities,
            None => before.amount += note.total().unwrap_or_default(),
        }
    }
    before
}

fn lines_of(document: &TaxDocument) -> Vec<&JsonObject> {
    let items = document.fields().get("items");
    let items = items.map(JsonValue::elements).unwrap_or_default();
    items.iter().filter_map(JsonValue::as_object).collect()
}

/// The quantities of each line with those of a note added; none where one of its lines is none of the
/// document's.
fn matched(
    sold: &[&JsonObject],
    credited: &[&JsonObject],
    before: &BTreeMap<usize, Decimal>,
) -> Option<BTreeMap<usize, Decimal>> {
    let says = |line: &JsonObject| {
        ["codigo", "descripcion", "tipo_de_igv", "tipo_de_ivap"].map(|name| {
            line.present(name)
                .and_then(JsonValue::as_str)
                .map(str::to_owned)
        })
    };
    let quantity = |line: &JsonObject| -> Option<Decimal> {
        line.present("cantidad")?.as_str()?.trim().parse().ok()
    };
    let mut all = before.clone();
    for line in credited {
        let taken = quantity(line)?;
        let fits = |(place, own): &(usize, &&JsonObject)| {
            let left =
                quantity(own).unwrap_or_default() - all.get(place).copied().unwrap_or_default();
            says(own) == says(line) && left >= taken
        };
        let (place, _) = sold.iter().enumerate().find(fits)?;
        *all.entry(place).or_default() += taken;
    }
    Some(all)
}
