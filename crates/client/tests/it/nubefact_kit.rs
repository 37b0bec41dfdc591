//! What tests of issuing need: Nubefact's sandbox behind a client, journals of both kinds, documents that
//! are right.

use std::path::PathBuf;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use chaski_client::journal::conformance::JournalPlace;
use chaski_client::{
    Clock, FileJournal, FileJournalOptions, InClear, Journal, MemoryJournal, MemoryLedger,
    Nubefact, NubefactDocument, NubefactKind, Sealer, Transport,
};
use chaski_sandbox::{Decided, NubefactEntry, Sandbox, SandboxConfig};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kit::{InProcess, TOKEN, start};

/// A ruta as accounts have it.
pub(crate) const RUTA: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
/// The customer of the documents below, whom no text may show.
pub(crate) const DNI: &str = "00000001";
pub(crate) const NAME: &str = "CANARIA DE PRUEBA";

/// A client, the Nubefact that it talks to, and what both remember.
pub(crate) struct Nube {
    pub(crate) sandbox: Sandbox,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) nubefact: Nubefact,
    pub(crate) clock: Clock,
}

pub(crate) async fn nube() -> Nube {
    Nube::with(|_| {}).await
}

impl Nube {
    /// With FFF1 and BBB1 open at 0.
    pub(crate) async fn with(change: impl FnOnce(&mut SandboxConfig)) -> Nube {
        let clock = Clock::starting_at(start());
        let mut config = SandboxConfig::new(move || clock.now());
        change(&mut config);
        let sandbox = Sandbox::new(config).unwrap();
        let ledger = Arc::new(MemoryLedger::new());
        let nubefact = Nubefact::builder(RUTA, TOKEN)
            .clock(clock)
            .transport(Arc::new(InProcess(sandbox.clone())))
            .ledger(ledger.clone())
            .build()
            .unwrap();
        let nube = Nube {
            sandbox,
            ledger,
            nubefact,
            clock,
        };
        for (kind, serie) in DEMO {
            nube.nubefact.open_series(kind, serie, 0).await.unwrap();
        }
        nube
    }

    pub(crate) fn fail(&self, fault: &str) {
        self.sandbox.fail(fault.parse().unwrap());
    }

    pub(crate) fn entries(&self) -> Vec<NubefactEntry> {
        self.sandbox.nubefact_ledger(0).unwrap()
    }

    /// Names of the documents that exist, in their order.
    pub(crate) fn issued(&self) -> Vec<String> {
        issued(&self.sandbox)
    }

    /// `operation name outcome` of each call on record.
    pub(crate) fn rows(&self) -> Vec<String> {
        let calls = self.ledger.calls().into_iter();
        calls
            .map(|it| format!("{} {} {}", it.key.operation, it.key.subject, it.outcome))
            .collect()
    }
}

const DEMO: [(NubefactKind, &str); 8] = [
    (NubefactKind::Factura, "FFF1"),
    (NubefactKind::Boleta, "BBB1"),
    (NubefactKind::NotaCredito, "FFF1"),
    (NubefactKind::NotaDebito, "FFF1"),
    (NubefactKind::GuiaRemitente, "TTT1"),
    (NubefactKind::GuiaTransportista, "VVV1"),
    (NubefactKind::Retencion, "RRR1"),
    (NubefactKind::Percepcion, "PPP1"),
];

pub(crate) fn issued(sandbox: &Sandbox) -> Vec<String> {
    let entries = sandbox.nubefact_ledger(0).unwrap().into_iter();
    let issued = entries.filter(|it| it.decision == Decided::Aceptado);
    issued.filter_map(|it| it.comprobante).collect()
}

