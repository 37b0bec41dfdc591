//! Why a spreadsheet could not be read or written: what is wrong, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use chaski_core::{Lang, Text, text};

use super::Limits;

/// A failure of reading or writing a spreadsheet. `Display` is Spanish; [`SheetError::message`]
/// takes the language. It never holds the content of a cell.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum SheetError {
    /// No such file.
    NotFound {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The system does not let it be read.
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Zero bytes.
    EmptyFile,
    /// A workbook without sheets of cells.
    NoSheets,
    /// Nothing in any sheet, or nothing below the header.
    EmptySheet,
    /// The sheet asked for does not exist.
    UnknownSheet {
        /// As it was asked for.
        wanted: String,
        /// The sheets that there are; empty for a file without sheets.
        seen: String,
    },
    /// A zip that holds more than one list.
    ManyLists {
        /// Their names.
        seen: String,
    },
    /// A zip without a list in it.
    NoList,
    /// Neither a workbook nor text.
    UnknownKind,
    /// A web page or XML without a table, under the name of a workbook.
    WebPage,
    /// Excel 97 to 2003.
    OldExcel,
    /// `.xlsb`.
    BinaryExcel,
    /// Protected with a password.
    Encrypted,
    /// Damaged, or not what it says it is.
    Corrupt {
        /// The part or cell where it was noticed.
        place: String,
    },
    /// Beyond one of the [`Limits`].
    TooLarge {
        /// Which.
        what: Excess,
        /// The ceiling.
        limit: u64,
    },
    /// A cell beyond the last column accepted.
    TooWide {
        /// The cell, as the spreadsheet shows it.
        cell: String,
        /// How many columns are accepted.
        limit: usize,
    },
    /// A cell with more text than Excel itself allows.
    CellTooLong {
        /// The cell, as the spreadsheet shows it.
        cell: String,
        /// Characters accepted.
        limit: usize,
    },
    /// A text that opens with a quote and swallows the rows below.
    UnclosedQuote {
        /// The row where it opens, from 1.
        row: u32,
    },
    /// The folder of the output does not exist.
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The output is a folder, not a file.
    IsFolder {
        /// The path as it was given.
        path: PathBuf,
    },
    /// No permission to write there.
    NotWritable {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The disk is full.
    DiskFull {
        /// The path as it was given.
        path: PathBuf,
    },
    /// Writing failed in another way.
    WriteFailed {
        /// The path as it was given.
        path: PathBuf,
        /// What the system or the writer said.
        source: io::Error,
    },
}

/// Which ceiling a file went beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Bytes of the file.
    FileBytes,
    /// Bytes once unpacked.
    UnpackedBytes,
    /// Parts inside the workbook.
    Parts,
    /// One tag or one run of text of the inner XML.
    Markup,
    /// Pieces of the inner XML that bring no value.
    Idle,
    /// All texts together.
    Text,
    /// The list in memory.
    Memory,
    /// Rows.
    Rows,
    /// Cells.
    Cells,
}

/// What the system says of a file, in Spanish where it says one of the usual things.
fn in_spanish(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "no tiene permiso".to_owned(),
        io::ErrorKind::IsADirectory => "es una carpeta".to_owned(),
        io::ErrorKind::TimedOut => "la unidad no responde".to_owned(),
        io::ErrorKind::UnexpectedEof => "se cortó la lectura".to_owned(),
        _ => error.to_string(),
    }
}

