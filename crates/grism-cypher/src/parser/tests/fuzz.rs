//! Whatever the input, the parser answers or refuses in a time that grows with its length, and every place that it names lies
//! in the text.
//!
//! `GRISM_FUZZ_INPUTS` says how many inputs are tried, and `GRISM_FUZZ_SEED` which ones.

use std::time::{Duration, Instant};

use grism_core::Location;

use super::super::parse_input;
use super::generate::{Random, VALID, input};
use crate::statement::{Exported, Statement, StatementKind};
use crate::syntax::{
    Clause, Expr, PathElement, PathPattern, Span, Visitor, walk_clause, walk_element, walk_expr,
};

/// Inputs where the environment does not say how many: a second of the dev profile.
const INPUTS: u64 = 30_000;

/// Checks that each part lies within the part around it, between characters.
struct Places<'a> {
    text: &'a str,
    around: Span,
}

impl Places<'_> {
    fn within(&mut self, span: Span, walk: impl FnOnce(&mut Self)) {
        let text = self.text;
        let is_between = text.is_char_boundary(span.start) && text.is_char_boundary(span.end);
        let is_within = self.around.start <= span.start && span.end <= self.around.end;
        assert!(
            is_between && is_within && span.start <= span.end,
            "{span:?} within {:?} of {text:?}",
            self.around
        );
        let around = std::mem::replace(&mut self.around, span);
        walk(self);
        self.around = around;
    }
}

impl<'a> Visitor<'a> for Places<'_> {
    fn visit_clause(&mut self, clause: &'a Clause) {
        self.within(clause.span, |places| walk_clause(places, clause));
    }

    fn visit_element(&mut self, element: &'a PathElement) {
        self.within(element.span, |places| walk_element(places, element));
    }

    fn visit_path(&mut self, path: &'a PathPattern) {
        self.within(path.span, |places| {
            path.elements
                .iter()
                .for_each(|element| places.visit_element(element));
        });
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.within(expression.span, |places| walk_expr(places, expression));
    }
}

fn check_statement(text: &str, statement: &Statement) {
    let around = Span::new(statement.span.start, statement.span.end);
    let mut places = Places {
        text,
        around: Span::new(0, text.len()),
    };
    places.within(around, |_| {});
    match &statement.kind {
        StatementKind::Query(query) | StatementKind::Explain { query, .. } => {
            Places { text, around }.visit_query(query.syntax());
        }
        StatementKind::CopyTo(copy) => {
            if let Exported::Query(query) = &copy.source {
                Places { text, around }.visit_query(query.syntax());
            }
        }
        _ => {}
    }
}

fn check_location(text: &str, place: &Location) {
    let line = text.split('\n').nth(place.line - 1);
    let line = line.unwrap_or_else(|| panic!("no line {} in {text:?}", place.line));
    assert_eq!(line, place.text, "{text:?}");
    let length = line.chars().count();
    let end = place.column - 1 + place.length;
    assert!(end <= length + 1, "{place:?} in {text:?}");
}

/// Parses one input, checks what comes of it, and gives how long the parser took.
fn check(text: &str) -> Duration {
    let start = Instant::now();
    let parsed = parse_input(text);
    let took = start.elapsed();
    match &parsed {
        Ok(statements) => statements
            .iter()
            .for_each(|statement| check_statement(text, statement)),
        Err(error) => {
            assert!(!error.message().is_empty());
            if let Some(place) = error.location() {
                check_location(text, place);
            }
        }
    }
    took
}

/// The time that an input may take in release.
pub(super) fn limit(text: &str) -> Duration {
    Duration::from_millis(5) + Duration::from_micros(text.len().try_into().unwrap())
}

/// The shortest of a few runs, so that a pause of the machine is not taken for the parser's.
fn check_time(text: &str, first: Duration) -> Duration {
    let again = (0..5).map(|_| check(text));
    let took = again.fold(first, Duration::min);
    let is_release = !cfg!(debug_assertions);
    assert!(!is_release || took <= limit(text), "{took:?} for {text:?}");
    took
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number"))
    })
}

#[test]
fn fuzz() {
    let (inputs, seed) = (
        number("GRISM_FUZZ_INPUTS", INPUTS),
        number("GRISM_FUZZ_SEED", 7),
    );
    let mut random = Random::new(seed);
    let (start, mut longest, mut slowest) = (Instant::now(), Duration::ZERO, String::new());
    let (mut bytes, mut parser) = (0, Duration::ZERO);
    for _ in 0..inputs {
        let text = input(&mut random);
        let took = check(&text);
        parser += took;
        bytes += text.len();
        if took > longest {
            // Most of the long times are pauses of the machine.
            let took = check_time(&text, took);
            if took > longest {
                longest = took;
                slowest = text;
            }
        }
    }
    println!(
        "{inputs} inputs of {bytes} bytes in {:.1?}, of which {parser:.1?} in the parser; longest {longest:?} for {} bytes: {:.200}",
        start.elapsed(),
        slowest.len(),
        slowest
    );
}

#[test]
fn texts_of_the_generator_are_valid() {
    for text in VALID {
        if let Err(error) = parse_input(text) {
            panic!("{error}");
        }
        check(text);
    }
}
