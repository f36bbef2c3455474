//! Columns from the texts of a CSV file.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, BooleanBufferBuilder, PrimitiveArray,
    StringArray, StringBuilder,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{ArrowNativeType, DataType, Field, Float64Type, Int64Type};
use grism_core::{Error, Result, Type, Value};

/// Builds one column. What was pushed last can be taken back, since a record is added as a whole or not at all.
pub(super) enum ColumnBuilder {
    Int64(Numbers<i64>),
    Float64(Numbers<f64>),
    Boolean(Vec<Option<bool>>),
    Text(TextColumn),
}

#[derive(Default)]
pub(super) struct Numbers<T> {
    values: Vec<T>,
    /// Places of nulls, ascending.
    nulls: Vec<usize>,
}

#[derive(Default)]
pub(super) struct TextColumn {
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
    pub(super) fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Int64(Numbers::default()),
            DataType::Float64 => Self::Float64(Numbers::default()),
            DataType::Boolean => Self::Boolean(Vec::new()),
            _ => Self::Text(TextColumn::default()),
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int64(_) | Self::Float64(_))
    }

    pub(super) fn push(&mut self, value: Option<&[u8]>) -> Result<(), &'static str> {
        let Some(value) = value else {
            match self {
                Self::Int64(values) => values.push(None),
                Self::Float64(values) => values.push(None),
                Self::Boolean(values) => values.push(None),
                Self::Text(texts) => texts.push(None),
            }
            return Ok(());
        };
        let text = || std::str::from_utf8(value).map_err(|_| "not UTF-8");
        match self {
            Self::Int64(values) => {
                let parsed = integer(value).or_else(|| text().ok()?.trim().parse().ok());
                values.push(Some(parsed.ok_or("no Int64")?));
            }
            Self::Float64(values) => {
                let parsed = text()?.trim().parse();
                values.push(Some(parsed.map_err(|_| "no Float64")?));
            }
            Self::Boolean(values) => {
                let text = text()?.trim();
                values.push(Some(if text.eq_ignore_ascii_case("true") {
                    true
                } else if text.eq_ignore_ascii_case("false") {
                    false
                } else {
                    return Err("no Bool");
                }));
            }
            Self::Text(texts) => texts.push(Some(text()?)),
        }
        Ok(())
    }

    pub(super) fn pop(&mut self) {
        match self {
            Self::Int64(values) => values.pop(),
            Self::Float64(values) => values.pop(),
            Self::Boolean(values) => {
                values.pop();
            }
            Self::Text(texts) => texts.pop(),
        }
    }

    /// The column as the field's type; rows whose text is none are noted in `wrong`.
    pub(super) fn finish(
        self,
        field: &Field,
        wrong: &mut Vec<(usize, String)>,
    ) -> Result<ArrayRef> {
        match self {
            Self::Int64(values) => Ok(Arc::new(values.finish::<Int64Type>())),
            Self::Float64(values) => Ok(Arc::new(values.finish::<Float64Type>())),
            Self::Boolean(values) => Ok(Arc::new(BooleanArray::from(values))),
            Self::Text(texts) => {
                let texts = texts.finish();
                if field.data_type() == &DataType::Utf8 {
                    return Ok(Arc::new(texts));
                }
                if let DataType::FixedSizeList(_, dimensions) = field.data_type() {
                    return vectors(&texts, field, *dimensions, wrong);
                }
                let options = CastOptions {
                    safe: true,
                    ..CastOptions::default()
                };
                let wanted = Type::from_arrow(field.data_type())?;
                let converted =
                    cast_with_options(&texts, field.data_type(), &options).map_err(|_| {
                        Error::unsupported(format!(
                            "column `{}`: {wanted} cannot be read from text",
                            field.name()
                        ))
                    })?;
                for row in 0..texts.len() {
                    if texts.is_valid(row) && converted.is_null(row) {
                        wrong.push((
                            row,
                            format!(
                                "column `{}`: '{}' is no {wanted}",
                                field.name(),
                                texts.value(row)
                            ),
                        ));
                    }
                }
                Ok(converted)
            }
        }
    }
}

/// Texts such as `[0.1, 2, -3e4]` or `0.1;2;-3e4` as vectors; rows whose text is none are noted in `wrong`.
fn vectors(
    texts: &StringArray,
    field: &Field,
    dimensions: i32,
    wrong: &mut Vec<(usize, String)>,
) -> Result<ArrayRef> {
    let vector = |text: &str| {
        let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
        let numbers = inner.split([',', ';']).map(|number| {
            let number = number.trim().parse::<f32>().ok()?;
            number
                .is_finite()
                .then(|| Value::Float64(f64::from(number)))
        });
        let numbers: Vec<Value> = numbers.collect::<Option<_>>()?;
        (numbers.len() as i64 == i64::from(dimensions)).then_some(Value::List(numbers))
    };
    let mut values = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let found = texts.is_valid(row).then(|| vector(texts.value(row)));
        if found == Some(None) {
            let (name, text) = (field.name(), texts.value(row));
            let reason = format!("column `{name}`: '{text}' is no vector of {dimensions} numbers");
            wrong.push((row, reason));
        }
        values.push(found.flatten().unwrap_or(Value::Null));
    }
    Value::column(&values, field.data_type())
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

/// Plain decimal digits, the common case.
fn integer(value: &[u8]) -> Option<i64> {
    let (negative, digits) = match value {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, value),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(if negative { -number } else { number })
}
