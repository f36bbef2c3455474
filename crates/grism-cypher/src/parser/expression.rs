//! Expressions by precedence climbing: operators of one level make one chain, however long it is.

use grism_core::Result;

use super::cursor::Parser;
use super::dialect::refused;
use super::lexer::TokenKind;
use crate::syntax::{ChainLink, Expr, ExprKind, InfixOperator, IsPredicate, PrefixOperator};

/// How tightly an operator binds, from loose to tight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    Xor,
    And,
    Comparison,
    /// IN, STARTS WITH, ENDS WITH, CONTAINS, `=~` and IS.
    Predicate,
    Sum,
    Product,
    Power,
    Operand,
}

impl Level {
    const fn tighter(self) -> Self {
        match self {
            Self::Or => Self::Xor,
            Self::Xor => Self::And,
            Self::And => Self::Comparison,
            Self::Comparison => Self::Predicate,
            Self::Predicate => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Power,
            Self::Power | Self::Operand => Self::Operand,
        }
    }
}

/// What stands between operands.
enum Infix {
    Operator(InfixOperator),
    Is,
}

impl Parser<'_> {
    /// An expression.
    pub(super) fn expression(&mut self) -> Result<Expr> {
        self.nested(|parser| parser.infix(Level::Or))
    }

    /// A value and what is read of it, without operators.
    pub(super) fn operand(&mut self) -> Result<Expr> {
        self.nested(Self::postfix)
    }

    fn infix(&mut self, loosest: Level) -> Result<Expr> {
        let start = self.span();
        let mut left = self.prefix()?;
        while let Some((found, level, words)) = self.peek_infix()
            && level >= loosest
        {
            let first = match found {
                Infix::Is => {
                    self.at += words;
                    left = self.is_predicate(left)?;
                    continue;
                }
                Infix::Operator(operator) => (operator, words),
            };
            let (mut next, mut rest, mut height) = (Some(first), Vec::new(), left.height);
            while let Some((operator, words)) = next {
                let place = self.span();
                self.at += words;
                let span = self.since(place);
                let operand = self.nested(|parser| parser.infix(level.tighter()))?;
                height = height.max(operand.height);
                rest.push(ChainLink {
                    operator,
                    span,
                    operand,
                });
                next = match self.peek_infix() {
                    Some((Infix::Operator(operator), own, words)) if own == level => {
                        Some((operator, words))
                    }
                    _ => None,
                };
            }
            let kind = ExprKind::Chain {
                first: Box::new(left),
                rest,
            };
            left = self.above(kind, self.since(start), height)?;
        }
        Ok(left)
    }

    /// The operator that comes next, how tightly it binds, and how many tokens it has.
    fn peek_infix(&self) -> Option<(Infix, Level, usize)> {
        use InfixOperator as Op;
        let operator = |operator, level| Some((Infix::Operator(operator), level, 1));
        match self.kind(0)? {
            TokenKind::Word => self.peek_word_operator(),
            _ if self.starts_foreign_operator() => None,
            TokenKind::Equal => operator(Op::Equal, Level::Comparison),
            TokenKind::NotEqual => operator(Op::NotEqual, Level::Comparison),
            TokenKind::Less => operator(Op::Less, Level::Comparison),
            TokenKind::LessOrEqual => operator(Op::LessOrEqual, Level::Comparison),
            TokenKind::Greater => operator(Op::Greater, Level::Comparison),
            TokenKind::GreaterOrEqual => operator(Op::GreaterOrEqual, Level::Comparison),
            TokenKind::RegexMatch => operator(Op::RegexMatch, Level::Predicate),
            TokenKind::Plus | TokenKind::BarBar => operator(Op::Add, Level::Sum),
            TokenKind::Minus => operator(Op::Subtract, Level::Sum),
            TokenKind::Star => operator(Op::Multiply, Level::Product),
            TokenKind::Slash => operator(Op::Divide, Level::Product),
            TokenKind::Percent => operator(Op::Remainder, Level::Product),
            TokenKind::Caret => operator(Op::Power, Level::Power),
            _ => None,
        }
    }

    fn peek_word_operator(&self) -> Option<(Infix, Level, usize)> {
        use InfixOperator as Op;
        const WORDS: [(&[&str], InfixOperator, Level); 7] = [
            (&["AND"], Op::And, Level::And),
            (&["OR"], Op::Or, Level::Or),
            (&["XOR"], Op::Xor, Level::Xor),
            (&["IN"], Op::In, Level::Predicate),
            (&["STARTS", "WITH"], Op::StartsWith, Level::Predicate),
            (&["ENDS", "WITH"], Op::EndsWith, Level::Predicate),
            (&["CONTAINS"], Op::Contains, Level::Predicate),
        ];
        if self.is_word(0, "IS") {
            return Some((Infix::Is, Level::Predicate, 1));
        }
        let mut known = WORDS.into_iter();
        let (words, operator, level) = known.find(|(words, ..)| self.are_words(words))?;
        Some((Infix::Operator(operator), level, words.len()))
    }

    /// `operand IS [NOT] …`, after IS.
    fn is_predicate(&mut self, operand: Expr) -> Result<Expr> {
        let negated = self.words(&["NOT"]);
        let predicate = if self.words(&["NULL"]) {
            IsPredicate::Null
        } else if self.are(0, &[TokenKind::Colon, TokenKind::Colon])
            || (self.is_word(0, "TYPED") && self.starts_label(1))
        {
            let instead = "compare with the converted value: x = toInteger(x)";
            let width = usize::from(self.is(TokenKind::Colon));
            let span = self
                .token(width)
                .map_or(self.span(), |last| self.span().to(last.span));
            return Err(refused(self, "IS ::", instead, span));
        } else if self.is_word(0, "NORMALIZED") {
            let instead = "normalize texts before they are stored";
            return Err(refused(self, "IS NORMALIZED", instead, self.span()));
        } else if self.starts_label(0) || (self.is_name(0) && !self.may_be_keyword()) {
            if self.is(TokenKind::Colon) || (self.is_word(0, "LABELED") && self.starts_label(1)) {
                self.at += 1;
            }
            IsPredicate::Labels(self.label_expression()?)
        } else {
            return Err(self.expected(match negated {
                true => "NULL or a label behind IS NOT",
                false => "NULL, NOT NULL or a label",
            }));
        };
        let (span, height) = (self.since(operand.span), operand.height);
        let kind = ExprKind::Is {
            operand: Box::new(operand),
            negated,
            predicate,
        };
        self.above(kind, span, height)
    }

    /// Signs and NOT; NOT is looser than a comparison, a sign tighter than a power.
    fn prefix(&mut self) -> Result<Expr> {
        let start = self.span();
        let operator = match self.kind(0) {
            Some(TokenKind::Plus) => PrefixOperator::Plus,
            Some(TokenKind::Minus) => PrefixOperator::Minus,
            Some(TokenKind::Word) if self.is_word(0, "NOT") && self.starts_operand(1) => {
                PrefixOperator::Not
            }
            _ => return self.postfix(),
        };
        self.at += 1;
        let operand = self.nested(|parser| match operator {
            PrefixOperator::Not => parser.infix(Level::Comparison),
            PrefixOperator::Plus | PrefixOperator::Minus => parser.prefix(),
        })?;
        let height = operand.height;
        let kind = ExprKind::Prefix {
            operator,
            operand: Box::new(operand),
        };
        self.above(kind, self.since(start), height)
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{expression, failure};

    #[test]
    fn tighter_operators_group_first() {
        for (text, expected) in [
            ("a OR b XOR c AND NOT d", "(a OR (b XOR (c AND (NOT d))))"),
            ("a AND b OR c", "((a AND b) OR c)"),
            ("NOT a = b", "(NOT (a = b))"),
            ("NOT a AND b", "((NOT a) AND b)"),
            ("NOT NOT a", "(NOT (NOT a))"),
            ("a + b * c ^ d", "(a + (b * (c ^ d)))"),
            ("a ^ b ^ c", "(a ^ b ^ c)"),
            ("-a ^ b", "((-a) ^ b)"),
            ("a - -b", "(a - (-b))"),
            ("- - a", "(-(-a))"),
            ("a = b + c", "(a = (b + c))"),
            ("a IN l + m", "(a IN (l + m))"),
            ("a = b IN c", "(a = (b IN c))"),
            ("a STARTS WITH b + c", "(a STARTS WITH (b + c))"),
            ("a || b", "(a + b)"),
            ("a % b / c", "(a % b / c)"),
            ("(a + b) * c", "(paren((a + b)) * c)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn operators_of_one_level_are_one_chain() {
        for (text, expected) in [
            ("a OR b OR c OR d", "(a OR b OR c OR d)"),
            ("a + b - c + d", "(a + b - c + d)"),
            ("1 < a <= b <> c", "(1 < a <= b <> c)"),
            ("a AND b AND c", "(a AND b AND c)"),
            ("a ENDS WITH b CONTAINS c", "(a ENDS WITH b CONTAINS c)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn is_tests_null_and_labels() {
        for (text, expected) in [
            ("a IS NULL", "(a IS NULL)"),
            ("a IS NOT NULL", "(a IS NOT NULL)"),
            ("a + b IS NULL", "((a + b) IS NULL)"),
            ("NOT a IS NULL", "(NOT (a IS NULL))"),
            ("a IS A|B", "(a IS (A | B))"),
            ("a IS NOT !A", "(a IS NOT !A)"),
            ("a IS (A|B)&!C", "(a IS ((A | B) & !C))"),
            ("a IS NOT (A|B)", "(a IS NOT (A | B))"),
            ("a IS LABELED (A)", "(a IS A)"),
            ("a IS labeled", "(a IS labeled)"),
            ("a IS typed", "(a IS typed)"),
            ("a IS NOT return", "(a IS NOT return)"),
            ("a IS NOT and AND b", "((a IS NOT and) AND b)"),
            (
                "[a IN l WHERE a IS (A|B) | a]",
                "[a IN l WHERE (a IS (A | B)) | a]",
            ),
            ("a IS LABELED A", "(a IS A)"),
            ("a IS :A", "(a IS A)"),
            ("a IS NULL IS NULL", "((a IS NULL) IS NULL)"),
            ("a IS NULL = b", "((a IS NULL) = b)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn missing_operands_are_refused() {
        for (text, expected) in [
            (
                "RETURN 1 +",
                "syntax error: unexpected end of the query; expected an expression",
            ),
            (
                "RETURN a AND OR b",
                "syntax error: unexpected `OR`; expected an expression",
            ),
            ("RETURN a == b", "syntax error: unexpected `==`; write ="),
            (
                "RETURN a IS",
                "syntax error: unexpected end of the query; expected NULL, NOT NULL or a label",
            ),
            (
                "MATCH (n) WHERE n IS NOT RETURN n.i",
                "syntax error: unexpected `RETURN`; expected NULL or a label behind IS NOT",
            ),
            (
                "MATCH (n) WHERE n IS AND n.i RETURN n",
                "syntax error: unexpected `AND`; expected NULL, NOT NULL or a label",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
