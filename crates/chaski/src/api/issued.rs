//! Documents that are issued.

use chaski_client::{IssueSettled, NextDeed, NubefactKind, StoredReply};
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::invoicing::{CorrectionScope, InvoiceFinding};
use chaski_core::{Lang, Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::meaning::meaning;
use super::reply::lima;
use crate::app::App;
use crate::app::invoices::{CorrectionWish, settled_code};
use crate::app::issuing::{DocumentStory, has_ended};
use crate::store::{DocumentEvent, DocumentRow};

/// A document and how it stands.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ComprobanteData)]
pub(crate) struct IssuedData {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
    /// RUC of who issues.
    pub(crate) emisor: String,
    /// `factura`, `boleta`, `nc`, `nd`, `guia`, `guia_transportista`, `retencion` or `percepcion`.
    pub(crate) tipo: String,
    /// Its code in SUNAT's catálogo 01.
    pub(crate) tipo_sunat: String,
    /// Series, such as `F001`.
    pub(crate) serie: String,
    /// None before a number is bound.
    pub(crate) numero: Option<u32>,
    /// `EN_COLA`, `ENVIANDO`, `DESCONOCIDO`, `EN_ESPERA`, `DEVUELTO`, `CONFLICTO`, `LIBERADO`,
    /// `PENDIENTE_SUNAT`, `ACEPTADO`, `OBSERVADO`, `RECHAZADO`, `ANULACION_PENDIENTE` or `ANULADO`.
    pub(crate) estado: String,
    /// Why, as a stable code or as Nubefact's.
    pub(crate) codigo: Option<String>,
    /// Whether nothing more comes of it by itself.
    pub(crate) terminado: bool,
    /// Lima day of issue.
    pub(crate) fecha: Option<String>,
    /// ISO 4217, such as `PEN`.
    pub(crate) moneda: Option<String>,
    /// Two decimals.
    pub(crate) total: Option<String>,
    /// Who buys.
    pub(crate) cliente: Option<BuyerData>,
    /// The caller's own name for the sale.
    pub(crate) referencia: Option<String>,
    /// The key that it was handed over under.
    pub(crate) clave: String,
    /// What a note modifies.
    pub(crate) modifica: Option<String>,
    /// SUNAT's word on it; null before Nubefact answered.
    pub(crate) sunat: Option<SunatData>,
    /// Where it and its files are, here.
    pub(crate) enlaces: IssuedLinks,
    /// Nubefact's own links, which whoever has them can open; none before it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nubefact: Option<UpstreamLinks>,
    /// What came of it and what to do; only where one document is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mensaje: Option<String>,
    /// Why it does not stand, as a stable code with a page of its own; only where one document is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problema: Option<String>,
    /// What happens next by itself, and when.
    pub(crate) siguiente: Option<NextData>,
    /// When it was handed over, Lima time.
    pub(crate) creado_en: String,
    /// When it changed last, Lima time.
    pub(crate) cambiado_en: String,
    /// When SUNAT had spoken.
    pub(crate) final_en: Option<String>,
    /// Its newest void; only where one document is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) anulacion: Option<VoidData>,
    /// What was remarked on it; only in the answer to handing it over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hallazgos: Vec<DocumentFindingData>,
    /// What happened to it, oldest first; only where one document is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) eventos: Vec<IssuedEventData>,
}

/// Who buys.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ClienteData)]
pub(crate) struct BuyerData {
    /// SUNAT's code of the kind of identity: `6` RUC, `1` DNI.
    pub(crate) tipo: String,
    /// Number of the identity document.
    pub(crate) numero: String,
    /// Name of the customer.
    pub(crate) nombre: String,
}

/// SUNAT's word on a document.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct SunatData {
    /// Its code, `0` where it was accepted.
    pub(crate) codigo: Option<String>,
    /// What it means, in SUNAT's words.
    pub(crate) descripcion: Option<String>,
    /// SUNAT's remarks.
    pub(crate) nota: Option<String>,
    /// What is printed as a QR code.
    pub(crate) qr: Option<String>,
    /// Hash of the signed document.
    pub(crate) hash: Option<String>,
}

/// Where a document and its files are, here.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct IssuedLinks {
    /// The document.
    pub(crate) comprobante: String,
    /// What happens to it, as it happens.
    pub(crate) eventos: String,
    /// None before it exists.
    pub(crate) pdf: Option<String>,
    /// The signed XML; none before it exists.
    pub(crate) xml: Option<String>,
    /// SUNAT's receipt; none before SUNAT has spoken.
    pub(crate) cdr: Option<String>,
}

