//! What Nubefact answers when it does not do what it was asked: a code and a text.

use serde::Serialize;

/// An answer that is not a 200: nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) codigo: u16,
    pub(crate) text: String,
}

#[derive(Serialize)]
struct RefusalBody<'a> {
    errors: &'a str,
    codigo: u16,
}

impl Refusal {
    pub(crate) fn new(codigo: u16, text: impl Into<String>) -> Refusal {
        Refusal {
            codigo,
            text: text.into(),
        }
    }

    /// The refusal of a code whose text is always the same, but for 21, which carries the reason.
    pub(crate) fn of(codigo: u16) -> Refusal {
        let text = match codigo {
            10 => "No se pudo autenticar, el token es incorrecto o fue eliminado",
            11 => "La ruta o URL que estas usando no es correcta o no existe",
            12 => "Solicitud incorrecta, la cabecera (Header) no contiene un Content-Type correcto",
            20 => "El archivo enviado no cumple con el formato establecido",
            22 => "Documento enviado fuera del plazo permitido",
            23 => "Este documento ya existe en NubeFacT",
            24 => "El documento indicado no existe o no fue enviado a NubeFacT",
            // What the real one was seen to say.
            40 => "undefined method 'codigo' for nil",
            50 => "Su cuenta ha sido suspendida",
            51 => "Su cuenta ha sido suspendida por falta de pago",
            _ => "No se pudo completar la operación",
        };
        Refusal::new(codigo, text)
    }

    /// 20: the body cannot be read as what the manual describes.
    pub(crate) fn format() -> Refusal {
        Refusal::of(20)
    }

    /// 21: the generic one; the text is the reason.
    pub(crate) fn reason(text: impl Into<String>) -> Refusal {
        Refusal::new(21, text)
    }

    /// 21 in the words of its prevalidation, which names SUNAT's code and the value that does not
    /// fit.
    pub(crate) fn sunat(code: u16, field: &str, value: impl std::fmt::Display) -> Refusal {
        Refusal::reason(format!(
            "Error al PreValidar INFO : {code:04} (nodo: {field} / valor: {value})"
        ))
    }

    /// The manual lists 200, 400, 401 and 500 only. That 10 is the 401 is inferred; of 11, 50 and 51
    /// the status was never seen.
    pub(crate) fn status(&self) -> u16 {
        match self.codigo {
            10 => 401,
            40 => 500,
            _ => 400,
        }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let body = RefusalBody {
            errors: &self.text,
            codigo: self.codigo,
        };
        serde_json::to_vec(&body).expect("a refusal is plain data")
    }
}
