//! An embedded sandbox of APIMIGO, v1 and v2, and of Nubefact, behind one address: invented answers
//! that never change, documents that are remembered, faults on command, and a ledger of every
//! request received.
//!
//! It is an independent reading of the services' documentation: it shares no wire type, catalogue or
//! arithmetic with the client and with `chaski-core`, so that one misreading cannot hide in both. It runs in process ([`Sandbox::call`]),
//! inside another axum program ([`Sandbox::router`]) or on a port ([`serve()`]).
//!
//! ```
//! use bytes::Bytes;
//! use chaski_sandbox::{Operation, Sandbox, SandboxConfig};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let config = SandboxConfig::new(|| "2026-01-28T15:00:00Z".parse().expect("a valid instant"));
//! let sandbox = Sandbox::new(config)?;
//! let request = http::Request::post("/api/v1/ruc")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body(Bytes::from("token=any&ruc=20100070970"))?;
//!
//! let answer = sandbox.call(request.clone()).await?;
//! assert_eq!(answer.status(), 200);
//! assert!(answer.body().starts_with(br#"{"success":true,"ruc":"20100070970""#));
//!
//! sandbox.fail("429:retry=2@ruc x1".parse()?);
//! assert_eq!(sandbox.call(request).await?.headers()["retry-after"], "2");
//! assert_eq!((sandbox.count(Operation::Ruc), sandbox.charged()), (2, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who exists at APIMIGO
//!
//! A RUC or DNI answers from the seed and the number alone. Of the RUCs whose check digit is
//! right about 82 % are ACTIVO and HABIDO and 3 % unknown; of the DNIs 3 % are unknown. A RUC
//! that is not eleven digits is a 422, one with a wrong check digit or a known fake is a 404.
//! These never change, whatever the seed:
//!
//! | RUC | name | estado | condición | |
//! |---|---|---|---|---|
//! | 20512963545 | ZONA INFORMATICA DIGITAL S.R.L. | BAJA DE OFICIO | HABIDO | as in the service's sample |
//! | 20100070970 | EMPRESA DE PRUEBA UNO S.A.C. | ACTIVO | HABIDO | agente de retención, buen contribuyente |
//! | 20131312955 | EMPRESA DE PRUEBA DOS S.A. | ACTIVO | HABIDO | agente de retención |
//! | 20100038146 | COMPAÑIA DE PRUEBA TRES S.A.A. | ACTIVO | HABIDO | buen contribuyente |
//! | 20603274742 | EMPRESA DE PRUEBA CUATRO E.I.R.L. | ACTIVO | HABIDO | |
//! | 20604702811 | EMPRESA DE PRUEBA CINCO S.R.L. | ACTIVO | HABIDO | |
//! | 20604763500 | EMPRESA DE PRUEBA SEIS S.A.C. | ACTIVO | HABIDO | |
//! | 20604915351 | EMPRESA DE PRUEBA SIETE S.A.C. | ACTIVO | HABIDO | |
//! | 20512333797 | EMPRESA DE PRUEBA OCHO S.A.C. | ACTIVO | HABIDO | |
//! | 20000712711 | EMPRESA DE RESIDUO CERO S.A.C. | ACTIVO | HABIDO | |
//! | 20000475140 | EMPRESA DE RESIDUO UNO S.A.C. | ACTIVO | HABIDO | |
//! | 20000316769 | EMPRESA DE RESIDUO DOS S.A.C. | BAJA DE OFICIO | HABIDO | |
//! | 20000079198 | EMPRESA DE RESIDUO TRES S.A.C. | ACTIVO | NO HABIDO | |
//! | 20000633527 | | | | not found |
//! | 20000871096 | EMPRESA DE RESIDUO CINCO S.A.C. | ACTIVO | HABIDO | no address |
//! | 20000237575 | EMPRESA DE RESIDUO SEIS S.A.C. | BAJA PROV. POR OFICI | NO HALLADO | |
//! | 20000791904 | EMPRESA DE RESIDUO SIETE S.A.C. | SUSPENSION TEMPORAL | HABIDO | |
//! | 20000554333 | EMPRESA DE RESIDUO OCHO S.A.C. | ACTIVO | NO HALLADO SE MUDO D | |
//! | 20000395952 | `CORPORACION  ÑANDÚ & MUÑOZ DE PRUEBA  E.I.R.L. ` | ACTIVO | HABIDO | blanks as shown |
//! | 20000158381 | EMPRESA DE RESIDUO DIEZ S.A.C. | BAJA MULT.INSCR. Y O | - | |
//! | 15000791901, 15000554330 | PRUEBA EXTRANJERA UNO, DOS | ACTIVO | HABIDO | no address |
//! | 16000079191, 16000633520 | PRUEBA ESPECIAL UNO, DOS | ACTIVO | HABIDO | no address |
//! | 17000158381 | PRUEBA NO DOMICILIADA UNO | ACTIVO | HABIDO | no address |
//! | 17000712710 | PRUEBA NO DOMICILIADA DOS | BAJA DEFINITIVA | HABIDO | no address |
//! | 10000000006 | | | | not found |
//! | 10123456781 | EJEMPLO FICTICIO ANA LUCIA | ACTIVO | HABIDO | DNI 12345678 |
//! | 10876543210 | DE LA PRUEBA ÑUÑOVAR LUIS ALBERTO | ACTIVO | HABIDO | DNI 87654321 |
//! | 10111111117 | MUESTRA MODELO ROSA | BAJA DEFINITIVA | HABIDO | DNI 11111111 |
//! | 10999999994 | SIMULADO DE LOS ENSAYOS JOSE ANGEL | ACTIVO | NO HABIDO | DNI 99999999 |
//!
//! DNI 00000000 is not found. `/cpe` answers by the last two digits of `numero`: 90–97 does not
//! exist (`"0"`), 98 cancelled (`"2"`), 99 `""`, the rest accepted (`"1"`); a leading zero, an
//! amount without two decimals or a date to come is `"0"` too. The exchange rates are a random
//! walk, one step per Peruvian business day since 2010-01-04, published at 06:00 of Lima.
//!
//! # Nubefact
//!
//! `POST /api/v1/{ruta}`, where the ruta is a UUID, 64 hexadecimal digits or a configured name, takes
//! all fourteen operations. Any ruta of that shape has an account, unless
//! [`NubefactConfig::others`] is `None`; any token is good, unless the account lists its own. Series
//! FFF1, BBB1, TTT1, VVV1, RRR1 and PPP1 are open from the start.
//!
//! ```
//! use bytes::Bytes;
//! use chaski_sandbox::{Sandbox, SandboxConfig};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let config = SandboxConfig::new(|| "2026-11-27T17:00:00Z".parse().expect("a valid instant"));
//! let sandbox = Sandbox::new(config)?;
//! let ask = http::Request::post("/api/v1/0f8fad5b-d9cb-469f-a165-70867728950e")
//!     .header("content-type", "application/json")
//!     .header("authorization", "Token token=\"any\"")
//!     .body(Bytes::from(
//!         r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":1,"serie":"FFF1","numero":1}"#,
//!     ))?;
//! let answer = sandbox.call(ask).await?;
//! assert_eq!(answer.status(), 400);
//! assert!(answer.body().ends_with(br#""codigo":24}"#));
//! assert_eq!(sandbox.nubefact_ledger(0)?[0].comprobante.as_deref(), Some("FFF1-1"));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Facturas are answered at once, boletas and their notes at 06:00 of Lima's next day, guías after
//! [`NubefactConfig::guia_takes`], voids after [`NubefactConfig::void_takes`]. All of that is
//! simulated time: [`Sandbox::move_clock`] and `POST /_sandbox/reloj` move it.
//! With [`NubefactConfig::in_folder`] documents, voids, time and ledger outlive the process, and
//! several processes share them: one file, `nubefact.ndjson`, one line per request, appended under a
//! lock and flushed to the disk before the answer. What a line says of a customer is sealed.
//!
//! What the manual leaves open is read so:
//!
//! * Order of the checks: ruta (11), token (10, the only 401), account (50, 51), `Content-Type` (12),
//!   shape (20), what is wrong in the document (21), series (21), number taken (23), day (22), demo
//!   cap (21). 11, 50 and 51 are a 400.
//! * What is sent again is a 23 as long as it is right in itself, also after its day and where a note
//!   is already counted against its document.
//! * The day of issue may be 0 to 3 days back, of a guía one; [`NubefactConfig::only_today`] is what
//!   the manual says. Never later than Lima's today.
//! * `consultar_anulacion` without a void is a 24. A second `generar_anulacion` is a 21 with SUNAT's
//!   2323. What is no boleta must be accepted before it is voided.
//! * A `codigo_unico` may be used again, unless [`NubefactConfig::unique_code`].
//! * The RUC's check digit is looked at wherever `cliente_tipo_de_documento` is 6.
//! * A global discount comes off `total_gravada`; where no line is taxed, off `total_exonerada`, then
//!   `total_inafecta`.
//! * Unknown fields are ignored, in the header and in lines.
//! * `text/plain`, the vendor's other format, is not read: 20.
//!
//! # How APIMIGO's open questions are read
//!
//! * An unknown number is a 404 with `success:false`; so is a wrong path, and only the text
//!   tells them apart. In a collection an unknown RUC is an object with `success:false`, unless
//!   [`SandboxConfig::collection_omits_unknown`].
//! * v2 demands `Accept` in its documentation; a request without it is answered all the same
//!   and [`Entry::accept`] says so.
//! * An answer costs one call, found or not. Refusals (401, 403, 405, 422, 429, wrong path) and
//!   `/account` cost nothing. A spent plan is a 429 without `Retry-After`.
//! * v1 takes the token in the body, in the query or as Bearer; v2 only as Bearer. Any token
//!   that is not empty nor listed in the configuration is good.
//! * One malformed number makes a whole collection a 422.

mod config;
mod control;
mod cut;
mod delivery;
mod draw;
mod fault;
mod latency;
mod ledger;
mod migo;
mod nubefact;
mod operation;
mod reply;
mod request;
mod sandbox;
mod serve;
mod span;

pub use config::SandboxConfig;
pub use cut::Cut;
pub use fault::{Afterwards, Fault, FaultError, FaultKind, Frequency, RetryAfter, Window};
pub use latency::{Latency, LatencyError};
pub use ledger::Entry;
pub use nubefact::{
    DEMO_CAP, Decided, NubefactAccount, NubefactConfig, NubefactEntry, OpenFn, SealFn, Standing,
    StateSeal,
};
pub use operation::{Operation, Version};
pub use request::{Auth, Encoding};
pub use sandbox::Sandbox;
pub use serve::serve;
