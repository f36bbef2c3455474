//! Tests of what both storages do alike, and of what only a graph on disk does.

mod alterations;
mod catalog;
mod constraints;
mod history;
mod loads;
mod meetings;
mod predicates;
mod random_commits;
mod transactions;