impl SheetError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            SheetError::NotFound { .. } => "archivo_no_encontrado",
            SheetError::Unreadable { .. } => "archivo_ilegible",
            SheetError::EmptyFile => "archivo_vacio",
            SheetError::NoSheets => "libro_sin_hojas",
            SheetError::EmptySheet => "hoja_vacia",
            SheetError::UnknownSheet { .. } => "hoja_desconocida",
            SheetError::ManyLists { .. } => "zip_varias_listas",
            SheetError::NoList => "zip_sin_lista",
            SheetError::UnknownKind => "archivo_tipo_desconocido",
            SheetError::WebPage => "archivo_pagina_web",
            SheetError::OldExcel => "excel_antiguo",
            SheetError::BinaryExcel => "excel_binario",
            SheetError::Encrypted => "archivo_con_contrasena",
            SheetError::Corrupt { .. } => "archivo_danado",
            SheetError::TooLarge { .. } => "archivo_muy_grande",
            SheetError::TooWide { .. } => "hoja_muy_ancha",
            SheetError::CellTooLong { .. } => "celda_muy_larga",
            SheetError::UnclosedQuote { .. } => "comilla_sin_cerrar",
            SheetError::NoFolder { .. } => "carpeta_no_encontrada",
            SheetError::IsFolder { .. } => "salida_es_carpeta",
            SheetError::NotWritable { .. } => "salida_sin_permiso",
            SheetError::DiskFull { .. } => "disco_lleno",
            SheetError::WriteFailed { .. } => "escritura_fallida",
        }
    }

    /// What is wrong, where, and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        self.text().pick(lang)
    }

    /// Sorts what the system said of a write into the cases a person can act on.
    pub(crate) fn writing(path: &Path, source: io::Error) -> SheetError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => SheetError::NoFolder {
                path: folder_of(&path).to_owned(),
            },
            io::ErrorKind::IsADirectory => SheetError::IsFolder { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                SheetError::NotWritable { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                SheetError::DiskFull { path }
            }
            _ => SheetError::WriteFailed { path, source },
        }
    }

    /// The same for a read.
    pub(crate) fn reading(path: &Path, source: io::Error) -> SheetError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => SheetError::NotFound { path },
            _ => SheetError::Unreadable { path, source },
        }
    }

    /// The same where there is more than one thing to read, or none.
    fn choice(&self) -> Text {
        match self {
            SheetError::UnknownSheet { wanted, seen } if seen.is_empty() => text!(
                "el archivo no tiene hojas y se pidió «{wanted}»: quite --hoja",
                "the file has no sheets and «{wanted}» was asked for: remove --hoja"
            ),
            SheetError::UnknownSheet { wanted, seen } => text!(
                "no existe la hoja «{wanted}». Hojas: {seen}. Indique una con --hoja",
                "there is no sheet «{wanted}»: there are {seen}; say which with --hoja"
            ),
            SheetError::ManyLists { seen } => text!(
                "el zip tiene más de una lista: {seen}; descomprímalo y elija el archivo",
                "the zip holds more than one list: {seen}; unzip it and choose the file"
            ),
            _ => text!(
                "el zip no tiene ninguna lista (xlsx, ods, csv o txt): descomprímalo y elija el archivo",
                "the zip holds no list (xlsx, ods, csv or txt): unzip it and choose the file"
            ),
        }
    }

    fn text(&self) -> Text {
        match self {
            SheetError::NotFound { path } => text!(
                "no existe el archivo {}: revise el nombre y la carpeta",
                "there is no file {}: check its name and folder",
                path.display()
            ),
            SheetError::Unreadable { path, source } => {
                let why = in_spanish(source);
                text!(
                    "no se puede leer {} ({why}): ciérrelo si está abierto en otro programa o revise sus permisos",
                    "cannot read {} ({source}): close it if another program has it open, or check its permissions",
                    path.display()
                )
            }
            SheetError::EmptyFile => text!(
                "el archivo está vacío (0 bytes): vuelva a exportarlo o a copiarlo",
                "the file is empty (0 bytes): export or copy it again"
            ),
            SheetError::NoSheets => text!(
                "el libro no tiene hojas con celdas: guarde la lista en una hoja de cálculo",
                "the workbook has no sheet of cells: save the list in a worksheet"
            ),
            SheetError::EmptySheet => text!(
                "la hoja no tiene datos: escriba la lista debajo de los títulos y guarde el archivo",
                "the sheet has no data: write the list below its titles and save the file"
            ),
            SheetError::UnknownSheet { .. } | SheetError::ManyLists { .. } | SheetError::NoList => {
                self.choice()
            }
            SheetError::UnknownKind => text!(
                "el archivo no es un libro de Excel (.xlsx), de Calc (.ods) ni un CSV: ábralo en Excel y guárdelo como .xlsx",
                "the file is neither an Excel (.xlsx) nor a Calc (.ods) workbook nor a CSV: open it in Excel and save it as .xlsx"
            ),
            SheetError::WebPage => text!(
                "el archivo es una página web sin ninguna tabla: descárguelo de nuevo, que puede ser la página de ingreso del portal",
                "the file is a web page without any table: download it again, for it may be the page of the portal that asks who you are"
            ),
            SheetError::OldExcel => text!(
                "el archivo es de Excel 97-2003 (.xls): ábralo en Excel y guárdelo como .xlsx",
                "the file is from Excel 97-2003 (.xls): open it in Excel and save it as .xlsx"
            ),
            SheetError::BinaryExcel => text!(
                "el archivo es un libro binario (.xlsb): ábralo en Excel y guárdelo como .xlsx",
                "the file is a binary workbook (.xlsb): open it in Excel and save it as .xlsx"
            ),
            SheetError::Encrypted => text!(
                "el archivo está protegido con contraseña: ábralo en Excel, quite la contraseña (Archivo > Información > Proteger libro) y guárdelo de nuevo",
                "the file is protected with a password: open it in Excel, remove the password (File > Info > Protect Workbook) and save it again"
            ),
            SheetError::Corrupt { place } => text!(
                "el archivo está dañado ({place}): ábralo en Excel, acepte repararlo y guárdelo de nuevo como .xlsx",
                "the file is damaged ({place}): open it in Excel, let it be repaired and save it again as .xlsx"
            ),
            SheetError::TooLarge { what, limit } => what.text(*limit),
            SheetError::TooWide { cell, limit } => text!(
                "hay datos en la celda {cell} y se aceptan hasta {limit} columnas: borre lo que sobra a la derecha o copie la lista a un libro nuevo",
                "there is data in cell {cell} and up to {limit} columns are accepted: delete what is left over on the right or copy the list to a new workbook"
            ),
            SheetError::CellTooLong { cell, limit } => text!(
                "la celda {cell} tiene más de {limit} caracteres: acórtela, o revise si falta cerrar unas comillas",
                "cell {cell} has more than {limit} characters: shorten it, or look for a quote that is not closed"
            ),
            SheetError::UnclosedQuote { row } => text!(
                "en la fila {row} se abre una comilla («\"») que no se cierra y se lleva las filas siguientes: ciérrela o quítela y guarde el archivo",
                "a quote (\") opens in row {row} and is not closed, so that it takes the rows below: close it or remove it and save the file"
            ),
            SheetError::NoFolder { path } => text!(
                "no existe la carpeta {}: créela o elija otra salida",
                "there is no folder {}: create it or choose another output",
                path.display()
            ),
            SheetError::IsFolder { path } => text!(
                "«{}» es una carpeta: indique también el nombre del archivo de salida",
                "{} is a folder: give the name of the output file too",
                path.display()
            ),
            SheetError::NotWritable { path } => text!(
                "no hay permiso para escribir {}: elija otra carpeta o cierre el archivo si está abierto",
                "no permission to write {}: choose another folder or close the file if it is open",
                path.display()
            ),
            SheetError::DiskFull { path } => text!(
                "no queda espacio en el disco para escribir {}: libere espacio o elija otra unidad; no se dejó nada a medias",
                "no space left on the disk to write {}: free some or choose another drive; nothing was left half-written",
                path.display()
            ),
            SheetError::WriteFailed { path, source } => text!(
                "no se pudo escribir {} ({source}): elija otra salida e intente de nuevo",
                "could not write {} ({source}): choose another output and try again",
                path.display()
            ),
        }
    }
}

