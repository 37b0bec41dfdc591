//! Where a workbook of documents is dealt with: in the room of a company on this machine, or at a server. Both
//! give the same values, so that the commands render them once.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chaski_core::{Ruc, text};
use tokio::time::Instant;
use uuid::Uuid;

use super::list_there::{self, IssuedBook};
use super::ruc_of;
use super::shown::{BETWEEN_LINES, say_done};
use crate::api::batches::IssuedRowData;
use crate::api::checked_list::{CheckedListData, ListPlanData, ListRehearsalData};
use crate::app::batches::IssuingList;
use crate::app::cost::Cost;
use crate::app::invoices::{CheckedWorkbook, InvoiceError, InvoiceRoom, wanted_sheets};
use crate::app::{App, AppError};
use crate::cli::kit::desk::Desk;
use crate::cli::kit::interrupt::Interrupt;
use crate::cli::kit::needed::Needed;
use crate::jobs::issuing;
use crate::remote::{NewDocuments, Server};
use crate::sheets::{self, Limits, OutputFormat, SheetError};

/// How often it is looked how far a list is that this process works on.
const LOOK: Duration = Duration::from_millis(200);

/// What is wanted of a workbook.
#[derive(Default)]
pub(super) struct BookWish<'w> {
    /// The company that was named.
    pub(super) empresa: Option<&'w str>,
    /// Look customers up: those whose name or address nobody wrote or, where it is issued, all of them.
    pub(super) clientes: bool,
    /// Whether it is to be issued; else it is only checked.
    pub(super) issues: bool,
    /// Issue what is right and set the rest aside.
    pub(super) solo_buenos: bool,
    /// The period that it is of.
    pub(super) periodo: Option<&'w str>,
}

/// A workbook that was checked whole, where it is dealt with.
pub(super) struct SeenBook<'a> {
    needed: &'a Needed,
    /// What it is.
    pub(super) data: CheckedListData,
    clientes: bool,
    issues: bool,
    side: Side<'a>,
}

enum Side<'a> {
    /// This machine checked it; without a room where nobody issues yet.
    Here {
        app: &'a Arc<App>,
        room: Option<Box<InvoiceRoom<'a>>>,
        checked: Box<CheckedWorkbook>,
    },
    /// A server did.
    There {
        server: &'a Server,
        list: NewDocuments,
    },
}

