//! `PartialWays`: the ways to bind the entities of one place, of which few have any.

use super::ways::Ways;

/// Numbers of ways by entity, and which of them are not 0.
///
/// ```text
/// ways     [0, 0, 3, 0, 1, 0]
/// touched  [4, 2]
/// ```
#[derive(Debug, Default)]
pub(super) struct PartialWays<W> {
    /// By the number of the entity; empty before the first use.
    pub(super) ways: Vec<W>,
    /// The entities that have a way, each once.
    pub(super) touched: Vec<u32>,
}

impl<W: Ways> PartialWays<W> {
    /// Forgets all ways, of a place of so many entities.
    pub(super) fn clear(&mut self, entities: usize) {
        if self.ways.is_empty() {
            self.ways = vec![W::default(); entities];
        }
        for entity in self.touched.drain(..) {
            self.ways[entity as usize] = W::default();
        }
    }

    /// Adds ways to those of an entity; `None` where they do not fit.
    #[inline]
    pub(super) fn add(&mut self, entity: u32, ways: W) -> Option<()> {
        let own = &mut self.ways[entity as usize];
        if own.is_none() {
            if ways.is_none() {
                return Some(());
            }
            self.touched.push(entity);
        }
        *own = own.plus(ways)?;
        Some(())
    }

    /// Multiplies the ways of each entity by those in `others`, which become 0; `None` where they do not fit.
    pub(super) fn multiply(&mut self, others: &mut Self) -> Option<()> {
        let (ways, mut fits) = (&mut self.ways, Some(()));
        self.touched.retain(|entity| {
            let own = &mut ways[*entity as usize];
            match own.times(others.ways[*entity as usize]) {
                Some(product) => *own = product,
                None => fits = None,
            }
            !own.is_none()
        });
        let entities = others.ways.len();
        others.clear(entities);
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_added_multiplied_and_forgotten() {
        let (mut own, mut others) = (PartialWays::<u32>::default(), PartialWays::default());
        own.clear(4);
        others.clear(4);
        for (entity, ways) in [(1, 2), (3, 5), (1, 1), (0, 0)] {
            own.add(entity, ways).unwrap();
        }
        assert_eq!(
            (&own.ways[..], &own.touched[..]),
            (&[0, 3, 0, 5][..], &[1, 3][..])
        );
        others.add(3, 4).unwrap();
        own.multiply(&mut others).unwrap();
        assert_eq!(
            (&own.ways[..], &own.touched[..]),
            (&[0, 0, 0, 20][..], &[3][..])
        );
        assert!(others.touched.is_empty() && others.ways == [0; 4]);
        assert!(own.add(3, u32::MAX).is_none());
    }
}
