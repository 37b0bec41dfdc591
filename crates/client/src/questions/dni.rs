//! Whose DNI is this?

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use chaski_core::Dni;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Key, Lookup, TimesToLive};

/// A look-up of a DNI's owner. Personal data: have a purpose for it (Ley 29733).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DniQuery(pub Dni);

/// The owner of a DNI. `Debug` hides the name.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The number asked for.
    pub dni: Dni,
    /// One upper-case string, PATERNO MATERNO NOMBRES; never split, compound surnames break it.
    pub nombre: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("dni", &self.dni)
            .finish_non_exhaustive()
    }
}

/// As kept: the number itself is the key, hashed, and is not repeated in the body.
#[derive(Serialize, Deserialize)]
struct Record {
    nombre: String,
}

impl Lookup for DniQuery {
    type Answer = Person;

    fn key(&self) -> Key {
        super::key("dni", self.0.as_str(), true)
    }

    fn needs_purpose(&self) -> bool {
        true
    }

    fn time_to_live(&self, _: &Person, _: Timestamp, times: &TimesToLive) -> Duration {
        times.dni
    }

    fn pack(answer: &Person) -> Bytes {
        super::to_json(&Record {
            nombre: answer.nombre.clone(),
        })
    }

    fn unpack(&self, body: &[u8]) -> Option<Person> {
        let record: Record = super::from_json(body)?;
        Some(Person {
            dni: self.0,
            nombre: record.nombre,
        })
    }
}
