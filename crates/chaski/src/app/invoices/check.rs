//! What is right and wrong of a document, with everything that can be known beside it.

use chaski_client::Ask;
use chaski_core::invoicing::{
    CheckedDocument, CustomerFacts, Findings, InvoiceFinding, JsonObject, JsonValue, Known,
    check_value, codes,
};
use chaski_core::{lima_date, text};
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;

use super::InvoiceRoom;
use super::complete::complete;
use super::facts::is_verbatim;
use crate::app::{App, AppError};

impl App {
    /// Checks a document as it came, in either form: nothing is sent and no number taken. Customer and
    /// exchange rate are looked up where they are absent. Without a room nothing is known of series and
    /// earlier documents, and what depends on them is left out.
    pub async fn check_invoice(
        &self,
        room: Option<&InvoiceRoom<'_>>,
        value: JsonValue,
        ask: &Ask,
    ) -> Result<CheckedDocument, AppError> {
        self.checked(room, value, ask, true).await
    }

    /// The same for a document of a list, whose customers are looked up together when it is issued.
    pub(super) async fn check_listed(
        &self,
        room: &InvoiceRoom<'_>,
        value: JsonValue,
    ) -> Result<CheckedDocument, AppError> {
        self.checked(Some(room), value, &room.ask, false).await
    }

    async fn checked(
        &self,
        room: Option<&InvoiceRoom<'_>>,
        value: JsonValue,
        ask: &Ask,
        with_customer: bool,
    ) -> Result<CheckedDocument, AppError> {
        let (now, today) = (self.clock.now(), lima_date(self.clock.now()));
        let JsonValue::Object(mut object) = value else {
            return Ok(check_value(value, now, &Known::default()));
        };
        // 1. What nobody has to write.
        let of_issuer = match room {
            Some(room) => room.known_of_issuer().await?,
            None => Known::default(),
        };
        let mut more = complete(&mut object, today, &of_issuer);
        // 2. What others know.
        let facts = self.facts_about(room, of_issuer, (&object, today), ask);
        let mut known = facts.await?;
        if with_customer {
            known.customer = self.customer_of(&object, ask).await;
        }
        if is_verbatim(&object) {
            fill_in(&mut object, &known);
        }
        if let Some(finding) = lookup_failed(&object, &known) {
            more.push(finding);
        }
        // 3. The check.
        let mut checked = check_value(JsonValue::Object(object), now, &known);
        if let (Some(room), Some(emisor)) = (room, &checked.emisor)
            && emisor.trim() != room.issuer.ruc.as_str()
        {
            more.extend(of_another(room));
        }
        checked.hallazgos.extend(more);
        advise_about_lookups(&mut checked.hallazgos);
        checked
            .hallazgos
            .sort_by_key(|it| std::cmp::Reverse(it.severidad));
        Ok(checked)
    }
}

/// Customer and exchange rate of a document in Nubefact's JSON; the simple form takes them by itself.
fn fill_in(object: &mut JsonObject, known: &Known) {
    if let CustomerFacts::Found { nombre, direccion } = &known.customer {
        // The register's names may be longer than Nubefact's hundred characters.
        let short = |text: &str| JsonValue::text(text.chars().take(100).collect::<String>());
        if object.present("cliente_denominacion").is_none() {
            object.set("cliente_denominacion", short(nombre));
        }
        if let Some(direccion) = direccion
            && object.present("cliente_direccion").is_none()
        {
            object.set("cliente_direccion", short(direccion));
        }
    }
    if let Some(rate) = known.exchange_rate {
        let rate = rate.round_dp_with_strategy(3, MidpointAwayFromZero);
        object.set("tipo_de_cambio", JsonValue::number(rate));
    }
}

/// In Nubefact's JSON a name that could not be looked up is only absent to the check.
fn lookup_failed(object: &JsonObject, known: &Known) -> Option<InvoiceFinding> {
    const NAME: &str = "cliente_denominacion";
    if !is_verbatim(object) || object.present(NAME).is_some() {
        return None;
    }
    let mut findings = Findings::new();
    match known.customer {
        CustomerFacts::Failed => drop(findings.add(&codes::CUSTOMER_LOOKUP, NAME)),
        CustomerFacts::NotListed => findings.note_not_listed(NAME),
        _ => {}
    }
    findings.list().first().cloned()
}

/// Name and address that are missing because the customer's number is wrong are looked up once it is
/// right, so that the advice is to correct the number.
fn advise_about_lookups(findings: &mut [InvoiceFinding]) {
    const NUMBERS: [&str; 2] = ["cliente.numero", "cliente_numero_de_documento"];
    const LOOKED_UP: [&str; 4] = [
        "cliente.nombre",
        "cliente.direccion",
        "cliente_denominacion",
        "cliente_direccion",
    ];
    let is_about =
        |finding: &InvoiceFinding, fields: &[&str]| fields.contains(&finding.campo.as_str());
    if !findings.iter().any(|it| is_about(it, &NUMBERS)) {
        return;
    }
    for finding in findings {
        if finding.codigo == codes::REQUIRED.codigo && is_about(finding, &LOOKED_UP) {
            finding.accion = text!(
                "corrija el número del cliente y se consulta solo, o escríbalo aquí",
                "correct the customer's number and it is looked up, or write it here"
            );
        }
    }
}

fn of_another(room: &InvoiceRoom<'_>) -> Vec<InvoiceFinding> {
    let mut findings = Findings::new();
    findings
        .add(&codes::CATALOG, "emisor")
        .expected(room.issuer.ruc.as_str())
        .says(text!(
            "el emisor del documento no es la empresa con la que se trabaja",
            "the document's emisor is not the company that is worked with"
        ))
        .advises(text!(
            "indique esa empresa con --empresa, o corrija «emisor»",
            "name that company with --empresa, or correct \"emisor\""
        ));
    findings.list().to_vec()
}
