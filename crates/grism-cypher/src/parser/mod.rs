//! The parser of openCypher and of Grism's own statements: one grammar over one list of tokens.
//!
//! `lexer` splits the input and finds out which brackets belong together; `cursor` holds the place among the tokens and makes
//! the errors; the other files hold one rule each, or a few of a kind. No word is reserved: a rule looks at what follows a
//! word before it takes the word for a keyword. The first error ends the parse, and names what was found and expected.

mod alter;
mod bracket;
mod case;
mod clause;
mod comprehension;
mod constraint;
mod copy;
mod cursor;
mod declare;
mod declared_entity;
mod dialect;
mod explain;
mod expression;
mod index;
mod keyword;
mod label;
mod lexer;
mod literal;
mod message;
mod path;
mod pattern;
mod primary;
mod query;
mod shortened;
mod slip;
mod statement;
mod walk;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use statement::{parse_again, parse_clauses, parse_input};
