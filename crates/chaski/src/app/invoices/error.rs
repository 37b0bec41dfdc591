//! Why a deed about a document could not be done.

use chaski_client::{DocumentState, JournalError, JournalFault, NubefactError};
use chaski_core::invoicing::{CorrectError, ReplicateError};
use chaski_core::{Lang, Text, lima_datetime, text};
use jiff::Timestamp;
use rust_decimal::Decimal;
use uuid::Uuid;

/// Why a deed about a document could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum InvoiceError {
    /// No company issues here.
    NoIssuer,
    /// There is no such company; these are there.
    UnknownIssuer(Vec<String>),
    /// The key is bound to other series.
    SeriesNotTheirs,
    /// Nobody knows yet whether the document exists; when that is asked next.
    InDoubt(Option<Timestamp>),
    /// In that state the deed makes no sense.
    NotInThatState(DocumentState),
    /// An edit has another kind, series or number than the document.
    OtherName(String),
    /// Documents of that kind are voided at SUNAT's portal alone.
    VoidedElsewhere,
    /// It is too late to void it.
    VoidedTooLate,
    /// It was not said which of them issues.
    SeveralIssuers(Vec<String>),
    /// In the sandbox there is one already, and none is added.
    SandboxIssuer,
    /// What was typed names no document.
    NotAName,
    /// The name is that of several documents, none of them a sale.
    Ambiguous(Vec<String>),
    /// Nobody knows such a document.
    NoSuchDocument(String),
    /// It was not issued from here, so what was sent is not known.
    NotIssuedHere(String),
    /// It is no document that is issued, but a request about one.
    NotIssuable,
    /// The key stands for other content.
    OtherContent(String),
    /// The caller's name of the sale is of another document.
    ReferenciaUsed(String),
    /// The same customer, lines and total were taken on just before as this document.
    ProbablyTwice(String, Uuid),
    /// The number that was brought is another document's of ours.
    NumberUsed(String, Uuid),
    /// What came for a file of it is another document's.
    OtherFile(String),
    /// The number that was brought is a stranger's.
    NumberTheirs,
    /// With the notes before it, a note is above what it modifies; so much is left.
    CreditUsedUp(Decimal),
    /// A note cannot be made out of the document.
    Correct(CorrectError),
    /// A document cannot be repeated.
    Replicate(ReplicateError),
    /// What was typed of a line, an amount or an instalment.
    Scope(Text),
    /// There is no such motivo.
    NoSuchMotivo,
    /// The number that is said to be the last one does not exist.
    LastAbsent(String),
    /// There is a number after the one that is said to be the last.
    NextExists(String),
    /// The account is not one for trying: it has that series, or that document.
    NotADemo(String),
    /// Which kind of document a series is for cannot be told.
    SeriesKind,
    /// The columns of a workbook cannot be told.
    SheetTitles(Text),
    /// The journal.
    Journal(JournalError),
    /// Nubefact.
    Nubefact(NubefactError),
}

