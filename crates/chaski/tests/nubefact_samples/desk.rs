//! The other side of a case: a sandbox with a ruta of its own, whose clock is the case's.

use bytes::Bytes;
use chaski_client::{Clock, Transport, TransportError};
use chaski_core::lima_date;
use chaski_sandbox::{
    Cut, Decided, NubefactAccount, NubefactConfig, NubefactEntry, Sandbox, SandboxConfig,
};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::case::{EarlierRequest, SampleCase, moved_to};
use crate::samples;

pub(crate) const RUTA: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
pub(crate) const TOKEN: &str = "no-debe-guardarse";

/// A sandbox, and the clock that it goes by.
pub(crate) struct SampleDesk {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Clock,
}

/// What came back; no status where the connection was cut.
pub(crate) struct DeskAnswer {
    pub(crate) status: Option<u16>,
    pub(crate) body: Value,
}

impl SampleDesk {
    /// With the demo series open, and those that the case takes to be open.
    pub(crate) fn open(sample: &SampleCase, body: &[u8], clock: Clock) -> SampleDesk {
        let bodies = sample.before.iter().map(|it| it.body.as_slice());
        // A case that is about a series which is not open says so in its answer.
        let is_about_series = sample.expect["errors"]
            .as_str()
            .is_some_and(|text| text.contains("esta serie"));
        let own = Some(body).filter(|_| !is_about_series);
        let series = bodies.chain(own).filter_map(serie_of).collect();
        let config = SandboxConfig {
            nubefact: NubefactConfig {
                others: Some(NubefactAccount {
                    series,
                    ..NubefactAccount::default()
                }),
                ..NubefactConfig::default()
            },
            ..SandboxConfig::new(move || clock.now())
        };
        let sandbox = Sandbox::new(config).expect("nothing is on a disk");
        SampleDesk { sandbox, clock }
    }

    /// Faults, one per line.
    pub(crate) fn arm(&self, faults: &str) -> Result<(), String> {
        for line in faults.lines().filter(|line| !line.trim().is_empty()) {
            let fault = line.trim().parse();
            let fault = fault.map_err(|error| format!("«falla» {line}: {error:?}"))?;
            self.sandbox.fail(fault);
        }
        Ok(())
    }

    pub(crate) async fn post(&self, body: &[u8]) -> DeskAnswer {
        let request = Request::post(format!("https://api.nubefact.com/api/v1/{RUTA}"))
            .header("content-type", "application/json")
            .header("authorization", format!("Token token=\"{TOKEN}\""))
            .body(Bytes::copy_from_slice(body))
            .expect("a request");
        match self.sandbox.call(request).await {
            Ok(answer) => DeskAnswer {
                status: Some(answer.status().as_u16()),
                body: serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
            },
            Err(cut) => DeskAnswer {
                status: None,
                body: json!(format!("{cut:?}")),
            },
        }
    }

    /// The sandbox's time is the case's from now on.
    pub(crate) fn set(&self, now: Timestamp) -> Result<(), String> {
        let moved = self.sandbox.move_clock(|_| Some(now));
        moved.map(|_| ()).map_err(|error| error.to_string())
    }

    /// An earlier request, at its time; it must be taken.
    pub(crate) async fn issue_before(&self, before: &EarlierRequest) -> Result<(), String> {
        self.set(before.now)?;
        let answer = self.post(&before.body).await;
        self.set(self.clock.now())?;
        match answer.status {
            Some(200) => Ok(()),
            status => Err(format!("«antes»: {status:?} {}", answer.body)),
        }
    }

