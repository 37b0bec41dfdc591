//! The command line: typed → needed → one file per command. Data goes to the output, everything
//! else to the error output.

mod actividad;
mod completions;
mod condiciones;
mod config;
mod consumo;
mod copias;
mod cpe;
mod cuenta;
mod datos_personales;
mod dni;
mod doctor;
mod empresas;
mod factura;
mod invalidos;
mod kit;
mod llamadas;
mod llaves;
mod lote;
mod lote_cpe;
mod lote_people;
mod lote_remoto;
mod lote_tipo_cambio;
mod lote_words;
mod lotes;
mod migrate;
mod partners;
mod recargar;
mod representantes;
mod ruc;
mod salud;
mod sandbox;
mod series;
mod serve;
mod tipo_cambio;
mod trabajos;
mod validar;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use chaski_client::Clock;
use chaski_core::{Lang, text};
use clap::FromArgMatches;

use crate::app::backups::Demand;
use crate::app::invoices::InvoiceError;
use crate::app::{App, AppError, Mode, mode_of_records, open_server_key};
use crate::config::{ServerAddress, Surroundings};
use crate::remote::Server;
use kit::args::{
    Cmd, ConfigCmd, CpeCmd, Global, PartnersCmd, RucArgs, RucCmd, TipoCambioCmd, Typed,
};
use kit::desk::Desk;
use kit::needed::Needed;
use kit::overwrite::Overwrite;

/// What a command comes to: its exit code, or why it could not be done.
type Done = Result<u8, AppError>;

/// Runs the command line that was typed and says the exit code.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let around = Surroundings::of_process();
    let guess = kit::needed::language(&arguments, &around);
    // Before anything can be said. What is wrong with it is told where logs are begun.
    if let Ok(json) = logs_json(&around) {
        crate::telemetry::begin(json);
    }
    let arguments = help_asked_as_command(arguments);
    let command = kit::args::command(guess);
    let arguments = kit::numbers::join_negative(arguments, &command);
    let typed = command
        .clone()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Typed::from_arg_matches(&matches));
    let typed = match typed {
        Ok(typed) => typed,
        Err(error) => return kit::explain::exit(&error, &arguments, &command, guess),
    };
    match run_typed(typed, around, guess) {
        Ok(code) => ExitCode::from(code),
        Err((error, lang)) => {
            kit::output::complain(&error, lang);
            ExitCode::from(error.exit_code())
        }
    }
}

/// `chaski help ruc lote` is `chaski ruc lote --help`.
fn help_asked_as_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments
        .get(1)
        .is_some_and(|word| word == "help" || word == "ayuda")
    {
        arguments.remove(1);
        arguments.push("--help".into());
    }
    arguments
}

fn run_typed(typed: Typed, around: Surroundings, guess: Lang) -> Result<u8, (AppError, Lang)> {
    let global = typed.global;
    let output = global.output.clone();
    let output = output.as_deref();
    refuse_server(&typed.command, &global).map_err(|error| (error, guess))?;
    // What needs neither configuration nor data folder.
    let overwrite = Overwrite::new(&global, guess, None);
    let done = match typed.command {
        Cmd::Completions { shell } => completions::completions(shell, &overwrite, output, guess),
        Cmd::Man { to } => completions::man(to.as_deref(), &overwrite, output, guess),
        Cmd::Version => kit::output::version(&overwrite, output),
        Cmd::Config(ConfigCmd::Init { force }) => config::init(&around, force, guess),
        command => return run_configured(command, global, around, guess),
    };
    done.map_err(|error| (error, guess))
}

fn run_configured(
    command: Cmd,
    global: Global,
    around: Surroundings,
    guess: Lang,
) -> Result<u8, (AppError, Lang)> {
    logs_json(&around).map_err(|error| (error, guess))?;
    let mending = matches!(command, Cmd::Config(ConfigCmd::Set { .. }));
    let needed = Needed::new(global, around, mending).map_err(|error| (error, guess))?;
    let lang = needed.config.lang;
    let serves = matches!(command, Cmd::Serve(_));
    let telling = crate::telemetry::start(needed.verbose, serves);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| (AppError::Io(error), lang))?;
    runtime.spawn(telling.go_on());
    say_old_folder(&needed, &command);
    let done = runtime.block_on(dispatch(command, &needed));
    // Calls in flight were waited for; nothing else is worth staying for.
    runtime.shutdown_background();
    telling.end();
    done.map_err(|error| (error, lang))
}

