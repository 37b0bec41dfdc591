//! Partners: those a company buys from and sells to, kept true to what SUNAT says of them. Each
//! company that the gateway serves has its own; those of another one do not exist.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chaski_client::dialects::migo::MOST_RUCS;
use chaski_client::{Ask, Budget, Error, Failure, Outcomes};
use chaski_core::{Ruc, Taxpayer};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::cost::calls_for;
use super::cost::within_cost;
use super::new_id;
use super::{App, AppError};
use crate::partners::{
    Document, DocumentType, Partner, PartnerError, PartnerFields, SunatAnswer, SunatCheck,
};
use crate::store::{
    Asker, ChangeFilter, ChangeRow, Channel, ChecksNoted, Company, Cursor, Due, NewPartner, Once,
    Page, PartnerFilter, StoreError,
};

/// Which partners to refresh. Only those with a RUC ever are; without being named, only those
/// in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those that were never checked.
    NeverChecked,
    /// Up to a number of them: those never checked first, then those whose check is the oldest.
    Due {
        /// How many at most.
        most: u32,
    },
    /// These, in use or not.
    These(Vec<Uuid>),
}

/// A refresh that was checked and may be put into the queue.
#[derive(Debug, Clone)]
pub struct PreparedRefresh {
    /// Calls that it may cost: its numbers that memory does not know, by native batch calls. None
    /// where the calls are not counted.
    pub calls: Option<u64>,
    /// Calls that it may cost in all, retries included; none for what is usual.
    pub(super) most: Option<u64>,
    pub(super) which: Which,
}

impl PreparedRefresh {
    /// Keeps it to what a person lets it spend.
    pub fn allow(&mut self, most: Option<u64>) {
        if let Some(most) = most {
            self.calls = self.calls.map(|calls| calls.min(most));
            self.most = Some(most);
        }
    }
}

/// The partners that a refresh is about.
#[derive(Default)]
struct Targets {
    rucs: Vec<Ruc>,
    /// Named partners without a RUC.
    without_ruc: usize,
    /// Named ones that are not there.
    missing: usize,
}

/// A refresh at work.
pub struct PartnerRefresh {
    /// Whose partners learn of it; none for everybody's.
    company: Option<Company>,
    rucs: Vec<Ruc>,
    outcomes: Outcomes<Taxpayer>,
    writes: JoinSet<Result<ChecksNoted, StoreError>>,
    budget: Option<Budget>,
    refreshed: Refreshed,
    done: usize,
    calls_before: u64,
    started: Instant,
}

/// What came of a refresh.
#[derive(Debug, Clone, Default)]
pub struct Refreshed {
    /// Partners that were asked about.
    pub asked: usize,
    /// Of these, known to SUNAT.
    pub found: usize,
    /// Of these, unknown to SUNAT.
    pub not_found: usize,
    /// Of these, without an answer: what was known of them stays.
    pub failed: usize,
    /// Partners that were named and have no RUC: SUNAT knows nothing of them.
    pub without_ruc: usize,
    /// Named ones that are not there, deleted perhaps.
    pub missing: usize,
    /// What was written down.
    pub noted: ChecksNoted,
    /// Calls that were sent.
    pub calls: u64,
    /// Calls that it might still have cost.
    pub left: u64,
    /// The first failure, when there was one; of one that asking again may help, if there was.
    pub failure: Option<Error>,
    /// How long the upstream wants to be left in peace.
    pub wait: Option<Duration>,
    /// How long it took.
    pub lasted: Duration,
}

impl App {
    /// Reads a document as it was typed, under the configured rules.
    pub fn parse_document(
        &self,
        kind: Option<DocumentType>,
        text: &str,
    ) -> Result<Document, PartnerError> {
        Document::parse(kind, text, &self.config.ruc_rules)
    }

