//! Binding the roles of hyperedges: what the scan of a star and the expansion of a role have in common.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, ListArray, StringArray, StructArray, UInt32Array,
    UInt64Array,
};
use arrow::datatypes::DataType;
use grism_core::{EntityId, Error, HyperedgeType, Result, Type};
use grism_logical::RoleBinding;

/// The incidence a star was entered through, which none of its bindings may take again unless it repeats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entrance<'a> {
    pub(crate) role: &'a str,
    pub(crate) position: u32,
}

/// Some ways of binding the roles of some hyperedges, as columns.
#[derive(Debug, Default)]
pub(crate) struct BoundRows {
    /// The input row of each output row.
    pub(crate) rows: Vec<u32>,
    /// Per binding: the member.
    members: Vec<Vec<u64>>,
    /// Per binding: role index within the binding, and position; empty where no column of incidences is made.
    places: Vec<Vec<(u32, u32)>>,
}

impl BoundRows {
    pub(crate) fn new(bindings: usize) -> Self {
        Self {
            rows: Vec::new(),
            members: vec![Vec::new(); bindings],
            places: vec![Vec::new(); bindings],
        }
    }

    /// Adds a way to bind everything: `chosen`, and for the last binding `last`.
    fn push(&mut self, row: u32, bindings: &[RoleBinding], chosen: &[Choice], last: Choice) {
        self.rows.push(row);
        let choices = chosen.iter().chain(std::iter::once(&last));
        for (index, (role, position, member)) in choices.enumerate() {
            self.members[index].push(*member);
            if bindings[index].incidence.is_some() {
                self.places[index].push((*role, *position));
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row_indices(&self) -> UInt32Array {
        UInt32Array::from(self.rows.clone())
    }

    /// The columns of the bindings: each member, and its incidence where that is asked for.
    pub(crate) fn columns(
        &self,
        bindings: &[RoleBinding],
        hyperedges: &UInt64Array,
    ) -> Result<Vec<ArrayRef>> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        for (index, binding) in bindings.iter().enumerate() {
            columns.push(Arc::new(UInt64Array::from(self.members[index].clone())));
            if binding.incidence.is_some() {
                let owners = self
                    .rows
                    .iter()
                    .map(|row| hyperedges.value(*row as usize))
                    .collect();
                let roles = self.places[index]
                    .iter()
                    .map(|(role, _)| binding.roles[*role as usize].as_str());
                let positions = self.places[index].iter().map(|(_, position)| *position);
                columns.push(incidence_column(
                    owners,
                    roles,
                    positions,
                    self.members[index].clone(),
                )?);
            }
        }
        Ok(columns)
    }
}

/// A column of incidences.
pub(crate) fn incidence_column<'a>(
    hyperedges: Vec<u64>,
    roles: impl Iterator<Item = &'a str>,
    positions: impl Iterator<Item = u32>,
    members: Vec<u64>,
) -> Result<ArrayRef> {
    let DataType::Struct(fields) = Type::Incidence.to_arrow() else {
        return Err(Error::internal("an incidence is a struct"));
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from(hyperedges)),
        Arc::new(StringArray::from_iter_values(roles)),
        Arc::new(positions.map(i64::from).collect::<Int64Array>()),
        Arc::new(UInt64Array::from(members)),
    ];
    Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
}

/// The roles that bindings read.
pub(crate) fn binding_roles(bindings: &[RoleBinding]) -> Vec<String> {
    let mut roles: Vec<String> = bindings
        .iter()
        .flat_map(|binding| binding.roles.clone())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Those of a type.
pub(crate) fn bound_roles(bindings: &[RoleBinding], ty: &HyperedgeType) -> Vec<String> {
    let names = ty.roles.iter().map(|role| &role.name);
    let is_bound = |name: &&String| bindings.iter().any(|own| own.roles.contains(name));
    names.filter(is_bound).cloned().collect()
}

/// The role within a binding, the position within the role, and the member there.
type Choice = (u32, u32, u64);

/// Binds `bindings` for hyperedges of one table.
#[derive(Debug)]
pub(crate) struct StarBinder<'a> {
    bindings: &'a [RoleBinding],
    /// Per binding: the columns of its roles that the table has, by the roles' numbers within the binding.
    columns: Vec<Vec<(u32, RoleColumn)>>,
}

/// The members that a role of some hyperedges binds.
#[derive(Debug)]
pub(crate) enum RoleColumn {
    Once(UInt64Array),
    Many(ListArray, UInt64Array),
}

impl RoleColumn {
    /// The column as a table holds it.
    pub(crate) fn of(column: &ArrayRef) -> Option<Self> {
        let ids = |array: &dyn Array| array.as_any().downcast_ref::<UInt64Array>().cloned();
        if let Some(once) = ids(column) {
            return Some(Self::Once(once));
        }
        let lists = column.as_any().downcast_ref::<ListArray>()?;
        Some(Self::Many(lists.clone(), ids(lists.values())?))
    }

    /// Where the members of the hyperedge at `at` stand among all of them.
    pub(crate) fn places(&self, at: usize) -> Range<usize> {
        match self {
            Self::Once(_) => at..at + 1,
            Self::Many(lists, _) if lists.is_null(at) => 0..0,
            Self::Many(lists, _) => {
                let offsets = lists.value_offsets();
                offsets[at] as usize..offsets[at + 1] as usize
            }
        }
    }

