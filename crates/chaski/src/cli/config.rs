//! `chaski config`: init, show, set, check.

use std::io::Write;
use std::path::Path;

use chaski_client::{Clock, Failure};
use chaski_core::{Lang, text};
use dialoguer::Password;
use serde_json::{Value, json};
use toml_edit::{DocumentMut, value};

use super::Done;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use super::kit::terminal;
use crate::app::{
    AppError, Mode, WantedMode, mode_of, open_database_url, open_server_key, open_token,
    seal_setting, try_out_token,
};
use crate::config::pasted;
use crate::config::{DEFAULTS, Layers, Origin, Surroundings, is_secret, looks_like_token};
use crate::counted::counted;
use crate::mode::mode_of_key;
use crate::private;
use crate::sheets;

/// `chaski config init`: the defaults as a file to edit, every key commented out.
pub(super) fn init(around: &Surroundings, force: bool, lang: Lang) -> Done {
    let path = around.local_file();
    if path.exists() && !force {
        return Err(AppError::Usage(text!(
            "ya existe {}; para reemplazarlo agregue --force",
            "{} exists already; to replace it add --force",
            path.display()
        )));
    }
    let comment = |line: &str| match line.chars().next() {
        Some('#' | '[') | None => format!("{line}\n"),
        Some(_) => format!("# {line}\n"),
    };
    let text: String = DEFAULTS.lines().map(comment).collect();
    write_private(&path, text.as_bytes())?;
    anstream::eprintln!(
        "{}",
        text!(
            "Se escribió {}: quite el # de lo que quiera cambiar",
            "Wrote {}: remove the # of what you want to change",
            path.display()
        )
        .pick(lang)
    );
    Ok(0)
}

/// `chaski config show`.
pub(super) fn show(needed: &Needed, with_origin: bool) -> Done {
    let lang = needed.lang();
    let rows = needed
        .layers
        .shown()
        .map(|(key, text, origin)| {
            let mut row = fields(json!({"clave": key, "valor": text}));
            if with_origin {
                row.insert("origen".into(), Value::from(origin.describe(lang)));
            }
            row
        })
        .collect();
    let mut columns = vec![("clave", "Clave", "Key"), ("valor", "Valor", "Value")];
    if with_origin {
        columns.push(("origen", "Origen", "Origin"));
    }
    Records { columns, rows }.write(needed)
}

/// `chaski config set`: one key of the user's file, comments kept.
pub(super) async fn set(needed: &Needed, key: &str, typed: Option<String>) -> Done {
    needed.layers.known(key, "chaski config set")?;
    let is_secret = is_secret(key);
    let text = match typed {
        Some(text) if is_secret || looks_like_token(&text) => {
            let key = if is_secret { key } else { key_for(&text) };
            return Err(AppError::Usage(text!(
                "no escriba eso en la línea de comandos: queda en el historial. Ejecute solo: chaski config set {key} (lo pedirá sin mostrarlo), o páselo por tubería",
                "do not write that on the command line: the history keeps it. Run just: chaski config set {key} (it is asked for without showing it), or pipe it in"
            )));
        }
        Some(text) => text,
        None if is_secret => secret(needed, key)?,
        None => {
            return Err(AppError::Usage(text!(
                "falta el valor; por ejemplo: chaski config set {key} …",
                "the value is missing; for instance: chaski config set {key} …"
            )));
        }
    };
    let path = needed
        .config_file
        .clone()
        .or_else(|| needed.around.user_file())
        .ok_or_else(|| {
            AppError::Usage(text!(
                "no se sabe dónde está su carpeta de usuario; indique el archivo con --config",
                "your home folder is not known; name the file with --config"
            ))
        })?;
    let before = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.map_err(AppError::file(&path))?,
    };
    let mut document: DocumentMut = before.parse().map_err(|_| {
        AppError::Usage(text!(
            "el archivo {} no es TOML válido; corríjalo antes",
            "the file {} is not valid TOML; mend it first",
            path.display()
        ))
    })?;
    let mut layers = Layers::defaults();
    layers.set_text(key, &text, Origin::Set)?;
    layers.config()?;
    let (table, name) = key
        .rsplit_once('.')
        .map_or((None, key), |(table, name)| (Some(table), name));
    let item = if is_secret {
        value(seal_setting(&needed.config, &path, key, &text)?)
    } else {
        layers.value(key).map(value).unwrap_or_default()
    };
    match table {
        Some(table) => document[table].or_insert(toml_edit::table())[name] = item,
        None => document[name] = item,
    }
    // The whole file is checked with the new value before anything is written.
    let after = document.to_string();
    let mut layers = Layers::defaults();
    layers.add_text(&after, &path)?;
    layers.config()?;
    write_private(&path, after.as_bytes())?;
    let shown = path.display();
    let (sellado, sealed) = if is_secret {
        (", sellado,", ", sealed,")
    } else {
        ("", "")
    };
    needed.say(text!(
        "se guardó {key}{sellado} en {shown} (permiso 0600)",
        "{key} was saved{sealed} in {shown} (mode 0600)"
    ));
    if key == "migo.token" {
        return try_token(needed, text).await;
    }
    Ok(0)
}

