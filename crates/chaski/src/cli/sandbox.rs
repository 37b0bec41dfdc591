//! `chaski sandbox`: APIMIGO and Nubefact on a port of this machine, with faults on command.

use chaski_client::Clock;
use chaski_core::text;
use chaski_sandbox::{Fault, FaultError, LatencyError, Sandbox, SandboxConfig, serve};

use super::Done;
use super::kit::args::SandboxArgs;
use super::kit::needed::Needed;
use super::kit::port;
use super::kit::typed::repeatable;
use crate::app::AppError;
use crate::{private, system};

pub(super) async fn sandbox(needed: &Needed, typed: SandboxArgs) -> Done {
    let clock = Clock::system();
    let address = port::address(&typed.listen, "127.0.0.1:8421")?;
    if !address.ip().is_loopback() {
        return Err(AppError::Usage(text!(
            "el sandbox solo escucha en esta máquina: use 127.0.0.1 o [::1]",
            "the sandbox listens on this machine only: use 127.0.0.1 or [::1]"
        )));
    }
    let mut config = SandboxConfig::new(move || clock.now());
    config.seed = typed.semilla.unwrap_or(needed.config.sandbox_seed);
    let latency = typed
        .latencia
        .unwrap_or_else(|| needed.config.sandbox_latency.clone());
    config.latency = latency.parse().map_err(|error: LatencyError| {
        AppError::of_option("--latencia", |lang| error.message(lang))
    })?;
    config.quota = typed.cuota;
    config.charge_per_ruc = typed.cobro_por_ruc;
    config.collection_omits_unknown = typed.omitir_inexistentes;
    config.rejected_tokens = typed.rechazar_token;
    config.ledger_file = typed.registro;
    let mut named = config.ledger_file.clone().unwrap_or_default();
    if let Some(folder) = typed.carpeta {
        private::make_folder(&folder).map_err(AppError::file(&folder))?;
        config.nubefact.folder = Some(folder.clone());
        named = folder;
    }
    let sandbox = Sandbox::new(config).map_err(AppError::file(&named))?;
    for text in &typed.fallos {
        let fault: Fault = text.parse().map_err(|error: FaultError| {
            AppError::of_option(&repeatable(text), |lang| error.message(lang))
        })?;
        sandbox.fail(fault);
    }
    let listener = port::bind(address)?;
    let address = listener.local_addr()?;
    needed.say(text!(
        "Sandbox de APIMIGO y Nubefact (datos inventados) · Ctrl-C para terminar\n├─ API        http://{address}/api/v1 y /api/v2\n├─ Nubefact   http://{address}/api/v1/RUTA (RUTA: un UUID cualquiera; acepta todo token)\n├─ Registro   http://{address}/_sandbox/ledger\n└─ Fallos     curl -X POST --data '429:retry=2@ruc x3' http://{address}/_sandbox/faults\nPruebe: CHASKI_MIGO_BASE_URL=http://{address}/api CHASKI_MIGO_TOKEN=prueba chaski ruc 20100070970",
        "Sandbox of APIMIGO and Nubefact (invented data) · Ctrl-C ends it\n├─ API        http://{address}/api/v1 and /api/v2\n├─ Nubefact   http://{address}/api/v1/RUTA (RUTA: any UUID; every token is taken)\n├─ Ledger     http://{address}/_sandbox/ledger\n└─ Faults     curl -X POST --data '429:retry=2@ruc x3' http://{address}/_sandbox/faults\nTry: CHASKI_MIGO_BASE_URL=http://{address}/api CHASKI_MIGO_TOKEN=prueba chaski ruc 20100070970"
    ));
    serve(sandbox, listener, system::told_to_stop()).await?;
    Ok(0)
}
