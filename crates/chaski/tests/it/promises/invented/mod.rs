//! Real and invented answers never mix.

mod damage;
mod folder;
mod migrate;
mod mode;
mod own;
mod tokens;
