//! The documents that Nubefact asks for before it opens an account for production: issued on a demo account
//! or in the sandbox, and listed as the vendor wants to see them.
//!
//! About 19 (their note *Pase a producción*, read through others' integrations): factura and boleta each in
//! soles, in dollars, exonerada and inafecta, for export, and mixed; a credit and a debit note on both; both
//! asked about; both voided; a void asked about. The demo account holds 50 documents and SUNAT never sees them.

use chaski_client::{DocumentState, NubefactId, NubefactKind, SeriesName};
use chaski_core::invoicing::JsonValue;
use chaski_core::{Text, text};
use serde_json::{Value, json};

use super::{InvoiceError, InvoicePlan, InvoiceRoom, IssueWish, WantedInvoice};
use crate::app::issuing::{AcceptOptions, VoidOptions};
use crate::app::{AppError, Mode};
use crate::store::{DocumentFilter, DocumentRow};

/// Series that demo accounts have; those of production are others, which the account's owner opens.
const DEMO: [&str; 6] = ["FFF1", "BBB1", "TTT1", "VVV1", "RRR1", "PPP1"];

/// What is issued, with its series.
const KINDS: [(NubefactKind, &str); 6] = [
    (NubefactKind::Factura, "FFF1"),
    (NubefactKind::Boleta, "BBB1"),
    (NubefactKind::NotaCredito, "FFF1"),
    (NubefactKind::NotaCredito, "BBB1"),
    (NubefactKind::NotaDebito, "FFF1"),
    (NubefactKind::NotaDebito, "BBB1"),
];

/// One line of the list that the vendor wants to see.
#[derive(Debug, Clone)]
pub struct RehearsalStep {
    /// Its place, from 1.
    pub place: usize,
    /// What it is.
    pub what: Text,
    /// Series and number, once it has one.
    pub comprobante: Option<String>,
    /// How it stands.
    pub estado: String,
    /// Where its PDF is.
    pub enlace_pdf: Option<String>,
    /// The stable code of why it does not stand.
    pub code: Option<String>,
}

/// A rehearsal on its way.
struct Rehearsal<'r> {
    room: &'r InvoiceRoom<'r>,
    steps: Vec<RehearsalStep>,
}

impl InvoiceRoom<'_> {
    /// Issues the vendor's set and lists it. Each document has a name of its own: again, it is the same set.
    pub async fn rehearse(&self) -> Result<Vec<RehearsalStep>, AppError> {
        self.refuse_production().await?;
        self.open_what_is_rehearsed().await?;
        let mut it = Rehearsal {
            room: self,
            steps: Vec::new(),
        };
        // 1. Facturas and boletas of each kind.
        let mut sales = Vec::new();
        for tipo in ["factura", "boleta"] {
            for (what, body) in sales_of(tipo) {
                sales.push(it.issue(what, body).await?);
            }
        }
        // 2. Notes on both.
        for (place, serie) in [(0, "FFF1"), (5, "BBB1")] {
            for tipo in ["nota_credito", "nota_debito"] {
                let numero = sales.get(place).copied().flatten();
                it.note(tipo, serie, numero).await?;
            }
        }
        // 3. Both asked about, both voided, and a void asked about.
        let factura = (
            NubefactKind::Factura,
            "FFF1",
            sales.get(1).copied().flatten(),
        );
        let boleta = (
            NubefactKind::Boleta,
            "BBB1",
            sales.get(6).copied().flatten(),
        );
        for sale in [factura, boleta] {
            it.consult(sale).await?;
        }
        for sale in [factura, boleta] {
            it.void(sale).await?;
        }
        it.consult_void(factura).await?;
        Ok(it.steps)
    }

    /// A production account has series of its own, or documents that SUNAT took.
    async fn refuse_production(&self) -> Result<(), AppError> {
        if self.mode() == Mode::Sandbox {
            return Ok(());
        }
        let series = self.series().await?;
        let is_other = |name: &SeriesName| !DEMO.contains(&name.serie.as_str());
        if let Some(other) = series.iter().find(|it| is_other(&it.series)) {
            let serie = other.series.serie.to_string();
            return Err(InvoiceError::NotADemo(serie).into());
        }
        for state in [DocumentState::Accepted, DocumentState::Observed] {
            let filter = DocumentFilter {
                issuers: Some(vec![self.issuer.ruc.as_str().to_owned()]),
                state: Some(state),
                ..DocumentFilter::default()
            };
            let taken = self.app.store.documents(&filter, 1, None).await?;
            if let Some(document) = taken.rows.first() {
                return Err(InvoiceError::NotADemo(document.name()).into());
            }
        }
        Ok(())
    }

    async fn open_what_is_rehearsed(&self) -> Result<(), AppError> {
        let open = self.series().await?;
        for (kind, serie) in KINDS {
            let is_open = |it: &SeriesName| it.kind == kind && it.serie.as_str() == serie;
            if !open.iter().any(|it| is_open(&it.series)) {
                self.open_series_at(kind, serie, 0).await?;
            }
        }
        Ok(())
    }
}

