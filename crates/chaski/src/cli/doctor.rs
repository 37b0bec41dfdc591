//! `chaski doctor`: what works, what does not, and what to do about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chaski_client::{Clock, Failure, Http};
use chaski_core::{Lang, Text, lima_datetime, text};
use secrecy::ExposeSecret;
use serde_json::json;

use super::Done;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use crate::app::checkup::{self, CheckupFinding, Examined, Grade, Noting};
use crate::app::servers::serving;
use crate::app::{App, AppError, Mode, folder_of, mode_of};
use crate::config::{Origin, SEALED, holds_password};
use crate::counted::counted;
use crate::metrics::Metrics;
use crate::sheets::OutputFormat;
use crate::store::{KEY_FILE, StoreError};

pub(super) async fn doctor(needed: &Needed) -> Done {
    let mut report = Report::default();
    let config = &needed.config;
    let version = env!("CARGO_PKG_VERSION");
    report.add(Examined("version").good(text!("chaski {version}", "chaski {version}")));
    report.add(Examined("configuracion").good(text!(
        "la configuración es correcta",
        "the configuration is right"
    )));
    // 1. Who answers, and why.
    let mode = match mode_of(config, needed.wish) {
        Ok(mode) => mode,
        Err(error) => {
            report.bad("modo", &error);
            return report.end(needed);
        }
    };
    report.say_mode(needed, mode);
    // 2. The folder as the system sees it, before opening it mends its mode.
    let folder = folder_of(config, mode);
    let was_there = folder.is_dir();
    if was_there {
        report.look_at_folder(needed, &folder);
        report.add(checkup::in_use(&folder, &serving(&config.dir)));
    }
    // 3. The database, and the way to the upstream.
    let clock = Clock::system();
    let noting = Arc::new(Noting::new(Arc::new(Http::leaving(&config.exit)), clock));
    let exit = Some(Arc::clone(&noting) as _);
    let opened =
        App::open_through(config.clone(), needed.wish, clock, Metrics::default(), exit).await;
    let app = match opened {
        Ok(app) => app,
        Err(error) => {
            report.bad("datos", &error);
            return report.end(needed);
        }
    };
    if !was_there {
        report.look_at_folder(needed, &folder);
    }
    report.advise_on_secrets(needed, &folder);
    if let Err(error) = report.look_at_data(&app, &folder).await {
        report.bad("datos", &error);
        drop(app.close().await);
        return report.end(needed);
    }
    match app.issuing_findings().await {
        Ok(findings) => report.add_all(findings),
        Err(error) => report.bad("diario", &error),
    }
    // 4. The upstream, its plan and its clock: one call that costs nothing.
    // What is wrong with the counters was told as wrong with the data.
    let (spent, quota) = app.month_calls().await.unwrap_or_default();
    match app.find_account(&needed.plain_ask()).await {
        Ok(found) => {
            let spent_code = Failure::QuotaSpent.treatment().exit_code;
            let left = found.value.consultas;
            report.add(checkup::plan_finding(left, spent, quota, spent_code));
        }
        Err(error) => report.bad("proveedor", &error),
    }
    let now = app.clock.now();
    let form = needed.lang().pick("%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S");
    let shown = lima_datetime(now).strftime(form).to_string();
    report.add(checkup::clock_finding(&shown, noting.last()));
    // 5. What there is if all else is lost.
    let last = app.last_backup().await?;
    if let Some(last) = &last {
        let open = checkup::exposed(&[], &[(last.path.clone(), false)]);
        report.add_all(open.into_iter().filter(|it| it.grade != Grade::Good));
    }
    let invented = mode == Mode::Sandbox;
    if last.is_some() || !invented {
        report.add(checkup::backup_finding(last.as_ref(), invented, now));
    }
    // What cannot be made durable was told above, when it was tried.
    if let Err(error) = app.close().await
        && report.exit_code() == 0
    {
        report.bad("datos", &error);
    }
    report.end(needed)
}

/// What was found, in the order in which it was looked at.
#[derive(Default)]
struct Report(Vec<CheckupFinding>);

impl Report {
    fn add(&mut self, finding: CheckupFinding) {
        self.0.push(finding);
    }

