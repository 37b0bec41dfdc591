//! What a result is made of, whatever its list asks for: the columns that are added, and the words of the
//! verdict.

use chaski_core::{Lang, fold};

use crate::named::named;

/// What is added to the rows of one kind of list.
#[derive(Debug)]
pub struct ResultKind {
    /// Our columns, in the order in which programs have them.
    pub columns: &'static [ResultColumn],
    /// The order for people, as places among the columns: what a person looks for comes first.
    pub for_people: &'static [usize],
    /// The words of the verdict, in the order of the summary.
    pub words: &'static [ResultWord],
    /// The key that holds the name of the word in JSON: the word is for people, this for programs.
    pub code: &'static str,
    /// What stands over the summary.
    pub title: [&'static str; 2],
    /// What stands over the counts of the words.
    pub counts: [&'static str; 2],
    /// What rows that come again, that cannot be read and that were put right are called.
    pub quality: [[&'static str; 2]; 3],
}

/// A column that is added.
#[derive(Debug, Clone, Copy)]
pub struct ResultColumn {
    /// What programs call it; also its key in JSON.
    pub name: &'static str,
    /// What people call it, in Spanish and in English.
    pub title: [&'static str; 2],
    /// Its width in characters.
    pub width: u8,
    /// What its values are.
    pub holds: ColumnHolds,
}

/// What the values of a column are, which are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnHolds {
    /// Text.
    Text,
    /// The word of the verdict.
    Word,
    /// A price of a currency, three decimals or more.
    Price,
    /// An amount, two decimals.
    Money,
    /// A date, `2026-01-31`: for people a date.
    Day,
    /// Date and time, `2026-01-31 10:15:00`: for people both.
    Time,
}

/// A word of the verdict.
#[derive(Debug, Clone, Copy)]
pub struct ResultWord {
    /// Its stable name, for programs.
    pub name: &'static str,
    /// The word in the cell.
    pub word: [&'static str; 2],
    /// What it means and what to do, for the legend.
    pub meaning: [&'static str; 2],
    /// Paper and ink.
    pub colours: (u32, u32),
    /// Whether the summary tells it even if no row has it: what is left is the exception.
    pub usual: bool,
    /// Whether a row with it is one to look at: something can be put right, or asked again.
    pub mend: bool,
    /// Whether the question failed.
    pub failed: bool,
}

/// What is said of one row.
pub trait RowSaid {
    /// What is added to the rows of its list.
    fn kind() -> &'static ResultKind
    where
        Self: Sized;

    /// Its word, as a place among those of its kind.
    fn word(&self) -> usize;

    /// Its value in a column of its kind; that of the word is not asked for.
    fn value(&self, column: usize) -> &str;

    /// Why, for people.
    fn reason(&self) -> &str;
}

impl<R: RowSaid> RowSaid for &R {
    fn kind() -> &'static ResultKind {
        R::kind()
    }

    fn word(&self) -> usize {
        R::word(self)
    }

    fn value(&self, column: usize) -> &str {
        R::value(self, column)
    }

    fn reason(&self) -> &str {
        R::reason(self)
    }
}

impl ResultWord {
    /// The word in the cell.
    pub fn text(&self, lang: Lang) -> &'static str {
        let [es, en] = self.word;
        lang.pick(es, en)
    }
}

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

impl ResultKind {
    /// The order of the columns, as places among them.
    pub(super) fn order(&self, names: ResultNames) -> Vec<usize> {
        match names {
            ResultNames::People => self.for_people.to_vec(),
            ResultNames::Programs => (0..self.columns.len()).collect(),
        }
    }

    /// The titles in their order. One that the list has already gets a mark: their `estado` stays
    /// theirs, ours is `estado_sunat`.
    pub(super) fn titles(&self, names: ResultNames, theirs: &[String], lang: Lang) -> Vec<String> {
        let mut taken: Vec<String> = theirs.iter().map(|name| fold(name)).collect();
        let titles = self.order(names).into_iter().map(|place| {
            let column = &self.columns[place];
            let (name, mark, between) = match names {
                ResultNames::People => {
                    let [es, en] = column.title;
                    (lang.pick(es, en), " (SUNAT)", ' ')
                }
                ResultNames::Programs => (column.name, "_sunat", '_'),
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

    fn verdict(&self, names: ResultNames) -> usize {
        let is_word = |place: &usize| self.columns[*place].holds == ColumnHolds::Word;
        let order = self.order(names);
        order.iter().position(is_word).unwrap_or_default()
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
    /// Of a kind, in every name and language.
    pub(super) fn of(kind: &ResultKind) -> [ResultTitles; 3] {
        let of = |names: ResultNames, lang| {
            let titles = kind.titles(names, &[], lang);
            ResultTitles {
                folded: titles.iter().map(|it| fold(it)).collect(),
                verdict: kind.verdict(names),
            }
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
