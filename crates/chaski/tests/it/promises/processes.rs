//! Several processes on one folder.
