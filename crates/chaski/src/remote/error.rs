//! What can go wrong between here and a server, and what the codes that it answers with mean here.

use std::time::Duration;

use chaski_client::TransportError;
use chaski_core::{Lang, text};

use crate::api::problem::ProblemBody;
use crate::codes;
use crate::config::ServerAddress;

/// Why a server gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum ServerError {
    /// It said why, in the person's language.
    Said {
        /// Its code.
        code: &'static str,
        /// Its words.
        text: String,
        /// When it may be asked again.
        retry_after: Option<Duration>,
    },
    /// No connection: nothing was sent.
    Unreachable {
        /// Where it should be.
        address: String,
        /// Whether the other side has to prove its name.
        encrypted: bool,
    },
    /// The connection broke before the answer came.
    Broken,
    /// No answer in time.
    TimedOut,
    /// The answer is over the cap.
    TooLarge,
    /// Something else answers there.
    NotChaski {
        /// Where.
        address: String,
        /// Status of an answer that is none of ours.
        status: Option<u16>,
    },
    /// It read the list in another way than this program.
    OtherRows,
}

impl ServerError {
    pub(super) fn said(
        problem: ProblemBody,
        retry_after: Option<Duration>,
        lang: Lang,
    ) -> ServerError {
        let text = if problem.detail.is_empty() {
            problem.title
        } else {
            problem.detail
        };
        ServerError::of_code(&problem.code, &text, retry_after, lang)
    }

    /// What a code of the server means here; `text` is what it said besides.
    pub(super) fn of_code(
        code: &str,
        text: &str,
        retry_after: Option<Duration>,
        lang: Lang,
    ) -> ServerError {
        let text = chaski_core::clean(text);
        let Some(known) = codes::find(code) else {
            // A newer server may know codes that this program does not.
            let code = chaski_core::clean(code);
            return ServerError::Said {
                code: "servidor_error",
                text: format!("{text} ({code})"),
                retry_after,
            };
        };
        let code = known.name;
        let advice = advice(code, lang).map(|advice| format!("; {advice}"));
        let text = text + &advice.unwrap_or_default();
        ServerError::Said {
            code,
            text,
            retry_after,
        }
    }

    pub(super) fn of_transport(error: TransportError, address: &ServerAddress) -> ServerError {
        match error {
            TransportError::Unreachable => ServerError::Unreachable {
                address: address.to_string(),
                encrypted: address.is_encrypted(),
            },
            TransportError::Broken => ServerError::Broken,
            TransportError::TooLarge => ServerError::TooLarge,
        }
    }

    /// The server says explicitly that there is no such number or rate.
    pub fn is_not_found(&self) -> bool {
        ["no_encontrado", "sin_tipo_de_cambio", "no_figura"].contains(&self.code())
    }

    /// Whether the same question may have an answer a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            ServerError::Said { code, .. } => codes::find(code).is_some_and(|it| it.is_passing),
            ServerError::NotChaski { status, .. } => status.is_some_and(|status| status >= 500),
            ServerError::TooLarge | ServerError::OtherRows => false,
            ServerError::Unreachable { .. } | ServerError::Broken | ServerError::TimedOut => true,
        }
    }

    /// Whether the question may have arrived, although no answer says so.
    pub fn may_have_arrived(&self) -> bool {
        matches!(
            self,
            ServerError::Broken
                | ServerError::TimedOut
                | ServerError::NotChaski {
                    status: Some(500..),
                    ..
                }
        )
    }

    /// When it may be asked again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ServerError::Said { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            ServerError::Said { code, .. } => code,
            ServerError::Unreachable { .. } => "servidor_inalcanzable",
            ServerError::Broken => "conexion_interrumpida",
            ServerError::TimedOut => "plazo_agotado",
            ServerError::TooLarge => "respuesta_demasiado_grande",
            ServerError::NotChaski { .. } => "servidor_ajeno",
            ServerError::OtherRows => "servidor_otra_lista",
        }
    }

    /// Exit code of the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            // What stands before a server that is down answers in its place.
            ServerError::NotChaski {
                status: Some(500..),
                ..
            } => 5,
            ServerError::NotChaski { .. } => 7,
            other => codes::exit_code(other.code()),
        }
    }

    /// What happened and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            ServerError::Said { text, .. } => return text.clone(),
            ServerError::Unreachable {
                address,
                encrypted: false,
            } => text!(
                "no se pudo conectar con el servidor {address}; verifique que «chaski serve» esté funcionando allí y que la dirección y el puerto sean esos",
                "could not connect to the server {address}; see that \"chaski serve\" runs there and that address and port are right"
            ),
            ServerError::Unreachable {
                address,
                encrypted: true,
            } => text!(
                "no se pudo conectar con el servidor {address}; verifique que esté funcionando, y que su certificado TLS sea de ese nombre, vigente y de una autoridad conocida",
                "could not connect to the server {address}; see that it runs, and that its TLS certificate is for that name, in force and of a known authority"
            ),
            ServerError::NotChaski {
                address,
                status: Some(status @ 500..),
            } => text!(
                "en {address} algo que no es Chaski responde con HTTP {status}; si hay un proxy delante, verifique que Chaski esté funcionando detrás",
                "something that is not Chaski answers at {address} with HTTP {status}; if a proxy stands before it, see that Chaski runs behind it"
            ),
            ServerError::NotChaski { address, status } => {
                let status = status.map(|status| format!(" (HTTP {status})"));
                let status = status.unwrap_or_default();
                text!(
                    "lo que responde en {address} no es un servidor de Chaski, o es de otra versión{status}; revise la dirección con: chaski salud --url {address}",
                    "what answers at {address} is no server of Chaski, or one of another version{status}; check the address with: chaski salud --url {address}"
                )
            }
            ServerError::Broken => text!(
                "la conexión con el servidor se cortó antes de la respuesta; reintente",
                "the connection to the server broke before the answer came; try again"
            ),
            ServerError::TimedOut => text!(
                "el servidor no respondió a tiempo; reintente o aumente --timeout",
                "the server did not answer in time; try again or raise --timeout"
            ),
            ServerError::TooLarge => text!(
                "el servidor devolvió una respuesta demasiado grande y se descartó",
                "the server gave an answer that is too large; it was dropped"
            ),
            ServerError::OtherRows => text!(
                "el servidor leyó la lista de otra manera que este programa: use la misma versión en los dos",
                "the server read the list in another way than this program: use the same version on both sides"
            ),
        };
        text.pick(lang)
    }
}

/// What to do on this side, where that is where the remedy is.
fn advice(code: &str, lang: Lang) -> Option<&'static str> {
    let (es, en) = match code {
        "falta_llave" => (
            "aquí: chaski config set server_key, o CHASKI_SERVER_KEY_FILE",
            "here: chaski config set server_key, or CHASKI_SERVER_KEY_FILE",
        ),
        "llave_desconocida" | "llave_vencida" => (
            "cámbiela aquí con: chaski config set server_key, o en CHASKI_SERVER_KEY_FILE",
            "change it here with: chaski config set server_key, or in CHASKI_SERVER_KEY_FILE",
        ),
        "ruta_desconocida" | "metodo_no_permitido" => (
            "el servidor es de otra versión de Chaski: actualice el más antiguo",
            "the server is another version of Chaski: update the older one",
        ),
        _ => return None,
    };
    Some(lang.pick(es, en))
}
