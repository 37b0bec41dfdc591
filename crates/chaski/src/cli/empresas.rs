//! `chaski empresas`: the companies that issue.

use chaski_core::text;
use std::io::Read;
use std::sync::Arc;

use chaski_client::{AuthForm, Clock};
use secrecy::SecretString;
use serde_json::json;

use super::kit::args::{EmpresaArgs, EmpresasCmd};
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output;
use super::kit::records::{Records, fields};
use super::kit::terminal::ask_secret;
use super::llaves::empresa;
use super::{Done, with_invoices};
use crate::api::series::IssuerData;
use crate::app::invoices::{InvoiceError, RehearsalStep, kind_of_serie};
use crate::app::issuers::{NewIssuer, looks_like_a_ruta};
use crate::app::{App, AppError, Mode, WantedMode};
use crate::remote::Server;

/// The exit code when some of the vendor's set did not come out.
const SOME_FAILED: u8 = 8;

pub(super) async fn empresas(needed: &Needed, command: Option<EmpresasCmd>) -> Done {
    match command.unwrap_or(EmpresasCmd::Listar) {
        EmpresasCmd::Listar => with_invoices(needed, async |desk| listar(needed, desk).await).await,
        EmpresasCmd::Agregar(args) if needed.server.is_some() => {
            with_invoices(needed, async |desk| agregar(needed, desk, args).await).await
        }
        EmpresasCmd::Agregar(args) => {
            output::check(needed)?;
            if needed.wish == WantedMode::Sandbox {
                return Err(InvoiceError::SandboxIssuer.into());
            }
            let app = Box::pin(App::open_records(needed.config.clone(), Mode::Real, Clock::system())).await?;
            let desk = Desk::Here(Arc::new(app));
            let done = Box::pin(agregar(needed, &desk, args)).await;
            let closed = desk.close().await;
            let code = done?;
            closed?;
            Ok(code)
        }
        EmpresasCmd::Ensayo { ruc } => {
            with_invoices(needed, async |desk| ensayo(needed, desk, ruc.as_deref()).await).await
        }
        EmpresasCmd::Probar { ruc } => {
            with_invoices(needed, async |desk| {
                let ruc = ruc.as_deref().map(empresa).transpose()?;
                let tried = match desk {
                    Desk::Here(app) => {
                        let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
                        room.try_issuer().await?;
                        IssuerData::of(&room.issuer)
                    }
                    Desk::There(server) => server.try_company(ruc.as_ref()).await?,
                };
                let (ruc, host) = (&tried.ruc, &tried.servidor);
                needed.say(text!("{ruc}: {host} acepta la ruta y el token (se preguntó por un comprobante que no existe; no se emitió nada)", "{ruc}: {host} takes ruta and token (it was asked for a document that does not exist; nothing was issued)"));
                Ok(0)
            })
            .await
        }
    }
}

/// Issues the vendor's set and prints the list that the vendor wants to see.
async fn ensayo(needed: &Needed, desk: &Desk, ruc: Option<&str>) -> Done {
    let ruc = ruc.map(empresa).transpose()?;
    let app = desk.here("empresas ensayo")?;
    let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
    if room.mode() == Mode::Real && !needed.yes {
        return Err(AppError::Usage(text!(
            "esto emite unos 14 comprobantes en la cuenta de Nubefact; si es de demostración, agregue --yes",
            "this issues about 14 documents on the Nubefact account; if it is one for trying, add --yes"
        )));
    }
    let steps = room.rehearse().await?;
    let lang = needed.lang();
    let failed = steps.iter().filter(|it| it.code.is_some()).count();
    let row = |it: &RehearsalStep| {
        fields(json!({
            "n": it.place,
            "prueba": it.what.clone().pick(lang),
            "comprobante": it.comprobante,
            "estado": it.estado,
            "enlace_pdf": it.enlace_pdf,
            "code": it.code,
        }))
    };
    Records {
        columns: vec![
            ("n", "N°", "No."),
            ("prueba", "Prueba", "Test"),
            ("comprobante", "Comprobante", "Number"),
            ("estado", "Estado", "State"),
            ("enlace_pdf", "PDF", "PDF"),
            ("code", "Código", "Code"),
        ],
        rows: steps.iter().map(row).collect(),
    }
    .write(needed)?;
    let (count, issuer) = (steps.len(), room.issuer.ruc.as_str());
    needed.say(text!(
        "{issuer}: pruebas, {count}; no salieron, {failed}; esta es la lista que pide Nubefact para pasar a producción",
        "{issuer}: tests, {count}; did not come out, {failed}; this is the list that Nubefact asks for before production"
    ));
    Ok(if failed > 0 { SOME_FAILED } else { 0 })
}

