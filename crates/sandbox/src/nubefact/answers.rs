//! The bodies of answers, in the shape of those that the real one was seen to give.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chaski_core::lima_date;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::config::NubefactConfig;
use super::files::{AcceptedDocument, FileKind, SunatAnswer, VoidNotice};
use super::form::Form;
use super::state::{IssuedDocument, RequestedVoid};
use super::sunat::{nothing_to_void, voided_before};
use super::zipped::zipped;

const GUIA_NOTE: &str = "Para generar el PDF en las Guías de Remisión se requiere que la Sunat la acepte \
    primero. Usa la operación 'consultar_guia' para obtener el PDF o CDR. La Sunat puede tomar un \
    tiempo en aceptarla.";

/// A guía's QR leads to SUNAT.
const GUIA_QR: &str = "https://e-factura.sunat.gob.pe/v1/contribuyente/gre/comprobantes/descargaqr";

/// What an answer is written from.
pub(super) struct Teller<'a> {
    pub(super) config: &'a NubefactConfig,
    pub(super) links: &'a str,
    pub(super) now: Timestamp,
}

impl Teller<'_> {
    /// To an issue or to a question, which differ in `anulado` only; of a guía there is nothing
    /// before SUNAT took it.
    pub(super) fn document(&self, document: &IssuedDocument) -> Value {
        let sunat = self.told(document, None);
        if document.identity.kind.is_guia() {
            return self.guia(document, &sunat);
        }
        let link = self.link("cpe", &document.key);
        let qr = self.qr(document);
        let has_cdr = sunat.code.is_some();
        let mut body = head(document, &link);
        tell(&mut body, &sunat);
        body.insert("anulado".to_owned(), self.is_voided(document).into());
        self.attach(&mut body, document, None, has_cdr);
        body.insert("cadena_para_codigo_qr".to_owned(), qr.clone().into());
        body.insert("codigo_hash".to_owned(), document.hash.clone().into());
        body.insert("codigo_de_barras".to_owned(), qr.into());
        body.insert("key".to_owned(), document.key.clone().into());
        body.insert("digest_value".to_owned(), document.hash.clone().into());
        let mut inner = body.clone();
        inner.shift_remove("anulado");
        insert_links(&mut body, &link, has_cdr);
        body.insert("invoice".to_owned(), inner.into());
        body.into()
    }

    fn guia(&self, document: &IssuedDocument, sunat: &SunatAnswer) -> Value {
        let there = sunat.accepted;
        let link = if there {
            self.link("guia", &document.key)
        } else {
            String::new()
        };
        let mut body = Map::new();
        if !there {
            body.insert("nota_importante".to_owned(), GUIA_NOTE.into());
        }
        body.extend(head(document, &link));
        // The one accepted guía that the manual shows says nothing besides.
        let told = SunatAnswer {
            code: sunat.code.clone().filter(|code| code != "0"),
            description: sunat.description.clone().filter(|_| !there),
            ..sunat.clone()
        };
        tell(&mut body, &told);
        if told.soap_error.is_empty() {
            body.insert("sunat_soap_error".to_owned(), Value::Null);
        }
        if there {
            self.attach(&mut body, document, None, true);
        } else {
            for key in ["pdf_zip_base64", "xml_zip_base64", "cdr_zip_base64"] {
                body.insert(key.to_owned(), "".into());
            }
        }
        body.insert("cadena_para_codigo_qr".to_owned(), self.qr(document).into());
        for end in ["pdf", "xml", "cdr"] {
            let there = there.then(|| format!("{link}.{end}"));
            let link = there.unwrap_or_default();
            body.insert(format!("enlace_del_{end}"), link.into());
        }
        body.into()
    }

    /// To a void or a reversal, and to a question about it.
    pub(super) fn void(&self, document: &IssuedDocument, void: &RequestedVoid) -> Value {
        let link = self.link("anulacion", &void.key);
        let sunat = self.told(document, Some(void));
        let mut body = Map::new();
        body.insert("numero".to_owned(), document.identity.numero.into());
        body.insert("enlace".to_owned(), link.clone().into());
        body.insert("sunat_ticket_numero".to_owned(), json!(void.ticket));
        tell(&mut body, &sunat);
        insert_links(&mut body, &link, true);
        self.attach(&mut body, document, Some(void), sunat.code.is_some());
        body.insert("key".to_owned(), void.key.clone().into());
        body.into()
    }

    /// As the files need it; the void's, when there is one.
    pub(super) fn accepted(
        &self,
        document: &IssuedDocument,
        void: Option<&RequestedVoid>,
    ) -> AcceptedDocument {
        let form = Form::read(document.body.as_bytes()).unwrap_or_default();
        AcceptedDocument {
            body: form.to_value(),
            issuer_ruc: document.issuer.ruc.clone(),
            issuer_name: document.issuer.name.clone(),
            issuer_address: document.issuer.address.clone(),
            kind: document.identity.kind,
            serie: document.identity.serie.clone(),
            numero: document.identity.numero,
            accepted_at: document.at,
            hash: document.hash.clone(),
            qr: self.qr(document),
            sunat: self.told(document, void),
            void: void.map(|void| VoidNotice {
                motivo: void.motivo.clone(),
                ticket: void.ticket.clone(),
                requested_at: void.at,
            }),
        }
    }

    /// What SUNAT has said by now, of the void or of the document.
    fn told(&self, document: &IssuedDocument, void: Option<&RequestedVoid>) -> SunatAnswer {
        if let Some(void) = void {
            return self.void_told(document, void);
        }
        let identity = &document.identity;
        let subject = format!("{} numero {}", identity.kind.words(), identity.name());
        document.verdict.told(self.now, &subject)
    }

    fn void_told(&self, document: &IssuedDocument, void: &RequestedVoid) -> SunatAnswer {
        if document.verdict.is_rejected(self.now) {
            return nothing_to_void();
        }
        if void.ticket.is_none() {
            return SunatAnswer::default();
        }
        if void.was_voided && void.verdict.is_told(self.now) {
            return voided_before();
        }
        let day = lima_date(void.at).strftime("%Y%m%d");
        let subject = format!(
            "La Comunicacion de baja RA-{day}-{}",
            document.identity.numero
        );
        void.verdict.told(self.now, &subject)
    }

    fn is_voided(&self, document: &IssuedDocument) -> bool {
        document.void.as_ref().is_some_and(|void| {
            let taken = void.ticket.is_some() && void.verdict.is_accepted(self.now);
            document.verdict.is_accepted(self.now) && (void.was_voided || taken)
        })
    }

    /// With blanks around the pipes and the number in six digits, as seen.
    fn qr(&self, document: &IssuedDocument) -> String {
        let identity = &document.identity;
        let facts = &document.facts;
        if identity.kind.is_guia() {
            if !document.verdict.is_accepted(self.now) {
                return String::new();
            }
            let hash = document.hash.replace(['+', '/', '='], "");
            return format!("{GUIA_QR}?hashqr={hash}");
        }
        format!(
            "{} | {} | {} | {:06} | {:.2} | {:.2} | {} | {} | {} | {} |",
            document.issuer.ruc,
            identity.kind.sunat_code(),
            identity.serie,
            identity.numero,
            facts.igv,
            facts.total,
            facts.issued.strftime("%d/%m/%Y"),
            facts.customer_type,
            facts.customer_number,
            document.hash,
        )
    }

    fn link(&self, folder: &str, key: &str) -> String {
        let host = self.config.links.as_deref().unwrap_or(self.links);
        format!("{}/{folder}/{key}", host.trim_end_matches('/'))
    }

    /// The files themselves, each in a ZIP, where the account has them sent.
    fn attach(
        &self,
        body: &mut Map<String, Value>,
        document: &IssuedDocument,
        void: Option<&RequestedVoid>,
        has_cdr: bool,
    ) {
        let full = self
            .config
            .attach_files
            .then(|| self.accepted(document, void));
        for (key, kind) in [
            ("pdf_zip_base64", FileKind::Pdf),
            ("xml_zip_base64", FileKind::Xml),
            ("cdr_zip_base64", FileKind::Cdr),
        ] {
            let wanted = full.as_ref().filter(|_| has_cdr || kind != FileKind::Cdr);
            let zipped = wanted.map(|full| STANDARD.encode(zipped(full, kind)));
            body.insert(key.to_owned(), json!(zipped));
        }
    }
}

