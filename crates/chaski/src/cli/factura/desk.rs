//! Where documents are dealt with: in the room of a company on this machine, or at a server. Both give the
//! same values, so that a command renders them once.

use bytes::Bytes;
use chaski_client::{FileKind, IssueSettled, NubefactId};
use chaski_core::invoicing::{JsonValue, TaxDocument};
use chaski_core::{Lang, Ruc, text};
use jiff::civil::Date;

use super::company_there;
use crate::api::issued::{CorrectionWanted, DocumentFindingData, IssuedData};
use crate::api::told::ToldData;
use crate::app::invoices::{
    CorrectionWish, InvoiceError, InvoiceFilter, InvoicePlan, InvoiceRoom, IssueWish, ReadyInvoice,
    WantedInvoice, kind_named, settled_code,
};
use crate::app::issuing::AcceptOptions;
use crate::app::{App, AppError, Mode};
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::remote::{HandOver, Server};

/// Where the documents of a company are dealt with.
pub(super) enum DocumentDesk<'a> {
    /// Its room on this machine.
    Here(&'a App, Box<InvoiceRoom<'a>>),
    /// A server, and the company that was named.
    There(&'a Server, Option<Ruc>),
}

/// A document that is wanted.
pub(super) enum DocumentWish {
    /// As it came.
    Issue {
        /// The document.
        value: JsonValue,
        /// The caller's key for it.
        key: Option<String>,
        /// Whether one more is wanted.
        another: bool,
    },
    /// The note that corrects another.
    Correct(CorrectionWish),
    /// Another once more.
    Repeat {
        /// Which.
        wanted: WantedInvoice,
        /// On which day.
        fecha: Option<Date>,
        /// Whether one more is wanted.
        another: bool,
    },
}

/// What a wish comes to, before anything is sent.
pub(super) enum Rehearsed {
    /// It cannot be sent as it is.
    Wrong(Vec<DocumentFindingData>),
    /// It was issued before.
    Before(Box<ToldData>),
    /// It can be issued.
    Ready(Box<RehearsedDocument>),
}

/// A document that can be issued.
pub(super) struct RehearsedDocument {
    /// Who answers.
    pub(super) mode: Mode,
    /// RUC of who issues.
    pub(super) emisor: String,
    /// What is sent, but for its number.
    pub(super) document: TaxDocument,
    /// The number that it gets if nobody takes it before.
    pub(super) numero: Option<u32>,
    /// Whether an earlier attempt is gone on with.
    pub(super) resumed: bool,
    /// What was remarked on it.
    pub(super) hallazgos: Vec<DocumentFindingData>,
    /// The key that it is wanted under.
    clave: String,
    /// What the room of this machine planned.
    here: Option<Box<ReadyInvoice>>,
}

/// What came of it.
pub(super) struct IssueTold {
    /// What is shown of it; none where it has no number.
    pub(super) row: Option<ToldData>,
    /// How it stands.
    pub(super) estado: String,
    /// What that means, and what to do.
    pub(super) mensaje: String,
    /// Why it does not stand, as a stable code.
    pub(super) code: Option<String>,
}

/// A name and what is in it.
pub(super) type NamedFile = (String, Vec<u8>);

/// Files of a document.
pub(super) struct FilesTold {
    /// Its name with its kind, for people.
    pub(super) name: String,
    /// Whether SUNAT has spoken.
    pub(super) ended: bool,
    /// Whether SUNAT answers only the next day.
    pub(super) waits_for_summary: bool,
    /// What was asked for, under its name; nothing where there is none yet.
    pub(super) files: Vec<(FileKind, Option<NamedFile>)>,
}