    /// The members of all hyperedges.
    pub(crate) fn ids(&self) -> &UInt64Array {
        match self {
            Self::Once(ids) | Self::Many(_, ids) => ids,
        }
    }
}

impl<'a> StarBinder<'a> {
    /// Binds the roles whose columns are given, each with its name.
    pub(crate) fn new<'b>(
        bindings: &'a [RoleBinding],
        roles: impl Iterator<Item = (&'b str, &'b ArrayRef)>,
    ) -> Self {
        let ids = |array: &dyn Array| array.as_any().downcast_ref::<UInt64Array>().cloned();
        let column = |column: &ArrayRef| -> Option<RoleColumn> {
            if let Some(once) = ids(column) {
                return Some(RoleColumn::Once(once));
            }
            let lists = column.as_any().downcast_ref::<ListArray>()?;
            Some(RoleColumn::Many(lists.clone(), ids(lists.values())?))
        };
        let mut columns: Vec<Vec<(u32, RoleColumn)>> = Vec::new();
        columns.resize_with(bindings.len(), Vec::new);
        for (role, values) in roles {
            for (own, binding) in columns.iter_mut().zip(bindings) {
                let mut numbered = (0..).zip(&binding.roles);
                let number = numbered.find(|(_, other)| *other == role);
                own.extend(number.and_then(|(number, _)| Some((number, column(values)?))));
            }
        }
        for own in &mut columns {
            own.sort_unstable_by_key(|(number, _)| *number);
        }
        Self { bindings, columns }
    }

    /// Where each binding takes one role that a hyperedge binds once, and which no other binding takes: the column of each
    /// binding's members, and which hyperedges have all of them; `None` where all have.
    ///
    /// ```text
    /// carrier  c0 c1 c0      the columns as they stand are the rows
    /// origin   o0  - o2  ──► 1 0 1
    /// ```
    pub(crate) fn single_members(&self) -> Option<(Vec<UInt64Array>, Option<BooleanArray>)> {
        let mut members = Vec::with_capacity(self.bindings.len());
        for (index, binding) in self.bindings.iter().enumerate() {
            let ([role], [(_, RoleColumn::Once(column))]) =
                (&binding.roles[..], &self.columns[index][..])
            else {
                return None;
            };
            let mut others = self.bindings[..index].iter();
            let is_alone = others.all(|other| !other.roles.contains(role));
            if !is_alone || binding.incidence.is_some() {
                return None;
            }
            members.push(column.clone());
        }
        let is_bound = |(binding, column): (&RoleBinding, &UInt64Array), row: usize| {
            let allowed = |tables: &grism_core::Tables| {
                tables.contains(&EntityId::from_raw(column.value(row)).table())
            };
            column.is_valid(row) && binding.restrict.as_ref().is_none_or(allowed)
        };
        let checked = self.bindings.iter().zip(&members);
        let checked = checked
            .filter(|(binding, column)| column.null_count() > 0 || binding.restrict.is_some());
        let checked: Vec<(&RoleBinding, &UInt64Array)> = checked.collect();
        let rows = members.first()?.len();
        let has_all = (!checked.is_empty()).then(|| {
            let has_all = |row| checked.iter().all(|own| is_bound(*own, row));
            BooleanArray::from_iter((0..rows).map(|row| Some(has_all(row))))
        });
        Some((members, has_all))
    }

    /// Adds every way of binding the hyperedges whose roles stand at the places `at`, each for the input row and through the
    /// incidence beside it.
    pub(crate) fn bind<'b>(
        &self,
        hyperedges: impl Iterator<Item = (usize, u32, Option<Entrance<'b>>)>,
        output: &mut BoundRows,
    ) {
        let mut chosen = Vec::with_capacity(self.bindings.len());
        for (at, row, entrance) in hyperedges {
            self.choose((at, row, entrance), &mut chosen, output);
        }
    }

    fn choose(
        &self,
        hyperedge: (usize, u32, Option<Entrance<'_>>),
        chosen: &mut Vec<Choice>,
        output: &mut BoundRows,
    ) {
        let (at, row, entrance) = hyperedge;
        let next = chosen.len();
        let Some(binding) = self.bindings.get(next) else {
            output.rows.push(row);
            return;
        };
        let is_last = next + 1 == self.bindings.len();
        for (role, column) in &self.columns[next] {
            let ids = column.ids();
            let name = binding.roles[*role as usize].as_str();
            let entered = match entrance {
                Some(entrance) if !binding.repeats && entrance.role == name => {
                    Some(entrance.position)
                }
                _ => None,
            };
            for (position, place) in column.places(at).enumerate() {
                let position = position as u32;
                if ids.is_null(place) || entered == Some(position) {
                    continue;
                }
                let member = ids.value(place);
                let allowed = |tables: &grism_core::Tables| {
                    tables.contains(&EntityId::from_raw(member).table())
                };
                if !binding.restrict.as_ref().is_none_or(allowed) {
                    continue;
                }
                // The position differs mostly, which is compared fastest.
                let taken = chosen.iter().enumerate().any(|(index, (own, at, _))| {
                    let other = &self.bindings[index];
                    *at == position && !other.repeats && other.roles[*own as usize] == name
                });
                if taken && !binding.repeats {
                    continue;
                }
                let choice = (*role, position, member);
                if is_last {
                    output.push(row, self.bindings, chosen, choice);
                    continue;
                }
                chosen.push(choice);
                self.choose(hyperedge, chosen, output);
                chosen.pop();
            }
        }
    }
}
