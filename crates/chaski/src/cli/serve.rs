//! `chaski serve`: the gateway on a port.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chaski_client::Clock;
use chaski_core::text;
use serde_json::Map;
use tokio::sync::watch;

use super::Done;
use super::kit::args::ServeArgs;
use super::kit::needed::Needed;
use super::kit::output::{self, notice};
use super::kit::port;
use super::recargar::{self, InUse};
use crate::app::servers::Announcement;
use crate::app::{App, AppError, Mode, WantedMode, folder_of, mode_of};
use crate::http::{Door, Gateway, Side, openapi as document};
use crate::store::ServerFacts;
use crate::system::{self, Hangups, ServiceState};
use crate::telemetry::{line, writes_json};

/// How soon keys made or revoked by another process are known.
const KEYS_EVERY: Duration = Duration::from_secs(2);

pub(super) async fn serve(needed: &Needed, typed: ServeArgs) -> Done {
    let address = match &typed.listen {
        Some(typed) => port::address(typed, "127.0.0.1:8420")?,
        None => needed.config.listen,
    };
    raise_limits();
    // From here on it does not end the process.
    let hangups = system::hangups(&needed.config.dir);
    // 1. The rooms of both sides.
    let gateway = Arc::new(gateway(needed).await?);
    for side in gateway.sides() {
        side.app.become_server().await?;
    }
    close_if_the_other_side_had_keys(&gateway).await?;
    // 2. Without a key only this machine may ask.
    if gateway.is_open() && !address.ip().is_loopback() {
        return Err(AppError::Usage(text!(
            "no se escucha en {address} sin llaves: cualquiera podría gastar sus consultas; cree una con: chaski llaves crear NOMBRE",
            "will not listen on {address} without keys: anybody could spend your calls; make one with: chaski llaves crear NAME"
        )));
    }
    // Whoever reads where it listens may stop it at once.
    let told_to_stop = system::told_to_stop();
    let listener = port::bind(address)?;
    say_company(needed, &gateway);
    let address = listener.local_addr()?;
    let announcement = Announcement::announce(&needed.config.dir, address)
        .inspect_err(|error| tracing::warn!(%error, "config recargar will not find this server"))
        .ok();
    let database = gateway.usual().app.server_facts().await?;
    say_where(needed, &gateway, address, database.as_ref());
    // 3. Serve until told to stop; what is under way ends.
    system::tell_service_manager(ServiceState::Ready);
    let keys = tokio::spawn(keep_keys(Arc::clone(&gateway)));
    let (stopping, stopped) = watch::channel(());
    let workers: Vec<_> = gateway
        .sides()
        .map(|side| {
            let mut stopped = stopped.clone();
            let shutdown = async move {
                let _ = stopped.changed().await;
            };
            tokio::spawn(crate::jobs::run(Arc::clone(&side.app), shutdown))
        })
        .collect();
    let issuers: Vec<_> = gateway
        .sides()
        .map(|side| {
            let mut stopped = stopped.clone();
            let shutdown = async move {
                let _ = stopped.changed().await;
            };
            tokio::spawn(crate::jobs::issuing::run(Arc::clone(&side.app), shutdown))
        })
        .collect();
    let serving = crate::http::serve(
        Door::new(Arc::clone(&gateway)),
        listener,
        stop(told_to_stop, Arc::clone(&gateway), stopping),
    );
    let served = reloading(needed, &gateway, hangups, announcement, serving).await;
    keys.abort();
    say_stopping(needed);
    // 4. Jobs are put back where they were, and everything is durable.
    for worker in workers.into_iter().chain(issuers) {
        worker.await.map_err(|error| AppError::Io(error.into()))??;
    }
    for side in gateway.sides() {
        side.app.close().await?;
    }
    served?;
    Ok(0)
}

async fn gateway(needed: &Needed) -> Result<Gateway, AppError> {
    let config = &needed.config;
    let usual = App::open(config.clone(), needed.wish, Clock::system()).await?;
    output::say_brought(needed, &usual);
    let metrics = usual.metrics.clone();
    let usual = Arc::new(usual);
    if usual.mode == Mode::Sandbox {
        return Ok(Gateway::new(Side::open(usual).await?, None));
    }
    let sandbox = App::open_through(
        config.clone(),
        WantedMode::Sandbox,
        Clock::system(),
        metrics,
        None,
    )
    .await?;
    Ok(Gateway::new(
        Side::open(Arc::new(sandbox)).await?,
        Some(Side::open(usual).await?),
    ))
}

/// Without a token there is no real side. If it had keys, the gateway asked for them, and must still do
/// so: a token that goes away must not open it.
async fn close_if_the_other_side_had_keys(gateway: &Gateway) -> Result<(), AppError> {
    let app = &gateway.usual().app;
    if gateway.is_open() && app.mode == Mode::Sandbox && app.real_side_had_keys().await? {
        gateway.close();
    }
    Ok(())
}

