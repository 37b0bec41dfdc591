//! `chaski backup` and `chaski restaurar`.

use std::path::Path;

use chaski_client::Clock;
use chaski_core::{Lang, lima_datetime};

use super::Done;
use super::needed::Needed;
use super::output::notice;
use crate::app::backups::{self, RestoredKey, mode_of_data};
use crate::app::{Mode, folder_of};

pub(super) async fn backup(needed: &Needed, to: &Path, with_key: bool) -> Done {
    let mode = mode_of_data(&needed.config, needed.wish);
    let settings = needed.layers.to_toml();
    let now = Clock::system().now();
    let taken = backups::backup(&needed.config, mode, &settings, to, with_key, now).await?;
    let (path, kib) = (taken.path.display(), taken.bytes.div_ceil(1024));
    let (calls, answers) = (taken.snapshot.calls, taken.snapshot.answers);
    notice(
        needed,
        &match needed.lang() {
            Lang::Es => format!(
                "copia verificada: {path} ({kib} KiB; llamadas, {calls}; respuestas, {answers})"
            ),
            Lang::En => {
                format!("verified copy: {path} ({kib} KiB; calls, {calls}; answers, {answers})")
            }
        },
    );
    let about_key = match (taken.with_key, taken.snapshot.has_personal_data) {
        (true, _) => needed.lang().pick(
            "la llave va dentro: quien tenga este archivo puede leer los datos personales",
            "the key is in it: whoever has this file can read the personal data",
        ),
        (false, true) => needed.lang().pick(
            "la llave no va dentro: guárdela aparte; sin ella los datos personales de la copia no se pueden leer (--con-llave la incluye)",
            "the key is not in it: keep it elsewhere; without it the personal data in the copy cannot be read (--con-llave includes it)",
        ),
        (false, false) => return Ok(0),
    };
    notice(needed, about_key);
    Ok(0)
}

pub(super) async fn restaurar(needed: &Needed, from: &Path, replace: bool) -> Done {
    let lang = needed.lang();
    let now = Clock::system().now();
    let done = backups::restore(&needed.config, needed.wish, from, replace, now).await?;
    let folder = done.folder.display();
    let taken_at = lima_datetime(done.taken_at).strftime("%Y-%m-%d %H:%M:%S");
    let (calls, answers) = (done.snapshot.calls, done.snapshot.answers);
    notice(
        needed,
        &lang.pick(
            format!("restaurado en {folder} lo que había el {taken_at} (llamadas, {calls}; respuestas, {answers})"),
            format!("restored in {folder} what there was at {taken_at} (calls, {calls}; answers, {answers})"),
        ),
    );
    if let Some(aside) = &done.set_aside {
        let aside = aside.display();
        notice(
            needed,
            &lang.pick(
                format!("lo que había antes está en {aside}: bórrelo cuando ya no lo necesite"),
                format!(
                    "what was there before is in {aside}: delete it when it is no longer needed"
                ),
            ),
        );
    }
    let settings = done.settings.display();
    notice(
        needed,
        &lang.pick(
            format!("la configuración de la copia está en {settings}; no se aplica sola (--config)"),
            format!("the configuration of the copy is in {settings}; it is not applied by itself (--config)"),
        ),
    );
    if done.key == RestoredKey::Missing && done.snapshot.has_personal_data {
        notice(
            needed,
            lang.pick(
                "falta la llave: ponga el archivo «llave» en la carpeta, o indíquela con CHASKI_KEY_FILE, antes de usarla",
                "the key is missing: put the file \"llave\" into the folder, or name it with CHASKI_KEY_FILE, before using it",
            ),
        );
    }
    let is_real = done.folder == folder_of(&needed.config, Mode::Real);
    if is_real && needed.config.token().is_none() {
        notice(
            needed,
            lang.pick(
                "sin token no se puede consultar (los partners, lotes y llaves sí se ven): configure migo.token con: chaski config set migo.token",
                "without a token nobody can be asked (partners, batches and keys can be seen): configure migo.token with: chaski config set migo.token",
            ),
        );
    }
    Ok(0)
}