/// A factura of 118.00 dated the first day of these tests, without a number.
pub(crate) fn factura_json(reference: &str) -> Value {
    json!({
        "operacion": "generar_comprobante",
        "tipo_de_comprobante": 1,
        "serie": "FFF1",
        "sunat_transaction": 1,
        "cliente_tipo_de_documento": "6",
        "cliente_numero_de_documento": "20512333797",
        "cliente_denominacion": NAME,
        "cliente_direccion": "AV. SINTETICA 123 - LIMA",
        "fecha_de_emision": "28-01-2026",
        "moneda": 1,
        "porcentaje_de_igv": 18.0,
        "total_gravada": 100.0,
        "total_igv": 18.0,
        "total": 118.0,
        "observaciones": reference,
        "enviar_automaticamente_a_la_sunat": true,
        "items": [{
            "unidad_de_medida": "NIU",
            "codigo": "P001",
            "descripcion": "PRODUCTO",
            "cantidad": 1,
            "valor_unitario": 100.0,
            "precio_unitario": 118.0,
            "descuento": "",
            "subtotal": 100.0,
            "tipo_de_igv": 1,
            "igv": 18.0,
            "total": 118.0,
            "anticipo_regularizacion": false,
        }],
    })
}

/// A boleta of 118.00 to a person.
pub(crate) fn boleta_json(reference: &str) -> Value {
    let mut boleta = factura_json(reference);
    boleta["tipo_de_comprobante"] = 2.into();
    boleta["serie"] = "BBB1".into();
    boleta["cliente_tipo_de_documento"] = "1".into();
    boleta["cliente_numero_de_documento"] = DNI.into();
    boleta
}

pub(crate) fn document(json: &Value) -> NubefactDocument {
    NubefactDocument::from_json(json.to_string().as_bytes()).unwrap()
}

pub(crate) fn factura(reference: &str) -> NubefactDocument {
    document(&factura_json(reference))
}

/// Seals as a program would.
pub(crate) struct Sealed(pub(crate) [u8; 32]);

impl Sealed {
    fn nonce(place: u64) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&place.to_le_bytes());
        Nonce::from(nonce)
    }
}

impl Sealer for Sealed {
    fn seal(&self, place: u64, plain: &[u8]) -> Vec<u8> {
        let cipher = ChaCha20Poly1305::new(&Key::from(self.0));
        let payload = Payload {
            msg: plain,
            aad: &place.to_le_bytes(),
        };
        cipher.encrypt(&Sealed::nonce(place), payload).unwrap()
    }

    fn open(&self, place: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let cipher = ChaCha20Poly1305::new(&Key::from(self.0));
        let payload = Payload {
            msg: sealed,
            aad: &place.to_le_bytes(),
        };
        cipher.decrypt(&Sealed::nonce(place), payload).ok()
    }
}

/// A journal in the process: opened again it is what it was.
#[derive(Default)]
pub(crate) struct InMemory(Arc<MemoryJournal>);

impl JournalPlace for InMemory {
    fn open(&self) -> BoxFuture<'_, Arc<dyn Journal>> {
        Box::pin(std::future::ready(Arc::clone(&self.0) as Arc<dyn Journal>))
    }
}

/// A journal in a file of a folder that goes with the test.
pub(crate) struct InFile {
    folder: TempDir,
    sealed: bool,
}

impl InFile {
    pub(crate) fn new(sealed: bool) -> InFile {
        InFile {
            folder: tempfile::tempdir().unwrap(),
            sealed,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("emision.diario")
    }

    pub(crate) fn options(&self) -> FileJournalOptions {
        let sealer: Arc<dyn Sealer> = if self.sealed {
            Arc::new(Sealed([7; 32]))
        } else {
            Arc::new(InClear)
        };
        FileJournalOptions::default().sealer(sealer)
    }

    pub(crate) fn opened(&self) -> FileJournal {
        FileJournal::open(self.path(), self.options()).unwrap()
    }
}

impl JournalPlace for InFile {
    fn open(&self) -> BoxFuture<'_, Arc<dyn Journal>> {
        Box::pin(async { Arc::new(self.opened()) as Arc<dyn Journal> })
    }
}

/// A transport in the process, as a trait object.
pub(crate) fn in_process(sandbox: &Sandbox) -> Arc<dyn Transport> {
    Arc::new(InProcess(sandbox.clone()))
}