    /// Creates a partner; one with the same document already is an error. `once` is the request
    /// that asks for it, where it may come again.
    pub async fn create_partner(
        &self,
        company: Company,
        document: Document,
        fields: PartnerFields,
        once: Option<&Once>,
    ) -> Result<Partner, AppError> {
        let now = self.clock.now();
        let new = NewPartner {
            id: new_id(now),
            document,
            fields: fields.checked()?,
        };
        let id = new.id;
        if !self.store.create_partner(company, new, now, once).await? {
            return Err(PartnerError::Exists.into());
        }
        self.partner(company, id).await
    }

    /// A partner by its identifier.
    pub async fn partner(&self, company: Company, id: Uuid) -> Result<Partner, AppError> {
        let found = self.store.partner(company, id).await?;
        Ok(found.ok_or(PartnerError::NoSuchPartner)?)
    }

    /// A partner by its document.
    pub async fn partner_with(
        &self,
        company: Company,
        document: &Document,
    ) -> Result<Partner, AppError> {
        let found = self.store.partner_with(company, document).await?;
        Ok(found.ok_or(PartnerError::NobodyWithDocument)?)
    }

    /// Changes the fields that the change names; an empty text clears its field. The document
    /// never changes: that would be another partner.
    pub async fn update_partner(
        &self,
        company: Company,
        id: Uuid,
        change: PartnerFields,
    ) -> Result<Partner, AppError> {
        let change = change.checked()?;
        let now = self.clock.now();
        let updated = self.store.update_partner(company, id, change, now);
        Ok(updated.await?.ok_or(PartnerError::NoSuchPartner)?)
    }

    /// Deletes a partner with its history.
    pub async fn delete_partner(&self, company: Company, id: Uuid) -> Result<(), AppError> {
        if self.store.delete_partner(company, id).await? {
            Ok(())
        } else {
            Err(PartnerError::NoSuchPartner.into())
        }
    }

