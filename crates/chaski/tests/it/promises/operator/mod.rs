//! What the operator is told: doctor, backups, logs, reloading.

mod backups;
mod doctor;
mod logs;
mod reloads;
