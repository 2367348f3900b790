//! The number of a process within its job, as its launcher told it.
//!
//! The finest one counts: a task of Slurm that starts eight workers is one task and eight ranks.

use crate::sample::Identity;

/// The rank that the environment tells of.
pub fn of(identity: &Identity) -> Option<u32> {
    let number = |name: &str| identity.env.get(name)?.parse::<u32>().ok();
    // torch's word for it is a common one: it counts only beside the number of all.
    let torch = number("RANK").filter(|rank| number("WORLD_SIZE").is_some_and(|all| *rank < all));
    torch
        .or_else(|| number("OMPI_COMM_WORLD_RANK"))
        .or_else(|| number("PMIX_RANK"))
        .or_else(|| number("PMI_RANK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where it is from, environment, rank.
    type Example = (&'static str, &'static [(&'static str, &'static str)], Option<u32>);

    #[test]
    fn ranks_by_launcher() {
        let table: &[Example] = &[
            (
                "torch.distributed.run: environment of a worker",
                &[("RANK", "3"), ("WORLD_SIZE", "8")],
                Some(3),
            ),
            ("somebody's own RANK", &[("RANK", "3")], None),
            ("more than there are", &[("RANK", "8"), ("WORLD_SIZE", "8")], None),
            (
                "mpirun(1) of Open MPI",
                &[("OMPI_COMM_WORLD_RANK", "5"), ("PMIX_RANK", "5")],
                Some(5),
            ),
            ("prterun: PMIx", &[("PMIX_RANK", "2")], Some(2)),
            ("mpiexec of MPICH, Intel MPI", &[("PMI_RANK", "1")], Some(1)),
            (
                "torchrun under mpirun",
                &[("PMI_RANK", "0"), ("RANK", "6"), ("WORLD_SIZE", "8")],
                Some(6),
            ),
            ("no number", &[("PMI_RANK", "-1"), ("PMIX_RANK", "99999999999")], None),
        ];
        for (origin, env, expected) in table {
            let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            let identity = Identity { env, ..Identity::default() };
            assert_eq!(of(&identity), *expected, "{origin}");
        }
    }
}
