//! Columns from the texts of a CSV file.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, BooleanBufferBuilder, PrimitiveArray, StringArray,
    StringBuilder,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowNativeType, Float64Type, Int64Type};
use grism_core::{Result, Type, Value};

use crate::time_format::TimeFormat;
use crate::values::{bool_of, float, integer, value_of};

/// Builds one column. What was pushed last can be taken back, since a record is added as a whole or not at all.
pub(crate) enum ColumnBuilder {
    Int64(Numbers<i64>),
    Float64(Numbers<f64>),
    Boolean(Vec<Option<bool>>),
    Text(TextColumn),
    /// Values of another type, or of several.
    Values {
        ty: Type,
        /// How dates and times are written.
        format: Option<TimeFormat>,
        values: Vec<Value>,
    },
}

#[derive(Default)]
pub(crate) struct Numbers<T> {
    values: Vec<T>,
    /// Places of nulls, ascending.
    nulls: Vec<usize>,
}

#[derive(Default)]
pub(crate) struct TextColumn {
    bytes: String,
    ends: Vec<usize>,
    valid: Vec<bool>,
}

impl<T: ArrowNativeType> Numbers<T> {
    fn push(&mut self, value: Option<T>) {
        if value.is_none() {
            self.nulls.push(self.values.len());
        }
        self.values.push(value.unwrap_or_default());
    }

    fn pop(&mut self) {
        self.values.pop();
        if self.nulls.last() == Some(&self.values.len()) {
            self.nulls.pop();
        }
    }

    fn finish<A: ArrowPrimitiveType<Native = T>>(mut self) -> PrimitiveArray<A> {
        // The array would keep the room that the vector has left.
        self.values.shrink_to_fit();
        let nulls = (!self.nulls.is_empty()).then(|| {
            let mut valid = BooleanBufferBuilder::new(self.values.len());
            valid.append_n(self.values.len(), true);
            for place in &self.nulls {
                valid.set_bit(*place, false);
            }
            NullBuffer::new(valid.finish())
        });
        PrimitiveArray::new(self.values.into(), nulls)
    }
}

impl ColumnBuilder {
    pub(crate) fn new(ty: &Type, format: Option<&TimeFormat>) -> Self {
        match ty {
            Type::Int64 => Self::Int64(Numbers::default()),
            Type::Float64 => Self::Float64(Numbers::default()),
            Type::Bool => Self::Boolean(Vec::new()),
            Type::String => Self::Text(TextColumn::default()),
            other => Self::Values {
                ty: other.clone(),
                format: format.cloned(),
                values: Vec::new(),
            },
        }
    }

    /// Adds the value that a text stands for, or null.
    ///
    /// # Errors
    /// What the text is not; then nothing was added.
    pub(crate) fn push(&mut self, value: Option<&[u8]>) -> Result<(), String> {
        let Some(value) = value else {
            match self {
                Self::Int64(values) => values.push(None),
                Self::Float64(values) => values.push(None),
                Self::Boolean(values) => values.push(None),
                Self::Text(texts) => texts.push(None),
                Self::Values { values, .. } => values.push(Value::Null),
            }
            return Ok(());
        };
        let text = || std::str::from_utf8(value).map_err(|_| "not UTF-8".to_owned());
        match self {
            Self::Int64(values) => {
                values.push(Some(integer(value).ok_or("no Int64")?));
            }
            Self::Float64(values) => {
                values.push(Some(float(text()?).ok_or("no Float64")?));
            }
            Self::Boolean(values) => {
                values.push(Some(bool_of(text()?).ok_or("no Bool")?));
            }
            Self::Text(texts) => texts.push(Some(text()?)),
            Self::Values { ty, format, values } => {
                let found = match format {
                    Some(format) => format.value_of(text()?, ty),
                    None => value_of(text()?, ty),
                };
                values.push(found.ok_or_else(|| match (&*ty, format) {
                    (ty, Some(format)) => format!("no {ty} in the form {format}"),
                    (Type::Any, None) => "no number".to_owned(),
                    (Type::Vector(dimensions), None) => {
                        format!("no vector of {dimensions} numbers")
                    }
                    (other, None) => format!("no {other}"),
                })?);
            }
        }
        Ok(())
    }

    pub(crate) fn pop(&mut self) {
        match self {
            Self::Int64(values) => values.pop(),
            Self::Float64(values) => values.pop(),
            Self::Boolean(values) => {
                values.pop();
            }
            Self::Text(texts) => texts.pop(),
            Self::Values { values, .. } => {
                values.pop();
            }
        }
    }

    /// The column and its type: that of any values where one of them does not fit the Arrow type, as a far day does not.
    ///
    /// # Errors
    /// `ResourceExhausted` past what one column holds.
    pub(crate) fn finish(self) -> Result<(Type, ArrayRef)> {
        Ok(match self {
            Self::Int64(values) => (Type::Int64, Arc::new(values.finish::<Int64Type>())),
            Self::Float64(values) => (Type::Float64, Arc::new(values.finish::<Float64Type>())),
            Self::Boolean(values) => (Type::Bool, Arc::new(BooleanArray::from(values))),
            Self::Text(texts) => (Type::String, Arc::new(texts.finish())),
            Self::Values { ty, values, .. } => {
                let fits = matches!(ty, Type::Vector(_) | Type::List(_))
                    || values
                        .iter()
                        .all(|value| value.is_null() || value.type_of() == ty);
                let ty = if fits { ty } else { Type::Any };
                let column = Value::column(&values, &ty.to_arrow())?;
                (ty, column)
            }
        })
    }
}

impl TextColumn {
    fn push(&mut self, text: Option<&str>) {
        self.bytes.push_str(text.unwrap_or_default());
        self.ends.push(self.bytes.len());
        self.valid.push(text.is_some());
    }

    fn pop(&mut self) {
        self.ends.pop();
        self.valid.pop();
        let end = self.ends.last().copied().unwrap_or_default();
        self.bytes.truncate(end);
    }

    fn finish(self) -> StringArray {
        let mut builder = StringBuilder::with_capacity(self.ends.len(), self.bytes.len());
        let mut start = 0;
        for (end, valid) in self.ends.into_iter().zip(self.valid) {
            builder.append_option(valid.then(|| &self.bytes[start..end]));
            start = end;
        }
        builder.finish()
    }
}