impl InvoiceError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            InvoiceError::NoIssuer => "sin_empresa",
            InvoiceError::UnknownIssuer(_) => "empresa_desconocida",
            InvoiceError::VoidedElsewhere => "anulacion_en_sol",
            InvoiceError::VoidedTooLate => "anulacion_fuera_de_plazo",
            InvoiceError::SeriesNotTheirs => "serie_no_disponible",
            InvoiceError::InDoubt(_) => "comprobante_en_duda",
            InvoiceError::NotInThatState(_) => "estado_no_permite",
            InvoiceError::OtherName(_) => "edicion_con_otro_numero",
            InvoiceError::SeveralIssuers(_) => "varias_empresas",
            InvoiceError::SandboxIssuer => "empresa_de_prueba",
            InvoiceError::NotAName => "comprobante_nombre",
            InvoiceError::Ambiguous(_) => "comprobante_ambiguo",
            InvoiceError::NoSuchDocument(_) => "comprobante_no_existe",
            InvoiceError::NotIssuedHere(_) => "comprobante_ajeno",
            InvoiceError::NotIssuable => "comprobante_no_se_emite",
            InvoiceError::OtherContent(_) => "clave_otro_contenido",
            InvoiceError::ReferenciaUsed(_) => "referencia_usada",
            InvoiceError::ProbablyTwice(..) => "duplicado_probable",
            InvoiceError::NumberUsed(..) => "numero_usado",
            InvoiceError::OtherFile(_) => "archivo_de_otro",
            InvoiceError::NumberTheirs => "numero_ajeno",
            InvoiceError::CreditUsedUp(_) => "nota_supera_documento",
            InvoiceError::Correct(error) => error.code(),
            InvoiceError::Replicate(_) => "comprobante_sin_fecha",
            InvoiceError::Scope(_) => "correccion_alcance",
            InvoiceError::NoSuchMotivo => "correccion_motivo",
            InvoiceError::LastAbsent(_) => "serie_ultimo_no_existe",
            InvoiceError::NextExists(_) => "serie_siguiente_existe",
            InvoiceError::NotADemo(_) => "ensayo_en_produccion",
            InvoiceError::SeriesKind => "serie_tipo",
            InvoiceError::SheetTitles(_) => "columna_no_encontrada",
            InvoiceError::Journal(error) => match error.fault {
                JournalFault::InUse => "diario_en_uso",
                JournalFault::Damaged => "diario_danado",
                JournalFault::OtherKey => "diario_otra_llave",
                JournalFault::Broken => "diario_sin_escribir",
                JournalFault::Unreadable | JournalFault::NoSuchThing => "diario_ilegible",
            },
            InvoiceError::Nubefact(NubefactError::Journal(_)) => "diario_ilegible",
            InvoiceError::Nubefact(NubefactError::Call(error)) => error.code(),
            InvoiceError::Nubefact(NubefactError::Refused(refusal)) => match refusal.codigo {
                Some(10) => "nubefact_token",
                Some(11) => "nubefact_ruta",
                Some(50 | 51) => "nubefact_suspendida",
                _ => "nubefact_no_acepta",
            },
            InvoiceError::Nubefact(_) => "nubefact_no_acepta",
        }
    }

    /// What is wrong and what to do.
    pub fn message(&self, lang: Lang) -> String {
        match self {
            InvoiceError::Correct(error) => error.message(lang),
            InvoiceError::Replicate(error) => error.message(lang),
            InvoiceError::Journal(error) => error.message(lang),
            InvoiceError::Scope(text) | InvoiceError::SheetTitles(text) => text.clone().pick(lang),
            _ => self.text().pick(lang),
        }
    }

    fn text(&self) -> Text {
        match self {
            InvoiceError::NoIssuer => text!(
                "ninguna empresa emite desde aquí; agréguela con: chaski empresas agregar RUC --ruta … (para probar: --sandbox)",
                "no company issues from here; add it with: chaski empresas agregar RUC --ruta … (to try: --sandbox)"
            ),
            InvoiceError::UnknownIssuer(known) if known.is_empty() => text!(
                "esa empresa no emite desde aquí",
                "that company does not issue from here"
            ),
            InvoiceError::UnknownIssuer(known) => {
                let list = known.join(", ");
                text!(
                    "esa empresa no emite desde aquí; emiten: {list}",
                    "that company does not issue from here; these do: {list}"
                )
            }
            InvoiceError::SeveralIssuers(known) => {
                let list = known.join(", ");
                text!(
                    "varias empresas emiten desde aquí; indique cuál con --empresa: {list}",
                    "several companies issue from here; say which with --empresa: {list}"
                )
            }
            InvoiceError::SandboxIssuer => text!(
                "el sandbox ya tiene su empresa con las series abiertas y no necesita otra; quite --sandbox para agregar una real",
                "the sandbox has its company with open series and needs no other; leave out --sandbox to add a real one"
            ),
            InvoiceError::NotAName => text!(
                "un comprobante se nombra por serie y número, como FFF1-1; una nota, como nc:FFF1-1 o nd:FFF1-1",
                "a document is named by series and number, such as FFF1-1; a note, such as nc:FFF1-1 or nd:FFF1-1"
            ),
            InvoiceError::Ambiguous(names) => {
                let list = names.join(", ");
                text!(
                    "varios documentos llevan ese nombre; indique cuál: {list}",
                    "several documents bear that name; say which: {list}"
                )
            }
            InvoiceError::NoSuchDocument(name) => text!(
                "no existe {name}: ni se emitió desde aquí ni lo tiene Nubefact; revise tipo, serie y número",
                "there is no {name}: it was not issued from here and Nubefact does not have it; check kind, series and number"
            ),
            InvoiceError::NotIssuedHere(name) => text!(
                "{name} no se emitió desde aquí, así que no se tiene su contenido; cómo está se lo pregunta a Nubefact: chaski factura consultar {name}; para corregirlo o repetirlo, prepare el documento en un archivo y use: chaski factura emitir",
                "{name} was not issued from here, so its content is not known; how it stands Nubefact is asked by: chaski factura consultar {name}; to correct or repeat it, write the document to a file and use: chaski factura emitir"
            ),
            InvoiceError::NotIssuable => text!(
                "eso no es un comprobante que se emite, sino una petición sobre otro; para anular: chaski factura anular SERIE-NUMERO --motivo …",
                "that is no document that is issued, but a request about one; to void: chaski factura anular SERIE-NUMERO --motivo …"
            ),
            InvoiceError::OtherContent(name) => text!(
                "esa clave ya es de {name}, con otro contenido; use otra clave para otro documento",
                "that key is of {name}, with other content; use another key for another document"
            ),
            InvoiceError::ReferenciaUsed(_)
            | InvoiceError::ProbablyTwice(..)
            | InvoiceError::NumberUsed(..)
            | InvoiceError::OtherFile(_)
            | InvoiceError::NumberTheirs
            | InvoiceError::SeriesNotTheirs
            | InvoiceError::VoidedElsewhere
            | InvoiceError::VoidedTooLate
            | InvoiceError::InDoubt(_)
            | InvoiceError::NotInThatState(_)
            | InvoiceError::OtherName(_)
            | InvoiceError::CreditUsedUp(_) => self.text_of_document(),
            InvoiceError::NoSuchMotivo => text!(
                "no existe ese motivo: use el catálogo 09 de SUNAT (01 a 13), o con --debito el catálogo 10 (01, 02, 03, 11, 12)",
                "there is no such motivo: use SUNAT's catálogo 09 (01 to 13), or with --debito catálogo 10 (01, 02, 03, 11, 12)"
            ),
            InvoiceError::LastAbsent(name) => text!(
                "Nubefact no tiene {name}, así que no es el último número usado; revíselo en su cuenta",
                "Nubefact does not have {name}, so it is not the last number used; look it up in your account"
            ),
            InvoiceError::NextExists(name) => text!(
                "Nubefact ya tiene {name}, así que el último número usado es mayor; revíselo en su cuenta",
                "Nubefact has {name} already, so the last number used is higher; look it up in your account"
            ),
            InvoiceError::NotADemo(what) => text!(
                "esta cuenta no es de demostración ({what}): el ensayo no se emite con una de producción",
                "this is no demo account ({what}): the rehearsal is not issued with one of production"
            ),
            InvoiceError::SeriesKind => text!(
                "no se sabe de qué tipo de documento es la serie; indíquelo con --tipo: factura, boleta, nc, nd, guia, guia_transportista, retencion o percepcion",
                "it cannot be told for which kind of document the series is; say it with --tipo: factura, boleta, nc, nd, guia, guia_transportista, retencion or percepcion"
            ),
            InvoiceError::Nubefact(error) => of_nubefact(error),
            InvoiceError::Correct(_)
            | InvoiceError::Replicate(_)
            | InvoiceError::Journal(_)
            | InvoiceError::SheetTitles(_)
            | InvoiceError::Scope(_) => Text {
                es: String::new(),
                en: String::new(),
            },
        }
    }
}

