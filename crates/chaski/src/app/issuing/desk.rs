//! What issuing keeps as long as the process lives: a client per issuer, whose pace and breaker are shared
//! by all who use it, the journal, the sandbox's Nubefact, and the seat.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chaski_client::{Ask, Journal, Nubefact};
use chaski_core::Ruc;
use chaski_sandbox::Sandbox;
use secrecy::ExposeSecret;
use tokio::sync::{OnceCell, watch};

use super::seat::{self, IssuerSeat, SeatHolder};
use crate::app::issuers::Issuer;
use crate::app::relay::ToldDocuments;
use crate::app::{App, AppError, Mode, folder_of};
use crate::sabotage::{Protection, is_without};
use crate::sandbox_transport::InProcess;
use crate::store::{IssuerHold, Store, StoreJournal};

/// What issuing keeps as long as the process lives.
pub(in crate::app) struct IssuingDesk {
    journal: StoreJournal,
    clients: Mutex<HashMap<Ruc, Client>>,
    sandbox: Mutex<Option<Sandbox>>,
    seat: Mutex<Option<Arc<IssuerSeat>>>,
    /// Changes whenever a document does, or something is due.
    moved: watch::Sender<u64>,
    prepared: OnceCell<()>,
    /// The series of the sandbox, opened when somebody first issues or looks.
    demo_series: OnceCell<()>,
    /// Whose senders have heard that they exist.
    told: ToldDocuments,
    /// Whether an issuer may be on hold: not so where none was when it was last looked at.
    may_hold: AtomicBool,
}

struct Client {
    /// Of what it was made: another token is another client.
    made_of: blake3::Hash,
    nubefact: Nubefact,
}

