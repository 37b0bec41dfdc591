//! The companies that issue: where each is at Nubefact, and with which token.

use std::fmt;

use chaski_client::{AuthForm, NUBEFACT_HOST, NubefactId, NubefactKind, NubefactToken, Ruta};
use chaski_core::{Ruc, Text};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::invoices::{InvoiceError, InvoiceRoom};
use super::{App, AppError, Mode};
use crate::store::StoreError;

/// Who issues in the sandbox: invented, as everything there.
const SANDBOX_RUC: &str = "20603274742";
/// The last part of its address.
pub(super) const SANDBOX_RUTA: &str = "chaski";
/// Where the embedded sandbox is: nowhere. A link to it must not lead to the real Nubefact, and names
/// that end so are reserved for what does not exist (RFC 2606).
pub(super) const SANDBOX_ORIGIN: &str = "https://sandbox.invalid";
/// No document of the demo series has this number, and no company comes to it.
const NOBODYS_NUMBER: u32 = 99_999_999;

/// A token that nobody has: it is in no address.
const NOBODYS_TOKEN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A company that issues. `Debug` shows its RUC and no more.
#[derive(Clone)]
pub struct Issuer {
    /// Its RUC.
    pub ruc: Ruc,
    /// Its address at Nubefact.
    pub(in crate::app) ruta: SecretString,
    pub(in crate::app) token: SecretString,
    /// How the token is written into the header.
    pub auth: AuthForm,
    /// Whether it is in the register of restaurants and hotels of Law 31556.
    pub restaurante: bool,
}

/// A company that is to issue.
pub struct NewIssuer {
    /// Its RUC.
    pub ruc: Ruc,
    /// Its address at Nubefact.
    pub ruta: String,
    /// Its token.
    pub token: SecretString,
    /// How the token is written into the header.
    pub auth: AuthForm,
    /// Whether it is in the register of restaurants and hotels.
    pub restaurante: bool,
}

/// As kept, sealed.
#[derive(Serialize, Deserialize)]
struct IssuerProfile {
    ruc: String,
    ruta: String,
    token: String,
    forma: String,
    restaurante: bool,
}

impl Issuer {
    /// Where its requests go.
    pub fn host(&self) -> String {
        let token = NubefactToken::parse(self.token.expose_secret());
        let ruta = token
            .and_then(|(token, _)| Ruta::parse(self.ruta.expose_secret(), NUBEFACT_HOST, &token));
        ruta.map_or_else(|_| String::new(), |ruta| ruta.host().to_owned())
    }

    /// The last part of its address at Nubefact, by which its own programs know it.
    pub(in crate::app) fn last_part(&self) -> String {
        let ruta = self.ruta.expose_secret().trim().trim_end_matches('/');
        ruta.rsplit('/').next().unwrap_or_default().to_owned()
    }

    fn of_sandbox() -> Issuer {
        let ruta = format!("{SANDBOX_ORIGIN}/api/v1/{SANDBOX_RUTA}");
        Issuer {
            ruc: SANDBOX_RUC.parse().expect("a RUC with its check digit"),
            ruta: ruta.into(),
            token: SecretString::from("sandbox"),
            auth: AuthForm::default(),
            restaurante: false,
        }
    }

    fn of_profile(bytes: &[u8]) -> Option<Issuer> {
        let kept: IssuerProfile = serde_json::from_slice(bytes).ok()?;
        Some(Issuer {
            ruc: kept.ruc.parse().ok()?,
            ruta: kept.ruta.into(),
            token: kept.token.into(),
            auth: kept.forma.parse().ok()?,
            restaurante: kept.restaurante,
        })
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.ruc.as_str())
    }
}

impl App {
    /// The companies that issue, oldest first; in the sandbox there is one from the start.
    pub async fn issuers(&self) -> Result<Vec<Issuer>, AppError> {
        if self.mode == Mode::Sandbox {
            return Ok(vec![Issuer::of_sandbox()]);
        }
        let kept = self.store.issuers().await?;
        let issuers = kept
            .iter()
            .map(|it| Issuer::of_profile(it).ok_or(StoreError::Corrupt));
        Ok(issuers.collect::<Result<_, _>>()?)
    }

    /// The company that is meant: the one of that RUC, or the only one.
    pub async fn issuer_for(&self, wanted: Option<&Ruc>) -> Result<Issuer, AppError> {
        let issuers = self.issuers().await?;
        match wanted {
            Some(ruc) => {
                let found = issuers.iter().find(|it| it.ruc == *ruc).cloned();
                let known = || issuers.iter().map(|it| it.ruc.as_str().to_owned());
                found.ok_or_else(|| InvoiceError::UnknownIssuer(known().collect()).into())
            }
            None => match issuers.as_slice() {
                [] => Err(InvoiceError::NoIssuer.into()),
                [one] => Ok(one.clone()),
                many => {
                    let names = many.iter().map(|it| it.ruc.as_str().to_owned());
                    Err(InvoiceError::SeveralIssuers(names.collect()).into())
                }
            },
        }
    }

    /// Adds a company, or puts what is new in the place of what was kept of it. The word is about what
    /// was taken off its token.
    pub async fn add_issuer(&self, new: NewIssuer) -> Result<Option<Text>, AppError> {
        if self.mode == Mode::Sandbox {
            return Err(InvoiceError::SandboxIssuer.into());
        }
        let (token, word) = NubefactToken::parse(new.token.expose_secret())?;
        Ruta::parse(&new.ruta, NUBEFACT_HOST, &token)?;
        let profile = IssuerProfile {
            ruc: new.ruc.as_str().to_owned(),
            ruta: new.ruta.trim().to_owned(),
            token: new.token.expose_secret().trim().to_owned(),
            forma: new.auth.as_str().to_owned(),
            restaurante: new.restaurante,
        };
        let bytes = serde_json::to_vec(&profile).map_err(std::io::Error::from)?;
        let now = self.clock.now();
        self.store.put_issuer(&new.ruc, &bytes, now).await?;
        Ok(word)
    }
}

/// Whether a text may be a ruta, before anybody is asked for the token: an address that was copied with the
/// token in it is told first.
pub fn looks_like_a_ruta(typed: &str) -> Result<(), AppError> {
    let (nobodys, _) = NubefactToken::parse(NOBODYS_TOKEN)?;
    Ruta::parse(typed, NUBEFACT_HOST, &nobodys)?;
    Ok(())
}

impl InvoiceRoom<'_> {
    /// Whether ruta and token are taken: Nubefact is asked for a document that cannot exist, and that it
    /// does not exist is the answer that is hoped for.
    pub async fn try_issuer(&self) -> Result<(), AppError> {
        let id = NubefactId::new(NubefactKind::Factura, "FFF1", NOBODYS_NUMBER)?;
        let asked = self.nubefact.consult(&id).await;
        asked.map_err(InvoiceError::from)?;
        Ok(())
    }
}