    /// A question or a void that is answered needs what it is about: a document of that name, two days old
    /// so that SUNAT has had its say, and where a void is asked about, the void.
    pub(crate) async fn issue_what_is_presupposed(
        &self,
        sample: &SampleCase,
        body: &[u8],
    ) -> Result<(), String> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let operation = sample.operation.as_str();
        let about = operation.strip_prefix("consultar_");
        let about = about.or(operation.strip_prefix("generar_"));
        let (is_asked, voids) = match about {
            Some("anulacion" | "reversion_retencion" | "reversion_percepcion") => (true, true),
            _ => (operation.starts_with("consultar_"), false),
        };
        if !is_asked {
            return Ok(());
        }
        let then = sample.now - SignedDuration::from_hours(48);
        let body = document_for(&asked, operation, then)?;
        let before = EarlierRequest {
            now: then,
            body,
            by_stranger: false,
        };
        self.issue_before(&before).await?;
        if voids && operation.starts_with("consultar_") {
            let mut void = asked.clone();
            void["operacion"] = operation.replacen("consultar_", "generar_", 1).into();
            void["motivo"] = "ERROR EN EL PEDIDO".into();
            let before = EarlierRequest {
                now: sample.now,
                body: void.to_string().into_bytes(),
                by_stranger: false,
            };
            self.issue_before(&before).await?;
        }
        Ok(())
    }

    /// The ledger after that entry.
    pub(crate) fn entries_after(&self, sequence: u64) -> Result<Vec<NubefactEntry>, String> {
        let entries = self.sandbox.nubefact_ledger(sequence);
        entries.map_err(|error| error.to_string())
    }

    /// How many documents, or voids, came into being after that entry.
    pub(crate) fn accepted_after(&self, sequence: u64) -> Result<usize, String> {
        let entries = self.entries_after(sequence)?;
        let accepted =
            |it: &&NubefactEntry| matches!(it.decision, Decided::Aceptado | Decided::Baja);
        Ok(entries.iter().filter(accepted).count())
    }
}

fn serie_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let serie = body["serie"].as_str()?.to_owned();
    Some(serie).filter(|it| !it.is_empty())
}

/// A right document under the name that is asked for, dated that day.
fn document_for(asked: &Value, operation: &str, at: Timestamp) -> Result<Vec<u8>, String> {
    let tipo = asked["tipo_de_comprobante"].to_string();
    let serie = asked["serie"].as_str().unwrap_or_default();
    let file = match (operation, tipo.trim_matches('"')) {
        (it, _) if it.ends_with("retencion") => "retencion-3",
        (it, _) if it.ends_with("percepcion") => "percepcion-2",
        (_, "1") => "fac-gravada",
        (_, "2") => "bol-gravada-dni",
        (_, "3") => "nc-boleta-anulacion",
        (_, "4") => "nd-boleta-mora",
        (_, "7") => "gre-remitente-venta-publico",
        (_, "8") => "gre-transportista-venta",
        (_, other) => return Err(format!("tipo_de_comprobante {other} has no sample")),
    };
    let read = |name: &str| -> Result<Value, String> {
        let path = samples().join(format!("dev/{name}.json"));
        let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
        let bytes = moved_to(&bytes, lima_date(at)).unwrap_or(bytes);
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    };
    let mut document = read(file)?;
    if file.contains("-boleta") && serie.starts_with('F') {
        // The same note on a factura.
        let factura = read("fac-gravada")?;
        for key in [
            "tipo_de_documento",
            "numero_de_documento",
            "denominacion",
            "direccion",
        ] {
            let key = format!("cliente_{key}");
            document[&key] = factura[&key].clone();
        }
        document["documento_que_se_modifica_tipo"] = 1.into();
        document["documento_que_se_modifica_serie"] = "FFF1".into();
    }
    for key in ["serie", "numero"] {
        document[key] = asked[key].clone();
    }
    Ok(document.to_string().into_bytes())
}

/// The way to a sandbox in this process.
pub(crate) struct ToSandbox(pub(crate) Sandbox);

impl Transport for ToSandbox {
    fn send(
        &self,
        request: Request<Bytes>,
        _most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let answer = self.0.call(request).await;
            answer.map_err(|cut| match cut {
                Cut::Refused => TransportError::Unreachable,
                Cut::Reset | Cut::ClosedBeforeAnswer => TransportError::Broken,
            })
        })
    }
}
