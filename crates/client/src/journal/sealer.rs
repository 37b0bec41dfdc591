//! How the file of a journal is kept from being read by others.

/// Seals what a [`FileJournal`](super::FileJournal) writes. A program gives the key of its data folder;
/// [`InClear`] seals nothing.
///
/// ```
/// use chaski_client::Sealer;
///
/// /// No protection at all, but an example of the shape.
/// struct Flipped;
///
/// impl Sealer for Flipped {
///     fn seal(&self, _: u64, plain: &[u8]) -> Vec<u8> {
///         plain.iter().map(|byte| !byte).collect()
///     }
///     fn open(&self, _: u64, sealed: &[u8]) -> Option<Vec<u8>> {
///         Some(sealed.iter().map(|byte| !byte).collect())
///     }
/// }
/// assert_eq!(Flipped.open(8, &Flipped.seal(8, b"abc")).as_deref(), Some(&b"abc"[..]));
/// ```
pub trait Sealer: Send + Sync + 'static {
    /// Seals bytes that are going to stand at a place of the file. The place belongs to the seal: bytes
    /// that were moved must not open.
    fn seal(&self, place: u64, plain: &[u8]) -> Vec<u8>;

    /// Opens them again; none when they were sealed by another key, at another place, or changed.
    fn open(&self, place: u64, sealed: &[u8]) -> Option<Vec<u8>>;
}

/// Writes everything as it is: whoever can read the file reads customers, amounts and answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct InClear;

impl Sealer for InClear {
    fn seal(&self, _: u64, plain: &[u8]) -> Vec<u8> {
        plain.to_vec()
    }

    fn open(&self, _: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        Some(sealed.to_vec())
    }
}
