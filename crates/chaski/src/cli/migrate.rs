//! `chaski migrate`: an old data folder taken over; data taken to a database on a server, and back.

use std::path::{Path, PathBuf};

use chaski_client::Clock;
use chaski_core::{Lang, text};
use secrecy::SecretString;
use serde_json::json;

use super::Done;
use super::kit::args::MigrateArgs;
use super::kit::needed::{Needed, check_typed_url};
use super::kit::output::{self, notice};
use super::kit::records::{Records, fields};
use crate::app::migrate::{How, Migrated, migrate as take_over};
use crate::app::moves::{MovedSide, move_to_folder, move_to_server};
use crate::app::{AppError, Mode, open_database_url};
use crate::config::is_database_url;

/// Where data are, or shall be.
enum End {
    Folder(PathBuf),
    Server(SecretString),
}

pub(super) async fn migrate(needed: &Needed, typed: &MigrateArgs) -> Done {
    let config = &needed.config;
    let from = end("--from", typed.from.as_deref())?;
    let to = end("--to", typed.to.as_deref())?;
    let configured = open_database_url(config)?;
    match (from, to, configured) {
        (Some(End::Folder(from)), None, None) => old_folder(needed, &from).await,
        (Some(End::Folder(from)), Some(End::Server(to)), _)
        | (Some(End::Folder(from)), None, Some(to)) => to_server(needed, &from, &to).await,
        (None, Some(End::Server(to)), _) => to_server(needed, &config.dir, &to).await,
        (Some(End::Server(from)), Some(End::Folder(to)), _)
        | (None, Some(End::Folder(to)), Some(from)) => {
            to_folder(needed, &from, &to, typed.reemplazar).await
        }
        (Some(End::Server(from)), None, _) => {
            to_folder(needed, &from, &config.dir, typed.reemplazar).await
        }
        (_, Some(_), _) | (None, None, _) => Err(AppError::Usage(text!(
            "un extremo debe ser una carpeta y el otro la dirección de una base (postgres://…); de una carpeta a otra: chaski migrate --from ANTERIOR --dir NUEVA",
            "one end must be a folder and the other one the address of a database (postgres://…); from a folder to another: chaski migrate --from OLD --dir NEW"
        ))),
    }
}

fn end(option: &str, typed: Option<&str>) -> Result<Option<End>, AppError> {
    typed
        .map(|text| {
            if !is_database_url(text) {
                return Ok(End::Folder(PathBuf::from(text)));
            }
            check_typed_url(option, text)?;
            Ok(End::Server(SecretString::from(text)))
        })
        .transpose()
}

async fn to_server(needed: &Needed, from: &Path, url: &SecretString) -> Done {
    output::check(needed)?;
    let sides = move_to_server(&needed.config, from, url).await?;
    tell(needed, &sides)?;
    let from = from.display();
    needed.say(text!(
        "la carpeta {from} queda como estaba, y desde ahora no se usa sin la base: guarde la dirección con chaski config set database_url, y conserve la carpeta, que tiene la llave",
        "{from} stays as it was, and is not used without the database from now on: keep the address with chaski config set database_url, and keep the folder, which has the key"
    ));
    Ok(0)
}

async fn to_folder(needed: &Needed, url: &SecretString, to: &Path, replace: bool) -> Done {
    output::check(needed)?;
    let now = Clock::system().now();
    let sides = move_to_folder(&needed.config, url, to, replace, now).await?;
    tell(needed, &sides)?;
    needed.say(text!(
        "la base queda como estaba: quite database_url de la configuración, y bórrela cuando haya visto que todo está",
        "the database stays as it was: remove database_url from the configuration, and delete it once you have seen that all is there"
    ));
    Ok(0)
}

/// Every table with its rows and their hash, which are the same at both ends.
fn tell(needed: &Needed, sides: &[MovedSide]) -> Result<(), AppError> {
    let lang = needed.lang();
    let mut rows = Vec::new();
    for side in sides {
        let (what, place) = (data_of(side.mode, lang), &side.place);
        needed.say(text!(
            "{what} en {place}: todas las tablas son iguales en los dos lados",
            "{what} in {place}: all tables are the same at both ends"
        ));
        if let Some(aside) = &side.set_aside {
            let aside = aside.display();
            needed.say(text!(
                "la base que había antes está en {aside}",
                "the database that was there before is in {aside}"
            ));
        }
        for table in &side.tables {
            rows.push(fields(json!({
                "lado": side.mode.as_str(),
                "tabla": table.table,
                "filas": table.rows,
                "huella": table.hash,
            })));
        }
    }
    let columns = vec![
        ("lado", "Lado", "Side"),
        ("tabla", "Tabla", "Table"),
        ("filas", "Filas", "Rows"),
        ("huella", "Huella", "Hash"),
    ];
    Records { columns, rows }.write(needed).map(drop)
}

fn data_of(mode: Mode, lang: Lang) -> &'static str {
    match mode {
        Mode::Real => lang.pick("datos reales", "real data"),
        Mode::Sandbox => lang.pick("datos de prueba", "sandbox data"),
    }
}

async fn old_folder(needed: &Needed, from: &Path) -> Done {
    let done = take_over(&needed.config, from).await?;
    for side in &done {
        notice(needed, &said(side, needed.lang()));
    }
    let from = from.display();
    needed.say(text!(
        "la carpeta {from} queda como estaba; bórrela o renómbrela cuando haya visto que todo está: una carpeta ./chaski_data se usa antes que la de su usuario",
        "{from} stays as it was; delete or rename it once you have seen that all is there: a folder ./chaski_data is used before that of your user"
    ));
    Ok(0)
}

fn said(side: &Migrated, lang: Lang) -> String {
    let folder = side.folder.display();
    let what = data_of(side.mode, lang);
    match &side.how {
        How::Whole(all) => {
            let (calls, answers) = (all.calls, all.answers);
            lang.pick(
                format!("{what} en {folder}: todo (llamadas, {calls}; respuestas, {answers})"),
                format!("{what} in {folder}: all (calls, {calls}; answers, {answers})"),
            )
        }
        How::Merged(new) => {
            let (answers, calls) = (new.answers, new.calls);
            let (batches, partners, keys) = (new.batches, new.partners, new.keys);
            lang.pick(
                format!("{what} en {folder}, lo que faltaba o era más nuevo: respuestas, {answers}; llamadas, {calls}; lotes, {batches}; partners, {partners}; llaves, {keys}"),
                format!("{what} in {folder}, what was missing or newer: answers, {answers}; calls, {calls}; batches, {batches}; partners, {partners}; keys, {keys}"),
            )
        }
    }
}
