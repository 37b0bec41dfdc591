//! A list of documents that is only looked at: checked whole, and what handing it over would come to. Nothing is
//! stored and no number taken.

use std::collections::{BTreeMap, HashSet};

use chaski_client::{Ask, NubefactKind, SeriesCount};
use chaski_core::Ruc;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::submit::BatchOptions;
use super::submit::{DocumentsInput, DocumentsSubmission, check_count};
use crate::app::cost::Cost;
use crate::app::invoices::{
    CheckedRows, CheckedWorkbook, InvoiceError, InvoiceRoom, nubefact_kind, wanted_sheets,
};
use crate::app::issuing::IssuingRights;
use crate::app::job_kind::job_of;
use crate::app::{App, AppError};
use crate::sheets::{self, Limits};
use crate::store::{Batch, JobState};

/// A list that was looked at.
pub struct LookedList {
    /// All of it, checked.
    pub checked: CheckedWorkbook,
    /// What handing it over would come to, where that was asked and it can be handed over.
    pub rehearsed: Option<RehearsedList>,
}

/// What handing a list over would come to.
pub struct RehearsedList {
    /// What its look-ups of customers cost, or cost just now.
    pub cost: Cost,
    /// What is left to be issued.
    pub plan: ListPlan,
    /// The batch of the same list that is under way, of the same caller.
    pub under_way: Option<Uuid>,
}

/// What of a list is still to be issued.
pub struct ListPlan {
    /// RUC of who issues.
    pub issuer: Ruc,
    /// Documents set aside because their customers cannot be invoiced; none where nobody was to be asked.
    pub unfit: Option<usize>,
    /// Documents that are right, whose customers can be invoiced, and that were not issued before.
    pub wanted: usize,
    /// What these come to, by `NubeFact`'s number of the currency.
    pub totals: BTreeMap<u8, Decimal>,
    /// The series that these are in.
    pub series: Vec<PlannedSeries>,
}

/// What of a list is to be issued in one series.
pub struct PlannedSeries {
    /// Which kind, where that is known.
    pub kind: Option<NubefactKind>,
    /// The series; empty where none was named.
    pub serie: String,
    /// How many documents.
    pub documents: usize,
    /// How many of these bring their numbers.
    pub own_numbers: usize,
    /// Last number that was taken, of a series that is open.
    pub last: Option<u32>,
    /// Numbers below it that are taken first.
    pub free: usize,
}

impl App {
    /// Checks a list of documents as a whole and, with `rehearse`, says what handing it over would come to.
    /// Customers are looked up only if the list says so: without `rehearse` those of a workbook whose name or
    /// address nobody wrote, with it all of them, as when it is issued.
    pub async fn look_at_documents(
        &self,
        new: DocumentsSubmission,
        rehearse: bool,
        ask: &Ask,
        limits: Limits,
    ) -> Result<LookedList, AppError> {
        // 1. In whose name.
        let room = self.room_within(new.issuer.as_ref(), &new.rights, ask);
        let room = match room.await {
            Ok(room) => Some(room.within_period(new.periodo)),
            // Documents may be checked before anybody issues here; but a company that was named must be.
            Err(AppError::Invoice(InvoiceError::NoIssuer)) if new.issuer.is_none() && !rehearse => {
                None
            }
            Err(error) => return Err(error),
        };
        // 2. All of it, checked.
        let of_check = new.clientes && !rehearse;
        let given = (new.input, &new.rights);
        let checked = self
            .check_documents(room.as_ref(), given, of_check, ask, limits)
            .await?;
        // One of which no row is of a document says so by its findings.
        if !checked.documents.is_empty() {
            check_count(checked.documents.len())?;
        }
        let is_refused = checked.has_errors() && !new.only_good;
        let Some(room) = room.filter(|_| rehearse && !is_refused) else {
            return Ok(LookedList {
                checked,
                rehearsed: None,
            });
        };
        // 3. What handing it over would come to.
        let cost = room.lookup_cost(&checked, new.clientes, new.most).await?;
        if new.clientes {
            let calls = cost.calls.min(cost.most);
            self.check_spending(&new.payer, calls).await?;
        }
        let plan = room.plan_list(&checked, new.clientes, cost).await?;
        let named = (room.list_hash(&checked), room.list_options());
        let same = self
            .store
            .list_under_way(new.payer.key_id(), &named)
            .await?;
        let under_way = match same {
            Some(batch) if self.goes_on(&batch, new.clientes).await? => Some(batch.id),
            _ => None,
        };
        Ok(LookedList {
            checked,
            rehearsed: Some(RehearsedList {
                cost,
                plan,
                under_way,
            }),
        })
    }