/// Where a document and its files are at Nubefact.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = NubefactLinks)]
pub(crate) struct UpstreamLinks {
    /// Its page.
    pub(crate) enlace: Option<String>,
    /// The printed form.
    pub(crate) pdf: Option<String>,
    /// The signed XML.
    pub(crate) xml: Option<String>,
    /// SUNAT's receipt.
    pub(crate) cdr: Option<String>,
}

/// What happens next by itself.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct NextData {
    /// `emitir`, `averiguar`, `consultar` or `anular`.
    pub(crate) que: String,
    /// Not before then.
    pub(crate) cuando: String,
}

/// The void of a document.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct VoidData {
    /// How it stands, as a document's `estado`.
    pub(crate) estado: String,
    /// Why it could not be, as a stable code.
    pub(crate) codigo: Option<String>,
    /// Why it is voided, as SUNAT reads it.
    pub(crate) motivo: Option<String>,
    /// SUNAT's number for it.
    pub(crate) ticket: Option<String>,
    /// What happens next by itself, and when.
    pub(crate) siguiente: Option<NextData>,
    /// When it was handed over, Lima time.
    pub(crate) creado_en: String,
}

/// What was remarked on a document.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct DocumentFindingData {
    /// `error` (never sent), `observacion` or `aviso`.
    pub(crate) severidad: String,
    /// Stable, never translated.
    pub(crate) codigo: String,
    /// The field as it is called in the document that came, lines from 0: `items[2].igv`.
    pub(crate) campo: String,
    /// What is wrong, for people.
    pub(crate) mensaje: String,
    /// The value that would be right, where there is one.
    pub(crate) esperado: Option<String>,
    /// What to do about it.
    pub(crate) accion: String,
}

/// Something that happened to a document.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = EventoData)]
pub(crate) struct IssuedEventData {
    /// When, Lima time.
    pub(crate) en: String,
    /// What, as a stable code.
    pub(crate) evento: String,
    /// How the document stood then.
    pub(crate) estado: String,
    /// Why, as a stable code.
    pub(crate) codigo: Option<String>,
}

/// A page of documents, newest first.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ComprobantesPage)]
pub(crate) struct IssuedPage {
    /// What was found, in that order.
    pub(crate) data: Vec<IssuedData>,
    /// `cursor` of the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// Which documents are wanted; what is about persons travels in the body.
#[derive(Serialize, Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
#[schema(as = ComprobantesBuscar)]
pub(crate) struct IssuedWanted {
    /// State, such as `PENDIENTE_SUNAT`.
    pub(crate) estado: Option<String>,
    /// Kind, such as `factura`.
    pub(crate) tipo: Option<String>,
    /// Series, such as `F001`.
    pub(crate) serie: Option<String>,
    /// First day of issue.
    pub(crate) desde: Option<String>,
    /// Last day of issue.
    pub(crate) hasta: Option<String>,
    /// The customer's RUC or DNI.
    pub(crate) cliente: Option<String>,
    /// The caller's own name for the sale.
    pub(crate) referencia: Option<String>,
    /// RUC of who issues.
    pub(crate) empresa: Option<String>,
    /// Rows, 1 to 250.
    #[schema(minimum = 1, maximum = 250)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// Why a document is voided.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnularWanted)]
pub(crate) struct VoidWanted {
    /// SUNAT reads it: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "pedido repetido")]
    pub(crate) motivo: String,
}

impl DocumentFindingData {
    pub(crate) fn of(finding: &InvoiceFinding, lang: Lang) -> DocumentFindingData {
        DocumentFindingData {
            severidad: finding.severidad.as_str().into(),
            codigo: finding.codigo.into(),
            campo: finding.campo.clone(),
            mensaje: finding.message(lang).to_owned(),
            esperado: finding.esperado.clone(),
            accion: finding.action(lang).to_owned(),
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severidad == Severity::Error.as_str()
    }
}

impl IssuedData {
    pub(crate) fn of(app: &App, row: &DocumentRow) -> IssuedData {
        let (series, sheet) = (&row.series, &row.sheet);
        let reply = row.reply.as_ref().map(StoredReply::reply);
        let told = |name: &str| reply.as_ref().and_then(|it| it.text(name));
        IssuedData {
            id: row.id,
            mode: app.mode.as_str().into(),
            emisor: series.issuer.to_string(),
            tipo: series.kind.word().into(),
            tipo_sunat: series.kind.catalog_01().into(),
            serie: series.serie.to_string(),
            numero: row.numero,
            estado: row.state.as_str().into(),
            codigo: row.code.clone(),
            terminado: has_ended(row),
            fecha: row.issued_on.map(|it| it.to_string()),
            moneda: sheet.moneda.as_deref().and_then(currency),
            total: sheet.total.clone(),
            cliente: sheet.cliente.as_ref().map(|it| BuyerData {
                tipo: it.tipo.clone(),
                numero: it.numero.clone(),
                nombre: it.nombre.clone(),
            }),
            referencia: sheet.referencia.clone(),
            clave: sheet.clave.clone(),
            modifica: sheet.modifica.clone(),
            sunat: reply.is_some().then(|| SunatData {
                codigo: told("sunat_responsecode"),
                descripcion: told("sunat_description"),
                nota: told("sunat_note"),
                qr: told("cadena_para_codigo_qr"),
                hash: told("codigo_hash"),
            }),
            enlaces: IssuedLinks::of(row),
            nubefact: reply.is_some().then(|| UpstreamLinks {
                enlace: told("enlace"),
                pdf: told("enlace_del_pdf"),
                xml: told("enlace_del_xml"),
                cdr: told("enlace_del_cdr"),
            }),
            mensaje: None,
            problema: None,
            siguiente: NextData::of(row),
            creado_en: lima(row.created_at),
            cambiado_en: lima(row.changed_at),
            final_en: row.final_at.map(lima),
            anulacion: None,
            hallazgos: Vec::new(),
            eventos: Vec::new(),
        }
    }

