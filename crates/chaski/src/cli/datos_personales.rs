//! `chaski datos-personales`: a person asks what is known of them, or to be forgotten.

use chaski_client::{Ask, Clock};
use chaski_core::{Dni, text};

use super::Done;
use super::kit::args::PersonCmd;
use super::kit::needed::Needed;
use super::kit::output::{self, SAID_NO, say_nothing_deleted};
use super::kit::overwrite::all;
use super::kit::terminal::{ask_line, piped};
use crate::app::backups::mode_of_data;
use crate::app::invoices::JOURNAL_FILE;
use crate::app::persons::{erase_person, export_person, open_store};
use crate::app::{AppError, Mode, WantedMode, folder_of, has_data, purpose};
use crate::store::{Asker, Channel, Erased};

pub(super) async fn datos_personales(needed: &Needed, command: PersonCmd) -> Done {
    let (typed, erasing) = match &command {
        PersonCmd::Exportar(person) => (person, false),
        PersonCmd::Borrar(person) => (person, true),
    };
    // 1. The number, and that the person who gives the command is sure.
    let dni = dni(needed, typed.dni.as_deref())?;
    let mut ask = Asker::Owner(Channel::Cli).ask();
    ask.purpose = typed.motivo.as_deref().map(purpose).transpose()?;
    if erasing {
        if !confirm(needed, dni)? {
            return Ok(SAID_NO);
        }
    } else if let Some(path) = &needed.output {
        needed.overwrite.check(path)?;
    }
    // 2. The data that are there, of either side.
    let mode = mode_of_data(&needed.config, needed.wish);
    let store = open_store(&needed.config, mode).await?;
    let folder = folder_of(&needed.config, mode);
    let folder = folder.display();
    needed.say(text!("Carpeta: {folder}", "Folder: {folder}"));
    // 3. The deed. What persons entered may be on the other side too.
    let done = if erasing {
        let elsewhere = erase_elsewhere(needed, mode, dni, &ask).await?;
        erase_person(&store, Clock::system(), dni, &ask)
            .await
            .map(|erased| say_erased(needed, &erased.and(elsewhere)))
    } else {
        export_person(&store, Clock::system(), dni, &ask)
            .await
            .and_then(|known| write(needed, &known))
    };
    let closed = store.close().await;
    done?;
    closed?;
    // 4. What it does not reach.
    if folder_of(&needed.config, mode).join(JOURNAL_FILE).exists() {
        needed.say(text!(
            "los comprobantes emitidos a esa persona quedan en el diario de emisión, sellados: la ley manda conservarlos cinco años o hasta que prescriba el tributo (Código Tributario, art. 87, num. 7)",
            "documents issued to that person stay in the journal of issuing, sealed: the law has them kept for five years or until the tax prescribes (Código Tributario, art. 87, no. 7)"
        ));
    }
    Ok(0)
}

async fn erase_elsewhere(
    needed: &Needed,
    mode: Mode,
    dni: Dni,
    ask: &Ask,
) -> Result<Erased, AppError> {
    let nothing = Erased {
        log_emptied: true,
        ..Erased::default()
    };
    let other = mode.other();
    if !has_data(&needed.config, other) || needed.wish != WantedMode::None {
        return Ok(nothing);
    }
    let store = open_store(&needed.config, other).await?;
    let erased = erase_person(&store, Clock::system(), dni, ask).await;
    let closed = store.close().await;
    let erased = erased?;
    closed?;
    Ok(erased)
}

fn write(needed: &Needed, known: &serde_json::Value) -> Result<(), AppError> {
    let mut text = serde_json::to_vec_pretty(known).map_err(std::io::Error::from)?;
    text.push(b'\n');
    match &needed.output {
        // What is known of a person is only for the user who asked.
        Some(path) => needed.overwrite.write(path, true, all(&text)),
        None => output::to_stdout(&text),
    }
}

fn say_erased(needed: &Needed, erased: &Erased) {
    let (answers, calls) = (erased.answers, erased.calls);
    let (bodies, items) = (erased.bodies, erased.items);
    needed.say(text!(
        "Borrado: respuestas, {answers}; en llamadas, {calls}; contenidos, {bodies}; en lotes, {items}",
        "Erased: answers, {answers}; in calls, {calls}; bodies, {bodies}; in batches, {items}"
    ));
    if erased.documents_kept > 0 {
        let documents = erased.documents_kept;
        needed.say(text!(
            "se conservan los comprobantes emitidos a esta persona: {documents}; quien emite debe guardarlos cinco años o más (Código Tributario, art. 87, num. 7) y luego se borran solos",
            "documents issued to this person are kept: {documents}; who issues must keep them for five years or more (Código Tributario, art. 87, num. 7), and then they are deleted by themselves"
        ));
    }
    needed.say(text!(
        "las copias de seguridad anteriores aún lo tienen: bórrelas o repita el borrado si las restaura",
        "earlier backups still have it: delete them, or erase again after restoring one"
    ));
    if !erased.log_emptied {
        needed.say(text!(
            "otro proceso estaba leyendo: repita el comando para que tampoco quede en el diario de la base",
            "another process was reading: repeat the command to empty the log of the database too"
        ));
    }
}

/// The last two digits, typed: a yes is said too easily.
fn confirm(needed: &Needed, dni: Dni) -> Result<bool, AppError> {
    if needed.yes {
        return Ok(true);
    }
    let lang = needed.lang();
    if !needed.may_ask {
        return Err(AppError::Usage(text!(
            "borrar los datos de una persona necesita confirmación: agregue --yes",
            "erasing the data of a person needs a confirmation: add --yes"
        )));
    }
    let prompt = lang.pick(
        "Se borrará lo guardado de este DNI y no se podrá recuperar. Escriba sus dos últimos dígitos",
        "What is kept of this DNI is erased for good. Type its last two digits",
    );
    let typed = ask_line(prompt, lang);
    let meant = dni.as_str().ends_with(typed.trim()) && typed.trim().len() == 2;
    if !meant {
        say_nothing_deleted(needed);
    }
    Ok(meant)
}

/// The number of the flag; with `-` or without it, the one on the input, where no history keeps it.
fn dni(needed: &Needed, typed: Option<&str>) -> Result<Dni, AppError> {
    let text = match typed {
        Some(text) if text != "-" => text.to_owned(),
        _ => read(needed)?,
    };
    // What was typed may be almost a DNI: it is not repeated.
    text.trim().parse().map_err(|_| {
        AppError::Usage(text!(
            "--dni debe ser un DNI de 8 dígitos",
            "--dni must be an 8-digit DNI"
        ))
    })
}

fn read(needed: &Needed) -> Result<String, AppError> {
    if needed.may_ask {
        return Ok(ask_line("DNI", needed.lang()));
    }
    piped(64)
}
