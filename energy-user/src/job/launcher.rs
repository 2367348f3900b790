//! A program whose work is to start others: torchrun, mpirun, make.
//!
//! What it starts is one job with it, though nothing marks the children. Which program runs is
//! told by its arguments: the program itself, or the script or module of an interpreter.

use super::{Facts, Job, Kind, base, command::Command};

/// How a launcher's arguments name what it starts.
#[derive(Clone, Copy)]
enum Names {
    /// A script of Python, or `-m` and a module.
    Script,
    /// The first word that is neither an option nor the value of one of these.
    Program(&'static [&'static str]),
    /// Nothing that is worth showing.
    Nothing,
}

/// Options of the MPI launchers and srun whose value is a word of its own.
const MPI: &[&str] = &[
    "-n",
    "-np",
    "--np",
    "-c",
    "-N",
    "-npernode",
    "-ppn",
    "-H",
    "-host",
    "--host",
    "-hosts",
    "-f",
    "-hostfile",
    "--hostfile",
    "-machinefile",
    "--machinefile",
    "-x",
    "-wdir",
    "--wdir",
    "-wd",
    "--map-by",
    "-map-by",
    "--bind-to",
    "-bind-to",
    "--rank-by",
    "-rank-by",
    "-p",
    "-t",
    "-A",
    "-J",
    "-w",
    "-G",
    "-o",
    "-e",
    "--prefix",
];
/// Those that take two.
const TWO: [&str; 5] = ["-mca", "--mca", "-gmca", "-env", "-genv"];
const MAKE: &[&str] = &["-C", "-f", "-I", "-o", "-W", "-t", "-k", "-l", "-d"];

/// Programs by name.
const PROGRAMS: [(&str, Names); 16] = [
    ("torchrun", Names::Script),
    ("accelerate", Names::Script),
    ("deepspeed", Names::Script),
    ("horovodrun", Names::Script),
    ("mpirun", Names::Program(MPI)),
    ("mpiexec", Names::Program(MPI)),
    ("mpiexec.hydra", Names::Program(MPI)),
    ("orterun", Names::Program(MPI)),
    ("prterun", Names::Program(MPI)),
    ("srun", Names::Program(MPI)),
    // What those start on the other machines of a job.
    ("orted", Names::Nothing),
    ("prted", Names::Nothing),
    ("hydra_pmi_proxy", Names::Nothing),
    ("ray", Names::Nothing),
    ("raylet", Names::Nothing),
    ("ninja", Names::Program(MAKE)),
];

/// Modules of Python, and the launcher that each is.
const MODULES: [(&str, &str); 6] = [
    ("torch.distributed.run", "torchrun"),
    ("torch.distributed.launch", "torch.distributed.launch"),
    ("accelerate.commands.launch", "accelerate"),
    ("deepspeed.launcher.runner", "deepspeed"),
    ("deepspeed.launcher.launch", "deepspeed"),
    ("horovod.runner.launch", "horovodrun"),
];

/// The job that a launcher begins. Its id lacks the process's number.
pub fn of(facts: &Facts<'_>) -> Option<Job> {
    let (command, args) = Command::of(facts.words())?;
    let (launcher, names) = launcher(command)?;
    let words = args.as_slice();
    let (launcher, args) = match (launcher, words.first().copied()) {
        ("accelerate", Some("launch")) => ("accelerate launch", words.get(1..)?),
        // As a module it is `launch` already.
        ("accelerate", _) if command.module => ("accelerate launch", words),
        ("ray", Some("start")) => ("ray start", words.get(1..)?),
        // Their other commands start nothing.
        ("accelerate" | "ray", _) => return None,
        (other, _) => (other, words),
    };
    let started = match names {
        Names::Script => script(args),
        Names::Program(with_value) => program(args, with_value),
        Names::Nothing => None,
    };
    let name = started.map_or_else(|| launcher.into(), |started| format!("{launcher} {started}"));
    Some(Job::new(Kind::Launcher, "launcher".into(), &name))
}

fn launcher(command: Command<'_>) -> Option<(&'static str, Names)> {
    let Command { program, script, module } = command;
    if module {
        let module = script?;
        let (_, launcher) = MODULES.iter().find(|(name, _)| *name == module)?;
        return Some((launcher, Names::Script));
    }
    let program = script.unwrap_or(program);
    // GNU's has another name on the BSDs, Fedora's ninja too.
    let make = ["make", "gmake"].contains(&program).then_some(("make", Names::Program(MAKE)));
    let program = if program == "ninja-build" { "ninja" } else { program };
    make.or_else(|| PROGRAMS.iter().find(|(name, _)| *name == program).copied())
}