/// Whether every line of the error output is to be a JSON object.
fn logs_json(around: &Surroundings) -> Result<bool, AppError> {
    let typed = around.variables.get("CHASKI_LOG_FORMAT");
    match typed.map(|text| text.trim()) {
        None | Some("" | "text" | "texto") => Ok(false),
        Some("json") => Ok(true),
        Some(_) => Err(AppError::Usage(text!(
            "CHASKI_LOG_FORMAT debe ser «text» o «json»",
            "CHASKI_LOG_FORMAT must be \"text\" or \"json\""
        ))),
    }
}

/// Data in the folder one stands in are used as before, and that is said once a run.
fn say_old_folder(needed: &Needed, command: &Cmd) {
    let elsewhere = match command {
        Cmd::Config(_) | Cmd::Sandbox(_) | Cmd::Openapi | Cmd::Salud { .. } | Cmd::Migrate(_) => {
            true
        }
        Cmd::Ruc(args) => matches!(args.command, Some(RucCmd::Validar { .. })),
        _ => false,
    };
    let Some(usual) = needed.config.usual_dir.as_ref().filter(|_| !elsewhere) else {
        return;
    };
    if needed.server.is_some() && may_go_there(command) {
        return;
    }
    let (old, usual) = (needed.config.dir.display(), usual.display());
    needed.say(text!(
        "se usan los datos de {old}, de esta carpeta; los de su usuario están en {usual} (para llevarlos ahí: chaski migrate --from {old})",
        "the data in {old}, of this folder, are used; those of your user are in {usual} (to take them there: chaski migrate --from {old})"
    ));
}

async fn dispatch(command: Cmd, needed: &Needed) -> Done {
    match command {
        Cmd::Config(ConfigCmd::Show { origin }) => {
            kit::output::check(needed)?;
            config::show(needed, origin)
        }
        Cmd::Config(ConfigCmd::Set { key, value }) => config::set(needed, &key, value).await,
        Cmd::Config(ConfigCmd::Recargar) => recargar::recargar(needed).await,
        Cmd::Config(_) => config::check(needed),
        Cmd::Sandbox(args) => sandbox::sandbox(needed, args).await,
        Cmd::Serve(args) => serve::serve(needed, args).await,
        Cmd::Llaves { command } => llaves::llaves(needed, command).await,
        Cmd::Openapi => serve::openapi(needed),
        Cmd::Backup {
            to,
            con_llave,
            phrase,
        } => copias::backup(needed, &to, con_llave, &phrase).await,
        Cmd::Restaurar {
            from,
            reemplazar,
            phrase,
            exigir_sello,
            sin_sello,
        } => {
            let demand = match (exigir_sello, sin_sello) {
                (true, _) => Demand::Always,
                (_, true) => Demand::Waived,
                _ => Demand::Usual,
            };
            copias::restaurar(needed, &from, reemplazar, &phrase, demand).await
        }
        Cmd::Migrate(args) => migrate::migrate(needed, &args).await,
        Cmd::DatosPersonales(command) => datos_personales::datos_personales(needed, command).await,
        Cmd::Salud { url } => salud::salud(needed, &url).await,
        Cmd::Doctor => doctor::doctor(needed).await,
        Cmd::Factura(command) => Box::pin(factura::factura(needed, command)).await,
        Cmd::Series { command } => series::series(needed, command).await,
        Cmd::Empresas { command } => empresas::empresas(needed, command).await,
        Cmd::Ruc(RucArgs {
            command: Some(RucCmd::Validar { numbers }),
            ..
        }) => validar::validar(needed, &numbers),
        command => at_desk(command, needed).await,
    }
}