impl Rehearsal<'_> {
    /// Issues one; its number, if it has one.
    async fn issue(&mut self, what: Text, body: Value) -> Result<Option<u32>, AppError> {
        let place = self.steps.len() + 1;
        let value = JsonValue::parse(body.to_string().as_bytes());
        let wish = IssueWish {
            value: value.map_err(|_| InvoiceError::NotIssuable)?,
            key: Some(format!("ensayo:{place:02}")),
            another: false,
        };
        let document = match self.room.plan_invoice(wish).await? {
            InvoicePlan::Wrong(wrong) => {
                let worst = wrong.hallazgos.iter().max_by_key(|it| it.severidad);
                let code = worst.map_or("comprobante_con_errores", |it| it.codigo);
                self.told(what, None, "CON_ERRORES", Some(code.to_owned()));
                return Ok(None);
            }
            InvoicePlan::Before(entry) => self.room.app.store.document(entry.id).await?,
            InvoicePlan::Ready(ready) => {
                let options = AcceptOptions {
                    twin_allowed: true,
                    renumber: true,
                    ..AcceptOptions::default()
                };
                // How it stands is read below, as for one of before.
                let _settled = self.room.issue_invoice(&ready, &options).await?;
                let issuer = self.room.issuer.ruc.as_str();
                let store = &self.room.app.store;
                store.document_of_key(issuer, ready.key()).await?
            }
        };
        let document = document.ok_or(InvoiceError::NotIssuable)?;
        self.told(
            what,
            Some(&document),
            document.state.as_str(),
            document.code.clone(),
        );
        // What SUNAT takes is a sale: the account is none of a demo.
        if self.room.mode() == Mode::Real && is_taken(document.state) {
            return Err(InvoiceError::NotADemo(document.name()).into());
        }
        Ok(document.numero)
    }

    async fn note(&mut self, tipo: &str, serie: &str, numero: Option<u32>) -> Result<(), AppError> {
        let of = if serie == "FFF1" { "factura" } else { "boleta" };
        let what = match tipo {
            "nota_credito" => text!("nota de crédito de {of}", "credit note on {of}"),
            _ => text!("nota de débito de {of}", "debit note on {of}"),
        };
        let Some(numero) = numero else {
            self.told(what, None, "NO_EMITIDO", None);
            return Ok(());
        };
        let (motivo, price) = match tipo {
            "nota_credito" => ("07", "11.80"),
            _ => ("01", "5.90"),
        };
        let body = json!({
            "tipo": tipo,
            "serie": serie,
            "cliente": customer(of),
            "precios_con_igv": true,
            "items": [line("SERVICIO DE PRUEBA", price, "10")],
            "nota": {
                "motivo": motivo,
                "documento": format!("{serie}-{numero}"),
                "sustento": "ENSAYO",
            },
        });
        self.issue(what, body).await?;
        Ok(())
    }

    async fn consult(
        &mut self,
        (kind, serie, numero): (NubefactKind, &str, Option<u32>),
    ) -> Result<(), AppError> {
        let word = kind.word();
        let what = text!("consulta de {word}", "status query of {word}");
        let Some(wanted) = wanted(kind, serie, numero) else {
            self.told(what, None, "NO_EMITIDO", None);
            return Ok(());
        };
        let found = self.room.consult_invoice(&wanted).await?;
        let name = found.id.short_name();
        let link = found.reply.and_then(|it| it.text("enlace_del_pdf"));
        let code = found.code.map(str::to_owned);
        self.said(what, Some(name), found.estado, link, code);
        Ok(())
    }

    async fn void(
        &mut self,
        (kind, serie, numero): (NubefactKind, &str, Option<u32>),
    ) -> Result<(), AppError> {
        let word = kind.word();
        let what = text!("baja de {word}", "void of {word}");
        let Some(wanted) = wanted(kind, serie, numero) else {
            self.told(what, None, "NO_EMITIDO", None);
            return Ok(());
        };
        // SUNAT never takes what is of a demo: waiting for that would be for ever.
        let options = VoidOptions {
            motivo: "ENSAYO".to_owned(),
            unaccepted: true,
            ..VoidOptions::default()
        };
        let voided = self.room.void_invoice_with(&wanted, &options).await?;
        let code = voided.outcome_code();
        let estado = code.map_or("ANULACION_ENVIADA", |_| "NO_ANULADO");
        let name = voided.id.short_name();
        self.said(what, Some(name), estado, None, code.map(str::to_owned));
        Ok(())
    }

    async fn consult_void(
        &mut self,
        (kind, serie, numero): (NubefactKind, &str, Option<u32>),
    ) -> Result<(), AppError> {
        let what = text!("consulta de una baja", "status query of a void");
        let id = numero.and_then(|it| NubefactId::new(kind, serie, it).ok());
        let Some(id) = id else {
            self.told(what, None, "NO_EMITIDO", None);
            return Ok(());
        };
        let reply = self.room.nubefact.consult_void(&id).await;
        let reply = reply.map_err(InvoiceError::from)?;
        let estado = reply
            .as_ref()
            .map_or("NO_EXISTE", |it| it.state().as_str())
            .to_owned();
        let link = reply.and_then(|it| it.text("enlace_del_pdf"));
        self.said(what, Some(id.short_name()), &estado, link, None);
        Ok(())
    }

    fn told(
        &mut self,
        what: Text,
        document: Option<&DocumentRow>,
        estado: &str,
        code: Option<String>,
    ) {
        let outcome = document.map(DocumentRow::outcome);
        let (name, link) = outcome.map_or((None, None), |it| (it.comprobante, it.enlace_pdf));
        self.said(what, name, estado, link, code);
    }

    fn said(
        &mut self,
        what: Text,
        comprobante: Option<String>,
        estado: &str,
        enlace_pdf: Option<String>,
        code: Option<String>,
    ) {
        self.steps.push(RehearsalStep {
            place: self.steps.len() + 1,
            what,
            comprobante,
            estado: estado.to_owned(),
            enlace_pdf,
            code,
        });
    }
}

