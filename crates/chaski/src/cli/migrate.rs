//! `chaski migrate --from`: an old data folder taken over.

use std::path::Path;

use chaski_core::Lang;

use super::Done;
use super::needed::Needed;
use super::output::notice;
use crate::app::Mode;
use crate::app::migrate::{How, Migrated, migrate as take_over};

pub(super) async fn migrate(needed: &Needed, from: &Path) -> Done {
    let done = take_over(&needed.config, from).await?;
    for side in &done {
        notice(needed, &said(side, needed.lang()));
    }
    let from = from.display();
    notice(
        needed,
        &needed.lang().pick(
            format!("{from} queda como estaba; bórrela o renómbrela cuando haya visto que todo está: una carpeta ./chaski_data se usa antes que la de su usuario"),
            format!("{from} stays as it was; delete or rename it once you have seen that all is there: a folder ./chaski_data is used before that of your user"),
        ),
    );
    Ok(0)
}

fn said(side: &Migrated, lang: Lang) -> String {
    let folder = side.folder.display();
    let what = match side.mode {
        Mode::Real => lang.pick("datos reales", "real data"),
        Mode::Sandbox => lang.pick("datos de prueba", "sandbox data"),
    };
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