impl InvoiceError {
    /// What is wrong with a document beside others.
    fn text_of_document(&self) -> Text {
        match self {
            InvoiceError::ReferenciaUsed(name) => text!(
                "esa referencia ya es de {name}, con otro contenido; use otra referencia para otra venta",
                "that referencia is of {name}, with other content; use another one for another sale"
            ),
            InvoiceError::ProbablyTwice(name, _) => text!(
                "hace menos de diez minutos se recibió {name} con el mismo cliente, las mismas líneas y el mismo total: probablemente es la misma venta; si de verdad son dos, dígalo (--otra, o en HTTP la cabecera Chaski-Allow-Duplicate: true)",
                "less than ten minutes ago {name} came with the same customer, lines and total: it is probably the same sale; if they really are two, say so (--otra, or over HTTP the header Chaski-Allow-Duplicate: true)"
            ),
            InvoiceError::NumberUsed(name, _) => text!(
                "el número {name} ya es de otro documento suyo; quite el número para tomar el siguiente, o use otro",
                "the number {name} is another document's of yours; leave the number out to take the next one, or use another"
            ),
            InvoiceError::OtherFile(name) => text!(
                "el archivo que entregó Nubefact no es de {name} (serie, número o total son otros) y no se guardó; repórtelo a Nubefact",
                "the file that Nubefact gave is not of {name} (series, number or total are others) and was not kept; report it to Nubefact"
            ),
            InvoiceError::NumberTheirs => text!(
                "ese número es de un documento que no se emitió desde aquí; use otro",
                "that number is of a document that was not issued from here; use another"
            ),
            InvoiceError::CreditUsedUp(left) => text!(
                "3286: con las notas de crédito que ya hay, esta supera el total del documento; queda por acreditar {left}",
                "3286: with the credit notes there are, this one is above the total of the document; {left} is left to credit"
            ),
            InvoiceError::SeriesNotTheirs => text!(
                "esa serie no existe para su llave",
                "there is no such series for your key"
            ),
            InvoiceError::VoidedElsewhere => text!(
                "una guía se da de baja solo en SUNAT Operaciones en Línea (SOL), con la clave de la empresa",
                "a guía is taken back only at SUNAT's portal (SOL), with the company's password"
            ),
            InvoiceError::VoidedTooLate => text!(
                "pasaron los 7 días en que se puede anular; emita la nota de crédito: POST …/corregir con el motivo 01",
                "the 7 days within which it can be voided are over; issue the nota de crédito: POST …/corregir with motivo 01"
            ),
            InvoiceError::InDoubt(when) => in_doubt(*when),
            InvoiceError::NotInThatState(state) => {
                let state = state.as_str();
                text!(
                    "el documento está {state}, y así no se puede; consulte su estado y lo que sigue",
                    "the document is {state}, and so it cannot be done; look at its state and what comes next"
                )
            }
            InvoiceError::OtherName(name) => text!(
                "al editar {name} no cambian su tipo, su serie ni su número; para otro, libere este y emita uno nuevo",
                "an edit of {name} changes neither its kind, its series nor its number; for another one, release this one and issue a new one"
            ),
            _ => self.text(),
        }
    }
}