/// Whether a token works is known at once, by the one question that costs nothing. Where it cannot be
/// asked now, the token is kept all the same.
async fn try_token(needed: &Needed, token: String) -> Done {
    let tried = try_out_token(&needed.config, token.into(), Clock::system()).await;
    match tried {
        Ok(account) => {
            needed.say(match account.consultas {
                Some(left) => {
                    let quedan = if left == 1 { "queda" } else { "quedan" };
                    let (consultas, calls) = (
                        counted(left, "consulta", "consultas"),
                        counted(left, "call", "calls"),
                    );
                    text!(
                        "el token funciona; le {quedan} {consultas}",
                        "the token works; you have {calls} left"
                    )
                }
                None => text!("el token funciona", "the token works"),
            });
            Ok(0)
        }
        Err(error) if error.code() == Failure::Unauthorized.code() => Err(error),
        Err(error) => {
            let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
            needed.say(text!(
                "no se pudo probar el token ahora: {es}. Pruébelo después con: chaski doctor",
                "the token could not be tried now: {en}. Try it later with: chaski doctor"
            ));
            Ok(0)
        }
    }
}

/// `chaski config check`.
pub(super) fn check(needed: &Needed) -> Done {
    let mode = mode_of(&needed.config, needed.wish)?;
    if mode == Mode::Real {
        open_token(&mut needed.config.clone())?;
    }
    open_server_key(&needed.config)?;
    open_database_url(&needed.config)?;
    let (es, en) = match (mode, needed.wish) {
        (Mode::Sandbox, WantedMode::Sandbox) => {
            ("datos de prueba, por --sandbox", "trial data, by --sandbox")
        }
        (Mode::Sandbox, _) => (
            "datos de prueba (no hay token o así se configuró)",
            "trial data (no token, or configured so)",
        ),
        (Mode::Real, _) => ("APIMIGO, con su token", "APIMIGO, with your token"),
    };
    needed.say(text!(
        "configuración correcta; responde: {es}",
        "the configuration is right; answered by: {en}"
    ));
    Ok(0)
}

/// A secret typed without being shown, or piped in.
fn secret(needed: &Needed, key: &str) -> Result<String, AppError> {
    let prompt = match key {
        "server_key" => text!(
            "Llave del servidor, chk_… (no se mostrará)",
            "Key of the server, chk_… (not shown)"
        ),
        "database_url" => text!(
            "Dirección de la base, postgres://… (no se mostrará)",
            "Address of the database, postgres://… (not shown)"
        ),
        _ => text!(
            "Token de APIMIGO (no se mostrará)",
            "APIMIGO token (not shown)"
        ),
    };
    let asking = Password::new().with_prompt(prompt.pick(needed.lang()));
    let text = terminal::secret(needed.may_ask, asking, 4096, needed.lang())?;
    let text = match key {
        // An address may hold what no token does.
        "database_url" => text.trim().trim_matches(['"', '\'']).to_owned(),
        _ => pasted::token(&text).map_err(AppError::Usage)?,
    };
    if text.is_empty() {
        return Err(AppError::Usage(text!(
            "no llegó ningún valor para {key}",
            "no value came for {key}"
        )));
    }
    if key == "server_key" && mode_of_key(&text).is_none() {
        return Err(AppError::Usage(text!(
            "eso no es una llave de Chaski: empieza con chk_live_ o chk_test_, como la da chaski llaves crear",
            "that is no key of Chaski: it begins with chk_live_ or chk_test_, as chaski llaves crear gives it"
        )));
    }
    Ok(text)
}

/// Where a secret that was typed in the open belongs.
pub(super) fn key_for(secret: &str) -> &'static str {
    match mode_of_key(secret) {
        Some(_) => "server_key",
        None => "migo.token",
    }
}

/// A file that other users cannot read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let failed = |error| AppError::file(path)(error);
    // A file with the token is the owner's alone from its first byte on.
    if !path.exists() {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(AppError::file(folder))?;
        }
        let made = private::to_write().create_new(true).open(path);
        let mut file = made.map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        return Ok(());
    }
    // What replaces the file takes its mode: one that others could read no longer will be.
    private::keep_file(path).map_err(failed)?;
    sheets::write_atomically(path, |file| file.write_all(bytes))?;
    Ok(())
}
