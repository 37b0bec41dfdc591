//! Many documents at once: which customers cannot be invoiced, and what a result says of a document.

use std::collections::{BTreeSet, HashSet};

use chaski_client::{Ask, Budget};
use chaski_core::{Condicion, Estado, Lang, Role, Ruc, Taxpayer, fitness, lima_date};

use crate::app::invoices::{CheckedWorkbook, InvoiceRoom, RowOutcome};
use crate::store::DocumentRow;

/// The code of a document whose customer cannot be invoiced now.
pub(in crate::app) const UNFIT: &str = "cliente_no_apto";
/// The code of one whose customer nobody could ask about.
pub(in crate::app) const NOT_ASKED: &str = "cliente_sin_respuesta";

impl InvoiceRoom<'_> {
    /// Asks about customers, each once, and says which ones cannot be invoiced: those that are not ACTIVO and
    /// HABIDO, those that SUNAT does not know, and those about which nothing is known.
    pub(in crate::app) async fn customers(
        &self,
        rucs: &[Ruc],
        ask: &Ask,
    ) -> Vec<(Ruc, &'static str)> {
        let today = lima_date(self.app.clock.now());
        let answers = if rucs.is_empty() || self.app.nobody_to_ask() {
            Vec::new()
        } else {
            self.app.lookup_rucs(rucs, ask).await
        };
        let mut answers = answers.into_iter();
        let mut unfit = Vec::new();
        for ruc in rucs {
            let code = match answers.next() {
                Some(Ok(found))
                    if fitness(ruc, Some(&found.value), Role::Buyer, today).recomendado() =>
                {
                    continue;
                }
                Some(Ok(_)) => UNFIT,
                Some(Err(error)) if error.is_not_found() => UNFIT,
                Some(Err(_)) | None => NOT_ASKED,
            };
            unfit.push((*ruc, code));
        }
        unfit
    }

    /// The places of the documents without errors whose customers cannot be invoiced. They are looked up for
    /// `most` calls at most.
    pub async fn unfit_documents(&self, checked: &CheckedWorkbook, most: u64) -> HashSet<usize> {
        let documents = checked.documents.iter().enumerate();
        let right = documents.filter(|(_, it)| !it.has_errors());
        let of_ruc: Vec<(usize, Ruc)> = right
            .filter_map(|(at, it)| Some((at, it.customer_to_ask(true)?)))
            .collect();
        let rucs: BTreeSet<Ruc> = of_ruc.iter().map(|(_, ruc)| *ruc).collect();
        let rucs: Vec<Ruc> = rucs.into_iter().collect();
        let ask = Ask {
            budget: Some(Budget::of(most)),
            ..self.ask.clone()
        };
        let unfit = self.customers(&rucs, &ask).await.into_iter();
        let unfit: HashSet<Ruc> = unfit.map(|(ruc, _)| ruc).collect();
        let unfit = of_ruc.into_iter().filter(|(_, ruc)| unfit.contains(ruc));
        unfit.map(|(at, _)| at).collect()
    }
}

/// Why a customer cannot be invoiced, by what SUNAT says of it.
pub(in crate::app) fn unfit_words(taxpayer: Option<&Taxpayer>, lang: Lang) -> String {
    let Some(taxpayer) = taxpayer else {
        let words = lang.pick(
            "no se emitió: SUNAT no conoce el RUC del cliente",
            "not issued: SUNAT does not know the customer's RUC",
        );
        return words.to_owned();
    };
    let estado = taxpayer.estado.as_ref().map_or("-", Estado::as_str);
    let condicion = taxpayer.condicion.as_ref().map_or("-", Condicion::as_str);
    lang.pick(
        format!("no se emitió: el cliente está {estado} y {condicion} en SUNAT"),
        format!("not issued: SUNAT has the customer as {estado} and {condicion}"),
    )
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
