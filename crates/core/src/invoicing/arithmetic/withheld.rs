//! What the buyer withholds or pays on top: detracción, percepción, retención.

use rust_decimal::Decimal;

use super::super::decimal::{percent_of, product};

/// A detracción: `round(total × exchange rate × percent)`, in soles whatever the currency, with one
/// rounding (RS 183-2004/SUNAT). `None` when it has too many digits.
///
/// ```
/// use chaski_core::invoicing::detraccion_in_soles;
/// // 1180.00 dollars at 3.752, 12 %: 531.2832
/// let amount = detraccion_in_soles("1180".parse()?, "3.752".parse()?, "12".parse()?);
/// assert_eq!(amount, Some("531.28".parse()?));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn detraccion_in_soles(
    total: Decimal,
    tipo_de_cambio: Decimal,
    percent: Decimal,
) -> Option<Decimal> {
    let places = total.scale() + tipo_de_cambio.scale();
    percent_of(product(total, tipo_de_cambio, places)?, percent)
}
