//! Real and invented answers never mix.

mod damage;
mod mode;
mod tokens;