impl<'a> SeenBook<'a> {
    /// Reads a workbook and has it checked; nothing is stored and no number taken. A server says at once what
    /// handing it over would come to.
    pub(super) async fn look(
        needed: &'a Needed,
        desk: &'a Desk,
        file: &Path,
        wish: BookWish<'_>,
    ) -> Result<SeenBook<'a>, AppError> {
        let empresa = ruc_of(wish.empresa)?;
        let name = file.file_name();
        let name = name.map_or_else(String::new, |it| it.to_string_lossy().into_owned());
        let (data, side) = match desk {
            Desk::Here(app) => {
                let book = sheets::read_book(file, &wanted_sheets(), &Limits::default())?;
                let room = room_here(needed, app, empresa.as_ref(), &wish).await?;
                let (room_of, ask) = (room.as_deref(), needed.plain_ask());
                let of_check = wish.clientes && !wish.issues;
                let checked = app.check_workbook(room_of, book, of_check, &ask).await?;
                let data = CheckedListData::of(&name, &checked, app.mode, needed.lang());
                let checked = Box::new(checked);
                (data, Side::Here { app, room, checked })
            }
            Desk::There(server) => {
                let list = NewDocuments {
                    name,
                    bytes: read_list(file)?,
                    empresa,
                    solo_buenos: wish.solo_buenos,
                    clientes: wish.clientes,
                    periodo: wish.periodo.map(str::to_owned),
                };
                let looked = server.look_at_list(&list, wish.issues);
                let data = Interrupt::listen().or(looked).await?;
                (data, Side::There { server, list })
            }
        };
        Ok(SeenBook {
            needed,
            data,
            clientes: wish.clientes,
            issues: wish.issues,
            side,
        })
    }

    /// The workbook with what was found beside each row; none in a format of records.
    pub(super) async fn reviewed(
        &self,
        format: Option<OutputFormat>,
    ) -> Result<Option<Bytes>, AppError> {
        let lang = self.needed.lang();
        Ok(match (&self.side, format) {
            (Side::Here { checked, .. }, Some(OutputFormat::Xlsx)) => {
                Some(checked.to_xlsx(&self.data.nombre, lang)?.into())
            }
            (Side::Here { checked, .. }, Some(OutputFormat::Csv)) => {
                Some(checked.to_csv(lang)?.into())
            }
            (Side::There { server, list }, Some(format)) => match list_there::name_of(format) {
                Some(name) => {
                    // What is refused as a whole costs nothing.
                    let clientes = list.clientes && !self.issues;
                    let list = NewDocuments {
                        clientes,
                        ..list.clone()
                    };
                    let reviewed = server.reviewed_list(&list, name);
                    Some(Interrupt::listen().or(reviewed).await?)
                }
                None => None,
            },
            _ => None,
        })
    }

    /// What looking its customers up costs; on this machine nothing is spent yet.
    pub(super) async fn cost(&self) -> Result<Cost, AppError> {
        match &self.side {
            Side::Here { room, checked, .. } => {
                let room = issuing_room(room.as_deref())?;
                room.lookup_cost(checked, self.clientes, None).await
            }
            Side::There { .. } => Ok(self.rehearsal()?.consultas.cost()),
        }
    }

    /// What of it is still to be issued; with `--clientes` all customers are looked up.
    pub(super) async fn plan(&self, cost: Cost) -> Result<ListPlanData, AppError> {
        match &self.side {
            Side::Here { room, checked, .. } => {
                let room = issuing_room(room.as_deref())?;
                let plan = room.plan_list(checked, self.clientes, cost).await?;
                Ok(ListPlanData::of(&plan))
            }
            Side::There { .. } => Ok(self.rehearsal()?.plan.clone()),
        }
    }

    /// Leaves it to a worker, and says where to look at it.
    pub(super) async fn leave(&self, cost: Cost) -> Result<(), AppError> {
        match &self.side {
            Side::Here { room, checked, .. } => {
                let room = issuing_room(room.as_deref())?;
                let left = room.leave_list(checked, &self.data.nombre, self.clientes, cost);
                let id = left.await?;
                self.needed.say(text!(
                    "queda en segundo plano, lote {id}: la emite «chaski serve» con esta carpeta; véala con: chaski lotes ver {id}",
                    "left in the background, batch {id}: \"chaski serve\" on this folder issues it; look at it with: chaski lotes ver {id}"
                ));
            }
            Side::There { server, list } => {
                let mut interrupt = Interrupt::listen();
                let lote = list_there::hand_over(self.needed, server, list, &mut interrupt).await?;
                let id = lote.id;
                self.needed.say(text!(
                    "queda en segundo plano, lote {id}: la emite el servidor; para recoger el resultado, el mismo comando sin --en-segundo-plano",
                    "left in the background, batch {id}: the server issues it; to fetch the result, the same command without --en-segundo-plano"
                ));
            }
        }
        Ok(())
    }

    /// Issues it, each document once, and says what became of each; in a format of a workbook that too.
    pub(super) async fn issue(
        &self,
        cost: Cost,
        format: Option<OutputFormat>,
    ) -> Result<IssuedBook, AppError> {
        let (needed, lang) = (self.needed, self.needed.lang());
        match &self.side {
            Side::Here { app, room, checked } => {
                let (room, name) = (issuing_room(room.as_deref())?, &self.data.nombre);
                let list = room.start_list(checked, name, self.clientes, cost).await?;
                issue_here(needed, app, &list).await?;
                let issued = app.issued_list(list.id, None, lang).await?;
                let outcome = |at: usize| issued.outcomes.get(&at).cloned().unwrap_or_default();
                let rows = issued.documents.iter().enumerate();
                Ok(IssuedBook {
                    rows: rows
                        .map(|(at, it)| IssuedRowData::of(it, outcome(at)))
                        .collect(),
                    file: match format {
                        Some(OutputFormat::Xlsx) => Some(issued.to_xlsx(name, lang)?.into()),
                        Some(OutputFormat::Csv) => Some(issued.to_csv(lang)?.into()),
                        _ => None,
                    },
                })
            }
            Side::There { server, list } => {
                let under_way = self.rehearsal()?.lote_en_curso;
                list_there::issue(needed, server, list, under_way, format).await
            }
        }
    }

    /// What a server said of handing it over.
    fn rehearsal(&self) -> Result<&ListRehearsalData, AppError> {
        match (&self.data.ensayo, &self.side) {
            (Some(rehearsal), _) => Ok(rehearsal),
            (None, Side::There { server, .. }) => Err(server.other_version().into()),
            (None, Side::Here { .. }) => Err(InvoiceError::NotIssuable.into()),
        }
    }
}