impl<'a> DocumentDesk<'a> {
    /// The desk of a company: the one that was named, or the only one.
    pub(super) async fn open(
        needed: &Needed,
        desk: &'a Desk,
        ruc: Option<Ruc>,
    ) -> Result<DocumentDesk<'a>, AppError> {
        Ok(match desk {
            Desk::Here(app) => {
                let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
                DocumentDesk::Here(app, Box::new(room))
            }
            Desk::There(server) => DocumentDesk::There(server, ruc),
        })
    }

    /// What a wish comes to; nothing is sent and no number taken.
    pub(super) async fn rehearse(
        &self,
        wish: &DocumentWish,
        lang: Lang,
    ) -> Result<Rehearsed, AppError> {
        match self {
            DocumentDesk::Here(_, room) => rehearsed_here(room, wish, lang).await,
            DocumentDesk::There(server, empresa) => {
                rehearsed_there(server, empresa.as_ref(), wish).await
            }
        }
    }

    /// Issues what was rehearsed, or says how far it has come.
    pub(super) async fn issue(
        &self,
        wish: &DocumentWish,
        ready: &RehearsedDocument,
        lang: Lang,
    ) -> Result<IssueTold, AppError> {
        match (self, &ready.here) {
            (DocumentDesk::Here(_, room), Some(planned)) => {
                // A key made of the content tells the same document apart already.
                let options = AcceptOptions {
                    twin_allowed: true,
                    ..AcceptOptions::default()
                };
                let settled = room.issue_invoice(planned, &options).await?;
                Ok(told_here(&settled, &ready.document, lang))
            }
            (DocumentDesk::There(server, empresa), _) => {
                let handed = hand_over(server, empresa.as_ref(), wish, ready).await?;
                Ok(told_there(server.followed(handed).await?, lang))
            }
            (DocumentDesk::Here(..), None) => Err(InvoiceError::NotIssuable.into()),
        }
    }

    /// How a document stands, asked now.
    pub(super) async fn consult(
        &self,
        wanted: &WantedInvoice,
        lang: Lang,
    ) -> Result<ToldData, AppError> {
        match self {
            DocumentDesk::Here(_, room) => {
                let found = room.consult_invoice(wanted).await?;
                let issued = room.issued(&found.id).await.ok();
                let document = issued.as_ref().map(|it| &it.document);
                Ok(ToldData::consulted(&found, document, lang))
            }
            DocumentDesk::There(server, empresa) => {
                Ok(server.consult_document(wanted, empresa.as_ref()).await?)
            }
        }
    }

    /// Voids a document; its name with its kind, and what came of it.
    pub(super) async fn void(
        &self,
        wanted: &WantedInvoice,
        motivo: &str,
        lang: Lang,
    ) -> Result<ToldData, AppError> {
        match self {
            DocumentDesk::Here(_, room) => {
                let voided = room.void_invoice(wanted, motivo).await?;
                Ok(ToldData::voided(&voided, lang))
            }
            DocumentDesk::There(server, empresa) => {
                let empresa = empresa.as_ref();
                Ok(server.void_document(wanted, motivo, empresa).await?)
            }
        }
    }

    /// Files of a document.
    pub(super) async fn files(
        &self,
        wanted: &WantedInvoice,
        kinds: &[FileKind],
    ) -> Result<FilesTold, AppError> {
        match self {
            DocumentDesk::Here(_, room) => {
                let found = room.download_files(wanted, kinds).await?;
                let files = found.files.into_iter();
                let files = files.map(|(kind, it)| (kind, it.map(|it| (it.name, it.content))));
                Ok(FilesTold {
                    name: found.id.to_string(),
                    ended: found.ended,
                    waits_for_summary: found.id.kind.waits_for_summary(&found.id.serie),
                    files: files.collect(),
                })
            }
            DocumentDesk::There(server, empresa) => {
                files_there(server, empresa.as_ref(), wanted, kinds).await
            }
        }
    }

    /// The newest documents that are wanted, newest first.
    pub(super) async fn list(&self, filter: &InvoiceFilter) -> Result<Vec<IssuedData>, AppError> {
        match self {
            DocumentDesk::Here(app, room) => {
                let rows = room.list_invoices(filter).await?;
                Ok(rows.iter().map(|it| IssuedData::of(app, it)).collect())
            }
            DocumentDesk::There(server, empresa) => {
                let company = company_there(server, empresa.as_ref()).await?;
                Ok(server.documents(filter, Some(&company)).await?)
            }
        }
    }
}

