//! `chaski backup` and `chaski restaurar`.

use std::path::Path;

use chaski_client::Clock;
use chaski_core::{Text, lima_datetime, text};
use dialoguer::Password;
use secrecy::{ExposeSecret, SecretString};

use super::Done;
use super::kit::args::PhraseArgs;
use super::kit::needed::Needed;
use super::kit::terminal::secret;
use crate::app::backups::{self, Demand, LEAST_PHRASE, Manner, Proved, RestoredKey, mode_of_data};
use crate::app::{AppError, Mode, folder_of};
use crate::counted::counted;
use crate::store::Snapshot;

/// Longest phrase.
const MOST_PHRASE_BYTES: u64 = 4 * 1024;

pub(super) async fn backup(
    needed: &Needed,
    to: &Path,
    with_key: bool,
    phrase: &PhraseArgs,
) -> Done {
    let mode = mode_of_data(&needed.config, needed.wish);
    let settings = needed.layers.to_toml();
    let phrase = said(needed, phrase, true)?;
    if let Some(phrase) = &phrase
        && phrase.expose_secret().chars().count() < LEAST_PHRASE
    {
        return Err(AppError::Usage(text!(
            "la frase debe tener {LEAST_PHRASE} caracteres o más: una corta se adivina",
            "the phrase must have {LEAST_PHRASE} characters or more: a short one is guessed"
        )));
    }
    let by_phrase = phrase.is_some();
    let now = Clock::system().now();
    let taken = backups::backup(&needed.config, mode, &settings, to, with_key, phrase, now).await?;
    let (path, kib) = (taken.path.display(), taken.bytes.div_ceil(1024));
    let (contenido, content) = content(&taken.snapshot);
    needed.say(text!(
        "copia verificada ({contenido}, {kib} KiB): {path}",
        "verified copy ({content}, {kib} KiB): {path}"
    ));
    if by_phrase {
        needed.say(text!(
            "sellada con su frase: sin ella nadie puede comprobar que la copia no fue alterada",
            "sealed with your phrase: without it nobody can prove that the copy was not altered"
        ));
    }
    if let Some(error) = &taken.not_noted {
        let why = error.message(needed.lang());
        needed.say(text!(
            "no se pudo anotar en la carpeta que se hizo la copia: {why}",
            "the folder could not note that the copy was taken: {why}"
        ));
    }
    needed.say(match (taken.with_key, taken.snapshot.has_personal_data) {
        (true, _) => text!(
            "la llave va dentro: quien tenga este archivo puede leer los datos personales, y también rehacer el sello (--frase lo impide)",
            "the key is in it: whoever has this file can read the personal data, and renew the seal too (--frase prevents it)",
        ),
        (false, true) => text!(
            "la llave no va dentro: guárdela aparte; sin ella no se pueden leer los datos personales de la copia ni comprobar su sello (--con-llave la incluye)",
            "the key is not in it: keep it elsewhere; without it the personal data in the copy cannot be read, nor its seal be proved (--con-llave includes it)",
        ),
        (false, false) if by_phrase => return Ok(0),
        (false, false) => text!(
            "la llave no va dentro: guárdela aparte; con ella se comprueba el sello al restaurar en otra máquina (--con-llave la incluye)",
            "the key is not in it: keep it elsewhere; it proves the seal when restoring on another machine (--con-llave includes it)",
        ),
    });
    Ok(0)
}

