//! Every stable code, once: what an HTTP caller gets with it and what a command line ends with. Its two
//! texts are a row of `docs/es/errores.md` and of `docs/en/errors.md`.

/// What goes with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code itself: stable, never translated.
    pub name: &'static str,
    /// HTTP status, where a request does not say another.
    pub http_status: u16,
    /// Exit code of the command line.
    pub exit_code: u8,
    /// Whether the same request may be answered a moment later.
    pub is_passing: bool,
}

/// A code by its name; none for one of a newer program.
pub fn find(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.name == name)
}

/// The exit code that goes with a code of this program.
pub(crate) fn exit_code(name: &str) -> u8 {
    find(name).map_or(1, |code| code.exit_code)
}

const fn row(name: &'static str, http_status: u16, exit_code: u8) -> Code {
    Code {
        name,
        http_status,
        exit_code,
        is_passing: false,
    }
}

impl Code {
    const fn passing(mut self) -> Code {
        self.is_passing = true;
        self
    }
}

#[rustfmt::skip]
const CODES: [Code; 161] = [
    // The number, the date, the rate.
    row("no_encontrado", 404, 3),
    row("sin_tipo_de_cambio", 404, 3),
    row("no_figura", 404, 3),
    row("no_hay", 404, 3),
    row("lote_no_existe", 404, 3),
    row("trabajo_no_existe", 404, 3),
    row("consulta_invalida", 422, 3),
    row("ruc_vacio", 422, 3),
    row("ruc_formato", 422, 3),
    row("ruc_longitud", 422, 3),
    row("ruc_prefijo", 422, 3),
    row("ruc_bloqueado", 422, 3),
    row("ruc_digito", 422, 3),
    row("dni_vacio", 422, 3),
    row("dni_formato", 422, 3),
    row("dni_longitud", 422, 3),
    row("dni_digito", 422, 3),
    row("dni_incompleto", 422, 3),
    row("fecha_vacia", 422, 2),
    row("fecha_formato", 422, 2),
    row("fecha_inexistente", 422, 2),
    row("tipo_cambio_precio", 502, 5),
    row("tipo_cambio_rango", 502, 5),
    row("tipo_cambio_invertido", 502, 5),
    row("tipo_cambio_posterior", 502, 5),
    // The upstream: as in the client's table of treatments.
    row("proveedor_no_autorizado", 502, 7),
    row("proveedor_ruta_incorrecta", 502, 7),
    row("proveedor_redirige", 502, 7),
    row("limite_de_velocidad", 429, 6),
    row("cuota_agotada", 429, 6),
    row("proveedor_rechaza", 422, 5),
    row("proveedor_no_disponible", 502, 5),
    row("proveedor_inalcanzable", 502, 5),
    row("conexion_interrumpida", 502, 5),
    row("respuesta_ilegible", 502, 5),
    row("respuesta_dudosa", 502, 5),
    row("respuesta_demasiado_grande", 502, 5),
    row("respuesta_inesperada", 502, 5),
    row("tiempo_agotado", 504, 5),
    row("plazo_agotado", 504, 5),
    row("proveedor_caido", 503, 5),
    row("tope_de_gasto", 429, 8),
    // The data folder.
    row("almacen_no_disponible", 503, 1),
    row("almacen_lleno", 503, 1),
    row("almacen_solo_lectura", 503, 1),
    row("almacen_bloqueado", 503, 1),
    row("almacen_ajeno", 503, 1),
    row("almacen_danado", 503, 1),
    row("almacen_mas_nuevo", 503, 1),
    row("almacen_cerrado", 503, 1),
    row("almacen_error", 503, 1),
    // A database on a server.
    row("base_direccion", 503, 7),
    row("base_sin_direccion", 503, 7),
    row("base_inalcanzable", 503, 5),
    row("base_clave", 503, 7),
    row("base_no_existe", 503, 7),
    row("base_solo_lectura", 503, 7),
    row("base_antigua", 503, 7),
    row("base_sin_utf8", 503, 7),
    row("base_sin_fsync", 503, 7),
    row("base_sin_confirmar", 503, 7),
    row("base_vacia", 503, 7),
    row("base_de_otra_carpeta", 503, 1),
    row("base_ya_servida", 503, 1),
    row("base_en_uso", 503, 1),
    row("base_con_datos", 503, 1),
    row("traslado_distinto", 500, 1),
    row("lote_mezclado", 503, 1),
    row("trabajo_cedido", 503, 1),
    row("llave_ausente", 503, 7),
    row("llave_incorrecta", 503, 7),
    row("llave_mal_formada", 503, 7),
    row("ya_creado", 409, 1),
    row("cursor_invalido", 422, 2),
    // A copy of it.
    row("copia_danada", 500, 1),
    row("copia_mas_nueva", 500, 1),
    row("copia_alterada", 500, 1),
    row("copia_sin_sello", 500, 1),
    row("carpeta_en_uso", 500, 1),
    row("copia_sin_datos", 500, 2),
    row("copia_ajena", 500, 2),
    row("copia_pide_frase", 500, 2),
    row("carpeta_con_datos", 500, 2),
    row("copia_sin_llave", 500, 7),
    row("copia_otra_llave", 500, 7),
    row("copia_otra_frase", 500, 7),
    // A list: the file, the column, the rows.
    row("archivo_no_encontrado", 422, 2),
    row("archivo_ilegible", 422, 2),
    row("archivo_vacio", 422, 2),
    row("libro_sin_hojas", 422, 2),
    row("hoja_vacia", 422, 2),
    row("archivo_tipo_desconocido", 422, 2),
    row("archivo_pagina_web", 422, 2),
    row("excel_antiguo", 422, 2),
    row("excel_binario", 422, 2),
    row("archivo_con_contrasena", 422, 2),
    row("archivo_danado", 422, 2),
    row("archivo_muy_grande", 422, 2),
    row("hoja_muy_ancha", 422, 2),
    row("celda_muy_larga", 422, 2),
    row("comilla_sin_cerrar", 422, 2),
    row("columna_no_encontrada", 422, 2),
    row("columna_ambigua", 422, 2),
    row("columna_desconocida", 422, 2),
    row("carpeta_no_encontrada", 422, 2),
    row("salida_es_carpeta", 422, 2),
    row("salida_sin_permiso", 422, 2),
    row("disco_lleno", 422, 1),
    row("escritura_fallida", 422, 1),
    row("lista_sin_ruc", 422, 3),
    row("cifras_perdidas", 422, 3),
    row("numero_con_decimales", 422, 3),
    row("numero_negativo", 422, 3),
    row("celda_fecha", 422, 3),
    row("celda_logica", 422, 3),
    row("celda_error", 422, 3),
    row("varios_ruc", 422, 3),
    row("fila_corrida", 422, 3),
    // Partners.
    row("partner_no_existe", 404, 3),
    row("partner_ya_existe", 409, 3),
    row("partner_sin_documento", 422, 3),
    row("partner_tipo_documento", 422, 3),
    row("partner_documento", 422, 3),
    row("partner_campo", 422, 3),
    // What was typed or sent.
    row("falta_motivo", 422, 2),
    row("uso", 422, 2),
    row("campo_requerido", 422, 2),
    row("campo_invalido", 422, 2),
    row("parametro_invalido", 422, 2),
    row("idempotencia_otra_peticion", 422, 2),
    row("peticion_ilegible", 400, 2),
    row("idempotencia_mal_formada", 400, 2),
    row("estado_no_permite", 409, 2),
    row("lista_demasiado_larga", 413, 2),
    row("cuerpo_demasiado_grande", 413, 2),
    row("tipo_de_cuerpo", 415, 2),
    row("falta_longitud", 411, 2),
    row("direccion_larga", 414, 2),
    row("cuerpo_lento", 408, 5),
    row("idempotencia_en_curso", 409, 5).passing(),
    row("interrumpido", 500, 130),
    // The key, the token, the configuration.
    row("falta_llave", 401, 7),
    row("llave_desconocida", 401, 7),
    row("llave_vencida", 401, 7),
    row("llave_sin_permiso", 403, 7),
    row("origen_ajeno", 403, 7),
    row("llave_muy_rapida", 429, 6).passing(),
    row("tope_diario", 429, 6),
    row("sin_token", 503, 7),
    row("configuracion", 500, 7),
    row("token_fuera_de_lugar", 500, 7),
    // The program, this one or a server.
    row("error_interno", 500, 1),
    row("archivo", 500, 1),
    row("servidor_error", 500, 1),
    row("servidor_otra_lista", 500, 1),
    row("servidor_inalcanzable", 502, 5),
    row("servidor_ajeno", 502, 5),
    row("ruta_desconocida", 404, 7),
    row("metodo_no_permitido", 405, 7),
    row("sobrecarga", 503, 5).passing(),
    row("terminando", 503, 5).passing(),
];