fn script(args: &[&str]) -> Option<String> {
    let is_script = |word: &&&str| word.rsplit_once('.').is_some_and(|(_, end)| end == "py");
    let file = args.iter().find(is_script).map(|file| base(file).to_owned());
    let module = || {
        let at = args.iter().position(|word| ["-m", "--module"].contains(word))?;
        // To torchrun it says that a module follows, if not at once.
        args.get(at + 1..)?.iter().find(|word| !word.starts_with('-')).map(|m| format!("-m {m}"))
    };
    file.or_else(module)
}

fn program(args: &[&str], with_value: &[&str]) -> Option<String> {
    let mut words = args.iter().copied();
    while let Some(word) = words.next() {
        if TWO.contains(&word) {
            words.next();
            words.next();
        } else if with_value.contains(&word) {
            words.next();
        } else if !word.starts_with('-') && !word.contains('=') && word.parse::<u32>().is_err() {
            return Some(base(word).into());
        }
    }
    None
}

#[cfg(test)]
pub(super) const BEGINNERS: &[super::table::Example] = &[
    (
        "torchrun (Elastic Launch)",
        &[],
        &[],
        "/opt/venv/bin/python /opt/venv/bin/torchrun --standalone --nproc_per_node=8 train.py --lr 1",
        "launcher | torchrun train.py",
    ),
    (
        "torch.distributed.run",
        &[],
        &[],
        "python -m torch.distributed.run --nproc_per_node 2 --module pkg.train",
        "launcher | torchrun -m pkg.train",
    ),
    (
        "torch.distributed.launch, before 1.10",
        &[],
        &[],
        "python3 -u -m torch.distributed.launch --nproc_per_node=4 src/main.py",
        "launcher | torch.distributed.launch main.py",
    ),
    (
        "accelerate launch",
        &[],
        &[],
        "/usr/bin/python3 /home/a/.local/bin/accelerate launch --config_file conf.yaml run_glue.py",
        "launcher | accelerate launch run_glue.py",
    ),
    (
        "accelerate config starts nothing",
        &[],
        &[],
        "/usr/bin/python3 /usr/local/bin/accelerate config",
        "",
    ),
    (
        "deepspeed",
        &[],
        &[],
        "/usr/bin/python3 /usr/local/bin/deepspeed --num_gpus 4 finetune.py --deepspeed ds.json",
        "launcher | deepspeed finetune.py",
    ),
    (
        "deepspeed, its half on each machine",
        &[],
        &[],
        "/usr/bin/python3 -u -m deepspeed.launcher.launch --world_info=eyJ9 --master_port=29500 finetune.py",
        "launcher | deepspeed finetune.py",
    ),
    (
        "mpirun(1) of Open MPI",
        &[],
        &[],
        "mpirun -np 4 --map-by core -x OMP_NUM_THREADS=1 ./lmp -in in.lj",
        "launcher | mpirun lmp",
    ),
    (
        "mpirun(1) of Open MPI, MCA parameters",
        &[],
        &[],
        "/usr/bin/orterun --mca btl self,tcp -np 2 hostname",
        "launcher | orterun hostname",
    ),
    (
        "mpiexec of MPICH",
        &[],
        &[],
        "mpiexec.hydra -ppn 2 -genv I_MPI_DEBUG 5 -n 8 /opt/bin/xhpl",
        "launcher | mpiexec.hydra xhpl",
    ),
    (
        "Open MPI on the other machines",
        &[],
        &[],
        "/usr/bin/orted -mca ess env -mca ess_base_jobid 3423",
        "launcher | orted",
    ),
    ("srun(1) from a login", &[], &[], "srun -n 4 -p gpu ./a.out", "launcher | srun a.out"),
    (
        "ray start",
        &[],
        &[],
        "/usr/bin/python3 /usr/local/bin/ray start --head --port=6379",
        "launcher | ray start",
    ),
    (
        "raylet, met after its `ray start` is gone",
        &[],
        &[],
        "/usr/lib/python3/site-packages/ray/core/src/ray/raylet/raylet --raylet_socket_name=/tmp/ray/x",
        "launcher | raylet",
    ),
    ("ray status starts nothing", &[], &[], "/usr/bin/python3 /usr/local/bin/ray status", ""),
    ("make(1)", &[], &[], "make -j 8 -C kernel V=1 bzImage", "launcher | make bzImage"),
    ("ninja", &[], &[], "/usr/bin/ninja-build -C out", "launcher | ninja"),
    ("hostile: a script that is called nearly so", &[], &[], "python torchrun.py", ""),
    ("hostile: somebody edits a launcher", &[], &[], "vim /usr/bin/torchrun", ""),
    ("hostile: options that lack their values", &[], &[], "mpirun -np", "launcher | mpirun"),
    ("hostile: no words", &[], &[], " ", ""),
];