impl IssuingDesk {
    pub(in crate::app) fn new(store: &Arc<Store>) -> IssuingDesk {
        IssuingDesk {
            journal: StoreJournal::new(store),
            clients: Mutex::default(),
            sandbox: Mutex::default(),
            seat: Mutex::default(),
            moved: watch::Sender::default(),
            prepared: OnceCell::new(),
            demo_series: OnceCell::new(),
            told: ToldDocuments::default(),
            may_hold: AtomicBool::new(true),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    /// The client of an issuer, asking in somebody's name.
    pub(in crate::app) fn nubefact_of(
        &self,
        issuer: &Issuer,
        ask: &Ask,
    ) -> Result<Nubefact, AppError> {
        let (ruta, token) = (issuer.ruta.expose_secret(), issuer.token.expose_secret());
        let made_of = blake3::hash(format!("{ruta}\0{token}\0{}", issuer.auth.as_str()).as_bytes());
        let mut clients = lock(&self.issuing.clients);
        if let Some(known) = clients.get(&issuer.ruc).filter(|it| it.made_of == made_of) {
            return Ok(known.nubefact.asked_by(ask.clone()));
        }
        let journal: Arc<dyn Journal> = Arc::new(self.issuing.journal.clone());
        let builder = Nubefact::builder(ruta, token)
            .ruc(issuer.ruc)
            .auth(issuer.auth)
            .exit(self.config.exit.clone())
            .clock(self.clock)
            .ledger(self.ledger())
            .shared_journal(journal);
        let builder = match self.mode {
            Mode::Real => builder,
            Mode::Sandbox => {
                let sandbox = self.sandbox_nubefact(issuer)?;
                builder.transport(Arc::new(InProcess(sandbox)))
            }
        };
        let nubefact = builder.build()?;
        let client = Client {
            made_of,
            nubefact: nubefact.clone(),
        };
        clients.insert(issuer.ruc, client);
        Ok(nubefact.asked_by(ask.clone()))
    }

    /// Nubefact in a box, one for the process.
    fn sandbox_nubefact(&self, issuer: &Issuer) -> Result<Sandbox, AppError> {
        let mut kept = lock(&self.issuing.sandbox);
        if let Some(sandbox) = &*kept {
            return Ok(sandbox.clone());
        }
        let folder = folder_of(&self.config, self.mode);
        let sandbox = self.sandbox_of_invoices(issuer, &folder, self.store.folder_seal())?;
        *kept = Some(sandbox.clone());
        Ok(sandbox)
    }

    /// What was issued before there was a database for it is taken over, and a copy that was put in place
    /// has its series held; once in the life of a process.
    pub(in crate::app) async fn prepare_issuing(&self) -> Result<(), AppError> {
        let prepared = self.issuing.prepared.get_or_try_init(async || {
            let folder = folder_of(&self.config, self.mode);
            self.take_over_journal(&folder).await?;
            self.hold_copied_series(&folder).await
        });
        prepared.await.copied()
    }

    /// In the sandbox there is something to issue with from the start; once in the life of a process.
    pub(in crate::app) async fn have_demo_series(&self) -> Result<(), AppError> {
        let opened = &self.issuing.demo_series;
        opened
            .get_or_try_init(|| self.open_demo_series())
            .await
            .copied()
    }

    async fn hold_copied_series(&self, folder: &Path) -> Result<(), AppError> {
        let mark = folder.join(crate::app::invoices::REVIEW_FILE);
        if !mark.exists() {
            return Ok(());
        }
        if !is_without(Protection::Review) {
            self.store.hold_series_for_review(self.clock.now()).await?;
        }
        std::fs::remove_file(&mark).map_err(AppError::file(&mark))
    }

    /// Takes the seat of whoever issues with this folder, for as long as the process lives; none when
    /// another process has it. What was on its way when the one before ended is due at once.
    pub async fn take_issuer_seat(&self) -> Result<Option<Arc<IssuerSeat>>, AppError> {
        if let Some(seat) = &*lock(&self.issuing.seat) {
            return Ok(Some(Arc::clone(seat)));
        }
        if !self.store.become_issuer().await? {
            return Ok(None);
        }
        let folder = folder_of(&self.config, self.mode);
        let Some(seat) = IssuerSeat::take(&folder)?.map(Arc::new) else {
            return Ok(None);
        };
        self.prepare_issuing().await?;
        self.issuing.journal.take_over().await?;
        if !is_without(Protection::Recovery) {
            self.store.recover_sending(self.clock.now()).await?;
        }
        *lock(&self.issuing.seat) = Some(Arc::clone(&seat));
        Ok(Some(seat))
    }

    /// Whether another process issues by now although this one has not left its seat, which happens where the
    /// connection to a database server was cut.
    pub async fn was_succeeded(&self) -> Result<bool, AppError> {
        Ok(!self.issuing.journal.is_the_last().await?)
    }

    /// Who issues with this folder now.
    pub fn seat_holder(&self) -> SeatHolder {
        if lock(&self.issuing.seat).is_some() {
            return SeatHolder::Here;
        }
        seat::holder_of(&folder_of(&self.config, self.mode))
    }

    /// Gives the seat back, so that another process may issue.
    pub async fn leave_issuer_seat(&self) {
        lock(&self.issuing.seat).take();
        self.store.stop_issuing().await;
    }

    pub(in crate::app) fn document_journal(&self) -> &StoreJournal {
        &self.issuing.journal
    }

    /// Documents whose senders were told that they exist.
    pub(in crate::app) fn told_documents(&self) -> &ToldDocuments {
        &self.issuing.told
    }

    /// Issuers that nothing is sent for.
    pub(crate) async fn issuer_holds(&self) -> Result<Vec<IssuerHold>, AppError> {
        // Before it is read: whoever puts one on hold says so afterwards.
        self.issuing.may_hold.store(false, Ordering::Release);
        let holds = self.store.issuer_holds().await;
        if !holds.as_ref().is_ok_and(Vec::is_empty) {
            self.told_hold();
        }
        Ok(holds?)
    }

    /// An issuer was put on hold.
    pub(super) fn told_hold(&self) {
        self.issuing.may_hold.store(true, Ordering::Release);
    }

    /// Whether an issuer may be on hold.
    pub(crate) fn may_hold(&self) -> bool {
        self.issuing.may_hold.load(Ordering::Acquire)
    }

    /// A document changed, or something is due.
    pub(crate) fn documents_moved(&self) {
        self.issuing.moved.send_modify(|count| *count += 1);
    }

    /// Changes whenever a document of this process does.
    pub(crate) fn watch_documents(&self) -> watch::Receiver<u64> {
        self.issuing.moved.subscribe()
    }
}
