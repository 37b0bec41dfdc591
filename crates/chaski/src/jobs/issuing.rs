//! Documents sent and followed until SUNAT has spoken, as long as this process has the seat. Everything that
//! counts is in the store; what is kept here only says who is at work, and is found again after a crash.
//!
//! A series goes in order, one document at a time, unless it was opened otherwise: then a refused number
//! is taken by the next document, and no gap can last.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chaski_client::{AfterTurn, IssueTurn};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::{App, AppError};
use crate::store::{DueDocument, IssuerHold, QueuedSeries};

/// Documents of one series under way where it is not in order: ten are sent at once, while others are written
/// down before and after that.
const PIPELINED: usize = 20;
/// And where it is: one is read, and waits, while the one before it is on its way.
const IN_ORDER: usize = 2;
/// Of all series, and of everything else together.
const MOST_SENT: usize = 128;
const MOST_FOLLOWED: usize = 8;
/// Documents whose files are fetched at once, and while others are being sent: what is handed over goes first.
const MOST_FILES: usize = 4;
const FILES_MEANWHILE: usize = 1;
/// After each of those, how many times as long as it took nothing is fetched: a file takes the disk several times,
/// and what is sent waits for the disk too.
const FILES_REST: u32 = 9;
/// But no longer than this: an upstream that is slow with files must not keep the others waiting for minutes.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// How often it is looked without a signal: another process may hand documents over, and time passes.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How often, while documents are sent, it is looked for anything else that is due.
const LOOK_FOR_OTHERS: Duration = Duration::from_millis(20);
/// How often a seat that another process has is tried.
const TRY_SEAT: Duration = Duration::from_secs(1);
/// How often deadlines are looked at.
const DEADLINES: Duration = Duration::from_mins(1);
/// A clock that is kept right is never set back by so much at once.
const SET_BACK: SignedDuration = SignedDuration::from_secs(2);
/// How long a store that cannot be read or written is left in peace.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// What a task was about.
enum Done {
    Document(DueDocument),
    /// Its files, and since when.
    Files(Uuid, Instant),
}

type Ended = Result<(tokio::task::Id, Result<(), AppError>), tokio::task::JoinError>;

/// Who is at work.
struct AtWork {
    app: Arc<App>,
    moved: watch::Receiver<u64>,
    running: JoinSet<Result<(), AppError>>,
    tasks: HashMap<tokio::task::Id, Done>,
    busy: HashSet<Uuid>,
    /// Those that were let go, by series.
    sent: HashMap<QueuedSeries, HashSet<Uuid>>,
    followed: usize,
    files: usize,
    series: HashSet<QueuedSeries>,
    in_order: HashMap<(Vec<u8>, String, String), bool>,
    /// What the next document of a series in order waits for: that the one under way is accepted.
    behind: HashMap<QueuedSeries, AfterTurn>,
    holds: Vec<IssuerHold>,
    looked: Option<Instant>,
    others: Option<Instant>,
    /// Until then no files are fetched while documents are sent.
    files_again: Option<Instant>,
    deadlines: Option<Instant>,
    /// What the clock said last.
    clock: Timestamp,
    /// Something failed, which may be because another process issues.
    failed: bool,
    succeeded: bool,
}

/// How a turn at the seat ended.
enum TurnEnd {
    Shutdown,
    Succeeded,
}

