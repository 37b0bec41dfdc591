//! Why a copy could not be taken or put in place.

use std::path::{Path, PathBuf};

use chaski_core::{Lang, text};

use super::AppError;

/// What is wrong with a copy, its seal, or the folder it is to go to.
#[derive(Debug)]
pub(super) enum BackupFault {
    /// There is no database to copy.
    NothingThere,
    /// The file is no copy of ours.
    NotABackup,
    /// The file is a copy of ours and not whole.
    Damaged,
    /// A newer Chaski has written it.
    Newer,
    /// A process works in the folder.
    InUse,
    /// There are data in the folder.
    NotEmpty,
    /// Its seal does not fit what is in it, or was taken off.
    Altered,
    /// It was sealed with the key of a folder that is not here.
    NoKey {
        /// The data folder.
        folder: PathBuf,
    },
    /// It was sealed with another key than the one that is here.
    OtherKey,
    /// It was sealed with a phrase, and none was said.
    NeedsPhrase,
    /// It was sealed with another phrase.
    OtherPhrase,
    /// It has no seal, and one is demanded.
    NoSeal,
    /// There is nothing to seal a copy with.
    NothingToSealWith,
}

/// What is wrong, and with which file or folder.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub struct BackupError {
    fault: BackupFault,
    path: PathBuf,
}

impl BackupFault {
    /// That it is so with this file or folder.
    pub(super) fn of(self, path: &Path) -> AppError {
        AppError::Backup(BackupError {
            fault: self,
            path: path.to_owned(),
        })
    }
}

impl BackupError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self.fault {
            BackupFault::NothingThere => "copia_sin_datos",
            BackupFault::NotABackup => "copia_ajena",
            BackupFault::Damaged => "copia_danada",
            BackupFault::Newer => "copia_mas_nueva",
            BackupFault::InUse => "carpeta_en_uso",
            BackupFault::NotEmpty => "carpeta_con_datos",
            BackupFault::Altered => "copia_alterada",
            BackupFault::NoKey { .. } | BackupFault::NothingToSealWith => "copia_sin_llave",
            BackupFault::OtherKey => "copia_otra_llave",
            BackupFault::NeedsPhrase => "copia_pide_frase",
            BackupFault::OtherPhrase => "copia_otra_frase",
            BackupFault::NoSeal => "copia_sin_sello",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let path = self.path.display();
        let text = match &self.fault {
            BackupFault::NothingThere => text!(
                "no hay datos de Chaski en {path}: indique la carpeta que los tiene",
                "there are no data of Chaski in {path}: name the folder that has them"
            ),
            BackupFault::NotABackup => text!(
                "{path} no es una copia hecha con chaski backup",
                "{path} is not a copy made with chaski backup"
            ),
            BackupFault::Damaged => text!(
                "la copia {path} está dañada y no se usó: use otra",
                "the copy {path} is damaged and was not used: use another one"
            ),
            BackupFault::Newer => text!(
                "la copia {path} es de una versión más nueva de Chaski: actualice el programa",
                "the copy {path} was made by a newer Chaski: update the program"
            ),
            BackupFault::InUse => text!(
                "Chaski está trabajando en {path}: deténgalo y vuelva a intentar",
                "Chaski is working in {path}: stop it and try again"
            ),
            BackupFault::NotEmpty => text!(
                "ya hay datos en {path}: elija otra carpeta con --dir, o agregue --reemplazar para apartarlos",
                "there are data in {path} already: choose another folder with --dir, or add --reemplazar to set them aside"
            ),
            BackupFault::Altered => text!(
                "la copia {path} fue alterada después de hacerla y no se usó: use otra, y averigüe quién pudo escribirla",
                "the copy {path} was altered after it was made and was not used: use another one, and find out who could write to it"
            ),
            BackupFault::NoKey { folder } => {
                let folder = folder.display();
                text!(
                    "la copia {path} está sellada con una llave que aquí no está: traiga el archivo «llave» de la máquina que la hizo a {folder}, o indíquelo con CHASKI_KEY_FILE; si esa llave se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                    "the copy {path} is sealed with a key that this machine does not have: copy the file \"llave\" of the machine that made it to {folder}, or name it with CHASKI_KEY_FILE; if that key is lost, --sin-sello restores it without proof that nobody altered it"
                )
            }
            BackupFault::OtherKey => text!(
                "la llave que hay aquí no es la que selló la copia {path}: indique la de la máquina que la hizo con CHASKI_KEY_FILE, o restaure en otra carpeta; si esa llave se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                "this machine has another key than the one that sealed the copy {path}: give that of the machine that made it with CHASKI_KEY_FILE, or restore into another folder; if that key is lost, --sin-sello restores it without proof that nobody altered it"
            ),
            BackupFault::NeedsPhrase => text!(
                "la copia {path} está sellada con una frase: dígala con --frase, o con --frase-archivo ARCHIVO; si se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                "the copy {path} is sealed with a phrase: give it with --frase, or with --frase-archivo FILE; if it is lost, --sin-sello restores it without proof that nobody altered it"
            ),
            BackupFault::OtherPhrase => text!(
                "esa frase no es la que selló la copia {path}",
                "that phrase is not the one that sealed the copy {path}"
            ),
            BackupFault::NoSeal => text!(
                "la copia {path} no tiene sello y con --exigir-sello no se usa",
                "the copy {path} has no seal and is not used with --exigir-sello"
            ),
            BackupFault::NothingToSealWith => text!(
                "no hay llave con que sellar la copia de {path}: indíquela con CHASKI_KEY_FILE, o selle la copia con una frase: --frase, o --frase-archivo ARCHIVO",
                "there is no key to seal the copy of {path} with: name it with CHASKI_KEY_FILE, or seal the copy with a phrase: --frase, or --frase-archivo FILE"
            ),
        };
        text.pick(lang)
    }
}
