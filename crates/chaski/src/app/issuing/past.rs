//! Documents that need not be kept any longer leave with their files.
//!
//! Who issues keeps documents for five years, or until the tax prescribes if that is later; the five years
//! count from 1 January of the year after the one in which the return fell due (TUO del Código
//! Tributario, DS 133-2013-EF, art. 87 num. 7, as DL 1315 worded it). The last return in which a document counts is that of
//! the income tax of its year, which falls due in the year after. So what was issued in 2026 is kept until
//! the end of 2032.

use chaski_core::lima_timestamp;
use jiff::Timestamp;
use jiff::civil::Date;

use super::shelf;
use crate::app::{App, AppError, folder_of};

/// Whole years after the year of issue: that in which the return falls due, and five more.
const KEPT_YEARS: i16 = 6;

/// Documents that leave together.
const TOGETHER: u32 = 200;

impl App {
    /// Lets documents go whose time was past at that moment; how many.
    pub(in crate::app) async fn prune_documents(&self, moment: Timestamp) -> Result<u64, AppError> {
        let Some(first_kept) = first_kept(moment) else {
            return Ok(0);
        };
        let begins = lima_timestamp(first_kept.at(0, 0, 0, 0));
        let folder = folder_of(&self.config, self.mode);
        let mut gone = 0;
        loop {
            let past = self
                .store
                .past_documents(first_kept, begins, TOGETHER)
                .await?;
            if past.is_empty() {
                return Ok(gone);
            }
            // The content first: while a row names it, it is found again.
            for hash in past.iter().flat_map(|it| &it.files) {
                let path = shelf::place_of(&folder, hash);
                shelf::throw_away(&folder, hash).map_err(AppError::file(&path))?;
            }
            let ids = past.iter().map(|it| it.id).collect();
            gone += self.store.forget_documents(ids).await?;
        }
    }
}

/// The first day of issue that is still kept at a moment.
fn first_kept(moment: Timestamp) -> Option<Date> {
    let year = chaski_core::lima_date(moment).year();
    Date::new(year.checked_sub(KEPT_YEARS)?, 1, 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_whole_years_after_that_of_issue() {
        #[track_caller]
        fn check(moment: &str, expected: &str) {
            let found = first_kept(moment.parse().unwrap()).unwrap();
            assert_eq!(found.to_string(), expected, "{moment}");
        }
        check("2026-11-28T12:00:00Z", "2020-01-01");
        // In Lima it is still the year before.
        check("2033-01-01T04:59:59Z", "2026-01-01");
        check("2033-01-01T05:00:00Z", "2027-01-01");
    }
}
