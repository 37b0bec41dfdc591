//! How the token is written into the header, and what people paste in its place.

use chaski_core::text;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::Error;

/// The forms of `Authorization` that Nubefact has been seen to take.
///
/// ```
/// use chaski_client::AuthForm;
/// assert_eq!("bearer".parse::<AuthForm>().unwrap(), AuthForm::Bearer);
/// assert_eq!(AuthForm::default(), AuthForm::TokenQuoted);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AuthForm {
    /// `Token token="…"`: Nubefact's own example, and most clients.
    #[default]
    TokenQuoted,
    /// `Token token=…`.
    TokenPlain,
    /// The token and nothing else: the manual.
    Bare,
    /// `Bearer …`: sent by some programs; that it is taken is not proven.
    Bearer,
}

impl AuthForm {
    /// Stable name, as configuration has it.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthForm::TokenQuoted => "token",
            AuthForm::TokenPlain => "token-sin-comillas",
            AuthForm::Bare => "solo",
            AuthForm::Bearer => "bearer",
        }
    }

    /// The header; never shown by `Debug`.
    pub(super) fn header(self, token: &NubefactToken) -> HeaderValue {
        let token = token.0.expose_secret();
        let text = match self {
            AuthForm::TokenQuoted => format!("Token token=\"{token}\""),
            AuthForm::TokenPlain => format!("Token token={token}"),
            AuthForm::Bare => token.to_owned(),
            AuthForm::Bearer => format!("Bearer {token}"),
        };
        let mut header = HeaderValue::from_str(&text).expect("only visible ASCII: checked before");
        header.set_sensitive(true);
        header
    }
}

impl std::str::FromStr for AuthForm {
    type Err = Error;

    fn from_str(name: &str) -> Result<AuthForm, Error> {
        let all = [
            AuthForm::TokenQuoted,
            AuthForm::TokenPlain,
            AuthForm::Bare,
            AuthForm::Bearer,
        ];
        let same = |it: &AuthForm| it.as_str() == name.trim();
        all.into_iter().find(same).ok_or_else(|| {
            Error::invalid(text!(
                "forma de autenticación desconocida: token, token-sin-comillas, solo o bearer",
                "unknown form of authentication: token, token-sin-comillas, solo or bearer"
            ))
        })
    }
}

/// A token as it is sent. `Debug` does not show it.
///
/// ```
/// use chaski_client::NubefactToken;
/// let (token, cleaned) = NubefactToken::parse(" Token token=\"abc123\" ")?;
/// assert!(cleaned.is_some(), "a word about what was taken off");
/// assert!(!format!("{token:?}").contains("abc123"));
/// assert!(NubefactToken::parse("abc\n123").is_err());
/// assert!(NubefactToken::parse("https://api.nubefact.com/api/v1/abc").is_err());
/// # Ok::<(), chaski_client::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NubefactToken(SecretString);

/// What is typed before a token by those who copy a whole header.
const PREFIXES: [&str; 6] = [
    "authorization:",
    "bearer ",
    "token token=",
    "token token =",
    "token=",
    "token ",
];

impl NubefactToken {
    /// Reads what was typed or pasted. Blanks round it, quotes, and the beginning of a header are taken
    /// off, about which there is a word in the second part; what cannot be a token is an error.
    pub fn parse(typed: &str) -> Result<(NubefactToken, Option<chaski_core::Text>), Error> {
        let mut token = typed.trim();
        let mut stripped = false;
        loop {
            let prefix = PREFIXES.iter().find_map(|prefix| {
                let head = token.get(..prefix.len())?;
                head.eq_ignore_ascii_case(prefix).then_some(prefix.len())
            });
            if let Some(rest) = prefix.and_then(|length| token.get(length..)) {
                token = rest.trim();
                stripped = true;
                continue;
            }
            let unquoted = ["\"", "'"]
                .iter()
                .find_map(|quote| token.strip_prefix(quote)?.strip_suffix(quote));
            match unquoted {
                Some(inner) => (token, stripped) = (inner.trim(), true),
                None => break,
            }
        }
        check(token)?;
        let word = stripped.then(|| {
            chaski_core::text!(
                "se quitó lo que venía antes o alrededor del token (Bearer, Token token=, comillas); péguelo solo",
                "what stood before or around the token was taken off (Bearer, Token token=, quotes); paste it alone",
            )
        });
        Ok((NubefactToken(SecretString::from(token.to_owned())), word))
    }

    /// Whether an address holds it, where it would be written into every log.
    pub(super) fn is_within(&self, address: &str) -> bool {
        let token = self.0.expose_secret();
        token.len() >= LEAST_TELLING && address.contains(token)
    }
}

/// Shorter texts are found in any address by chance.
const LEAST_TELLING: usize = 8;

fn check(token: &str) -> Result<(), Error> {
    let is_a_beginning = ["bearer", "token"]
        .iter()
        .any(|it| token.eq_ignore_ascii_case(it));
    if token.is_empty() || is_a_beginning {
        return Err(Error::invalid(text!(
            "falta el token de Nubefact; está en su cuenta, en API (Integración)",
            "the Nubefact token is missing; it is in your account, under API (Integración)"
        )));
    }
    if token.contains("://") || token.contains("/api/") || token.starts_with("www.") {
        return Err(Error::invalid(text!(
            "en lugar del token hay una dirección; quizá cambió ruta y token de sitio",
            "there is an address in place of the token; perhaps ruta and token changed places"
        )));
    }
    if token.contains(['\n', '\r']) {
        return Err(Error::invalid(text!(
            "el token de Nubefact tiene saltos de línea; cópielo de nuevo en una sola línea",
            "the Nubefact token has line breaks; copy it again as a single line"
        )));
    }
    // A quote would end the header's own.
    if !token.bytes().all(|b| b.is_ascii_graphic() && b != b'"') {
        return Err(Error::invalid(text!(
            "el token de Nubefact tiene caracteres que no son de un token; cópielo de nuevo",
            "the Nubefact token has characters no token has; copy it again"
        )));
    }
    Ok(())
}