    /// The same with what happened to it.
    pub(crate) fn with_story(app: &App, row: &DocumentRow, story: &DocumentStory) -> IssuedData {
        IssuedData {
            anulacion: story.void.as_ref().map(VoidData::of),
            terminado: has_ended(row) && story.void.as_ref().is_none_or(has_ended),
            eventos: story.events.iter().map(IssuedEventData::of).collect(),
            ..IssuedData::of(app, row)
        }
    }

    /// The same with what came of it, in words.
    pub(crate) fn settled(self, settled: Option<&IssueSettled>, lang: Lang) -> IssuedData {
        let voided = matches!(&*self.estado, "ANULADO" | "ANULACION_PENDIENTE");
        let voided = voided.then(|| meaning(&self.estado, lang).to_owned());
        IssuedData {
            mensaje: voided.or_else(|| settled.map(|it| it.message(lang))),
            problema: settled.and_then(settled_code).map(Into::into),
            ..self
        }
    }
}

fn currency(number: &str) -> Option<String> {
    let moneda = Moneda::from_nubefact(number.parse().ok()?)?;
    Some(moneda.iso().to_owned())
}

/// The family of addresses that a kind of document has.
pub(crate) fn family_of(kind: NubefactKind) -> &'static str {
    match kind {
        NubefactKind::GuiaRemitente | NubefactKind::GuiaTransportista => "guias",
        NubefactKind::Retencion => "retenciones",
        NubefactKind::Percepcion => "percepciones",
        _ => "comprobantes",
    }
}

/// Where a document is.
pub(crate) fn place_of(row: &DocumentRow) -> String {
    format!("/api/v1/{}/{}", family_of(row.series.kind), row.id)
}

impl IssuedLinks {
    fn of(row: &DocumentRow) -> IssuedLinks {
        let place = place_of(row);
        let file = |name: &str| row.reply.as_ref().map(|_| format!("{place}/{name}"));
        let spoken = row.final_at.is_some();
        IssuedLinks {
            eventos: format!("{place}/eventos"),
            pdf: file("pdf"),
            xml: file("xml"),
            cdr: file("cdr").filter(|_| spoken),
            comprobante: place,
        }
    }
}

impl NextData {
    fn of(row: &DocumentRow) -> Option<NextData> {
        row.next.map(|(next, at)| NextData {
            que: match next {
                NextDeed::Issue => "emitir",
                NextDeed::Resolve => "averiguar",
                NextDeed::Follow => "consultar",
                NextDeed::Void => "anular",
            }
            .into(),
            cuando: lima(at),
        })
    }
}

impl VoidData {
    fn of(row: &DocumentRow) -> VoidData {
        let reply = row.reply.as_ref().map(StoredReply::reply);
        VoidData {
            estado: row.state.as_str().into(),
            codigo: row.code.clone(),
            motivo: row.sheet.motivo.clone(),
            ticket: reply.and_then(|it| it.ticket()),
            siguiente: NextData::of(row),
            creado_en: lima(row.created_at),
        }
    }
}

impl IssuedEventData {
    fn of(event: &DocumentEvent) -> IssuedEventData {
        IssuedEventData {
            en: lima(event.at),
            evento: event.event.clone(),
            estado: event.state.clone(),
            codigo: event.code.clone(),
        }
    }
}

/// The note that is wanted on a document.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CorregirWanted, example = json!({ "motivo": "01" }))]
pub(crate) struct CorrectionWanted {
    /// SUNAT's code: catálogo 09, or 10 of a nota de débito.
    pub(crate) motivo: String,
    /// A nota de débito.
    #[serde(default)]
    pub(crate) debito: bool,
    /// All of the document.
    #[serde(default)]
    pub(crate) todo: bool,
    /// An amount of the whole.
    pub(crate) importe: Option<String>,
    /// Some of its lines.
    #[serde(default)]
    pub(crate) lineas: Vec<CorrectedLine>,
    /// Its new instalments.
    #[serde(default)]
    pub(crate) cuotas: Vec<CorrectedInstalment>,
    /// Why, in words.
    pub(crate) sustento: Option<String>,
    /// Series of the note; the document's own if it is not said.
    pub(crate) serie: Option<String>,
    /// Its day; today if it is not said.
    pub(crate) fecha: Option<String>,
    /// One more than was made by the same wish.
    #[serde(default)]
    pub(crate) otra: bool,
}

impl CorrectionWanted {
    /// The same wish as it is sent.
    pub(crate) fn of(wish: &CorrectionWish) -> CorrectionWanted {
        let line = |place: usize| CorrectedLine {
            linea: place + 1,
            cantidad: None,
            importe: None,
        };
        let (mut importe, mut lineas, mut cuotas) = (None, Vec::new(), Vec::new());
        match &wish.scope {
            None | Some(CorrectionScope::Whole) => {}
            Some(CorrectionScope::Amount(amount)) => importe = Some(amount.to_string()),
            Some(CorrectionScope::Lines(quantities)) => {
                lineas.extend(quantities.iter().map(|(place, quantity)| CorrectedLine {
                    cantidad: quantity.map(|it| it.to_string()),
                    ..line(*place)
                }));
            }
            Some(CorrectionScope::LineAmounts(amounts)) => {
                lineas.extend(amounts.iter().map(|(place, amount)| CorrectedLine {
                    importe: Some(amount.to_string()),
                    ..line(*place)
                }));
            }
            Some(CorrectionScope::Schedule(schedule)) => {
                cuotas.extend(schedule.iter().map(|(day, amount)| CorrectedInstalment {
                    fecha: day.to_string(),
                    importe: amount.to_string(),
                }));
            }
        }
        CorrectionWanted {
            motivo: wish.motivo.clone(),
            debito: wish.debit,
            todo: wish.scope == Some(CorrectionScope::Whole),
            importe,
            lineas,
            cuotas,
            sustento: wish.sustento.clone(),
            serie: wish.serie.clone(),
            fecha: wish.fecha.map(|it| it.to_string()),
            otra: wish.another,
        }
    }
}

/// A line that is corrected: a quantity of it, an amount of it, or all of it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorrectedLine {
    /// From 1.
    pub(crate) linea: usize,
    /// A quantity of it.
    pub(crate) cantidad: Option<String>,
    /// An amount of it, with two decimals.
    pub(crate) importe: Option<String>,
}

/// An instalment.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorrectedInstalment {
    /// ISO 8601.
    pub(crate) fecha: String,
    /// What is due then, with two decimals.
    pub(crate) importe: String,
}

/// A notice about a document that is watched.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is streamed")]
#[schema(as = ComprobanteEvent)]
pub(crate) struct DocumentNotice {
    /// `cambio`, or `fin` for the last one.
    pub(crate) event: String,
    /// The document, as JSON.
    pub(crate) data: String,
}