async fn listar(needed: &Needed, desk: &Desk) -> Done {
    let issuers: Vec<IssuerData> = match desk {
        Desk::Here(app) => app.issuers().await?.iter().map(IssuerData::of).collect(),
        Desk::There(server) => server.companies().await?,
    };
    if issuers.is_empty() {
        needed.say(text!(
            "ninguna empresa emite desde aquí; agréguela con: chaski empresas agregar RUC --ruta …",
            "no company issues from here; add it with: chaski empresas agregar RUC --ruta …"
        ));
    }
    Records {
        columns: vec![
            ("ruc", "RUC", "RUC"),
            ("servidor", "Servidor", "Server"),
            ("forma", "Forma del token", "Form of the token"),
            ("restaurante", "Restaurante u hotel", "Restaurant or hotel"),
        ],
        rows: issuers.iter().map(|it| fields(json!(it))).collect(),
    }
    .write(needed)?;
    Ok(0)
}

async fn agregar(needed: &Needed, desk: &Desk, args: EmpresaArgs) -> Done {
    // 1. Everything that was typed.
    let ruc = empresa(&args.ruc)?;
    let auth: AuthForm = args.auth_form.parse()?;
    let series = args.series.iter().map(|it| series_of(it));
    let series = series.collect::<Result<Vec<_>, AppError>>()?;
    looks_like_a_ruta(&args.ruta)?;
    if let Desk::There(server) = desk {
        refuse_in_clear(server)?;
    }
    let token = token(needed)?;
    // 2. Kept, sealed.
    let new = NewIssuer {
        ruc,
        ruta: args.ruta,
        token,
        auth,
        restaurante: args.restaurante,
    };
    match desk {
        Desk::Here(app) => {
            if let Some(word) = app.add_issuer(new).await? {
                needed.say(word);
            }
        }
        Desk::There(server) => drop(server.add_company(&new).await?),
    }
    let shown = ruc.as_str();
    needed.say(text!(
        "{shown} agregada, con su token sellado; compruébela con: chaski empresas probar {shown}",
        "{shown} added, its token sealed; try it with: chaski empresas probar {shown}"
    ));
    // 3. Its series, which Nubefact confirms.
    for (serie, last) in series {
        let kind = kind_of_serie(&serie).ok_or(InvoiceError::SeriesKind)?;
        let last = match desk {
            Desk::Here(app) => {
                let room = app.invoice_room(Some(&ruc), &needed.plain_ask()).await?;
                room.open_series_at(kind, &serie, last).await?
            }
            Desk::There(server) => {
                let opened = server.open_series(&serie, kind, last, Some(&ruc));
                opened.await?.ultimo
            }
        };
        let next = u64::from(last) + 1;
        needed.say(text!(
            "serie {serie} abierta: el siguiente número es {next}",
            "series {serie} is open: the next number is {next}"
        ));
    }
    Ok(0)
}

/// Nubefact's token issues documents: it does not travel where others could read it.
fn refuse_in_clear(server: &Server) -> Result<(), AppError> {
    if server.address().is_encrypted() || server.address().is_here() {
        return Ok(());
    }
    Err(AppError::Usage(text!(
        "el token de Nubefact no se envía sin cifrar a otra máquina: use https://, o agregue la empresa donde está el servidor",
        "Nubefact's token is not sent unencrypted to another machine: use https://, or add the company where the server is"
    )))
}

fn series_of(typed: &str) -> Result<(String, u32), AppError> {
    let pair = typed.split_once('=');
    let read = pair
        .and_then(|(serie, last)| Some((serie.trim().to_uppercase(), last.trim().parse().ok()?)));
    read.ok_or_else(|| {
        AppError::Usage(text!(
            "--series: indique serie y último número usado, como F001=123 (0 si es nueva)",
            "--series: give series and last number used, such as F001=123 (0 if it is new)"
        ))
    })
}

/// The token: of the environment, typed without being shown, or piped in. Never of the command line, which
/// others see.
fn token(needed: &Needed) -> Result<SecretString, AppError> {
    const VARIABLE: &str = "CHASKI_NUBEFACT_TOKEN";
    let variables = &needed.around.variables;
    if let Some(text) = variables.get(VARIABLE) {
        return Ok(SecretString::from(text.clone()));
    }
    if let Some(file) = variables.get(&format!("{VARIABLE}_FILE")) {
        let path = std::path::Path::new(file);
        let text = std::fs::read_to_string(path).map_err(AppError::file(path))?;
        return Ok(SecretString::from(
            text.trim_end_matches(['\n', '\r']).to_owned(),
        ));
    }
    if needed.may_ask {
        let prompt = needed.lang().pick(
            "Token de Nubefact (no se mostrará)",
            "Nubefact token (not shown)",
        );
        let asking = dialoguer::Password::new().with_prompt(prompt);
        return Ok(ask_secret(asking, needed.lang()).into());
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(4096)
        .read_to_string(&mut text)?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.trim().is_empty() {
        return Err(AppError::Usage(text!(
            "no llegó ningún token: páselo por tubería, o en un archivo que nombre CHASKI_NUBEFACT_TOKEN_FILE",
            "no token came: pipe it in, or put it in a file named by CHASKI_NUBEFACT_TOKEN_FILE"
        )));
    }
    Ok(SecretString::from(text.to_owned()))
}