    /// A page of partners, newest first.
    pub async fn list_partners(
        &self,
        company: Company,
        filter: &PartnerFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Partner>, AppError> {
        Ok(self.store.partners(company, filter, limit, cursor).await?)
    }

    /// A page of what changed in estado and condición, newest first; with
    /// [`ChangeFilter::lost_fitness`], of those who stopped being fit to be invoiced.
    pub async fn list_partner_changes(
        &self,
        company: Company,
        filter: &ChangeFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<ChangeRow>, AppError> {
        let page = self.store.partner_changes(company, filter, limit, cursor);
        Ok(page.await?)
    }

    /// Writes down what look-ups brought on the company's partners with those numbers; other
    /// numbers are passed over. This is what `update_partners` of a bulk call does.
    pub async fn note_on_partners(
        &self,
        company: Company,
        checks: Vec<SunatCheck>,
    ) -> Result<ChecksNoted, AppError> {
        let mut noted = ChecksNoted::default();
        let mut checks = checks.into_iter().peekable();
        while checks.peek().is_some() {
            let group = checks.by_ref().take(MOST_IN_GROUP).collect();
            noted.add(self.store.note_checks(Some(company), group).await?);
        }
        Ok(noted)
    }

    /// Checks which partners a refresh is about, and whether there are any of those named. Where
    /// it is `counted`, it says what it may cost, and will not cost more. Nothing is stored.
    pub async fn prepare_partner_refresh(
        &self,
        company: Company,
        which: &Which,
        counted: bool,
    ) -> Result<PreparedRefresh, AppError> {
        let targets = self.targets(company, which).await?;
        targets.refuse_nobody()?;
        let calls = if counted {
            Some(self.calls_of(&targets).await?)
        } else {
            None
        };
        Ok(PreparedRefresh {
            which: which.clone(),
            calls,
            most: None,
        })
    }

    /// Calls that a refresh would cost now; those of partners that are gone cost nothing.
    pub(super) async fn refresh_calls(
        &self,
        company: Company,
        which: &Which,
    ) -> Result<u64, AppError> {
        let targets = self.targets(company, which).await?;
        self.calls_of(&targets).await
    }

    async fn calls_of(&self, targets: &Targets) -> Result<u64, AppError> {
        let ask = Ask::default();
        let known = self.remembered(&targets.rucs, None, &ask).await?;
        Ok(calls_for(targets.rucs.len() - known.len()))
    }

    /// Asks SUNAT about a company's partners and writes down what it says. Memory is respected: what was
    /// asked today is not asked again. Named partners that are gone are passed over, and no more is
    /// asked than was counted. What is left out is due again the next time.
    pub async fn refresh_partners(
        &self,
        company: Company,
        prepared: &PreparedRefresh,
        ask: &Ask,
    ) -> Result<Refreshed, AppError> {
        let mut refresh = self.start_prepared_refresh(company, prepared, ask).await?;
        while refresh.next(self).await? {}
        refresh.finish(self).await
    }

    /// Begins a refresh that asks no more than was counted for it; [`PartnerRefresh::next`] goes on
    /// group by group.
    pub async fn start_prepared_refresh(
        &self,
        company: Company,
        prepared: &PreparedRefresh,
        ask: &Ask,
    ) -> Result<PartnerRefresh, AppError> {
        let mut targets = self.targets(company, &prepared.which).await?;
        if let Some(calls) = prepared.calls {
            let known = self.remembered(&targets.rucs, None, ask).await?;
            let mut left = usize::try_from(calls).unwrap_or(usize::MAX);
            left = left.saturating_mul(MOST_RUCS);
            let mut place = 0..;
            targets.rucs.retain(|_| {
                let is_known = place.next().is_some_and(|place| known.contains_key(&place));
                let fits = is_known || left > 0;
                left -= usize::from(fits && !is_known);
                fits
            });
        }
        Ok(self.start_refresh_of(Some(company), targets, ask))
    }

    /// The nightly refresh (`actualizar_partners_sunat`), of all companies: those never checked
    /// first, then the oldest checks, so many numbers at most. A partner of several companies is asked
    /// about once, and each of them learns it.
    pub async fn refresh_due_partners(&self, most: u32, ask: &Ask) -> Result<Refreshed, AppError> {
        let due = self
            .store
            .partners_due_anywhere(most, self.clock.now())
            .await?;
        let of = |wanted: bool| {
            let due = due.iter().filter(move |(_, house)| *house == wanted);
            due.map(|(ruc, _)| *ruc).collect::<Vec<Ruc>>()
        };
        // The house's auditors see the calls under the plain name, so those must be about the house's
        // own partners alone.
        let for_companies = Asker::ForCompanies(Channel::Schedule).sign(ask.clone());
        let mut refreshed = Refreshed::default();
        for (rucs, ask) in [(of(true), ask), (of(false), &for_companies)] {
            if rucs.is_empty() {
                continue;
            }
            let targets = Targets {
                rucs,
                ..Targets::default()
            };
            let mut refresh = self.start_refresh_of(None, targets, ask);
            while refresh.next(self).await? {}
            refreshed.add(refresh.finish(self).await?);
        }
        Ok(refreshed)
    }

    fn start_refresh_of(
        &self,
        company: Option<Company>,
        targets: Targets,
        ask: &Ask,
    ) -> PartnerRefresh {
        let rucs = targets.rucs;
        let ask = Ask {
            // An expired answer would bring nothing new.
            stale_allowed: false,
            ..within_cost(ask, rucs.len())
        };
        let calls_before = self.migo.line().stats().paid;
        PartnerRefresh {
            company,
            outcomes: self.migo.rucs(&rucs, &ask),
            refreshed: Refreshed {
                asked: rucs.len(),
                without_ruc: targets.without_ruc,
                missing: targets.missing,
                ..Refreshed::default()
            },
            rucs,
            writes: JoinSet::new(),
            budget: ask.budget,
            done: 0,
            calls_before,
            started: Instant::now(),
        }
    }

    async fn targets(&self, company: Company, which: &Which) -> Result<Targets, AppError> {
        let due = match which {
            Which::All => Due::All,
            Which::NeverChecked => Due::NeverChecked,
            Which::Due { most } => Due::Most(*most),
            Which::These(ids) => {
                let named: HashSet<&Uuid> = ids.iter().collect();
                let found = self.store.rucs_of_partners(company, ids).await?;
                let (named, there) = (named.len(), found.len());
                let rucs: Vec<Ruc> = found.into_iter().flatten().collect();
                return Ok(Targets {
                    without_ruc: there - rucs.len(),
                    missing: named.saturating_sub(there),
                    rucs,
                });
            }
        };
        Ok(Targets {
            rucs: self
                .store
                .partners_due(company, due, self.clock.now())
                .await?,
            ..Targets::default()
        })
    }
}

impl Targets {
    fn refuse_nobody(&self) -> Result<(), AppError> {
        let there = self.rucs.len() + self.without_ruc;
        match (there, self.missing) {
            (0, 1..) => Err(PartnerError::NoSuchPartner.into()),
            _ => Ok(()),
        }
    }
}

impl Refreshed {
    /// Adds what another refresh brought.
    fn add(&mut self, other: Refreshed) {
        self.asked += other.asked;
        self.found += other.found;
        self.not_found += other.not_found;
        self.failed += other.failed;
        self.without_ruc += other.without_ruc;
        self.missing += other.missing;
        self.noted.add(other.noted);
        self.calls += other.calls;
        self.left += other.left;
        self.wait = self.wait.max(other.wait);
        self.note(other.failure);
        self.lasted += other.lasted;
    }

    fn note(&mut self, failure: Option<Error>) {
        let Some(failure) = failure else { return };
        self.wait = self.wait.max(failure.retry_after());
        // What every number fails by is the cause of all; else what asking again may help; what it may
        // cost is only why the cause was not asked again.
        let is_cause = |it: &Error| it.failure() != Some(&Failure::BudgetSpent);
        let weight = |it: &Error| (it.concerns_all(), it.is_retryable(), is_cause(it));
        let helps_more = |known: &Error| weight(&failure) > weight(known);
        if self.failure.as_ref().is_none_or(helps_more) {
            self.failure = Some(failure);
        }
    }
}

/// Checks written down in one transaction, so that others can write in between.
const MOST_IN_GROUP: usize = 512;

impl PartnerRefresh {
    /// Partners with an outcome, and partners in all.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.rucs.len())
    }

    /// Waits for the next group of outcomes and puts what they say on its way to the store; false
    /// when all have come. Dropping the refresh stops new calls.
    pub async fn next(&mut self, app: &App) -> Result<bool, AppError> {
        let Some(group) = self.outcomes.next().await else {
            return Ok(false);
        };
        let now = app.clock.now();
        self.done += group.len();
        let mut checks = Vec::with_capacity(group.len());
        for (position, outcome) in group {
            let check = SunatCheck::of(self.rucs[position], &outcome, now);
            match check.said {
                SunatAnswer::Found { .. } => self.refreshed.found += 1,
                SunatAnswer::NotFound { .. } => self.refreshed.not_found += 1,
                SunatAnswer::Failed { .. } => {
                    self.refreshed.failed += 1;
                    self.refreshed.note(outcome.err());
                }
            }
            checks.push(check);
        }
        // The writer groups these; waiting for each would hold up the next answer.
        let (store, company) = (Arc::clone(&app.store), self.company);
        self.writes
            .spawn(async move { store.note_checks(company, checks).await });
        while let Some(written) = self.writes.try_join_next() {
            let noted = written??;
            self.refreshed.noted.add(noted);
        }
        Ok(true)
    }

    /// Ends the refresh, also before all outcomes have come: what came is durable.
    pub async fn finish(mut self, app: &App) -> Result<Refreshed, AppError> {
        drop(self.outcomes);
        while let Some(written) = self.writes.join_next().await {
            let noted = written??;
            self.refreshed.noted.add(noted);
        }
        self.refreshed.calls = app.migo.line().stats().paid - self.calls_before;
        self.refreshed.left = self.budget.map_or(0, |budget| budget.left());
        self.refreshed.lasted = self.started.elapsed();
        Ok(self.refreshed)
    }
}
