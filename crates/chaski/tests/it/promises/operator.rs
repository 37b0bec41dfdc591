//! What the operator is told: doctor, backups, logs, reloading.
