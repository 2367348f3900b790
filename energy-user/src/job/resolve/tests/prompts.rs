//! What is typed at a prompt, and which shells are at one.

use super::*;

#[test]
fn a_prompt_that_a_launcher_opened_is_the_launchers() {
    let mut machine = Machine::default();
    machine.begin(10, 0, "make menuconfig", UNIT);
    machine.begin(100, 10, "bash", UNIT);
    machine.begin(101, 100, "python a.py", UNIT);
    let make = "make menuconfig";
    assert_eq!(machine.names(), names(&[(10, make), (100, make), (101, make)]));
}

#[test]
fn a_script_typed_at_a_prompt_is_one_job_with_the_launchers_in_it() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    machine.begin(101, 100, "bash ./run.sh", LOGIN);
    machine.begin(102, 101, "make data", LOGIN);
    machine.begin(103, 101, "python torchrun train.py", LOGIN);
    machine.begin(104, 103, "/x/ray/raylet --x", LOGIN);
    let run = "bash run.sh";
    let expected = [(100, "session 3 of alice"), (101, run), (102, run), (103, run), (104, run)];
    assert_eq!(machine.names(), names(&expected));
}

#[test]
fn prompts_behind_sudo_and_tmux_are_prompts_and_a_subshell_is_none() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    machine.begin(101, 100, "sudo -i", LOGIN);
    machine.begin(102, 101, "-bash", LOGIN);
    machine.begin(103, 102, "python a.py", LOGIN);
    machine.begin(104, 102, "python b.py", LOGIN);
    // ( python c.py; python d.py )
    machine.begin(105, 100, "-bash", LOGIN);
    machine.begin(106, 105, "python c.py", LOGIN);
    machine.begin(107, 100, "tmux", LOGIN);
    machine.begin(200, 107, "-bash", LOGIN);
    machine.begin(201, 200, "python e.py", LOGIN);
    // curl ... | bash
    machine.begin(108, 100, "bash", LOGIN);
    machine.begin(109, 108, "make", LOGIN);
    let expected = [
        (100, "session 3 of alice"),
        (101, "sudo"),
        (102, "sudo"),
        (103, "python a.py"),
        (104, "python b.py"),
        (105, "bash"),
        (106, "bash"),
        (107, "tmux"),
        (108, "bash"),
        (109, "bash"),
        (200, "tmux"),
        (201, "python e.py"),
    ];
    assert_eq!(machine.names(), names(&expected));
    let placed = machine.frame(&[]);
    assert_ne!(placed[&106].job, placed[&109].job, "two jobs of one name");
}

#[test]
fn a_command_has_the_name_of_what_it_runs_now() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    // Before it runs another program, a child is a copy of the shell.
    machine.begin(101, 100, "-bash", LOGIN);
    machine.begin(102, 101, "x", LOGIN);
    machine.begin(103, 100, "python y.py", LOGIN);
    assert_eq!(name(&machine.frame(&[])[&102]), "bash");
    machine.begin(101, 0, "mpirun ./a.out", LOGIN);
    assert_eq!(name(&machine.frame(&[])[&102]), "mpirun a.out");
    // What has been a launcher stays one; what was typed stays typed when the shell is gone.
    machine.begin(101, 0, "renamed", LOGIN);
    machine.begin(100, 0, "python shell-became-this.py", LOGIN);
    let placed = machine.frame(&[]);
    assert_eq!(name(&placed[&102]), "mpirun a.out");
    assert_eq!(name(&placed[&103]), "python y.py");
}

#[test]
fn what_jouletop_runs_is_a_job_of_its_own() {
    let mut machine = Machine::default();
    machine.begin(100, 0, "-bash", LOGIN);
    let tool = identity(&[LOGIN], &[], "jouletop run -- python train.py");
    machine.put(101, 100, Identity { kind: sample::Kind::Tool, ..tool });
    machine.begin(102, 101, "python train.py", LOGIN);
    let expected = [(100, "session 3 of alice"), (101, "jouletop"), (102, "python train.py")];
    assert_eq!(machine.names(), names(&expected));
}
