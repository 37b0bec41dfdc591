//! Writes `ejemplos/facturas/ventas.xlsx`: `cargo run -p chaski --example ventas`.

mod book;

fn main() -> Result<(), rust_xlsxwriter::XlsxError> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ejemplos/facturas/ventas.xlsx"
    );
    let bytes = book::ventas()?;
    std::fs::write(path, bytes)?;
    Ok(())
}
