//! The columns that are added to a list: what they are called by programs and by people, and in which
//! order.

use chaski_core::{Lang, fold};

use crate::named::named;

/// What programs call them, in the order in which programs have them; also the keys of JSON.
pub(crate) const RESULT_COLUMNS: [&str; 13] = [
    "ruc_normalizado",
    "razon_social",
    "estado",
    "condicion",
    "apto_para_facturar",
    "ubigeo",
    "departamento",
    "provincia",
    "distrito",
    "direccion",
    "motivo",
    "fuente",
    "consultado_en",
];

/// The place of the verdict among [`RESULT_COLUMNS`].
pub(super) const VERDICT: usize = 4;

/// The place of the time.
pub(super) const ASKED_AT: usize = 12;

/// The order for people, as places among [`RESULT_COLUMNS`]: what a person looks for comes first.
const FOR_PEOPLE: [usize; 13] = [VERDICT, 10, 0, 1, 2, 3, 5, 6, 7, 8, 9, 11, ASKED_AT];

/// The order for programs.
const FOR_PROGRAMS: [usize; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/// What people call them, in the order of [`RESULT_COLUMNS`].
const TITLES: [(&str, &str); 13] = [
    ("RUC consultado", "RUC looked up"),
    ("Razón social en SUNAT", "Name at SUNAT"),
    ("Estado en SUNAT", "Estado at SUNAT"),
    ("Condición en SUNAT", "Condición at SUNAT"),
    ("¿Se le puede facturar?", "Can be invoiced?"),
    ("Ubigeo", "Ubigeo"),
    ("Departamento", "Department"),
    ("Provincia", "Province"),
    ("Distrito", "District"),
    ("Dirección", "Address"),
    ("Motivo", "Reason"),
    ("Fuente", "Source"),
    ("Consultado el", "Looked up on"),
];

named! {
    /// For whom the columns of a result are called.
    #[derive(Default)]
    pub enum ResultNames {
        /// For people: the verdict and its reason first, dates as dates, what stood above the titles.
        #[default]
        People = "legibles",
        /// For programs: stable names and order, the titles in the first row.
        Programs = "tecnicos",
    }
}

impl ResultNames {
    /// The order of the columns, as places among [`RESULT_COLUMNS`].
    pub(super) fn order(self) -> &'static [usize; 13] {
        match self {
            ResultNames::People => &FOR_PEOPLE,
            ResultNames::Programs => &FOR_PROGRAMS,
        }
    }

    /// The titles in their order. One that the list has already gets a mark: their `estado` stays
    /// theirs, ours is `estado_sunat`.
    pub(super) fn titles(self, theirs: &[String], lang: Lang) -> Vec<String> {
        let mut taken: Vec<String> = theirs.iter().map(|name| fold(name)).collect();
        let titles = self.order().iter().map(|place| {
            let (name, mark, between) = match self {
                ResultNames::People => {
                    let (es, en) = TITLES[*place];
                    (lang.pick(es, en), " (SUNAT)", ' ')
                }
                ResultNames::Programs => (RESULT_COLUMNS[*place], "_sunat", '_'),
            };
            let mut free = name.to_owned();
            let mut number = 1;
            while taken.contains(&fold(&free)) {
                free = match number {
                    1 => format!("{name}{mark}"),
                    number => format!("{name}{mark}{between}{number}"),
                };
                number += 1;
            }
            taken.push(fold(&free));
            free
        });
        titles.collect()
    }
}

/// The titles of a result as they may be found in a file.
pub(crate) struct ResultTitles {
    /// Folded, in their order.
    pub(crate) folded: Vec<String>,
    /// The place of the verdict among them.
    pub(crate) verdict: usize,
}

impl ResultTitles {
    /// Of every name and language.
    pub(crate) fn all() -> [ResultTitles; 3] {
        let of = |names: ResultNames, lang| ResultTitles {
            folded: names.titles(&[], lang).iter().map(|it| fold(it)).collect(),
            verdict: names
                .order()
                .iter()
                .position(|it| *it == VERDICT)
                .unwrap_or_default(),
        };
        [
            of(ResultNames::People, Lang::Es),
            of(ResultNames::People, Lang::En),
            of(ResultNames::Programs, Lang::Es),
        ]
    }
}

/// A title of ours without the mark that it got beside one of theirs.
pub(crate) fn plain_title(title: &str) -> &str {
    let title = title.trim();
    for mark in ["_sunat", " (SUNAT)"] {
        if let Some(at) = title.rfind(mark) {
            let number = title[at + mark.len()..].trim_start_matches(['_', ' ']);
            if number.bytes().all(|byte| byte.is_ascii_digit()) {
                return &title[..at];
            }
        }
    }
    title
}
