//! How far a pattern is planned: what is bound, which steps are done, and what that is expected to cost.

/// A column of a pattern, by its number: those of its entities come first, in their order.
pub(super) type Name = usize;

/// A step of a pattern, by its number: edges come first, then role steps.
pub(super) type Step = usize;

/// A plan of a part of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// By name: its place in the order in which columns were bound, from 1 on; 0 where it is not bound.
    places: Vec<u32>,
    last_place: u32,
    /// By name: whether the plan binds it that this one will be joined with.
    outside: Vec<bool>,
    /// By step: whether it is done.
    reached: Vec<bool>,
    /// The rows that the plan is expected to make.
    pub(super) rows: f64,
    /// What it is expected to cost, in rows that a scan reads.
    pub(super) cost: f64,
    /// Numbers of the columns that close cycles, so far.
    pub(super) temporaries: usize,
}

impl Progress {
    /// Of one row, in which nothing is bound.
    pub(super) fn new(names: usize, steps: usize, first_temporary: usize) -> Self {
        Self {
            places: vec![0; names],
            last_place: 0,
            outside: vec![false; names],
            reached: vec![false; steps],
            rows: 1.0,
            cost: 0.0,
            temporaries: first_temporary,
        }
    }

    /// Notes that the column is there; `false` where it was already.
    pub(super) fn bind(&mut self, name: Name) -> bool {
        if self.has(name) {
            return false;
        }
        self.last_place += 1;
        self.places[name] = self.last_place;
        true
    }

    /// Whether the column is there.
    pub(super) fn has(&self, name: Name) -> bool {
        self.places[name] > 0
    }

    /// Whether both columns are there, and `first` was bound before `second`.
    pub(super) fn is_before(&self, first: Name, second: Name) -> bool {
        self.has(first) && self.places[first] < self.places[second]
    }

    /// Whether the column belongs to the plan that this one will be joined with.
    pub(super) fn is_outside(&self, name: Name) -> bool {
        self.outside[name]
    }

    /// Notes that the step is done; `false` where it was already.
    pub(super) fn reach(&mut self, step: Step) -> bool {
        !std::mem::replace(&mut self.reached[step], true)
    }

    /// Whether the step is done.
    pub(super) fn is_reached(&self, step: Step) -> bool {
        self.reached[step]
    }

    /// The steps that are not done.
    pub(super) fn remaining(&self) -> impl Iterator<Item = Step> {
        let steps = self.reached.iter().enumerate();
        steps
            .filter(|(_, reached)| !**reached)
            .map(|(step, _)| step)
    }

    /// For a plan that starts anew, and is joined with this one.
    pub(super) fn apart(&self) -> Self {
        let outside = self.places.iter().zip(&self.outside);
        Self {
            places: vec![0; self.places.len()],
            last_place: 0,
            outside: outside
                .map(|(place, before)| *place > 0 || *before)
                .collect(),
            rows: 1.0,
            cost: 0.0,
            ..self.clone()
        }
    }

    /// Takes over what a plan [`apart`](Self::apart) has bound and done, which is joined with this one.
    pub(super) fn join(&mut self, apart: Self) {
        let mut bound: Vec<Name> = (0..apart.places.len())
            .filter(|name| apart.has(*name))
            .collect();
        bound.sort_unstable_by_key(|name| apart.places[*name]);
        for name in bound {
            self.bind(name);
        }
        self.reached = apart.reached;
        self.temporaries = apart.temporaries;
        self.rows *= apart.rows;
    }
}