    fn add_all(&mut self, findings: impl IntoIterator<Item = CheckupFinding>) {
        self.0.extend(findings);
    }

    fn bad(&mut self, check: &'static str, error: &AppError) {
        let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
        let finding = Examined(check).bad(Text { es, en });
        let finding = finding.with("codigo", error.code());
        self.add(finding.ending(error.exit_code()));
    }

    /// What the command ends with: the first thing that is bad is the likeliest cause of the rest.
    fn exit_code(&self) -> u8 {
        let codes = self.0.iter().map(|finding| finding.exit_code);
        codes.into_iter().find(|code| *code != 0).unwrap_or(0)
    }

    fn say_mode(&mut self, needed: &Needed, mode: Mode) {
        let config = &needed.config;
        let finding = match mode {
            Mode::Sandbox if config.token().is_some() => Examined("modo").good(text!(
                "modo de prueba (datos inventados), aunque hay un token configurado",
                "the sandbox answers (invented data), although a token is configured"
            )),
            Mode::Sandbox => Examined("modo").good(text!(
                "modo de prueba: no hay token configurado (datos inventados)",
                "the sandbox answers: no token is configured (invented data)"
            )),
            Mode::Real => {
                let url = &config.migo_base_url;
                Examined("modo").good(text!("APIMIGO: {url}", "APIMIGO: {url}"))
            }
        };
        self.add(finding.with("modo", mode.as_str()));
    }

    /// Whether it can be written, how much fits, who else can read it, who works in it.
    fn look_at_folder(&mut self, needed: &Needed, folder: &Path) {
        self.add(checkup::probed(folder));
        if let Ok((bytes, files)) = checkup::space_of(folder) {
            self.add(checkup::space_finding(folder, bytes, files));
        }
        let mut folders = vec![needed.config.dir.clone()];
        if folder != needed.config.dir {
            folders.push(folder.to_owned());
        }
        self.add_all(checkup::exposed(&folders, &files_elsewhere(needed)));
        self.add_all(folders.iter().filter_map(|it| checkup::foreign(it)));
    }

    /// The database: whole, of which version, and whether a row can be added.
    async fn look_at_data(&mut self, app: &App, folder: &Path) -> Result<(), AppError> {
        let figures = app.check_data().await?;
        let shown = folder.display();
        let bytes = figures.database_bytes + figures.log_bytes;
        let kib = bytes / 1024;
        let (answers, calls, schema) = (figures.answers, figures.calls, figures.schema);
        let (respuestas, llamadas) = (
            counted(answers, "respuesta", "respuestas"),
            counted(calls, "llamada registrada", "llamadas registradas"),
        );
        let (kept, made) = (
            counted(answers, "answer", "answers"),
            counted(calls, "call", "calls"),
        );
        self.add(
            Examined("datos")
                .good(text!(
                    "datos en {shown}: {respuestas}, {llamadas}, {kib} KiB, esquema {schema}",
                    "data in {shown}: {kept}, {made} on record, {kib} KiB, schema {schema}"
                ))
                .with("carpeta", folder.display().to_string())
                .with("respuestas", answers)
                .with("llamadas", calls)
                .with("bytes", bytes)
                .with("esquema", schema),
        );
        if let Some(server) = app.server_facts().await? {
            self.add(checkup::server_finding(&server, bytes));
        }
        match app.probe_data().await {
            Ok(()) => {}
            // The folder said the same.
            Err(StoreError::DiskFull) if self.exit_code() != 0 => {}
            Err(error) => self.bad("datos", &AppError::from(error)),
        }
        Ok(())
    }

