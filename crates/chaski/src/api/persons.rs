//! Who owns a DNI.

use chaski_client::Person;
use chaski_core::Dni;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who owns a DNI.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct DniData {
    /// 8 digits.
    pub(crate) dni: String,
    /// Surnames and names, one upper-case text.
    pub(crate) nombre: String,
}

impl DniData {
    pub(crate) fn of(person: &Person) -> DniData {
        DniData {
            dni: person.dni.as_str().to_owned(),
            nombre: person.nombre.clone(),
        }
    }

    /// The owner of that DNI; none where it is said of another one.
    pub(crate) fn person(&self, dni: Dni) -> Option<Person> {
        (self.dni == dni.as_str()).then(|| Person {
            dni,
            nombre: self.nombre.clone(),
        })
    }
}