    /// Reads a list and checks it as a whole, within the series that whoever brings it may issue in.
    pub(super) async fn check_documents(
        &self,
        room: Option<&InvoiceRoom<'_>>,
        (input, rights): (DocumentsInput, &IssuingRights),
        clientes: bool,
        ask: &Ask,
        limits: Limits,
    ) -> Result<CheckedWorkbook, AppError> {
        let checked = match (input, room) {
            (DocumentsInput::File(file), room) => {
                // Reading a workbook takes its time, which is not that of other requests.
                let book = tokio::task::spawn_blocking(move || {
                    let bytes = file.whole()?;
                    let book = sheets::read_book_bytes(&bytes, &wanted_sheets(), &limits)?;
                    Ok::<_, AppError>(book)
                });
                self.check_workbook(room, book.await??, clientes, ask)
                    .await?
            }
            (DocumentsInput::Documents(list), Some(room)) => {
                check_count(list.len())?;
                room.check_list(list).await?
            }
            (DocumentsInput::Documents(_), None) => return Err(InvoiceError::NoIssuer.into()),
        };
        let of_others = |it: &CheckedRows| it.serie.as_ref().is_some_and(|it| !rights.allow(it));
        if checked.documents.iter().any(of_others) {
            return Err(InvoiceError::SeriesNotTheirs.into());
        }
        Ok(checked)
    }

    /// Whether a batch goes on by itself, or when its owner resumes it, with the same customers looked up.
    async fn goes_on(&self, batch: &Batch, clientes: bool) -> Result<bool, AppError> {
        let Some(job) = self.store.job_of_batch(batch.id).await? else {
            return Ok(false);
        };
        let waits = job.state == JobState::Pending && job.run_at > self.clock.now();
        Ok(!waits && job_of::<BatchOptions>(&job)?.clientes == clientes)
    }
}

impl InvoiceRoom<'_> {
    /// What of a list is still to be issued. With `clientes`, all customers are looked up first, for what that
    /// may cost at most.
    pub async fn plan_list(
        &self,
        checked: &CheckedWorkbook,
        clientes: bool,
        cost: Cost,
    ) -> Result<ListPlan, AppError> {
        // 1. Whose customers can be invoiced, and what was not issued before.
        let unfit = if clientes {
            Some(self.unfit_documents(checked, cost.most).await)
        } else {
            None
        };
        let wanted = self.still_wanted(checked, unfit.as_ref()).await?;
        // 2. What it comes to, and which numbers it takes.
        let mut totals = BTreeMap::new();
        let mut places: BTreeMap<(&str, &str), PlannedSeries> = BTreeMap::new();
        let counts = self.series().await?;
        for row in &wanted {
            let moneda = row.moneda.unwrap_or(Moneda::Pen.nubefact());
            *totals.entry(moneda).or_insert(Decimal::ZERO) += row.total.unwrap_or_default();
            let kind = row.kind.and_then(nubefact_kind);
            let serie = row.serie.as_deref().unwrap_or_default();
            let place = (serie, kind.map_or("", NubefactKind::word));
            let place = places
                .entry(place)
                .or_insert_with(|| PlannedSeries::of(kind, serie, &counts));
            place.documents += 1;
            place.own_numbers += usize::from(row.numero.is_some());
        }
        Ok(ListPlan {
            issuer: self.issuer.ruc,
            unfit: unfit.map(|it| it.len()),
            wanted: wanted.len(),
            totals,
            series: places.into_values().collect(),
        })
    }

    async fn still_wanted<'c>(
        &self,
        checked: &'c CheckedWorkbook,
        unfit: Option<&HashSet<usize>>,
    ) -> Result<Vec<&'c CheckedRows>, AppError> {
        let is_fit = |at: &usize| unfit.is_none_or(|it| !it.contains(at));
        let right = checked.documents.iter().enumerate();
        let right = right.filter(|(at, it)| !it.has_errors() && is_fit(at));
        let mut wanted: Vec<&CheckedRows> = right.map(|(_, it)| it).collect();
        let issued = self.issued_keys(wanted.iter().map(|it| &it.clave)).await?;
        wanted.retain(|it| !issued.contains(&it.clave));
        Ok(wanted)
    }
}

impl PlannedSeries {
    fn of(kind: Option<NubefactKind>, serie: &str, counts: &[SeriesCount]) -> PlannedSeries {
        let is_meant =
            |it: &&SeriesCount| Some(it.series.kind) == kind && it.series.serie.as_str() == serie;
        let known = counts.iter().find(is_meant);
        PlannedSeries {
            kind,
            serie: serie.to_owned(),
            documents: 0,
            own_numbers: 0,
            last: known.map(|it| it.last),
            free: known.map_or(0, |it| it.free.len()),
        }
    }
}