    /// Works, and could be safer.
    fn advise_on_secrets(&mut self, needed: &Needed, folder: &Path) {
        let config = &needed.config;
        if let Some(outside) = &config.key {
            let source = outside.source();
            self.add(Examined("llave").good(text!(
                "la llave de los datos viene de {source}",
                "the key of the data comes from {source}"
            )));
            let file = config.dir.join(KEY_FILE);
            if file.exists() && folder == config.dir {
                let file = file.display();
                self.add(Examined("llave").advice(text!(
                    "el archivo {file} ya no se usa: guárdelo en otro lugar y bórrelo de aquí",
                    "{file} is no longer used: keep it elsewhere and delete it here"
                )));
            }
        }
        for (key, path, sealed) in secrets_in_files(needed) {
            if sealed {
                continue;
            }
            let path = path.display();
            let Text { es, en } = match key {
                "database_url" => text!(
                    "la dirección de la base está sin sellar en {path}, con su contraseña: guárdela",
                    "the address of the database is not sealed in {path}, with its password"
                ),
                "migo.token" => text!(
                    "el token está sin sellar en {path}: guárdelo",
                    "the token is not sealed in {path}"
                ),
                _ => text!(
                    "la llave del servidor está sin sellar en {path}: guárdela",
                    "the key of the server is not sealed in {path}"
                ),
            };
            self.add(Examined("secretos").advice(text!(
                "{es} de nuevo con: chaski config set {key}",
                "{en}: save it again with: chaski config set {key}"
            )));
        }
    }

    fn end(self, needed: &Needed) -> Done {
        let lang = needed.lang();
        let code = self.exit_code();
        let of_file = needed.output.as_deref().and_then(OutputFormat::of_path);
        if needed.format.is_some() || of_file.is_some() {
            self.records(lang).write(needed)?;
            return Ok(code);
        }
        let line = |it: &CheckupFinding| format!("{} {}\n", it.grade.sign(), it.message(lang));
        let text: String = self.0.iter().map(line).collect();
        needed.write(text.as_bytes())?;
        Ok(code)
    }

    fn records(&self, lang: Lang) -> Records {
        let row = |finding: &CheckupFinding| {
            let mut row = fields(json!({
                "prueba": finding.check,
                "estado": finding.grade.as_str(),
                "mensaje": finding.message(lang),
            }));
            let facts = finding.facts.iter();
            row.extend(facts.map(|(name, value)| ((*name).to_owned(), value.clone())));
            row
        };
        Records {
            columns: vec![
                ("prueba", "Prueba", "Check"),
                ("estado", "Estado", "State"),
                ("mensaje", "Mensaje", "Message"),
            ],
            rows: self.0.iter().map(row).collect(),
        }
    }
}

/// The secrets of the configuration that a file holds, and whether they are sealed in it.
fn secrets_in_files(needed: &Needed) -> Vec<(&'static str, PathBuf, bool)> {
    let config = &needed.config;
    let key = config.server_key.as_ref().map(ExposeSecret::expose_secret);
    let database = config.database_url.as_ref();
    let database = database.map(ExposeSecret::expose_secret);
    // One without a password is no secret.
    let database = database.filter(|url| url.starts_with(SEALED) || holds_password(url));
    [
        ("migo.token", config.token()),
        ("server_key", key),
        ("database_url", database),
    ]
    .into_iter()
    .filter_map(|(name, secret)| match needed.layers.origin(name) {
        Some(Origin::File(path)) => Some((name, path.clone(), secret?.starts_with(SEALED))),
        _ => None,
    })
    .collect()
}

/// Files with a secret that are not in the data folder, and whether it is one in clear. What a
/// container or systemd hands over is theirs to guard.
fn files_elsewhere(needed: &Needed) -> Vec<(PathBuf, bool)> {
    let config = &needed.config;
    let in_configuration = secrets_in_files(needed)
        .into_iter()
        .map(|(_, path, sealed)| (path, !sealed));
    let named = [
        "CHASKI_KEY_FILE",
        "CHASKI_MIGO_TOKEN_FILE",
        "CHASKI_SERVER_KEY_FILE",
        "CHASKI_DATABASE_URL_FILE",
    ]
    .into_iter()
    .filter_map(|name| needed.around.variables.get(name))
    .filter(|path| !path.is_empty())
    .map(|path| (needed.around.here.join(path), true))
    .filter(|(path, _)| !path.starts_with("/run"));
    // What sealed them lies beside the user's file.
    let key = config
        .secrets_dir
        .as_deref()
        .map(|it| (it.join(KEY_FILE), true));
    let mut files: Vec<_> = in_configuration.chain(named).chain(key).collect();
    files.sort();
    files.dedup();
    files
}
