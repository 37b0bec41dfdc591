//! Each verdict has its colours.

use rust_xlsxwriter::{Color, Format};

use crate::sheets::Aptitud;

/// Colour and bold of a verdict; the word beside it says the same to who cannot tell colours.
pub(super) fn aptitud_format(aptitud: Aptitud) -> Format {
    let (paper, ink) = match aptitud {
        Aptitud::Apto => (0x00C6_EFCE, 0x0000_6100),
        Aptitud::Observado => (0x00FF_EB9C, 0x007F_4F00),
        Aptitud::NoApto => (0x00FF_C7CE, 0x009C_0006),
        Aptitud::Invalido => (0x00F8_CBAD, 0x0083_3C0B),
        Aptitud::NoEncontrado => (0x00E4_DFEC, 0x0040_3151),
        Aptitud::Error => (0x00D9_D9D9, 0x009C_0006),
        Aptitud::Pendiente => (0x00ED_EDED, 0x0040_4040),
        Aptitud::Dni | Aptitud::OtroDocumento => (0x00DD_EBF7, 0x001F_4E78),
        Aptitud::SinNumero => (0x00FC_E4D6, 0x0083_3C0B),
        Aptitud::Total | Aptitud::Titulos => (0x00F2_F2F2, 0x0070_7070),
    };
    Format::new()
        .set_bold()
        .set_background_color(Color::RGB(paper))
        .set_font_color(Color::RGB(ink))
}