impl Excess {
    /// The ceiling in MB where no gateway is in between, if that is higher.
    fn here(self, limit: u64) -> Option<u64> {
        let all = Limits::default();
        let most = match self {
            Excess::Text => all.text_bytes,
            Excess::Memory => all.list_bytes,
            _ => return None,
        } as u64;
        (most > limit).then_some(most / 1024 / 1024)
    }

    fn text(self, limit: u64) -> Text {
        let mib = limit / 1024 / 1024;
        let (more, more_en) = self.here(limit).map_or_else(Default::default, |mib| {
            (
                format!(", o use chaski en la máquina del servidor, sin --server: acepta hasta {mib} MB"),
                format!(", or give the command of chaski on the gateway's machine, without --server: it takes up to {mib} MB"),
            )
        });
        match self {
            Excess::FileBytes => text!(
                "el archivo pesa más de {mib} MB: divida el archivo o copie solo la lista a un libro nuevo",
                "the file is over {mib} MB: split it or copy only the list to a new workbook"
            ),
            Excess::UnpackedBytes => text!(
                "el libro ocupa más de {mib} MB al abrirlo: divida el archivo o copie solo la lista a un libro nuevo",
                "the workbook takes over {mib} MB when opened: split it or copy only the list to a new workbook"
            ),
            Excess::Parts => text!(
                "el libro tiene más de {limit} partes internas: copie solo la lista a un libro nuevo y guárdelo como .xlsx",
                "the workbook has over {limit} inner parts: copy only the list to a new workbook and save it as .xlsx"
            ),
            Excess::Markup => text!(
                "el libro tiene un texto o una etiqueta desmedida: copie solo la lista a un libro nuevo y guárdelo de nuevo como .xlsx",
                "the workbook has a text or a tag out of all proportion: copy only the list to a new workbook and save it again as .xlsx"
            ),
            Excess::Idle => text!(
                "la hoja tiene demasiadas celdas vacías con formato: copie solo la lista a un libro nuevo y guárdelo como .xlsx",
                "the sheet has too many blank cells with a format: copy only the list to a new workbook and save it as .xlsx"
            ),
            Excess::Text => text!(
                "los textos del archivo suman más de {mib} MB: divida el archivo o quite las columnas que no necesita{more}",
                "the texts of the file add up to over {mib} MB: split it or remove the columns you do not need{more_en}"
            ),
            Excess::Memory => text!(
                "la lista ocupa más de {mib} MB una vez leída: divida el archivo o quite las columnas que no necesita{more}",
                "the list takes over {mib} MB once it is read: split it or remove the columns you do not need{more_en}"
            ),
            Excess::Rows => text!(
                "la hoja tiene más de {limit} filas: divida el archivo en partes más pequeñas",
                "the sheet has over {limit} rows: split it into smaller files"
            ),
            Excess::Cells => text!(
                "la hoja tiene más de {limit} celdas: divida el archivo o quite las columnas que no necesita",
                "the sheet has over {limit} cells: split it or remove the columns you do not need"
            ),
        }
    }
}

/// The folder that a path lies in; the current one for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
