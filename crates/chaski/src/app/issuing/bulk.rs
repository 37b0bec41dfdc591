//! Many documents at once: whose customers can be invoiced, and how those stand that were handed over.

use std::collections::{BTreeSet, HashMap};

use chaski_core::{Condicion, Estado, Lang, Role, Ruc, fitness, lima_date};
use uuid::Uuid;

use crate::app::AppError;
use crate::app::invoices::{CheckedWorkbook, InvoiceRoom, RowOutcome};
use crate::store::DocumentRow;

/// The code of a document whose customer cannot be invoiced now.
const UNFIT: &str = "cliente_no_apto";
/// The code of one whose customer nobody could ask about.
const NOT_ASKED: &str = "cliente_sin_respuesta";

impl InvoiceRoom<'_> {
    /// Asks about every RUC that is a customer, each once, and sets aside the documents of those that are
    /// not ACTIVO and HABIDO. One that could not be asked about is set aside too: nothing is known of it.
    pub async fn set_unfit_aside(&self, workbook: &mut CheckedWorkbook, lang: Lang) -> usize {
        // 1. Each customer once.
        let mut rucs = BTreeSet::new();
        for document in workbook.documents.iter().filter(|it| !it.has_errors()) {
            let ruc = document.cliente.as_deref().map(str::parse::<Ruc>);
            rucs.extend(ruc.and_then(Result::ok));
        }
        let rucs: Vec<Ruc> = rucs.into_iter().collect();
        if rucs.is_empty() {
            return 0;
        }
        let today = lima_date(self.app.clock.now());
        let answers = self.app.lookup_rucs(&rucs, &self.ask).await;
        // 2. Why not.
        let mut unfit: HashMap<&str, RowOutcome> = HashMap::new();
        for (ruc, answer) in rucs.iter().zip(answers) {
            let (code, message) = match answer {
                Ok(found) if fitness(ruc, Some(&found.value), Role::Buyer, today).recomendado() => {
                    continue;
                }
                Ok(found) => {
                    let estado = found.value.estado.as_ref().map_or("-", Estado::as_str);
                    let condicion = found.value.condicion.as_ref();
                    let condicion = condicion.map_or("-", Condicion::as_str);
                    let message = lang.pick(
                        format!("no se emitió: el cliente está {estado} y {condicion} en SUNAT"),
                        format!("not issued: SUNAT has the customer as {estado} and {condicion}"),
                    );
                    (UNFIT, message)
                }
                Err(error) if error.is_not_found() => {
                    let message = lang.pick(
                        "no se emitió: SUNAT no conoce el RUC del cliente",
                        "not issued: SUNAT does not know the customer's RUC",
                    );
                    (UNFIT, message.to_owned())
                }
                Err(error) => {
                    let why = error.code();
                    let message = lang.pick(
                        format!(
                            "no se emitió: no se supo cómo está el cliente ({why}); repita después"
                        ),
                        format!(
                            "not issued: how the customer stands is not known ({why}); repeat later"
                        ),
                    );
                    (NOT_ASKED, message)
                }
            };
            unfit.insert(ruc.as_str(), RowOutcome::set_aside(code, message));
        }
        // 3. Their documents.
        let before = workbook.outcomes.len();
        for (index, document) in workbook.documents.iter().enumerate() {
            let outcome = document.cliente.as_deref().and_then(|it| unfit.get(it));
            if let Some(outcome) = outcome.filter(|_| !document.has_errors()) {
                workbook.outcomes.insert(index, outcome.clone());
            }
        }
        workbook.outcomes.len() - before
    }

    /// How a document stands that was handed over.
    pub async fn document_now(&self, id: Uuid) -> Result<Option<DocumentRow>, AppError> {
        Ok(self.app.store.document(id).await?)
    }

    /// The document that a key of this issuer stands for.
    pub async fn document_of_key(&self, key: &str) -> Result<Option<DocumentRow>, AppError> {
        let entry = self.journal().by_key(self.nubefact.issuer(), key).await;
        let entry = entry.map_err(crate::app::invoices::InvoiceError::from)?;
        match entry {
            Some(entry) => self.document_now(entry.id).await,
            None => Ok(None),
        }
    }
}

impl DocumentRow {
    /// What a result says of it.
    pub fn outcome(&self) -> RowOutcome {
        let reply = self.reply.as_ref().map(chaski_client::StoredReply::reply);
        let said = reply.as_ref().and_then(|it| it.text("sunat_description"));
        RowOutcome {
            state: Some(self.state),
            comprobante: self.numero.is_some().then(|| self.name()),
            enlace_pdf: reply.as_ref().and_then(|it| it.text("enlace_del_pdf")),
            message: said.or_else(|| self.code.as_ref().map(|_| self.state.as_str().to_owned())),
            code: self.code.clone(),
        }
    }
}
