//! The bindings of roles that a scan or an expansion keeps.

use grism_core::{Cardinality, Tables};

use super::super::planted::is_planted;
use super::Pruner;
use super::needs::Needs;
use crate::RoleBinding;

impl Pruner<'_> {
    /// Bindings that nothing reads are dropped where a hyperedge always has exactly one such member. `taken`: the roles
    /// of the member that the hyperedge was reached from.
    pub(super) fn prune_bindings(
        &self,
        bindings: &[RoleBinding],
        taken: &[String],
        tables: &Tables,
        needs: &Needs,
    ) -> Vec<RoleBinding> {
        let certain = |binding: &RoleBinding| {
            let once = |role: &str| {
                tables.iter().all(|table| {
                    self.schema
                        .table(*table)
                        .ok()
                        .and_then(|table| table.hyperedge_type()?.role(role))
                        .is_some_and(|role| {
                            role.cardinality == Cardinality::One || is_planted("prune_columns")
                        })
                })
            };
            // Another binding that may take the same role must leave this one its incidence, so neither may go.
            let shares =
                |other: &&RoleBinding| other.roles.iter().any(|role| binding.roles.contains(role));
            let alone = bindings.iter().filter(shares).count() == 1
                && !taken.iter().any(|role| binding.roles.contains(role));
            binding.restrict.is_none()
                && alone
                && matches!(&binding.roles[..], [role] if once(role))
        };
        bindings
            .iter()
            .cloned()
            .map(|mut binding| {
                binding.incidence = binding
                    .incidence
                    .filter(|incidence| needs.columns.contains(incidence));
                binding
            })
            .filter(|binding| {
                needs.columns.contains(&binding.member)
                    || binding.incidence.is_some()
                    || !certain(binding)
            })
            .collect()
    }
}
