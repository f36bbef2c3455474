//! The incidences of hyperedges that are being added, role by role.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, UInt64Array};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use grism_core::{EntityId, Error, HyperedgeType, Incidence, Result, SegmentKey, TableId};

/// The incidences of rows of one hyperedge table, by role; each list is sorted by (member, hyperedge, position).
/// `offset_of` tells the offset of a row, counted over all batches.
pub(crate) fn collect_incidences(
    table: TableId,
    hyperedge_type: &HyperedgeType,
    batches: &[RecordBatch],
    offset_of: &dyn Fn(usize) -> u64,
) -> Result<BTreeMap<String, Vec<Incidence>>> {
    let mut by_role: BTreeMap<String, Vec<Incidence>> = BTreeMap::new();
    let binary = hyperedge_type.is_binary();
    for (index, role) in hyperedge_type.roles.iter().enumerate() {
        let opposite = hyperedge_type
            .roles
            .get(1 - index.min(1))
            .filter(|_| binary);
        let mut incidences = Vec::new();
        let mut first = 0;
        for batch in batches {
            let opposites = opposite
                .map(|role| ids(batch, &role.column()))
                .transpose()?
                .flatten();
            let mut push = |row: usize, position: u32, member: u64| {
                let opposite = opposites.as_ref().map_or(0, |ids| ids.value(row));
                let hyperedge = EntityId::new(table, offset_of(first + row)).raw();
                incidences.push(Incidence {
                    member,
                    hyperedge,
                    position,
                    opposite,
                });
            };
            if let Some(members) = ids(batch, &role.column())? {
                for (row, member) in members.iter().enumerate() {
                    if let Some(member) = member {
                        push(row, 0, member);
                    }
                }
            } else if let Some(lists) = batch
                .column_by_name(&role.column())
                .and_then(|column| column.as_list_opt::<i32>())
            {
                let values = lists.values().as_primitive_opt::<UInt64Type>();
                let values = values.ok_or_else(|| {
                    Error::internal(format!("the role `{}` is no list of ids", role.name))
                })?;
                for row in 0..lists.len() {
                    let offsets = lists.value_offsets();
                    for (position, place) in (offsets[row]..offsets[row + 1]).enumerate() {
                        if lists.is_valid(row) && values.is_valid(place as usize) {
                            push(row, position as u32, values.value(place as usize));
                        }
                    }
                }
            }
            first += batch.num_rows();
        }
        incidences.sort_unstable();
        by_role.insert(role.name.clone(), incidences);
    }
    Ok(by_role)
}

/// The members of sorted incidences, as raw ids in ascending order.
pub(crate) fn members_of(incidences: &[Incidence]) -> Vec<u64> {
    incidences
        .iter()
        .map(|incidence| incidence.member)
        .collect()
}

/// Splits sorted incidences by the segment of their member.
pub(crate) fn by_segment(incidences: &[Incidence], shift: u8) -> Vec<(SegmentKey, &[Incidence])> {
    let key = |incidence: &Incidence| SegmentKey::of(EntityId::from_raw(incidence.member), shift);
    incidences
        .chunk_by(|a, b| key(a) == key(b))
        .filter_map(|chunk| Some((key(chunk.first()?), chunk)))
        .collect()
}

fn ids(batch: &RecordBatch, name: &str) -> Result<Option<UInt64Array>> {
    Ok(batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<UInt64Type>().cloned()))
}
