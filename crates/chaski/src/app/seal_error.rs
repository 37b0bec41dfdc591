//! Why the seal of a copy keeps it from being used, or from being made.

use std::path::PathBuf;

use chaski_core::{Lang, text};

/// What the seal of a copy says, or lacks.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum SealError {
    /// Its seal does not fit what is in it, or was taken off.
    Altered {
        /// The file.
        path: PathBuf,
    },
    /// It was sealed with the key of a folder that is not here.
    NoKey {
        /// The file.
        path: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// It was sealed with another key than the one that is here.
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// It was sealed with a phrase, and none was said.
    NeedsPhrase {
        /// The file.
        path: PathBuf,
    },
    /// It was sealed with another phrase.
    OtherPhrase {
        /// The file.
        path: PathBuf,
    },
    /// It has no seal, and one is demanded.
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to seal a copy with.
    NothingToSealWith {
        /// The data folder.
        folder: PathBuf,
    },
}

impl SealError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            SealError::Altered { .. } => "copia_alterada",
            SealError::NoKey { .. } | SealError::NothingToSealWith { .. } => "copia_sin_llave",
            SealError::OtherKey { .. } => "copia_otra_llave",
            SealError::NeedsPhrase { .. } => "copia_pide_frase",
            SealError::OtherPhrase { .. } => "copia_otra_frase",
            SealError::Missing { .. } => "copia_sin_sello",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            SealError::Altered { path } => text!(
                "la copia {} fue alterada después de hacerla y no se usó: use otra, y averigüe quién pudo escribirla",
                "the copy {} was altered after it was made and was not used: use another one, and find out who could write to it",
                path.display()
            ),
            SealError::NoKey { path, folder } => text!(
                "la copia {} está sellada con una llave que aquí no está: traiga el archivo «llave» de la máquina que la hizo a {}, o indíquelo con CHASKI_KEY_FILE; si esa llave se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                "the copy {} is sealed with a key that is not here: bring the file \"llave\" of the machine that made it to {}, or name it with CHASKI_KEY_FILE; if that key is lost, --sin-sello restores it without proof that nobody altered it",
                path.display(),
                folder.display()
            ),
            SealError::OtherKey { path } => text!(
                "la llave que hay aquí no es la que selló la copia {}: indique la de la máquina que la hizo con CHASKI_KEY_FILE, o restaure en otra carpeta; si esa llave se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                "the key that is here is not the one that sealed the copy {}: name that of the machine that made it with CHASKI_KEY_FILE, or restore into another folder; if that key is lost, --sin-sello restores it without proof that nobody altered it",
                path.display()
            ),
            SealError::NeedsPhrase { path } => text!(
                "la copia {} está sellada con una frase: dígala con --frase, o con --frase-archivo ARCHIVO; si se perdió, --sin-sello la restaura sin comprobar que nadie la alteró",
                "the copy {} is sealed with a phrase: say it with --frase, or with --frase-archivo FILE; if it is lost, --sin-sello restores it without proof that nobody altered it",
                path.display()
            ),
            SealError::OtherPhrase { path } => text!(
                "esa frase no es la que selló la copia {}",
                "that phrase is not the one that sealed the copy {}",
                path.display()
            ),
            SealError::Missing { path } => text!(
                "la copia {} no tiene sello y con --exigir-sello no se usa",
                "the copy {} has no seal and is not used with --exigir-sello",
                path.display()
            ),
            SealError::NothingToSealWith { folder } => text!(
                "no hay llave con que sellar la copia de {}: indíquela con CHASKI_KEY_FILE, o selle la copia con una frase: --frase, o --frase-archivo ARCHIVO",
                "there is no key to seal the copy of {} with: name it with CHASKI_KEY_FILE, or seal the copy with a phrase: --frase, or --frase-archivo FILE",
                folder.display()
            ),
        };
        text.pick(lang)
    }
}