pub(super) async fn restaurar(
    needed: &Needed,
    from: &Path,
    replace: bool,
    phrase: &PhraseArgs,
    demand: Demand,
) -> Done {
    let now = Clock::system().now();
    let mut manner = Manner {
        replace,
        phrase: said(needed, phrase, false)?,
        demand,
    };
    if manner.phrase.is_none() && demand != Demand::Waived && needed.may_ask {
        manner.phrase = backups::asks_for_phrase(from)?
            .then(|| typed(needed, false))
            .transpose()?;
    }
    let done = backups::restore(&needed.config, needed.wish, from, manner, now).await?;
    let folder = done.place.clone();
    let folder = folder.unwrap_or_else(|| done.folder.display().to_string());
    let taken_at = lima_datetime(done.taken_at);
    let (dia, day) = (
        taken_at.strftime("%d/%m/%Y %H:%M:%S"),
        taken_at.strftime("%Y-%m-%d %H:%M:%S"),
    );
    let (contenido, content) = content(&done.snapshot);
    needed.say(text!(
        "restaurado en {folder} lo que había el {dia} ({contenido})",
        "restored in {folder} what there was at {day} ({content})"
    ));
    if let Some(text) = about_seal(done.proved) {
        needed.say(text);
    }
    if let Some(aside) = &done.set_aside {
        let aside = aside.display();
        needed.say(text!(
            "lo que había antes está en {aside}: bórrelo cuando ya no lo necesite",
            "what was there before is in {aside}: delete it when it is no longer needed"
        ));
    }
    if let Some(aside) = &done.schema_aside {
        needed.say(text!(
            "lo que había antes en la base está en su esquema {aside}: bórrelo cuando ya no lo necesite",
            "what was in the database before is in its schema {aside}: delete it when it is no longer needed"
        ));
    }
    let settings = done.settings.display();
    needed.say(text!(
        "la configuración de la copia está en {settings}; no se aplica sola (--config)",
        "the configuration of the copy is in {settings}; it is not applied by itself (--config)"
    ));
    if done.key == RestoredKey::Missing && done.snapshot.has_personal_data {
        needed.say(text!(
            "falta la llave: ponga el archivo «llave» en la carpeta, o indíquela con CHASKI_KEY_FILE, antes de usarla",
            "the key is missing: put the file \"llave\" into the folder, or name it with CHASKI_KEY_FILE, before using it"
        ));
    }
    let is_real = done.folder == folder_of(&needed.config, Mode::Real);
    if is_real && needed.config.token().is_none() {
        needed.say(text!(
            "sin token no se puede consultar (los partners, lotes y llaves sí se ven): configure migo.token con: chaski config set migo.token",
            "without a token nobody can be asked (partners, batches and keys can be seen): configure migo.token with: chaski config set migo.token"
        ));
    }
    Ok(0)
}

/// How far the copy can be trusted, where that is less than wholly.
fn about_seal(proved: Proved) -> Option<Text> {
    Some(match proved {
        Proved::Sealed => return None,
        Proved::ByItself => text!(
            "Atención: el sello se comprobó con la llave que vino en la misma copia; quien pudo leer la copia también pudo rehacerlo",
            "Beware: the seal was proved with the key that came in the copy itself; whoever could read the copy could renew it too",
        ),
        Proved::Unsealed => text!(
            "Atención: la copia no tiene sello (es de una versión anterior): no se puede saber si alguien la alteró. Revise las llaves con: chaski llaves",
            "Beware: the copy has no seal (it is of an older version): whether somebody altered it cannot be known. Look at the keys with: chaski llaves",
        ),
        Proved::Waived => text!(
            "Atención: el sello no se comprobó: no se puede saber si alguien alteró la copia. Revise las llaves con: chaski llaves",
            "Beware: the seal was not proved: whether somebody altered the copy cannot be known. Look at the keys with: chaski llaves",
        ),
    })
}

/// The phrase, if one was to be said: of a file, typed without being shown, or piped in.
fn said(needed: &Needed, args: &PhraseArgs, twice: bool) -> Result<Option<SecretString>, AppError> {
    if let Some(path) = &args.frase_archivo {
        let text = std::fs::read_to_string(path).map_err(AppError::file(path))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            let path = path.display();
            return Err(AppError::Usage(text!(
                "el archivo {path} está vacío: ahí debe estar la frase",
                "{path} is empty: the phrase must be in it"
            )));
        }
        return Ok(Some(SecretString::from(text.to_owned())));
    }
    if !args.frase {
        return Ok(None);
    }
    typed(needed, twice).map(Some)
}

/// What a copy holds, in both languages.
fn content(of: &Snapshot) -> (String, String) {
    let (calls, answers) = (of.calls, of.answers);
    let (llamadas, respuestas) = (
        counted(calls, "llamada", "llamadas"),
        counted(answers, "respuesta", "respuestas"),
    );
    let (calls, answers) = (
        counted(calls, "call", "calls"),
        counted(answers, "answer", "answers"),
    );
    (
        format!("{llamadas}, {respuestas}"),
        format!("{calls}, {answers}"),
    )
}

fn typed(needed: &Needed, twice: bool) -> Result<SecretString, AppError> {
    let lang = needed.lang();
    let mut asking = Password::new().with_prompt(lang.pick(
        "Frase de la copia (no se mostrará)",
        "Phrase of the copy (not shown)",
    ));
    if twice {
        asking = asking.with_confirmation(
            lang.pick("Otra vez", "Once more"),
            lang.pick("no son iguales", "they are not alike"),
        );
    }
    let text = secret(needed.may_ask, asking, MOST_PHRASE_BYTES, lang)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(AppError::Usage(text!(
            "no llegó ninguna frase: escríbala cuando se pida, pásela por tubería, o use --frase-archivo ARCHIVO",
            "no phrase came: type it when asked, pipe it in, or use --frase-archivo FILE"
        )));
    }
    Ok(SecretString::from(text.to_owned()))
}
