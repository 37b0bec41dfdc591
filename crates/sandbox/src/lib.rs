//! An embedded sandbox of APIMIGO, v1 and v2: invented answers that never change, faults on
//! command, and a ledger of every request received.
//!
//! It is an independent reading of the service's documentation: it shares no wire type with the
//! client, so that one misreading cannot hide in both. It runs in process ([`Sandbox::call`]),
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
//! # Who exists
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
//! # How the open questions are read
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
    DEMO_CAP, Decided, NubefactAccount, NubefactConfig, NubefactEntry, Standing, StateSeal,
};
pub use operation::{Operation, Version};
pub use request::{Auth, Encoding};
pub use sandbox::Sandbox;
pub use serve::serve;