/// Issues until `shutdown`; what is under way then is ended. Without the seat it waits for it.
pub async fn run(app: Arc<App>, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
    tokio::pin!(shutdown);
    loop {
        // 1. The seat.
        let wait = match app.take_issuer_seat().await {
            Ok(Some(_)) => {
                // 2. The turn.
                match work(&app, shutdown.as_mut()).await {
                    TurnEnd::Shutdown => return Ok(()),
                    TurnEnd::Succeeded => {
                        tracing::warn!("another process issues now; this one stands down");
                        TRY_SEAT
                    }
                }
            }
            Ok(None) => TRY_SEAT,
            Err(error) => {
                tracing::warn!(code = error.code(), "documents cannot be issued now");
                AFTER_A_FAILURE
            }
        };
        tokio::select! {
            () = &mut shutdown => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What is due, again and again, until there is an end to it or somebody else issues.
async fn work(app: &Arc<App>, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> TurnEnd {
    let mut work = AtWork::new(Arc::clone(app));
    let end = loop {
        let pause = match work.start_due().await {
            Ok(()) if work.succeeded => break TurnEnd::Succeeded,
            Ok(()) => LOOK_AGAIN,
            Err(error) => {
                tracing::warn!(code = error.code(), "documents cannot be looked for");
                AFTER_A_FAILURE
            }
        };
        tokio::select! {
            () = &mut shutdown => break TurnEnd::Shutdown,
            _ = work.moved.changed() => {}
            ended = work.running.join_next_with_id(), if !work.running.is_empty() => {
                work.ended(ended);
            }
            () = tokio::time::sleep(pause) => {}
        }
    };
    // What is under way is ended: its outcome is worth more than the time.
    work.behind.clear();
    while let Some(ended) = work.running.join_next_with_id().await {
        work.ended(Some(ended));
    }
    app.leave_issuer_seat().await;
    end
}

impl AtWork {
    fn new(app: Arc<App>) -> AtWork {
        AtWork {
            clock: app.clock.now(),
            moved: app.watch_documents(),
            app,
            running: JoinSet::new(),
            tasks: HashMap::new(),
            busy: HashSet::new(),
            sent: HashMap::new(),
            followed: 0,
            files: 0,
            series: HashSet::new(),
            in_order: HashMap::new(),
            behind: HashMap::new(),
            holds: Vec::new(),
            looked: None,
            others: None,
            files_again: None,
            deadlines: None,
            failed: false,
            succeeded: false,
        }
    }

    /// Starts everything that is due and for which there is room.
    async fn start_due(&mut self) -> Result<(), AppError> {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.ended(Some(ended));
        }
        // What has moved by now is seen below.
        self.moved.mark_unchanged();
        if self.failed {
            self.succeeded = self.app.was_succeeded().await?;
            self.failed = false;
            if self.succeeded {
                return Ok(());
            }
        }
        // Pauses are measured by a clock that anybody may set back.
        let now = self.app.clock.now();
        let back = self.clock.duration_since(now);
        if back > SET_BACK {
            self.app.clock_was_set_back(back).await?;
        }
        self.clock = now;
        let recently = self.looked.is_some_and(|it| it.elapsed() < LOOK_AGAIN / 2);
        if !recently || self.app.may_hold() {
            self.holds = self.app.issuer_holds().await?;
        }
        if !recently || self.series.is_empty() {
            self.look_for_series().await?;
        }
        let series: Vec<QueuedSeries> = self.series.iter().cloned().collect();
        for series in series {
            self.start_series(series).await?;
        }
        self.start_others().await?;
        if self.deadlines.is_none_or(|it| it.elapsed() >= DEADLINES) {
            self.deadlines = Some(Instant::now());
            self.app.tell_deadlines().await?;
        }
        Ok(())
    }

    /// Which series have something to send, and how they go.
    async fn look_for_series(&mut self) -> Result<(), AppError> {
        self.looked = Some(Instant::now());
        self.series.extend(self.app.queued_series().await?);
        for row in self.app.open_series().await? {
            let name = &row.count.series;
            let kind = name.kind.catalog_01().to_owned();
            let place = (row.company, kind, name.serie.to_string());
            self.in_order.insert(place, row.in_order);
        }
        Ok(())
    }

    async fn start_series(&mut self, series: QueuedSeries) -> Result<(), AppError> {
        let place = (
            series.company.clone(),
            series.kind.clone(),
            series.serie.clone(),
        );
        // Numbers of a series that is not open are all the callers' own.
        let in_order = self.in_order.get(&place).copied().unwrap_or(false);
        let hold = self.holds.iter().find(|it| it.company == series.company);
        let hold = hold.cloned();
        let most = match &hold {
            // One finds out whether it is over.
            Some(hold) if hold.until <= self.app.clock.now() => 1,
            Some(_) => 0,
            None if in_order => IN_ORDER,
            None => PIPELINED,
        };
        let under_way = self.sent.get(&series).map_or(0, HashSet::len);
        let room = most
            .saturating_sub(under_way)
            .min(MOST_SENT.saturating_sub(self.all_sent()));
        // Several are looked for at once: a look costs as much as a document.
        if room == 0 || (under_way > 0 && room < most / 4) {
            return Ok(());
        }
        // It did not go in order until now: what is under way is waited for.
        if in_order && under_way > 0 && !self.behind.contains_key(&series) {
            return Ok(());
        }
        let wanted = u32::try_from(room + under_way).unwrap_or(u32::MAX);
        let heads = self.app.queued_documents(&series, wanted).await?;
        if heads.is_empty() {
            self.series.remove(&series);
            return Ok(());
        }
        let now = self.app.clock.now();
        let mut started = 0;
        for due in heads {
            if self.busy.contains(&due.id) {
                continue;
            }
            // In order: nobody goes past one that waits.
            if started == room || (due.due_at > now && in_order) {
                break;
            }
            if due.due_at <= now || hold.is_some() {
                let turn = self.turn_in(&series, in_order);
                let sent = self.sent.entry(series.clone()).or_default();
                sent.insert(due.id);
                started += 1;
                self.start(due, turn);
            }
        }
        Ok(())
    }

    /// In order a document goes behind the one that is under way.
    fn turn_in(&mut self, series: &QueuedSeries, in_order: bool) -> IssueTurn {
        if !in_order {
            return IssueTurn::default();
        }
        let alone = self.sent.get(series).is_none_or(HashSet::is_empty);
        let before = self.behind.remove(series).filter(|_| !alone);
        let (turn, after) = IssueTurn::behind(before);
        self.behind.insert(series.clone(), after);
        turn
    }

    fn all_sent(&self) -> usize {
        self.sent.values().map(HashSet::len).sum()
    }

    async fn start_others(&mut self) -> Result<(), AppError> {
        let recently = self.others.is_some_and(|it| it.elapsed() < LOOK_FOR_OTHERS);
        if recently && self.all_sent() > 0 {
            return Ok(());
        }
        self.others = Some(Instant::now());
        if self.followed < MOST_FOLLOWED {
            let most = u32::try_from(2 * MOST_FOLLOWED).unwrap_or(u32::MAX);
            for due in self.app.due_documents(most).await? {
                if self.followed < MOST_FOLLOWED && !self.busy.contains(&due.id) {
                    self.followed += 1;
                    self.start(due, IssueTurn::default());
                }
            }
        }
        let most_files = match self.all_sent() {
            0 => MOST_FILES,
            _ if self.files_again.is_some_and(|it| it > Instant::now()) => 0,
            _ => FILES_MEANWHILE,
        };
        if self.files < most_files {
            let most = u32::try_from(2 * MOST_FILES).unwrap_or(u32::MAX);
            for id in self.app.due_files(most).await? {
                if self.files < most_files && self.busy.insert(file_task(id)) {
                    self.files += 1;
                    let app = Arc::clone(&self.app);
                    let task = self.running.spawn(async move { app.fetch_files(id).await });
                    let done = Done::Files(id, Instant::now());
                    self.tasks.insert(task.id(), done);
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, due: DueDocument, turn: IssueTurn) {
        self.busy.insert(due.id);
        let (app, work) = (Arc::clone(&self.app), due.clone());
        let task = self.running.spawn(async move {
            let done = app.work_document(&work, turn).await;
            if done.is_err() {
                // It is due still; a store that fails is not asked again at once.
                tokio::time::sleep(AFTER_A_FAILURE).await;
            }
            done
        });
        self.tasks.insert(task.id(), Done::Document(due));
    }

    fn ended(&mut self, ended: Option<Ended>) {
        let (id, code) = match ended {
            None => return,
            Some(Ok((id, Ok(())))) => (id, None),
            Some(Ok((id, Err(error)))) => (id, Some(error.code())),
            // What was under way is open and is asked about.
            Some(Err(error)) => (error.id(), Some("error_interno")),
        };
        if let Some(code) = code {
            self.failed = true;
            tracing::warn!(code, "something about a document failed");
        }
        let Some(done) = self.tasks.remove(&id) else {
            return;
        };
        match done {
            Done::Files(id, began) => {
                self.busy.remove(&file_task(id));
                let rest = began.elapsed().saturating_mul(FILES_REST).min(LONGEST_REST);
                self.files_again = Some(Instant::now() + rest);
                self.files = self.files.saturating_sub(1);
            }
            Done::Document(due) => {
                self.app.documents_moved();
                self.busy.remove(&due.id);
                if due.is_issue() {
                    let series = QueuedSeries {
                        company: due.company,
                        kind: due.kind.catalog_01().to_owned(),
                        serie: due.serie,
                    };
                    if let Some(own) = self.sent.get_mut(&series) {
                        own.remove(&due.id);
                    }
                } else {
                    self.followed = self.followed.saturating_sub(1);
                }
            }
        }
    }
}

/// The fetching of a document's files among what is at work.
fn file_task(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128() ^ 1)
}
