//! What a virtual machine looks like: CPUs, how they hang together, what happens to them.

/// One kind of machine.
#[derive(Clone, Copy)]
pub struct Shape {
    pub name: &'static str,
    /// qemu's `-cpu`. Its emulation shows hardware threads on Intel's only.
    pub cpu: &'static str,
    /// qemu's `-smp`.
    pub smp: &'static str,
    /// What the kernel's command line has besides; `init.sh` looks for `shape=` there.
    pub append: &'static str,
    /// CPUs that are online in the end.
    pub cpus: u64,
}

/// The usual machine first: every kernel is tried on it.
pub const SHAPES: [Shape; 5] = [
    Shape { name: "2-cpus", cpu: "max", smp: "2", append: "", cpus: 2 },
    Shape { name: "1-cpu", cpu: "max", smp: "1", append: "", cpus: 1 },
    Shape {
        name: "2x2x2",
        cpu: "max,vendor=GenuineIntel",
        smp: "8,sockets=2,cores=2,threads=2",
        append: "shape=cores",
        cpus: 8,
    },
    Shape { name: "offline", cpu: "max", smp: "2", append: "shape=offline", cpus: 2 },
    Shape { name: "nohz-full", cpu: "max", smp: "2", append: "nohz_full=1 rcu_nocbs=1", cpus: 2 },
];

/// The kernel that is tried in every shape.
const ALL_SHAPES: &str = "6.12";

/// What to boot: of the kernels and shapes that were asked for, or else the usual machine
/// with each kernel and every shape with one.
pub fn chosen<'a>(
    kernels: impl Iterator<Item = &'a str>,
    wanted_kernels: &[String],
    wanted_shapes: &[String],
) -> Vec<(&'a str, Shape)> {
    let asked = |wanted: &[String], name: &str| wanted.iter().any(|wanted| wanted == name);
    let mut chosen = Vec::new();
    for kernel in kernels {
        if !wanted_kernels.is_empty() && !asked(wanted_kernels, kernel) {
            continue;
        }
        for (index, shape) in SHAPES.iter().enumerate() {
            let usual = index == 0 || kernel == ALL_SHAPES;
            let any = wanted_shapes.is_empty();
            if asked(wanted_shapes, shape.name) || (any && usual) {
                chosen.push((kernel, *shape));
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(kernels: &[&str], shapes: &[&str]) -> Vec<String> {
        let text = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = ["5.10", "6.12", "newest"].into_iter();
        let chosen = chosen(all, &text(kernels), &text(shapes));
        chosen.iter().map(|(kernel, shape)| format!("{kernel} {}", shape.name)).collect()
    }

    #[test]
    fn every_kernel_is_tried_and_one_in_every_shape() {
        let all = names(&[], &[]);
        assert_eq!(all.len(), 2 + SHAPES.len());
        assert!(all.contains(&"6.12 offline".into()) && !all.contains(&"5.10 offline".into()));
    }

    #[test]
    fn what_is_asked_for_is_the_product() {
        assert_eq!(names(&["5.10"], &["1-cpu", "offline"]), ["5.10 1-cpu", "5.10 offline"]);
        assert_eq!(names(&["5.10"], &[]), ["5.10 2-cpus"]);
        assert_eq!(names(&[], &["1-cpu"]).len(), 3);
    }
}
