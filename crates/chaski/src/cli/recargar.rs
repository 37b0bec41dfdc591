//! `SIGHUP` and `chaski config recargar`: a server that works takes over another token and other
//! limits, without letting go of anything. What is wrong leaves everything as it was.

use std::time::Duration;

use chaski_client::Clock;
use chaski_core::{Lang, sentence, text};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::Done;
use super::kit::needed::Needed;
use super::kit::output::notice;
use crate::app::servers::{Announcement, Refused, Reloaded, Serving, serving};
use crate::app::{AppError, Mode, mode_of};
use crate::config::{Config, Layers};
use crate::http::Gateway;
use crate::io_words::reason;
use crate::telemetry::{line, writes_json};

/// What holds at once; everything else does from the next start on.
const RELOADED: [&str; 11] = [
    "migo.token",
    "migo.rpm",
    "migo.quota",
    "migo.timeout",
    "migo.deadline",
    "migo.max_attempts",
    "cache.ruc_ttl",
    "cache.dni_ttl",
    "cache.invalid_ttl",
    "cache.rate_ttl",
    "cache.stale_ttl",
];

/// What a server has no use for.
const OF_OTHERS: [&str; 2] = ["server", "server_key"];

/// How long a server may take to say what came of it.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOKED_EVERY: Duration = Duration::from_millis(20);

/// The configuration that a server uses at the moment.
pub(super) struct InUse(Layers);

impl InUse {
    pub(super) fn of(needed: &Needed) -> InUse {
        InUse(needed.layers.clone())
    }

    /// Reads the configuration again and takes over what it can, or nothing at all.
    pub(super) fn reload(&mut self, needed: &Needed, gateway: &Gateway) -> Reloaded {
        let read = needed
            .read_again()
            .and_then(|(layers, config)| self.apply(needed, gateway, &layers, &config));
        let (applied, restart, refused) = match read {
            Ok((applied, restart)) => (applied, restart, None),
            Err(error) => (Vec::new(), Vec::new(), Some(refusal(&error))),
        };
        Reloaded {
            at: Clock::system().now(),
            applied,
            restart,
            refused,
        }
    }

    fn apply(
        &mut self,
        needed: &Needed,
        gateway: &Gateway,
        layers: &Layers,
        config: &Config,
    ) -> Result<(Vec<String>, Vec<String>), AppError> {
        let mode = gateway.usual().app.mode;
        // A caller who asked for real answers may not get invented ones because a file was emptied.
        if mode == Mode::Real && mode_of(config, needed.wish)? == Mode::Sandbox {
            return Err(AppError::NoToken);
        }
        let mut applied = Vec::new();
        let mut restart = Vec::new();
        for key in self.0.differences(layers) {
            let of_the_other_side = mode == Mode::Sandbox && key == "migo.token";
            if RELOADED.contains(&key) && !of_the_other_side {
                applied.push(key.to_owned());
            } else if !OF_OTHERS.contains(&key) {
                restart.push(key.to_owned());
            }
        }
        for side in gateway.sides() {
            side.app.retune(config)?;
        }
        for key in &applied {
            self.0.take_over(key, layers);
        }
        Ok((applied, restart))
    }
}

fn refusal(error: &AppError) -> Refused {
    Refused {
        es: error.message(Lang::Es),
        en: error.message(Lang::En),
        exit_code: error.exit_code(),
    }
}

/// Says in the log of the server what came of it, and in its file for the command that asked.
pub(super) fn tell(needed: &Needed, announcement: Option<&mut Announcement>, reloaded: Reloaded) {
    let lang = needed.lang();
    if writes_json() {
        log(&reloaded);
    } else if reloaded.refused.is_some() {
        // Even where notices are not wanted.
        anstream::eprintln!("{}", sentence(&in_words(&reloaded, lang)));
    } else {
        notice(needed, &in_words(&reloaded, lang));
    }
    if let Some(announcement) = announcement
        && let Err(error) = announcement.report(reloaded)
    {
        tracing::warn!(%error, "the outcome of the reload could not be written");
    }
}