fn head(document: &IssuedDocument, link: &str) -> Map<String, Value> {
    let identity = &document.identity;
    let mut body = Map::new();
    if let Some(tipo) = identity.kind.tipo() {
        body.insert("tipo_de_comprobante".to_owned(), tipo.into());
    }
    body.insert("serie".to_owned(), identity.serie.clone().into());
    body.insert("numero".to_owned(), identity.numero.into());
    body.insert("enlace".to_owned(), link.into());
    body
}

fn tell(body: &mut Map<String, Value>, sunat: &SunatAnswer) {
    for (key, value) in [
        ("aceptada_por_sunat", json!(sunat.accepted)),
        ("sunat_description", json!(sunat.description)),
        ("sunat_note", json!(sunat.note)),
        ("sunat_responsecode", json!(sunat.code)),
        ("sunat_soap_error", json!(sunat.soap_error)),
    ] {
        body.insert(key.to_owned(), value);
    }
}

fn insert_links(body: &mut Map<String, Value>, link: &str, has_cdr: bool) {
    for end in ["pdf", "xml"] {
        body.insert(format!("enlace_del_{end}"), format!("{link}.{end}").into());
    }
    let cdr = has_cdr.then(|| format!("{link}.cdr"));
    body.insert("enlace_del_cdr".to_owned(), json!(cdr));
}
