//! `Function`: the definition of one function, which the binder, the engine and the documentation read.

use std::fmt;

use grism_core::{Error, Result, Type, Value};
use serde::{Deserialize, Serialize};

use crate::call::mismatch;
use crate::internal_name::plain_name;
use crate::{Accepts, AggregateFunction, Call, Operand, Parameter, Presence, Returns, expect};

/// A function that Grism has.
///
/// A definition starts from [`Function::BASE`] and states what differs.
pub struct Function {
    /// The name as openCypher spells it; a `.` separates a namespace. Functions of [`Category::Internal`] have names that no
    /// query can write.
    pub name: &'static str,
    /// Other names of the same function.
    pub synonyms: &'static [&'static str],
    /// Where the reference lists it.
    pub category: Category,
    /// The arguments, in their order.
    pub parameters: &'static [Parameter],
    /// The type of the value.
    pub returns: Returns,
    /// Which calls may raise an error.
    pub failure: Failure,
    /// Whether equal arguments give equal values.
    pub stability: Stability,
    /// How the binder treats a call.
    pub binding: Binding,
    /// Which arguments may be part of the value as they are.
    pub passes: Passes,
    /// How the value is computed.
    pub kernel: Kernel,
    /// What messages call a function that no query can write; `None` calls it by its name.
    pub written_as: Option<&'static str>,
    /// What the function gives, in one sentence or two.
    pub description: &'static str,
    /// Expressions and their values, each proven by a test.
    pub examples: &'static [Example],
}

/// Where the reference lists a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Of numbers.
    Numbers,
    /// Of texts.
    Text,
    /// From one type to another.
    Conversions,
    /// Of lists.
    Lists,
    /// Of values that may be null.
    Nulls,
    /// Of entities and paths.
    Entities,
    /// Of points in time and lengths of time.
    Time,
    /// Over rows.
    Aggregates,
    /// Registered by the user.
    UserDefined,
    /// Part of the translation of a query, and not of the language.
    Internal,
}

impl Category {
    /// Every category that the reference has, in its order.
    pub const LISTED: [Self; 9] = [
        Self::Numbers,
        Self::Text,
        Self::Conversions,
        Self::Lists,
        Self::Nulls,
        Self::Entities,
        Self::Time,
        Self::Aggregates,
        Self::UserDefined,
    ];

    /// The category's title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Numbers => "Numbers",
            Self::Text => "Text",
            Self::Conversions => "Conversions",
            Self::Lists => "Lists",
            Self::Nulls => "Nulls",
            Self::Entities => "Entities and paths",
            Self::Time => "Time",
            Self::Aggregates => "Aggregates",
            Self::UserDefined => "User-defined",
            Self::Internal => "Internal",
        }
    }
}

/// An expression and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The expression, or a whole query.
    pub query: &'static str,
    /// The value as Cypher writes it.
    pub value: &'static str,
}

impl Example {
    /// `query` gives `value`.
    #[must_use]
    pub const fn new(query: &'static str, value: &'static str) -> Self {
        Self { query, value }
    }
}

/// Which calls of a function may raise an error, such as an overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// None: there is a value, or null, for all arguments.
    Never,
    /// Those with an argument whose type is known only at run time.
    UnlessTyped,
    /// Any.
    Possible,
}

/// Whether equal arguments give equal values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stability {
    /// They do.
    #[default]
    Stable,
    /// Each call may give another value.
    Volatile,
}

/// How the binder treats a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The function of its arguments.
    Values,
    /// A function of an entity, whose value may depend on the entity's table.
    Entity(EntityFunction),
    /// Without arguments it is a constant of the statement: what the statement's clock shows. `date.statement()` and the like
    /// are the same function.
    Clock,
    /// `timestamp()`: milliseconds on the statement's clock.
    Timestamp,
    /// `exists(n.key)` and `exists((n)-->())`.
    Exists,
    /// An aggregate that the engine folds row by row.
    Aggregate(AggregateFunction),
    /// An aggregate that is a function of the list of all values.
    OverList(&'static Function),
}

/// A function of an entity that the binder translates by the entity's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityFunction {
    /// `labels`
    Labels,
    /// `type`
    Type,
    /// `keys`
    Keys,
    /// `properties`
    Properties,
    /// `kind`
    Kind,
    /// `position`
    Position,
    /// `startNode`
    StartNode,
    /// `endNode`
    EndNode,
    /// `roles`
    Roles,
    /// `members`
    Members,
    /// `arity`
    Arity,
}

/// Which arguments may be part of the value as they are, entities within them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// None.
    Nothing,
    /// The first, or a part of it.
    First,
    /// Members of the entity that is the first.
    MembersOfFirst,
    /// Any.
    All,
}

/// Whether queries can call a function by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// They can.
    Public,
    /// It is part of the translation of a query.
    Internal,
}

