//! Issues a factura once, whatever happens in between: the program of the README, which a test compares.
#![expect(clippy::print_stdout, reason = "it is a program")]

use chaski_client::NubefactKind::Factura;
use chaski_client::{Clock, FileJournal, FileJournalOptions, Nubefact, NubefactDocument};
use chaski_core::Lang;
use chaski_core::invoicing::{Known, check};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let journal = FileJournal::open("emision.diario", FileJournalOptions::default())?;
    let builder = Nubefact::builder("SU_RUTA", "SU_TOKEN").journal(journal);
    let nubefact = builder.build()?;
    nubefact.open_series(Factura, "FFF1", 0).await?;
    let json = std::fs::read("factura.json")?;
    let checked = check(&json, Clock::system().now(), &Known::default());
    let document = NubefactDocument::of(checked.sendable().ok_or("tiene errores")?)?;
    let settled = nubefact.issue(&document, "pedido-1234").await?;
    println!("{}: {}", settled.estado(), settled.message(Lang::Es));
    Ok(())
}
