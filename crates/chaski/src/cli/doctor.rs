//! `chaski doctor`: what works, what does not, and what to do about it.

use std::path::Path;

use chaski_client::Clock;
use chaski_core::{Lang, lima_datetime};
use secrecy::ExposeSecret;

use super::Done;
use super::needed::Needed;
use super::output;
use crate::app::{App, AppError, Mode, folder_of, mode_of};
use crate::config::{Origin, SEALED};
use crate::store::{Figures, KEY_FILE};

pub(super) async fn doctor(needed: &Needed) -> Done {
    let mut report = Report {
        lang: needed.lang(),
        text: String::new(),
        worst: 0,
    };
    let (lang, config) = (needed.lang(), &needed.config);
    report.good(&format!("chaski {}", env!("CARGO_PKG_VERSION")));
    report.good(lang.pick("la configuración es correcta", "the configuration is right"));
    let mode = match mode_of(config, needed.wish) {
        Ok(mode) => mode,
        Err(error) => {
            report.bad(&error);
            return report.end(needed);
        }
    };
    match mode {
        Mode::Sandbox if config.token().is_some() => report.good(lang.pick(
            "responde el sandbox (datos ficticios), aunque hay un token configurado",
            "the sandbox answers (invented data), although a token is configured",
        )),
        Mode::Sandbox => report.good(lang.pick(
            "responde el sandbox: no hay token configurado (datos ficticios)",
            "the sandbox answers: no token is configured (invented data)",
        )),
        Mode::Real => report.good(&format!("APIMIGO: {}", config.migo_base_url)),
    }
    let folder = folder_of(config, mode);
    let app = match App::open(config.clone(), needed.wish, Clock::system()).await {
        Ok(app) => app,
        Err(error) => {
            report.bad(&error);
            return report.end(needed);
        }
    };
    advise_on_secrets(&mut report, needed, &folder);
    let health = match checked(&app).await {
        Ok(figures) => figures,
        Err(error) => {
            report.bad(&error);
            return report.end(needed);
        }
    };
    report.good(&match lang {
        Lang::Es => format!(
            "datos en {}: {} respuestas, {} llamadas registradas, {} KiB",
            folder.display(),
            health.answers,
            health.calls,
            health.database_bytes / 1024
        ),
        Lang::En => format!(
            "data in {}: {} answers, {} calls on record, {} KiB",
            folder.display(),
            health.answers,
            health.calls,
            health.database_bytes / 1024
        ),
    });
    match app.account(&needed.plain_ask()).await {
        Ok(found) => {
            let left = found
                .value
                .consultas
                .map_or_else(|| "?".to_owned(), |left| left.to_string());
            report.good(&match lang {
                Lang::Es => format!("el proveedor responde; consultas que quedan: {left}"),
                Lang::En => format!("the upstream answers; calls left: {left}"),
            });
        }
        Err(error) => report.bad(&AppError::Lookup(error)),
    }
    let now = lima_datetime(app.clock.now())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string();
    report.good(&match lang {
        Lang::Es => format!(
            "hora de Lima según esta máquina: {now} (si no es la correcta, corrija el reloj)"
        ),
        Lang::En => format!("Lima time by this machine: {now} (if wrong, set the clock)"),
    });
    app.close().await?;
    report.end(needed)
}

/// Works, and could be safer.
fn advise_on_secrets(report: &mut Report, needed: &Needed, folder: &Path) {
    let (lang, config) = (needed.lang(), &needed.config);
    if let Some(outside) = &config.key {
        let source = outside.source();
        report.good(&lang.pick(
            format!("la llave de los datos viene de {source}"),
            format!("the key of the data comes from {source}"),
        ));
        let file = config.dir.join(KEY_FILE);
        if file.exists() && folder == config.dir {
            let file = file.display();
            report.advise(&lang.pick(
                format!("{file} ya no se usa: guárdelo en otro lugar y bórrelo de aquí"),
                format!("{file} is no longer used: keep it elsewhere and delete it here"),
            ));
        }
    }
    let is_plain = |secret: &str| !secret.starts_with(SEALED);
    if let Some(path) = in_file(needed, "migo.token", config.token().is_some_and(is_plain)) {
        report.advise(&lang.pick(
            format!("el token está sin sellar en {path}: guárdelo de nuevo con: chaski config set migo.token"),
            format!("the token is not sealed in {path}: save it again with: chaski config set migo.token"),
        ));
    }
    let key = config.server_key.as_ref().map(ExposeSecret::expose_secret);
    if let Some(path) = in_file(needed, "server_key", key.is_some_and(is_plain)) {
        report.advise(&lang.pick(
            format!("la llave del servidor está sin sellar en {path}: guárdela de nuevo con: chaski config set server_key"),
            format!("the key of the server is not sealed in {path}: save it again with: chaski config set server_key"),
        ));
    }
}

/// The file that holds a secret which is not sealed.
fn in_file(needed: &Needed, key: &str, is_plain: bool) -> Option<String> {
    match needed.layers.origin(key) {
        Some(Origin::File(path)) if is_plain => Some(path.display().to_string()),
        _ => None,
    }
}

/// What the store holds, once it was looked over for damage.
async fn checked(app: &App) -> Result<Figures, AppError> {
    app.store.check().await?;
    Ok(app.store.figures().await?)
}

struct Report {
    lang: Lang,
    text: String,
    worst: u8,
}

impl Report {
    fn good(&mut self, text: &str) {
        self.text.extend(["✔ ", text, "\n"]);
    }

    fn advise(&mut self, text: &str) {
        self.text.extend(["! ", text, "\n"]);
    }

    fn bad(&mut self, error: &AppError) {
        self.text.extend(["✘ ", &error.message(self.lang), "\n"]);
        self.worst = error.exit_code();
    }

    fn end(self, needed: &Needed) -> Done {
        output::text(
            &needed.overwrite,
            needed.output.as_deref(),
            self.text.as_bytes(),
        )?;
        Ok(self.worst)
    }
}
