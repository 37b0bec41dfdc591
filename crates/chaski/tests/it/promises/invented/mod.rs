//! Real and invented answers never mix.

mod damage;
mod folder;
mod mode;
mod tokens;
