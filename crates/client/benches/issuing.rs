//! `settle` over the sandbox without delay, with the journal in memory and in a file, beside a loop that
//! does nothing but send the same bytes with hyper and read the answer.
//!
//! `cargo bench -p chaski-client` prints figures and ends in one line of JSON. The sandbox is another process,
//! whose processor time is not counted. Each figure is a median over interleaved rounds, and each ratio is taken
//! within a round. Nothing here fails because of a figure. It reads `/proc`: it is for Linux.

#![expect(clippy::print_stdout, reason = "the figures are the output")]
#![expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use chaski_client::{
    Clock, FileJournal, FileJournalOptions, Journal, MemoryJournal, Nubefact, NubefactDocument,
    NubefactKind,
};
use chaski_core::invoicing::{DocumentKind, JsonValue, TaxDocument};
use chaski_sandbox::{Sandbox, SandboxConfig};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Interleaved rounds of every comparison.
const ROUNDS: usize = 7;
/// Documents of one measured run.
const DOCUMENTS: usize = 500;
/// Documents in flight at once: one, and what the client lets through by itself.
const WINDOWS: [usize; 2] = [1, 10];
const TOKEN: &str = "benchmark";

type Done<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Done<()> {
    if std::env::args().nth(1).as_deref() == Some("--serve") {
        return serve();
    }
    let (_sandbox, url) = start()?;
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let mut figures = Map::new();
    let mut rutas = 0;
    // A ruta that nobody used has all its numbers.
    let mut address = || {
        rutas += 1;
        format!("{url}/api/v1/{rutas:08x}-0000-0000-0000-000000000000")
    };
    for window in WINDOWS {
        let (mut bare, mut memory, mut file) = (Vec::new(), Vec::new(), Vec::new());
        let mut peaks = [Vec::new(), Vec::new(), Vec::new()];
        // The first round warms everything up.
        for round in 0..=ROUNDS {
            let mut note = |place: usize| -> Done<()> {
                peaks[place].push(memory_mib("VmHWM:")?);
                forget_peak()
            };
            forget_peak()?;
            let plain = runtime.block_on(send(&address(), window))?;
            note(0)?;
            let journal = Arc::new(MemoryJournal::new());
            let in_memory = runtime.block_on(issue(&address(), window, journal))?;
            note(1)?;
            let path = folder.path().join(format!("{window}-{round}.diario"));
            let journal = FileJournal::open(path, FileJournalOptions::default())?;
            let on_disk = runtime.block_on(issue(&address(), window, Arc::new(journal)))?;
            note(2)?;
            if round > 0 {
                bare.push(plain);
                memory.push(in_memory);
                file.push(on_disk);
            }
        }
        let each = |runs: &[Took]| median(runs.iter().map(|it| it.wall)) / DOCUMENTS as f64 * 1e6;
        let ratio = |ours: &[Took], part: fn(&Took) -> f64| {
            median(
                ours.iter()
                    .zip(&bare)
                    .map(|(ours, bare)| part(ours) / part(bare)),
            )
        };
        let [peak_bare, peak_memory, peak_file] = peaks.map(median);
        for (name, value, unit) in [
            ("hyper", each(&bare), "µs"),
            ("journal in memory", each(&memory), "µs"),
            ("journal in a file", each(&file), "µs"),
            ("memory ÷ hyper", ratio(&memory, |it| it.wall), "×"),
            ("file ÷ hyper", ratio(&file, |it| it.wall), "×"),
            ("CPU, memory ÷ hyper", ratio(&memory, |it| it.cpu), "×"),
            ("CPU, file ÷ hyper", ratio(&file, |it| it.cpu), "×"),
            ("peak memory, hyper", peak_bare, "MiB"),
            ("peak memory, journal in memory", peak_memory, "MiB"),
            ("peak memory, journal in a file", peak_file, "MiB"),
        ] {
            let name = format!("{window} at a time: {name}");
            println!("{name:<48} {value:>10.2} {unit}");
            figures.insert(name, json!(value));
        }
    }
    println!("{}", json!({ "bench": "issuing", "figures": figures }));
    runtime.shutdown_background();
    Ok(())
}

/// A sandbox in another process of this program, and its address; it ends with our input to it.
fn start() -> Done<(Running, String)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut address = String::new();
    let stdout = child.stdout.take().ok_or("the sandbox's output")?;
    BufReader::new(stdout).read_line(&mut address)?;
    Ok((Running(child), format!("http://{}", address.trim())))
}

/// Ends the process when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The other side of [`start`].
fn serve() -> Done<()> {
    let clock = Clock::system();
    let config = SandboxConfig::new(move || clock.now());
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let parent = tokio::task::spawn_blocking(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
        });
        let ended = async { drop(parent.await) };
        chaski_sandbox::serve(Sandbox::new(config)?, listener, ended).await?;
        Ok(())
    })
}

/// What a piece of work took.
struct Took {
    /// Seconds by the wall clock.
    wall: f64,
    /// Seconds of processor, user and system, of this process with all its threads.
    cpu: f64,
}