fn in_doubt(when: Option<Timestamp>) -> Text {
    let Some(when) = when.map(lima_datetime) else {
        return text!(
            "todavía no se sabe si el documento existe, y hasta saberlo no se toca; se está preguntando",
            "it is not known yet whether the document exists, and until it is, it is left alone; it is being asked"
        );
    };
    text!(
        "todavía no se sabe si el documento existe, y hasta saberlo no se toca; se pregunta de nuevo a las {when} (hora de Lima)",
        "it is not known yet whether the document exists, and until it is, it is left alone; it is asked again at {when} (Lima time)"
    )
}

/// What Nubefact's refusal of a question means. Its own words may name a customer, and are left out.
fn of_nubefact(error: &NubefactError) -> Text {
    let codigo = match error {
        NubefactError::Refused(refusal) => refusal.codigo,
        _ => None,
    };
    match codigo {
        Some(10) => text!(
            "Nubefact no acepta el token (10): está mal copiado, fue borrado o es de otra ruta; cópielo de nuevo de su cuenta, API (Integración), y use: chaski empresas agregar",
            "Nubefact does not take the token (10): it was copied wrong, deleted, or is of another ruta; copy it again from your account, API (Integración), and use: chaski empresas agregar"
        ),
        Some(11) => text!(
            "Nubefact no conoce esa ruta (11): cópiela de nuevo de su cuenta, API (Integración), entera, y use: chaski empresas agregar",
            "Nubefact does not know that ruta (11): copy it again from your account, API (Integración), whole, and use: chaski empresas agregar"
        ),
        Some(50) => text!(
            "su cuenta de Nubefact está suspendida (50); comuníquese con Nubefact",
            "your account at Nubefact is suspended (50); get in touch with Nubefact"
        ),
        Some(51) => text!(
            "su cuenta de Nubefact está suspendida por falta de pago (51); regularícela con Nubefact",
            "your account at Nubefact is suspended for want of payment (51); settle it with Nubefact"
        ),
        _ => Text {
            es: error.message(Lang::Es),
            en: error.message(Lang::En),
        },
    }
}

impl From<JournalError> for InvoiceError {
    fn from(error: JournalError) -> InvoiceError {
        InvoiceError::Journal(error)
    }
}

impl From<NubefactError> for InvoiceError {
    fn from(error: NubefactError) -> InvoiceError {
        match error {
            NubefactError::Journal(error) => InvoiceError::Journal(error),
            error => InvoiceError::Nubefact(error),
        }
    }
}

impl From<CorrectError> for InvoiceError {
    fn from(error: CorrectError) -> InvoiceError {
        InvoiceError::Correct(error)
    }
}

impl From<ReplicateError> for InvoiceError {
    fn from(error: ReplicateError) -> InvoiceError {
        InvoiceError::Replicate(error)
    }
}
