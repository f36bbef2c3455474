//! What is registered with a graph, as queries over it see it.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use grism_core::Result;
use grism_functions::{Functions, TableFunction, UserAggregate, UserDefined, UserFunction};

use crate::Graph;
use crate::query::QueryOptions;

impl Graph {
    /// Registers a function, which expressions of queries over this graph may call. One of the same name is replaced.
    ///
    /// # Errors
    /// Those of [`Functions::register`].
    pub fn register_function(&self, function: Arc<dyn UserFunction>) -> Result<()> {
        self.register_user_defined(UserDefined::Scalar(function))
    }

    /// Registers an aggregate, which queries over this graph may call where they call `count`. A function of the same name
    /// is replaced.
    ///
    /// # Errors
    /// Those of [`Functions::register`].
    pub fn register_aggregate(&self, function: Arc<dyn UserAggregate>) -> Result<()> {
        self.register_user_defined(UserDefined::Aggregate(function))
    }

    /// Registers a function of rows, which CALL may name in queries over this graph. A function of the same name is replaced.
    ///
    /// # Errors
    /// Those of [`Functions::register`].
    pub fn register_table_function(&self, function: Arc<dyn TableFunction>) -> Result<()> {
        self.register_user_defined(UserDefined::Table(function))
    }

    /// Registers a function of any kind. One of the same name is replaced.
    ///
    /// # Errors
    /// Those of [`Functions::register`].
    pub fn register_user_defined(&self, function: UserDefined) -> Result<()> {
        let mut functions = self
            .functions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        functions.register(function)
    }

    /// The functions that queries over this graph may call.
    #[must_use]
    pub fn functions(&self) -> Functions {
        let functions = self.functions.read();
        functions.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a query over this graph with these options may run code of the program that asks: functions and tables, registered
    /// with the graph or given with the query.
    #[must_use]
    pub fn calls_out(&self, options: &QueryOptions) -> bool {
        let named = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let functions = self.functions.read();
        let functions = functions.unwrap_or_else(PoisonError::into_inner);
        let of_query = !(options.tables.is_empty() && options.functions.is_empty());
        of_query || !(named.is_empty() && functions.is_empty())
    }

    /// The options of a query over this graph, with its tables and functions.
    pub(crate) fn with_registered<'a>(&self, options: &'a QueryOptions) -> Cow<'a, QueryOptions> {
        let named = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let functions = self.functions();
        if named.is_empty() && functions.is_empty() {
            return Cow::Borrowed(options);
        }
        let mut options = options.clone();
        options.tables.named.clone_from(&named);
        options.functions = functions.overlaid(&options.functions);
        Cow::Owned(options)
    }
}
