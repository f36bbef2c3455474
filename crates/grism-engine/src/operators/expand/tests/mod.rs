//! Expansions over small graphs: what they output, and that it is what a search without any care finds.

mod counted;
mod paths;
mod people;
mod roles;
mod steps;
