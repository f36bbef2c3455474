//! `Node`: the compiled form of an expression.

use std::collections::HashMap;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use grism_core::{TableId, Tables, Type};
use grism_functions::{Function, Operand};
use grism_logical::BinaryOperator;
use regex::Regex;

use super::arithmetic::ArithmeticNode;
use super::dynamic::Dynamic;
use super::lambda::{QuantifiedNode, ReduceNode, TransformNode};
use super::logic::LogicNode;
use super::membership::MembershipCache;
use super::once::{Once, PerValue};

/// A compiled expression.
#[derive(Debug)]
pub(super) enum Node {
    Constant(Operand),
    Column(usize),
    /// A column that holds each different value once.
    SharedColumn(usize),
    /// An expression over one such column and nothing else.
    PerValue(PerValue),
    /// An expression over no column.
    Once(Once),
    Compare(BinaryOperator, Box<Node>, Box<Node>),
    Logic(LogicNode),
    Arithmetic(Box<ArithmeticNode>),
    TextPredicate(BinaryOperator, Box<Node>, Box<Node>),
    Regex(Box<Node>, Box<Node>, Option<Regex>),
    In(Box<Node>, Box<Node>, MembershipCache),
    Not(Box<Node>),
    Negate(Box<Node>),
    IsNull(Box<Node>, bool),
    Choose {
        branches: Vec<(Option<Node>, Node)>,
        data_type: DataType,
        stop_at_value: bool,
    },
    /// A function that is computed over columns.
    Function(&'static Function, Vec<Node>, DataType),
    /// A function that is computed value by value.
    Values(&'static Function, Vec<Node>, DataType),
    /// A property, an entry or a component of a base, by a key.
    Get(Box<Node>, Box<Node>, DataType),
    /// An operator whose operands' types are known only at run time.
    Dynamic(Dynamic),
    Cast(Box<Node>, Type, Type),
    Key(Box<Node>, Type),
    List(Vec<Node>, DataType),
    Map(Vec<Node>, DataType),
    Field(Box<Node>, String),
    Index(Box<Node>, Box<Node>, DataType),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>, DataType),
    Transform(TransformNode),
    Quantified(QuantifiedNode),
    Reduce(ReduceNode),
    TableIn(Box<Node>, Tables),
    TableLookup {
        entity: Box<Node>,
        places: HashMap<TableId, u32>,
        values: ArrayRef,
    },
}