/// A command that asks, or reads what is on record: once it is sure that its result can be written.
async fn at_desk(command: Cmd, needed: &Needed) -> Done {
    let list = list_of(&command);
    if let Some(list) = list {
        lote::check_output(needed, list)?;
    }
    // A list says who answers before it waits for a server.
    let says_mode = list.is_none();
    let desk = open_desk(&command, needed).await?;
    let done = put_to(&desk, command, needed).await;
    if says_mode && done.is_ok() {
        desk.say_mode_there(needed).await;
    }
    // Makes everything durable; a deed that failed keeps its own error.
    let closed = desk.close().await;
    let code = done?;
    closed?;
    Ok(code)
}

/// The list that a command works on.
fn list_of(command: &Cmd) -> Option<&Path> {
    match command {
        Cmd::Ruc(args) => match &args.command {
            Some(RucCmd::Lote(list)) => Some(&list.input),
            _ => None,
        },
        Cmd::TipoCambio(args) => {
            let TipoCambioCmd::Lote(list) = args.command.as_ref()?;
            Some(&list.input)
        }
        Cmd::Cpe(CpeCmd::Lote(list)) => Some(&list.input),
        _ => None,
    }
}

async fn put_to(desk: &Desk, command: Cmd, needed: &Needed) -> Done {
    match command {
        Cmd::Ruc(args) => match args.command {
            None => ruc::ruc(needed, desk, args.lookup).await,
            Some(RucCmd::Facturacion { lookup, emisor }) => {
                ruc::facturacion(needed, desk, lookup, emisor).await
            }
            Some(RucCmd::Representantes { lookup, mostrar }) => {
                representantes::representantes(needed, desk, &lookup, mostrar).await
            }
            Some(RucCmd::Actividad(typed)) => actividad::actividad(needed, desk, &typed).await,
            Some(RucCmd::Condiciones(typed)) => {
                condiciones::condiciones(needed, desk, &typed).await
            }
            // Here it is asked for, there it is handed over.
            Some(RucCmd::Lote(args)) => match desk {
                Desk::Here(app) => lote::lote(needed, app, args).await,
                Desk::There(server) => lote_remoto::lote(needed, server, args).await,
            },
            Some(RucCmd::Invalidos { command }) => {
                invalidos::invalidos(needed, desk, command).await
            }
            Some(RucCmd::Validar { .. }) => unreachable!("asks nobody"),
        },
        Cmd::Dni(args) => dni::dni(needed, desk, args).await,
        Cmd::TipoCambio(args) => match args.command {
            None => tipo_cambio::tipo_cambio(needed, desk, args.lookup).await,
            Some(TipoCambioCmd::Lote(args)) => lote_tipo_cambio::lote(needed, desk, args).await,
        },
        Cmd::Cpe(CpeCmd::Validar(typed)) => cpe::validar(needed, desk, &typed).await,
        Cmd::Cpe(CpeCmd::Lote(args)) => lote_cpe::lote(needed, desk, args).await,
        Cmd::Cuenta => cuenta::cuenta(needed, desk).await,
        Cmd::Llamadas(args) => llamadas::llamadas(needed, desk, args).await,
        Cmd::Consumo(args) => consumo::consumo(needed, desk.here("consumo")?, args).await,
        Cmd::Lotes { command } => lotes::lotes(needed, desk.here("lotes")?, command).await,
        Cmd::Trabajos { command } => {
            trabajos::trabajos(needed, desk.here("trabajos")?, command).await
        }
        Cmd::Partners(command) => partners::partners(needed, desk.here("partners")?, command).await,
        _ => unreachable!("needs no desk"),
    }
}

/// Whether a command may be put to a server.
fn may_go_there(command: &Cmd) -> bool {
    matches!(
        command,
        Cmd::Ruc(_)
            | Cmd::Dni(_)
            | Cmd::TipoCambio(_)
            | Cmd::Cpe(_)
            | Cmd::Cuenta
            | Cmd::Llamadas(_)
            | Cmd::Factura(_)
            | Cmd::Series { .. }
            | Cmd::Empresas { .. }
    )
}