/// How the value of a function is computed.
#[derive(Clone, Copy)]
pub enum Kernel {
    /// Over columns of known types; rows whose types are known only at run time come in groups of one type.
    Columns(fn(&Call<'_>) -> Result<Operand>),
    /// Value by value, of any type.
    Values(fn(Vec<Value>) -> Result<Value>),
    /// Over columns where the arguments' types allow it, value by value otherwise.
    Either {
        /// Whether `columns` takes arguments of these types.
        fits: fn(&[Type]) -> bool,
        /// Over columns.
        columns: fn(&Call<'_>) -> Result<Operand>,
        /// Value by value.
        values: fn(Vec<Value>) -> Result<Value>,
    },
    /// Compiled into an expression of the engine, or into another expression by the binder.
    Compiled,
}

impl Function {
    /// What most functions have in common.
    pub const BASE: Self = Self {
        name: "",
        synonyms: &[],
        category: Category::Internal,
        parameters: &[],
        returns: Returns::First,
        failure: Failure::Possible,
        stability: Stability::Stable,
        binding: Binding::Values,
        passes: Passes::Nothing,
        kernel: Kernel::Compiled,
        written_as: None,
        description: "",
        examples: &[],
    };

    /// Whether queries can call the function.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        if self.category == Category::Internal {
            Visibility::Internal
        } else {
            Visibility::Public
        }
    }

    /// Whether the function aggregates rows.
    #[must_use]
    pub fn aggregates(&self) -> bool {
        matches!(self.binding, Binding::Aggregate(_) | Binding::OverList(_))
    }

    /// The smallest and the largest number of arguments.
    #[must_use]
    pub fn arity(&self) -> (usize, usize) {
        let required = self.parameters.iter();
        let required = required.filter(|own| own.presence != Presence::Optional);
        let repeated = self.parameters.iter();
        let repeated = repeated.filter(|own| own.presence == Presence::Repeated);
        let largest = match repeated.count() {
            0 => self.parameters.len(),
            _ => 255,
        };
        (required.count(), largest)
    }

    /// The call with names and types, as `left(text :: String, length :: Int64) :: String`.
    #[must_use]
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(ToString::to_string).collect();
        let returns = self.returns.shown(self.parameters);
        format!("{}({}) :: {returns}", self.name, parameters.join(", "))
    }

    /// The type of the value for arguments of these types.
    ///
    /// # Errors
    /// `InvalidQuery` for an argument that the function does not take.
    pub fn return_type(&self, arguments: &[Type]) -> Result<Type> {
        let last = self.parameters.last();
        for (place, ty) in arguments.iter().enumerate() {
            let Some(parameter) = self.parameters.get(place).or(last) else {
                continue;
            };
            let Accepts { wanted, fits, .. } = parameter.accepts;
            expect(&format!("{}()", self.name), ty, fits(ty), wanted)?;
        }
        Ok(self.returns.of(arguments))
    }

    /// Whether a call with arguments of these types may raise an error.
    #[must_use]
    pub fn may_fail(&self, arguments: &[Type]) -> bool {
        match self.failure {
            Failure::Never => false,
            Failure::UnlessTyped => arguments.contains(&Type::Any),
            Failure::Possible => true,
        }
    }

    /// The function as messages name it.
    #[must_use]
    pub fn called(&self) -> String {
        match self.written_as {
            Some(written) => written.to_owned(),
            None => format!("`{}()`", plain_name(self.name)),
        }
    }

    /// The error for a value that the function does not take.
    #[must_use]
    pub fn mismatch(&self, value: &Value) -> Error {
        mismatch(&self.called(), value)
    }

    /// Whether the function looks itself at arguments whose types are known only at run time.
    #[must_use]
    pub fn takes_any(&self) -> bool {
        !matches!(self.kernel, Kernel::Columns(_))
    }

    /// Whether a call with arguments of these types is computed value by value.
    #[must_use]
    pub fn is_by_value(&self, arguments: &[Type]) -> bool {
        match self.kernel {
            Kernel::Values(_) => true,
            Kernel::Either { fits, .. } => !fits(arguments),
            Kernel::Columns(_) | Kernel::Compiled => false,
        }
    }

    /// The values of a call over columns.
    ///
    /// # Errors
    /// `InvalidData` for an overflow and the like; `ResourceExhausted` where the values do not fit.
    pub fn columns(&self, call: &Call<'_>) -> Result<Operand> {
        match self.kernel {
            Kernel::Columns(columns) | Kernel::Either { columns, .. } => columns(call),
            Kernel::Values(_) | Kernel::Compiled => Err(self.without("columns")),
        }
    }

    /// The value of a call.
    ///
    /// # Errors
    /// `InvalidQuery` for a value that the function does not take, `InvalidData` for an overflow and the like.
    pub fn value(&self, arguments: Vec<Value>) -> Result<Value> {
        match self.kernel {
            Kernel::Values(values) | Kernel::Either { values, .. } => values(arguments),
            Kernel::Columns(_) | Kernel::Compiled => Err(self.without("values")),
        }
    }

    fn without(&self, kernel: &str) -> Error {
        Error::internal(format!("{}() has no kernel over {kernel}", self.name))
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