async fn rehearsed_here(
    room: &InvoiceRoom<'_>,
    wish: &DocumentWish,
    lang: Lang,
) -> Result<Rehearsed, AppError> {
    let plan = match wish {
        DocumentWish::Issue {
            value,
            key,
            another,
        } => {
            let wish = IssueWish {
                value: value.clone(),
                key: key.clone(),
                another: *another,
            };
            room.plan_invoice(wish).await?
        }
        DocumentWish::Correct(wish) => room.correct_invoice(wish).await?,
        DocumentWish::Repeat {
            wanted,
            fecha,
            another,
        } => room.replicate_invoice(wanted, *fecha, *another).await?,
    };
    let shown = |it| DocumentFindingData::of(it, lang);
    Ok(match plan {
        InvoicePlan::Wrong(checked) => {
            Rehearsed::Wrong(checked.hallazgos.iter().map(shown).collect())
        }
        InvoicePlan::Before(entry) => {
            let issued = room.issued(&entry.document()).await?;
            Rehearsed::Before(Box::new(ToldData::before(&issued, lang)))
        }
        InvoicePlan::Ready(ready) => Rehearsed::Ready(Box::new(RehearsedDocument {
            mode: room.mode(),
            emisor: room.issuer.ruc.as_str().to_owned(),
            document: ready.document.clone(),
            numero: ready.numero,
            resumed: ready.resumed,
            hallazgos: ready.hallazgos.iter().map(shown).collect(),
            clave: ready.key().to_owned(),
            here: Some(ready),
        })),
    })
}

async fn rehearsed_there(
    server: &Server,
    empresa: Option<&Ruc>,
    wish: &DocumentWish,
) -> Result<Rehearsed, AppError> {
    let checked = match wish {
        DocumentWish::Issue {
            value,
            key,
            another,
        } => {
            let wanted = HandOver {
                body: Bytes::from(value.to_string()),
                empresa,
                key: key.as_deref(),
            };
            server.rehearse_document(wanted, *another).await?
        }
        DocumentWish::Correct(wish) => {
            let document = existing(server, empresa, &wish.wanted).await?;
            let wanted = CorrectionWanted::of(wish);
            server.rehearse_correction(&document, &wanted).await?
        }
        DocumentWish::Repeat {
            wanted,
            fecha,
            another,
        } => {
            let document = existing(server, empresa, wanted).await?;
            let fecha = fecha.map(|it| it.to_string());
            server
                .rehearse_repetition(&document, fecha, *another)
                .await?
        }
    };
    let document = checked.document();
    let mode = Mode::from_name(&checked.mode);
    match (checked.ensayo, document, mode) {
        (Some(rehearsal), document, Some(mode)) => match (rehearsal.antes, document) {
            (Some(before), _) => Ok(Rehearsed::Before(Box::new(before))),
            (None, Some(document)) => Ok(Rehearsed::Ready(Box::new(RehearsedDocument {
                mode,
                emisor: rehearsal.emisor,
                document,
                numero: rehearsal.numero,
                resumed: rehearsal.retomado,
                hallazgos: checked.hallazgos,
                clave: rehearsal.clave,
                here: None,
            }))),
            (None, None) => Err(server.other_version().into()),
        },
        (None, ..) if !checked.emitible => Ok(Rehearsed::Wrong(checked.hallazgos)),
        _ => Err(server.other_version().into()),
    }
}

/// A document that exists at a server.
async fn existing(
    server: &Server,
    empresa: Option<&Ruc>,
    wanted: &WantedInvoice,
) -> Result<IssuedData, AppError> {
    Ok(server.document_named(wanted, empresa).await?)
}

