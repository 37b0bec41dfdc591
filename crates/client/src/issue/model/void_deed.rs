//! What is done about a void, as the library and the world name it to each other.

use super::super::voided::VoidWish;
use crate::dialects::nubefact::{NubefactDocument, NubefactId, NubefactKind};

/// The void of a number, as a content: this and the number.
pub(super) const VOIDS: u8 = 8;

/// The steps of `settle_void` after the document was asked about, which leaves nothing that a kill could
/// lose. About to ask about the void; `place`: its open attempt, as it was known before.
pub(super) const ASKS_VOID: u8 = 7;
/// Has an answer: `more` is what was found, whether it goes on, whether that is long ago and how many attempts are older.
pub(super) const FOUND_VOID: u8 = 8;
/// About to make the attempt durable.
pub(super) const INTENDS_VOID: u8 = 9;
/// The attempt is durable; nothing has left.
pub(super) const SENDS_VOID: u8 = 10;
/// Has seen an outcome, not yet durable.
pub(super) const SAW_VOID: u8 = 11;

/// One step of a void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct VoidDeed {
    pub(super) content: u8,
    pub(super) step: VoidStep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum VoidStep {
    /// The document was asked about, and looks so.
    Document {
        there: u8,
        late: bool,
    },
    /// There was no void when it was asked about.
    Note {
        older: u8,
        long_ago: bool,
    },
    /// There is one; this attempt was open before.
    Find {
        place: u8,
        there: u8,
    },
    Intend,
    Hear {
        place: u8,
        seen: SeenOfVoid,
    },
    Stand,
    /// The number that a document's void would be of.
    Wish {
        of: u8,
    },
}

/// What a worker sees of its void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum SeenOfVoid {
    Ticket,
    Refused,
    Held,
    Exists,
    /// SUNAT's 2323.
    HeardBefore,
    Nothing,
    NotSent,
}

pub(super) const SEEN_OF_VOID: [SeenOfVoid; 7] = [
    SeenOfVoid::Ticket,
    SeenOfVoid::Refused,
    SeenOfVoid::Held,
    SeenOfVoid::Exists,
    SeenOfVoid::HeardBefore,
    SeenOfVoid::Nothing,
    SeenOfVoid::NotSent,
];

/// A wish that is always the same.
pub(super) struct ModelVoid {
    pub(super) wish: VoidWish,
    pub(super) document: NubefactDocument,
    pub(super) id: NubefactId,
    pub(super) numero: u32,
}

impl ModelVoid {
    pub(super) fn of(numero: u8) -> ModelVoid {
        let numero = u32::from(numero);
        let kind = NubefactKind::Factura;
        let id = NubefactId::new(kind, "FFF1", numero).expect("a name");
        let wish = VoidWish::new(id.clone(), "pedido repetido").expect("a wish");
        let document = wish.document(kind.voiding().expect("an operation"));
        ModelVoid {
            wish,
            document,
            id,
            numero,
        }
    }
}

/// The rank of a void by its key.
pub(super) fn rank_of_void(key: &str) -> Option<usize> {
    let numero = key.strip_prefix("anular")?.rsplit('-').next()?;
    let numero: usize = numero.parse().ok()?;
    Some(usize::from(VOIDS) + numero)
}

impl VoidDeed {
    pub(super) fn only_reads(self) -> bool {
        matches!(self.step, VoidStep::Stand | VoidStep::Wish { .. })
    }
}