/// Whether SUNAT took it.
fn is_taken(state: DocumentState) -> bool {
    matches!(state, DocumentState::Accepted | DocumentState::Observed)
}

fn wanted(kind: NubefactKind, serie: &str, numero: Option<u32>) -> Option<WantedInvoice> {
    Some(WantedInvoice {
        kind: Some(kind),
        serie: serie.to_owned(),
        numero: numero?,
    })
}

/// The five sales of a kind.
fn sales_of(tipo: &str) -> [(Text, Value); 5] {
    let sale = |more: Value, items: Value| {
        let serie = if tipo == "factura" { "FFF1" } else { "BBB1" };
        let mut body = json!({
            "tipo": tipo,
            "serie": serie,
            "cliente": customer(tipo),
            "precios_con_igv": true,
            "items": items,
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        body
    };
    let usual = || line("SERVICIO DE PRUEBA", "118.00", "10");
    let abroad = json!({
        "exportacion": true,
        "moneda": "USD",
        "tipo_de_cambio": "3.750",
        "cliente": {
            "tipo": "0", "numero": "EXT-0001", "nombre": "IMPORTADORA DE PRUEBA LLC",
            "direccion": "1 TEST STREET, MIAMI",
        },
    });
    [
        (
            text!("{tipo} en soles", "{tipo} in soles"),
            sale(json!({}), json!([usual()])),
        ),
        (
            text!("{tipo} en dólares", "{tipo} in dollars"),
            sale(
                json!({ "moneda": "USD", "tipo_de_cambio": "3.750" }),
                json!([usual()]),
            ),
        ),
        (
            text!(
                "{tipo} exonerada e inafecta",
                "{tipo} exonerada and inafecta"
            ),
            sale(
                json!({}),
                json!([
                    line("PRODUCTO EXONERADO", "50.00", "20"),
                    line("PRODUCTO INAFECTO", "30.00", "30"),
                ]),
            ),
        ),
        (
            text!("{tipo} de exportación", "{tipo} for export"),
            sale(
                abroad,
                json!([line("PRODUCTO DE EXPORTACION", "42.50", "40")]),
            ),
        ),
        (
            text!("{tipo} mixta", "{tipo}, mixed"),
            sale(
                json!({}),
                json!([
                    usual(),
                    line("PRODUCTO EXONERADO", "50.00", "20"),
                    line("PRODUCTO INAFECTO", "30.00", "30"),
                ]),
            ),
        ),
    ]
}

/// Nobody: a RUC and a DNI of the documentation.
fn customer(tipo: &str) -> Value {
    if tipo == "factura" {
        json!({
            "tipo": "6", "numero": "20100070970", "nombre": "EMPRESA DE PRUEBA S.A.C.",
            "direccion": "AV. DE PRUEBA 1, LIMA",
        })
    } else {
        json!({ "tipo": "1", "numero": "00000001", "nombre": "CLIENTE DE PRUEBA" })
    }
}

fn line(descripcion: &str, precio: &str, afectacion: &str) -> Value {
    json!({
        "descripcion": descripcion,
        "unidad": "NIU",
        "cantidad": 1,
        "precio": precio,
        "afectacion": afectacion,
    })
}