fn log(reloaded: &Reloaded) {
    let mut fields = Map::new();
    if let Some(refused) = &reloaded.refused {
        fields.insert("cause".into(), refused.en.as_str().into());
        line("ERROR", "reload refused", fields);
        return;
    }
    fields.insert("applied".into(), Value::from(reloaded.applied.clone()));
    fields.insert("restart".into(), Value::from(reloaded.restart.clone()));
    line("INFO", "reloaded", fields);
}

fn in_words(reloaded: &Reloaded, lang: Lang) -> String {
    if let Some(refused) = &reloaded.refused {
        let (es, en) = (&refused.es, &refused.en);
        return text!(
            "no se recargó y sigue la configuración anterior: {es}",
            "not reloaded, the old configuration stays: {en}"
        )
        .pick(lang);
    }
    let mut text = if reloaded.applied.is_empty() {
        lang.pick(
            "configuración recargada: nada que aplicar",
            "configuration reloaded: nothing to apply",
        )
        .to_owned()
    } else {
        let keys = reloaded.applied.join(", ");
        lang.pick(
            format!("configuración recargada: se aplicó {keys}"),
            format!("configuration reloaded: applied {keys}"),
        )
    };
    if !reloaded.restart.is_empty() {
        let keys = reloaded.restart.join(", ");
        text.push_str(&lang.pick(
            format!("; vale al reiniciar: {keys}"),
            format!("; holds after a restart: {keys}"),
        ));
    }
    text
}

/// `chaski config recargar`.
pub(super) async fn recargar(needed: &Needed) -> Done {
    let (lang, dir) = (needed.lang(), &needed.config.dir);
    let servers = serving(dir);
    if servers.is_empty() {
        let dir = dir.display();
        return Err(AppError::NotNow(text!(
            "ningún «chaski serve» trabaja en {dir}: indique su carpeta con --dir",
            "no \"chaski serve\" works in {dir}: name its folder with --dir"
        )));
    }
    let (mut text, mut code) = (String::new(), 0);
    for server in &servers {
        let reloaded = asked(needed, server).await?;
        let who = format!("{} (pid {})", server.listen, server.pid);
        text.extend([&who, ": ", &in_words(&reloaded, lang), "\n"]);
        code = reloaded.refused.map_or(code, |refused| refused.exit_code);
    }
    needed.write(text.as_bytes())?;
    Ok(code)
}

/// Tells a server, and waits for what it says.
async fn asked(needed: &Needed, server: &Serving) -> Result<Reloaded, AppError> {
    let pid = server.pid;
    if !server.is_of_here() {
        return Err(AppError::NotNow(text!(
            "el servidor de la carpeta corre en otro contenedor (ahí es el proceso {pid}): dé el comando en él, o envíele SIGHUP",
            "the server of the folder runs in another container (process {pid} in there): give the command in it, or send it SIGHUP"
        )));
    }
    server.hang_up(&needed.config.dir).map_err(|error| {
        let (es, en) = (reason(&error, Lang::Es), reason(&error, Lang::En));
        AppError::NotNow(text!(
            "no se pudo avisar al servidor (proceso {pid}): {es}; dé el comando con su usuario",
            "the server (process {pid}) could not be told: {en}; give the command as its user"
        ))
    })?;
    let until = Instant::now() + needed.timeout.unwrap_or(PATIENCE);
    while Instant::now() < until {
        if let Some(now) = server.again(&needed.config.dir)
            && now.reloads > server.reloads
            && let Some(last) = now.last
        {
            return Ok(last);
        }
        sleep(LOOKED_EVERY).await;
    }
    Err(AppError::NotNow(text!(
        "el servidor (proceso {pid}) no dijo a tiempo si recargó: vea su registro",
        "the server (process {pid}) did not say in time whether it reloaded: see its log"
    )))
}
