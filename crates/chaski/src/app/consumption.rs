//! What was used, by key, company, operation and month, as far back as calls are kept.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use chaski_core::{lima_date, lima_timestamp, text};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::{App, AppError};
use crate::store::{Company, UsedRow};

/// A month in Lima.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Date);

/// That a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMonth;

impl Month {
    /// The month of an instant.
    pub fn of(at: Timestamp) -> Month {
        Month(lima_date(at).first_of_month())
    }

    /// The one after it.
    fn next(self) -> Month {
        Month(self.0.saturating_add(1.month()))
    }

    /// Its first instant.
    fn begins(self) -> Timestamp {
        lima_timestamp(self.0.at(0, 0, 0, 0))
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    /// ```
    /// use chaski::app::consumption::Month;
    /// assert_eq!("2026-11".parse::<Month>().map(|it| it.to_string()), Ok("2026-11".to_owned()));
    /// assert!("2026-13".parse::<Month>().is_err() && "11/2026".parse::<Month>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Month, NotAMonth> {
        let text = text.trim();
        let first = format!("{text}-01").parse().map_err(|_| NotAMonth)?;
        (text.len() == 7).then_some(Month(first)).ok_or(NotAMonth)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// Months of one question.
const MOST_MONTHS: usize = 120;

/// What somebody used of an operation in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Which month.
    pub month: Month,
    /// Name of the key, if it was one.
    pub name: Option<String>,
    /// RUC of its company as it may be shown; none for the house.
    pub company: Option<String>,
    /// Who, of what, and how much.
    pub row: UsedRow,
}

impl App {
    /// What was used from a month to another one, both whole, of one company or of all there are.
    pub async fn consumption(
        &self,
        (from, to): (Month, Month),
        company: Option<Company>,
    ) -> Result<Vec<Used>, AppError> {
        if from > to {
            return Err(AppError::Usage(text!(
                "el rango está al revés: {from} es posterior a {to}",
                "the range is reversed: {from} is later than {to}"
            )));
        }
        self.flush_record().await;
        let keys = self.keys().await?.into_iter();
        let named = |prefix: String| format!("llave:{prefix}");
        let keys: HashMap<_, _> = keys
            .map(|key| (named(key.row.prefix), (key.row.name, key.row.company_shown)))
            .collect();
        let mut used = Vec::new();
        let mut month = from;
        for _ in 0..MOST_MONTHS {
            let until = month.next();
            let rows = self.store.used(month.begins(), until.begins(), company);
            for row in rows.await? {
                let key = keys.get(&row.asked_by).cloned();
                let (name, company) = key.map_or((None, None), |(name, of)| (Some(name), of));
                used.push(Used {
                    month,
                    name,
                    company,
                    row,
                });
            }
            if until > to {
                break;
            }
            month = until;
        }
        Ok(used)
    }
}