async fn hand_over(
    server: &Server,
    empresa: Option<&Ruc>,
    wish: &DocumentWish,
    ready: &RehearsedDocument,
) -> Result<IssuedData, AppError> {
    Ok(match wish {
        // Under the key of what was looked at: that, and no other, is issued.
        DocumentWish::Issue { value, .. } => {
            let wanted = HandOver {
                body: Bytes::from(value.to_string()),
                empresa,
                key: Some(&ready.clave),
            };
            server.hand_document_over(wanted).await?
        }
        DocumentWish::Correct(wish) => {
            let document = existing(server, empresa, &wish.wanted).await?;
            let wanted = CorrectionWanted::of(wish);
            server.correct_document(&document, &wanted).await?
        }
        DocumentWish::Repeat {
            wanted,
            fecha,
            another,
        } => {
            let document = existing(server, empresa, wanted).await?;
            let fecha = fecha.map(|it| it.to_string());
            server.repeat_document(&document, fecha, *another).await?
        }
    })
}

fn told_here(settled: &IssueSettled, document: &TaxDocument, lang: Lang) -> IssueTold {
    let (estado, mensaje) = (settled.estado(), settled.message(lang));
    let code = settled_code(settled).map(str::to_owned);
    let row = settled.entry().map(|entry| {
        let reply = settled.issued().map(|it| &it.reply);
        let id = entry.document();
        ToldData {
            clave: Some(entry.key.to_string()),
            code: code.clone(),
            ..ToldData::new(&id, estado, Some(document), reply, mensaje.clone())
        }
    });
    IssueTold {
        row,
        estado: estado.to_owned(),
        mensaje,
        code,
    }
}

fn told_there(mut issued: IssuedData, lang: Lang) -> IssueTold {
    // Nothing is known of what has not been sent after so long.
    if issued.mensaje.is_none() {
        let still = text!(
            "el servidor lo tiene y aún no lo envía: no lo emita de otra forma",
            "the server has it and has not sent it yet: do not issue it in another way"
        );
        issued.mensaje = Some(still.pick(lang));
        issued.problema = Some("plazo_agotado".to_owned());
    }
    IssueTold {
        row: ToldData::of_issued(&issued),
        estado: issued.estado,
        mensaje: issued.mensaje.unwrap_or_default(),
        code: issued.problema,
    }
}

async fn files_there(
    server: &Server,
    empresa: Option<&Ruc>,
    wanted: &WantedInvoice,
    kinds: &[FileKind],
) -> Result<FilesTold, AppError> {
    // 1. Which document it is: on record there, or one that Nubefact is asked about.
    let (tipo, numero, ended) = match server.document_named(wanted, empresa).await {
        Ok(found) => (found.tipo, found.numero, found.final_en.is_some()),
        Err(error) if error.code() == "comprobante_ajeno" => {
            let found = server.consult_document(wanted, empresa).await?;
            let ended = matches!(
                found.estado.as_str(),
                "ACEPTADO" | "OBSERVADO" | "RECHAZADO" | "ANULADO"
            );
            (found.tipo, Some(found.numero), ended)
        }
        Err(error) => return Err(error.into()),
    };
    let kind = kind_named(&tipo);
    let (Some(kind), Some(numero)) = (kind, numero) else {
        return Err(server.other_version().into());
    };
    let id = NubefactId::new(kind, &wanted.serie, numero)?;
    // 2. Its files.
    let mut files = Vec::new();
    for kind in kinds {
        let name = (wanted.serie.as_str(), numero);
        let file = server.document_file(&tipo, name, *kind, empresa).await?;
        let file = file.map(|(name, content)| {
            let name = name.unwrap_or_else(|| format!("{id}-{}.{}", tipo, kind.extension()));
            (name, content.to_vec())
        });
        files.push((*kind, file));
    }
    Ok(FilesTold {
        name: id.to_string(),
        ended,
        waits_for_summary: id.kind.waits_for_summary(&id.serie),
        files,
    })
}
