//! A "no" in Nubefact's words: a code, a text, and the status that goes with them.

use std::time::Duration;

use chaski_client::{Error, NubefactRefusal};
use chaski_core::{Lang, Text, text};

/// A "no", or "not known yet", as Nubefact writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayRefusal {
    /// HTTP status.
    pub status: u16,
    /// Nubefact's code.
    pub codigo: u16,
    /// Nubefact's text, and what we know besides.
    pub text: Text,
    /// When it may be tried again, where that was said.
    pub retry_after: Option<Duration>,
}

impl RelayRefusal {
    fn new(codigo: u16, text: Text) -> RelayRefusal {
        // The manual lists 200, 400, 401 and 500 only.
        let status = match codigo {
            10 => 401,
            40 => 500,
            _ => 400,
        };
        RelayRefusal {
            status,
            codigo,
            text,
            retry_after: None,
        }
    }

    /// The refusal of a code whose text is always the same.
    pub fn of(codigo: u16) -> RelayRefusal {
        RelayRefusal::new(codigo, same(text_of(codigo)))
    }

    /// The same with what we know besides.
    pub(super) fn with(codigo: u16, more: &Text) -> RelayRefusal {
        let vendor = text_of(codigo);
        let text = Text {
            es: format!("{vendor}: {}", more.es),
            en: format!("{vendor}: {}", more.en),
        };
        RelayRefusal::new(codigo, text)
    }

    /// 20: it cannot be read as what the manual describes.
    pub(super) fn format() -> RelayRefusal {
        RelayRefusal::of(20)
    }

    /// 21: the generic one; the text is the reason.
    pub(super) fn reason(text: Text) -> RelayRefusal {
        RelayRefusal::new(21, text)
    }

    /// The same in Nubefact's own words.
    pub(super) fn reason_same(text: &str) -> RelayRefusal {
        RelayRefusal::reason(same(text))
    }

    /// 21 with what is wrong by our own reading.
    pub(super) fn said_by(error: &Error) -> RelayRefusal {
        RelayRefusal::reason(Text {
            es: error.message(Lang::Es),
            en: error.message(Lang::En),
        })
    }

    /// 23: the number is another document's.
    pub(super) fn taken(more: &Text) -> RelayRefusal {
        RelayRefusal::with(23, more)
    }

    /// 23: the number is a document's that was not issued from here.
    pub(super) fn theirs() -> RelayRefusal {
        RelayRefusal::taken(&text!(
            "ese número es de un documento que no se emitió desde aquí; use otro",
            "that number is of a document that was not issued from here; use another"
        ))
    }

    /// 40: what came of it is not known yet, with what to do.
    pub(super) fn unknown(text: Text) -> RelayRefusal {
        RelayRefusal::new(40, text)
    }

    /// What Nubefact said, as it is passed on. That the account or its token is wrong is about the
    /// server's own, not the caller's.
    pub(super) fn passed_on(refusal: &NubefactRefusal) -> RelayRefusal {
        let codigo = refusal.codigo.unwrap_or(21);
        let said = match refusal.text.as_str() {
            "" => text_of(codigo),
            said => said,
        };
        if matches!(codigo, 10 | 11) {
            return RelayRefusal::new(
                codigo,
                text!(
                    "{said} (lo dice Nubefact de la ruta y el token que esta empresa tiene en el servidor, no de los suyos)",
                    "{said} (Nubefact says so of the ruta and token that this company has on the server, not of yours)"
                ),
            );
        }
        RelayRefusal::new(codigo, same(said))
    }
}

fn same(text: &str) -> Text {
    Text {
        es: text.to_owned(),
        en: text.to_owned(),
    }
}

/// The manual's texts.
fn text_of(codigo: u16) -> &'static str {
    match codigo {
        10 => "No se pudo autenticar, el token es incorrecto o fue eliminado",
        11 => "La ruta o URL que estas usando no es correcta o no existe",
        12 => "Solicitud incorrecta, la cabecera (Header) no contiene un Content-Type correcto",
        20 => "El archivo enviado no cumple con el formato establecido",
        22 => "Documento enviado fuera del plazo permitido",
        23 => "Este documento ya existe en NubeFacT",
        24 => "El documento indicado no existe o no fue enviado a NubeFacT",
        50 => "Su cuenta ha sido suspendida",
        51 => "Su cuenta ha sido suspendida por falta de pago",
        _ => "No se pudo completar la operación",
    }
}