/// Only look-ups and documents are put to a server.
fn refuse_server(command: &Cmd, global: &Global) -> Result<(), AppError> {
    let typed = global.server.as_deref().is_some_and(|it| !it.is_empty());
    if may_go_there(command) || !typed {
        return Ok(());
    }
    Err(AppError::Usage(text!(
        "--server vale para ruc, dni, tipo-cambio, cpe, cuenta, llamadas, factura, series y empresas; este comando trabaja en su máquina: quite la opción, o ejecútelo donde está el servidor",
        "--server is for ruc, dni, tipo-cambio, cpe, cuenta, llamadas, factura, series and empresas; this command works on its machine: remove the option, or run it where the server is"
    )))
}

/// Documents go to the server, if there is one. Here they are issued for real wherever there are real data;
/// the token of the look-ups has nothing to do with it, but without it no customer can be looked up.
async fn with_invoices(needed: &Needed, deed: impl AsyncFnOnce(&Desk) -> Done) -> Done {
    kit::output::check(needed)?;
    if let Some(address) = &needed.server {
        let desk = Desk::There(Box::new(open_server(needed, address)?));
        let done = Box::pin(deed(&desk)).await;
        if done.is_ok() {
            desk.say_mode_there(needed).await;
        }
        return done;
    }
    let mode = mode_of_records(&needed.config, needed.wish).map_err(|error| match error {
        // Whoever wants it real and has nothing lacks a company first of all.
        AppError::NoToken => InvoiceError::NoIssuer.into(),
        error => error,
    })?;
    let config = needed.config.clone();
    let app = match (mode, config.token()) {
        (Mode::Real, None) => Box::pin(App::open_records(config, mode, Clock::system())).await?,
        _ => Box::pin(App::open(config, needed.wish, Clock::system())).await?,
    };
    let app = Arc::new(app);
    kit::output::say_brought(needed, &app);
    if app.mode == Mode::Sandbox {
        needed.say(text!(
            "MODO DE PRUEBA: nada sale a Internet ni llega a SUNAT (para emitir de verdad: chaski empresas agregar)",
            "TRIAL MODE: nothing leaves for the Internet or gets to SUNAT (to issue for real: chaski empresas agregar)"
        ));
    }
    let desk = Desk::Here(app);
    let done = Box::pin(deed(&desk)).await;
    let closed = desk.close().await;
    let code = done?;
    closed?;
    Ok(code)
}

/// The server of this run, with its key; nothing is sent yet.
fn open_server(needed: &Needed, address: &ServerAddress) -> Result<Server, AppError> {
    let key = open_server_key(&needed.config)?;
    let (lang, patience) = (needed.lang(), needed.timeout);
    let exit = &needed.config.exit;
    let server = Server::new(address.clone(), key.as_ref(), lang, patience, exit)?;
    if server.shows_its_key() {
        needed.say(text!(
            "Atención: la llave viaja sin cifrar; use https:// hacia otras máquinas",
            "Beware: the key travels unencrypted; use https:// towards other machines"
        ));
    }
    Ok(server)
}

/// Where this run puts a command: to a server, or to the rooms. What is on record is read and changed
/// without a token, and without asking anybody.
async fn open_desk(command: &Cmd, needed: &Needed) -> Result<Desk, AppError> {
    kit::output::check(needed)?;
    if let Some(address) = needed.server.as_ref().filter(|_| may_go_there(command)) {
        return Ok(Desk::There(Box::new(open_server(needed, address)?)));
    }
    let on_record = match command {
        Cmd::Llamadas(_) | Cmd::Consumo(_) | Cmd::Lotes { .. } | Cmd::Trabajos { .. } => true,
        Cmd::Partners(command) => !matches!(command, PartnersCmd::Actualizar { .. }),
        Cmd::Ruc(args) => matches!(args.command, Some(RucCmd::Invalidos { .. })),
        _ => false,
    };
    let (config, clock) = (needed.config.clone(), Clock::system());
    let app = if on_record {
        let mode = mode_of_records(&needed.config, needed.wish)?;
        App::open_records(config, mode, clock).await?
    } else {
        App::open(config, needed.wish, clock).await?
    };
    kit::output::say_brought(needed, &app);
    Ok(Desk::Here(Arc::new(app)))
}