/// Begins to measure; ends with [`Watch::stop`].
struct Watch {
    began: Instant,
    cpu: f64,
}

impl Watch {
    fn start() -> Done<Watch> {
        Ok(Watch {
            cpu: cpu_seconds()?,
            began: Instant::now(),
        })
    }

    fn stop(self) -> Done<Took> {
        Ok(Took {
            wall: self.began.elapsed().as_secs_f64(),
            cpu: cpu_seconds()? - self.cpu,
        })
    }
}

/// `/proc` counts in hundredths of a second.
fn cpu_seconds() -> Done<f64> {
    let text = fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in parentheses, may hold blanks.
    let (_, fields) = text.rsplit_once(')').ok_or("processor time")?;
    let ticks = |place: usize| -> Done<f64> {
        let field = fields.split_whitespace().nth(place);
        Ok(field.ok_or("processor time")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn memory_mib(name: &str) -> Done<f64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB"));
    Ok(kib.ok_or("memory")?.trim().parse::<f64>()? / 1024.0)
}

/// From now on the peak of memory counts anew.
fn forget_peak() -> Done<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The same bytes, sent and answered, and nothing kept.
async fn send(address: &str, window: usize) -> Done<Took> {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let bodies: Vec<Bytes> = (1..=DOCUMENTS)
        .map(|numero| {
            let mut document = factura(numero);
            document["numero"] = numero.into();
            document.to_string().into()
        })
        .collect();
    let address: Arc<str> = address.into();
    let bodies: Arc<[Bytes]> = bodies.into();
    let watch = Watch::start()?;
    each_of(window, move |place| {
        let (client, address, body) = (client.clone(), Arc::clone(&address), bodies[place].clone());
        async move {
            let request = Request::post(&*address)
                .header("content-type", "application/json")
                .header("authorization", format!("Token token=\"{TOKEN}\""))
                .body(Full::new(body))?;
            let answer = client.request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            match status.as_u16() {
                200 => Ok(()),
                _ => Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()),
            }
        }
    })
    .await?;
    watch.stop()
}

async fn issue(address: &str, window: usize, journal: Arc<dyn Journal>) -> Done<Took> {
    let nubefact = Nubefact::builder(address, TOKEN)
        .shared_journal(journal)
        .build()?;
    let opened = nubefact.open_series(NubefactKind::Factura, "FFF1", 0);
    opened.await?;
    let documents: Vec<NubefactDocument> =
        (1..=DOCUMENTS).map(document).collect::<Result<_, _>>()?;
    let documents: Arc<[NubefactDocument]> = documents.into();
    let watch = Watch::start()?;
    each_of(window, move |place| {
        let (nubefact, documents) = (nubefact.clone(), Arc::clone(&documents));
        async move {
            let settled = nubefact
                .issue(&documents[place], &format!("k{place}"))
                .await?;
            match settled.estado() {
                "ACEPTADO" => Ok(()),
                _ => Err(format!("{settled:?}").into()),
            }
        }
    })
    .await?;
    watch.stop()
}

/// Does something with every place in `window` tasks.
async fn each_of<W, F>(window: usize, work: W) -> Done<()>
where
    W: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = Done<()>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..window {
        let (next, work) = (Arc::clone(&next), work.clone());
        workers.spawn(async move {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= DOCUMENTS {
                    return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(());
                }
                work(place).await?;
            }
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

fn document(place: usize) -> Done<NubefactDocument> {
    let read = JsonValue::parse(factura(place).to_string().as_bytes());
    let JsonValue::Object(fields) = read.map_err(|error| format!("{error:?}"))? else {
        return Err("an object".into());
    };
    Ok(NubefactDocument::of(&TaxDocument::new(
        DocumentKind::Factura,
        fields,
    ))?)
}

/// A factura of ten lines, of today.
fn factura(reference: usize) -> Value {
    let today = chaski_core::lima_date(Clock::system().now());
    let line = json!({
        "unidad_de_medida": "NIU", "codigo": "P001", "descripcion": "PRODUCTO DE PRUEBA",
        "cantidad": 1, "valor_unitario": 100.0, "precio_unitario": 118.0, "subtotal": 100.0,
        "tipo_de_igv": 1, "igv": 18.0, "total": 118.0, "anticipo_regularizacion": false,
    });
    json!({
        "operacion": "generar_comprobante", "tipo_de_comprobante": 1, "serie": "FFF1",
        "sunat_transaction": 1, "cliente_tipo_de_documento": "6",
        "cliente_numero_de_documento": "20512333797", "cliente_denominacion": "CLIENTE FICTICIO SAC",
        "cliente_direccion": "AV. FICTICIA 123 - LIMA",
        "fecha_de_emision": today.strftime("%d-%m-%Y").to_string(),
        "moneda": 1, "porcentaje_de_igv": 18.0, "total_gravada": 1000.0, "total_igv": 180.0,
        "total": 1180.0, "observaciones": format!("pedido {reference}"),
        "enviar_automaticamente_a_la_sunat": true, "items": vec![line; 10],
    })
}
