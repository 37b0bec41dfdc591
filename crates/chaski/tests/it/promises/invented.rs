//! Real and invented answers never mix.
