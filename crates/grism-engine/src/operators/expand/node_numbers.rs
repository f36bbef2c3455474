//! `NodeNumbers`: numbers of the nodes that a search has reached, by table and offset.

use grism_core::EntityId;

/// Nodes whose numbers stand together; a search of a few nodes touches a few such pieces.
const PIECE: usize = 1024;

type Piece = Box<[u32; PIECE]>;

/// A number for each node, 0 for those without one. A lookup takes no hashing: it is made for every edge of a search.
///
/// ```text
/// tables ─► [ table 0 │ table 3 │ … ] ─► [ offsets 0.. │ none │ offsets 2048.. ] ─► [0 7 0 12 …]
/// ```
#[derive(Debug, Default)]
pub(crate) struct NodeNumbers {
    tables: Vec<Vec<Option<Piece>>>,
    bytes: usize,
}

impl NodeNumbers {
    /// The number of `node`; 0 where it has none.
    pub(crate) fn get(&self, node: u64) -> u32 {
        let (table, piece, place) = place_of(node);
        let pieces = self.tables.get(table);
        match pieces.and_then(|pieces| pieces.get(piece)) {
            Some(Some(numbers)) => numbers[place],
            _ => 0,
        }
    }

    pub(crate) fn set(&mut self, node: u64, number: u32) {
        let (table, piece, place) = place_of(node);
        if self.tables.len() <= table {
            self.tables.resize_with(table + 1, Vec::new);
        }
        let pieces = &mut self.tables[table];
        if pieces.len() <= piece {
            self.bytes += (piece + 1 - pieces.len()) * size_of::<Option<Piece>>();
            pieces.resize_with(piece + 1, || None);
        }
        let numbers = pieces[piece].get_or_insert_with(|| {
            self.bytes += size_of::<[u32; PIECE]>();
            Box::new([0; PIECE])
        });
        numbers[place] = number;
    }

    /// Gives `node` a number where it has none; whether it had none.
    #[inline]
    pub(crate) fn put_first(&mut self, node: u64, number: u32) -> bool {
        let (table, piece, place) = place_of(node);
        let pieces = self.tables.get_mut(table);
        match pieces.and_then(|pieces| pieces.get_mut(piece)) {
            Some(Some(numbers)) if numbers[place] == 0 => {
                numbers[place] = number;
                true
            }
            Some(Some(_)) => false,
            _ => {
                self.set(node, number);
                true
            }
        }
    }

    /// Takes the numbers of `nodes` away.
    pub(crate) fn clear(&mut self, nodes: &[u64]) {
        for node in nodes {
            let (table, piece, place) = place_of(*node);
            let pieces = self.tables.get_mut(table);
            if let Some(Some(numbers)) = pieces.and_then(|pieces| pieces.get_mut(piece)) {
                numbers[place] = 0;
            }
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The table of a node, and the piece and place of its offset.
fn place_of(node: u64) -> (usize, usize, usize) {
    let id = EntityId::from_raw(node);
    let offset = id.offset() as usize;
    (
        usize::from(id.table().get()),
        offset / PIECE,
        offset % PIECE,
    )
}

#[cfg(test)]
mod tests {
    use grism_core::{EntityId, TableId};

    use super::*;

    #[test]
    fn numbers_of_nodes_of_several_tables_stand_apart() {
        let mut numbers = NodeNumbers::default();
        let node = |table, offset| EntityId::new(TableId::try_new(table).unwrap(), offset).raw();
        assert_eq!(numbers.get(node(3, 5000)), 0);
        numbers.set(node(3, 5000), 7);
        numbers.set(node(0, 5000), 8);
        assert_eq!(numbers.get(node(3, 5000)), 7);
        assert_eq!(numbers.get(node(0, 5000)), 8);
        assert_eq!(numbers.get(node(3, 5001)), 0);
        assert_eq!(numbers.get(node(9, 0)), 0);
        let held = numbers.bytes();
        numbers.set(node(3, 5001), 9);
        assert_eq!(numbers.bytes(), held);
    }
}
