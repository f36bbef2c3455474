//! All groups of an aggregate that the user registered.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array, new_empty_array};
use arrow::compute::{concat, take};
use arrow::datatypes::DataType;
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::{EmitTo, GroupsAccumulator};

use super::user_group::{Group, GroupForm, external};

/// The groups, each of which gets its rows of a batch at once.
pub(super) struct Groups {
    form: GroupForm,
    /// The types of the arguments.
    types: Vec<DataType>,
    groups: Vec<Group>,
    bytes: usize,
}

impl Groups {
    pub(super) fn new(form: GroupForm, types: Vec<DataType>) -> Self {
        Self {
            form,
            types,
            groups: Vec::new(),
            bytes: 0,
        }
    }

    /// Calls `take_in` for each group with the rows of `values` that are its own.
    fn each(
        &mut self,
        values: &[ArrayRef],
        numbers: &[usize],
        total: usize,
        take_in: fn(&mut Group, &[ArrayRef]) -> grism_core::Result<()>,
    ) -> grism_core::Result<()> {
        while self.groups.len() < total {
            let group = self.form.group(&self.types)?;
            self.bytes += group.bytes();
            self.groups.push(group);
        }
        let mut rows: Vec<u32> = (0..numbers.len() as u32).collect();
        rows.sort_by_key(|row| numbers[*row as usize]);
        let places = UInt32Array::from(rows.clone());
        let sorted = values.iter().map(|column| Ok(take(column, &places, None)?));
        let sorted = sorted.collect::<grism_core::Result<Vec<_>>>()?;
        let mut first = 0;
        for own in rows.chunk_by(|a, b| numbers[*a as usize] == numbers[*b as usize]) {
            let columns: Vec<ArrayRef> = sorted
                .iter()
                .map(|column| column.slice(first, own.len()))
                .collect();
            let group = &mut self.groups[numbers[own[0] as usize]];
            let before = group.bytes();
            take_in(group, &columns)?;
            self.bytes = (self.bytes + group.bytes()).saturating_sub(before);
            first += own.len();
        }
        Ok(())
    }

    /// Runs `work` where the function wants many groups to be computed.
    fn together<T>(&mut self, work: impl FnOnce(&mut Self) -> grism_core::Result<T>) -> Result<T> {
        let function = Arc::clone(&self.form.function);
        let (mut work, mut done) = (Some(work), None);
        function.together(&mut || {
            if let Some(work) = work.take() {
                done = Some(work(self));
            }
        });
        let done = done
            .unwrap_or_else(|| Err(grism_core::Error::internal("groups that nothing computes")));
        done.map_err(external)
    }

    fn emitted(&mut self, emit: EmitTo) -> Vec<Group> {
        let emitted = emit.take_needed(&mut self.groups);
        let bytes: usize = emitted.iter().map(Group::bytes).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
        emitted
    }
}

/// Rows of columns of one type as one column of it.
fn united(rows: &[ArrayRef], data_type: &DataType) -> grism_core::Result<ArrayRef> {
    if rows.is_empty() {
        return Ok(new_empty_array(data_type));
    }
    let rows: Vec<&dyn Array> = rows.iter().map(AsRef::as_ref).collect();
    Ok(concat(&rows)?)
}

/// No filter stands within an aggregate of a plan.
fn no_filter(filter: Option<&BooleanArray>) -> Result<()> {
    match filter {
        None => Ok(()),
        Some(_) => Err(DataFusionError::Internal(
            "a filter of a user's aggregate".to_owned(),
        )),
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        no_filter(filter)?;
        self.together(|own| own.each(values, groups, total, Group::update))
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        no_filter(filter)?;
        self.together(|own| own.each(values, groups, total, Group::merge))
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        self.together(|own| {
            let mut groups = own.emitted(emit);
            let values = groups.iter_mut().map(Group::finish);
            let values = values.collect::<grism_core::Result<Vec<_>>>()?;
            let returns = &own.form.function.signature().returns;
            united(&values, &returns.to_arrow())
        })
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        self.together(|own| {
            let mut groups = own.emitted(emit);
            let states = groups.iter_mut().map(Group::state);
            let states = states.collect::<grism_core::Result<Vec<_>>>()?;
            let types = own.form.state_types(&own.types);
            let columns = types.iter().enumerate().map(|(place, data_type)| {
                let parts: Vec<ArrayRef> = states
                    .iter()
                    .map(|state| Arc::clone(&state[place]))
                    .collect();
                united(&parts, data_type)
            });
            columns.collect()
        })
    }

    fn size(&self) -> usize {
        self.bytes
    }
}