fn raise_limits() {
    if let Err(error) = system::raise_limits() {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Serves, and reads the configuration again whenever it is told to.
async fn reloading<T>(
    needed: &Needed,
    gateway: &Arc<Gateway>,
    mut hangups: Hangups,
    mut announcement: Option<Announcement>,
    serving: impl Future<Output = T>,
) -> T {
    let mut in_force = InUse::of(needed);
    let mut serving = std::pin::pin!(serving);
    loop {
        tokio::select! {
            served = &mut serving => return served,
            () = hangups.next() => {
                let reloaded = in_force.reload(needed, gateway);
                recargar::tell(needed, announcement.as_mut(), reloaded);
                // A reload shall not wait for the next look at the keys.
                let gateway = Arc::clone(gateway);
                tokio::spawn(async move { gateway.reload_keys().await });
            }
        }
    }
}

async fn keep_keys(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(KEYS_EVERY).await;
        gateway.reload_keys().await;
    }
}

/// Ready at SIGINT or SIGTERM; from then on health says that it is stopping, and nothing more is
/// paid for in the background. Dropping `workers` tells them to stop.
async fn stop(told: impl Future<Output = ()>, gateway: Arc<Gateway>, workers: watch::Sender<()>) {
    told.await;
    gateway.stop();
    drop(workers);
    system::tell_service_manager(ServiceState::Stopping);
}

fn say_stopping(needed: &Needed) {
    if !writes_json() {
        needed.say(text!("Terminando…", "Stopping…"));
    } else if !needed.quiet {
        line("INFO", "stopping", Map::new());
    }
}

/// The banner for machines: where it listens and who answers.
fn log_where(
    needed: &Needed,
    gateway: &Gateway,
    address: SocketAddr,
    database: Option<&ServerFacts>,
) {
    let mode = gateway.usual().app.mode;
    let folder = || folder_of(&needed.config, mode).display().to_string();
    let fields = [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("mode", mode.as_str().to_owned()),
        ("api", format!("http://{address}/api/v1")),
        (
            "access",
            if gateway.is_open() { "open" } else { "keys" }.to_owned(),
        ),
        ("data", database.map_or_else(folder, |it| it.place.clone())),
    ];
    let fields = fields.map(|(name, text)| (name.to_owned(), text.into()));
    line("INFO", "started", fields.into_iter().collect());
}

/// Two servers on a folder is allowed, and seldom meant.
fn say_company(needed: &Needed, gateway: &Gateway) {
    if !gateway.usual().app.is_shared() {
        return;
    }
    needed.say(text!(
        "Atención: otro proceso de Chaski tiene abierta esta carpeta de datos; trabajan los dos, se reparten las listas y nada se paga dos veces",
        "Beware: another Chaski process has this data folder open; both work, share the lists, and nothing is paid twice"
    ));
}

fn say_where(
    needed: &Needed,
    gateway: &Gateway,
    address: SocketAddr,
    database: Option<&ServerFacts>,
) {
    if writes_json() {
        if !needed.quiet {
            log_where(needed, gateway, address, database);
        }
        return;
    }
    let lang = needed.lang();
    let mode = gateway.usual().app.mode;
    let version = env!("CARGO_PKG_VERSION");
    let what = match mode {
        Mode::Sandbox if needed.config.token().is_some() => lang.pick(
            "MODO DE PRUEBA (pedido así, aunque hay un token): datos inventados, no se consulta por Internet",
            "TRIAL MODE (as asked for, though there is a token): invented data, nothing is asked over the Internet",
        ),
        Mode::Sandbox => lang.pick(
            "MODO DE PRUEBA (no hay token): datos inventados, no se consulta por Internet",
            "TRIAL MODE (no token): invented data, nothing is asked over the Internet",
        ),
        Mode::Real => lang.pick("modo REAL (APIMIGO)", "REAL mode (APIMIGO)"),
    };
    let data = match database {
        Some(server) => format!("{} (PostgreSQL)", server.place),
        None => format!("{} (SQLite)", folder_of(&needed.config, mode).display()),
    };
    let door = if gateway.is_open() {
        lang.pick(
            "abierto, solo desde esta computadora y sin llave; para pedirla: chaski llaves crear NOMBRE",
            "open, from this computer only and without a key; to ask for one: chaski llaves crear NAME",
        )
    } else if gateway.has_good_keys() {
        lang.pick("pide llave", "asks for a key")
    } else {
        lang.pick(
            "pide llave, y no hay ninguna vigente; cree una con: chaski llaves crear NOMBRE",
            "asks for a key, and none is good; make one with: chaski llaves crear NAME",
        )
    };
    let key = if gateway.is_open() {
        ""
    } else {
        "-H 'Authorization: Bearer chk_…' "
    };
    let (docs, stored, access, try_it, english) = (
        lang.pick("Documentos", "Documents "),
        lang.pick("Datos     ", "Data      "),
        lang.pick("Acceso    ", "Access    "),
        lang.pick("Pruebe ahora:", "Try now:"),
        lang.pick(
            "Pasar a real:   chaski config set migo.token   ·   chaski doctor",
            "Going real:   chaski config set migo.token   ·   chaski doctor",
        ),
    );
    let mut text = format!(
        "Chaski {version} · {what}\n\
         ├─ API         http://{address}/api/v1\n\
         ├─ {docs}  http://{address}/docs\n\
         ├─ {access}  {door}\n\
         └─ {stored}  {data}\n\
         {try_it}\n  curl -s {key}http://{address}/api/v1/ruc/20100070970\n  \
         curl -s {key}http://{address}/api/v1/tipo-cambio\n  \
         curl -s http://{address}/metrics\n",
    );
    if mode == Mode::Sandbox && mode_of(&needed.config, WantedMode::Real).is_err() {
        text.push_str(english);
    }
    notice(needed, text.trim_end());
}

/// `chaski openapi`
pub(super) fn openapi(needed: &Needed) -> Done {
    let mut text =
        serde_json::to_vec_pretty(&document(needed.lang())).map_err(std::io::Error::from)?;
    text.push(b'\n');
    if needed.output.is_some() {
        output::check(needed)?;
    }
    needed.write(&text)?;
    Ok(0)
}