/// The room of a company on this machine. Documents may be checked before anybody issues here; but a company
/// that was named must be.
async fn room_here<'a>(
    needed: &Needed,
    app: &'a App,
    empresa: Option<&Ruc>,
    wish: &BookWish<'_>,
) -> Result<Option<Box<InvoiceRoom<'a>>>, AppError> {
    match app.invoice_room(empresa, &needed.plain_ask()).await {
        Ok(room) => {
            let room = room.within_period(wish.periodo.map(str::to_owned));
            Ok(Some(Box::new(room)))
        }
        Err(AppError::Invoice(InvoiceError::NoIssuer)) if empresa.is_none() && !wish.issues => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn issuing_room<'r, 'a>(
    room: Option<&'r InvoiceRoom<'a>>,
) -> Result<&'r InvoiceRoom<'a>, AppError> {
    room.ok_or_else(|| InvoiceError::NoIssuer.into())
}

/// A workbook for a server; what cannot be read is told here, and nothing is sent.
fn read_list(file: &Path) -> Result<Bytes, AppError> {
    let limits = Limits::default();
    let unreadable = |source| SheetError::reading(file, source);
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(unreadable)?;
    let mut some = opened.take(limits.file_bytes + 1);
    some.read_to_end(&mut bytes).map_err(unreadable)?;
    sheets::read_book_bytes(&bytes, &wanted_sheets(), &limits)?;
    Ok(bytes.into())
}

/// Works on the list until each document has an outcome, or waits for something else. This process sends them if
/// nobody else has the seat.
async fn issue_here(needed: &Needed, app: &Arc<App>, list: &IssuingList) -> Result<(), AppError> {
    if list.resumed {
        list_there::say_resumed(needed);
    }
    // 1. Sent by whoever has the seat.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let loop_app = Arc::clone(app);
    let running = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        issuing::run(loop_app, stopped).await
    });
    // 2. Handed over, and noted.
    let mut work = Box::pin(app.work_batch(&list.claim));
    let mut told = Instant::now();
    let worked = loop {
        tokio::select! {
            worked = &mut work => break worked,
            () = tokio::time::sleep(LOOK) => {}
        }
        if told.elapsed() >= BETWEEN_LINES {
            told = Instant::now();
            say_progress(needed, app, list.id).await?;
        }
    };
    drop(work);
    say_progress(needed, app, list.id).await?;
    drop(stop);
    if let Ok(ended) = running.await {
        ended?;
    }
    worked.map(drop)
}

async fn say_progress(needed: &Needed, app: &App, id: Uuid) -> Result<(), AppError> {
    let batch = app.batch(id, None).await?;
    say_done(needed, batch.processed(), batch.unique);
    Ok(())
}
