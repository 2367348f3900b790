#!/bin/busybox sh
# The first process of the virtual machine: measures, tells on the second serial port, ends.
/bin/busybox mkdir -p /proc /sys /dev /tmp /etc
/bin/busybox --install -s /bin
export PATH=/bin HOME=/
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
exec >/dev/ttyS1 2>&1
stty raw -echo </dev/ttyS1
shape=$(sed -n 's/.*shape=\([a-z]*\).*/\1/p' /proc/cmdline)
last=$(($(nproc) - 1))

echo "== kernel"
uname -r
echo "== btf"
ls /sys/kernel/btf/vmlinux
echo "== isolated"
cat /sys/devices/system/cpu/nohz_full
echo "== doctor"
jouletop doctor --json

# Nobody has no right to the kernel probe: it must say so, and measure what it can.
echo "nobody:x:65534:65534:nobody:/:/bin/sh" >/etc/passwd
chmod 777 /tmp
cd /tmp
su nobody -c "jouletop --json --samples 1" >nobody 2>&1

# Waits until jouletop measures: until it has printed an interval.
begun() {
    second=0
    while [ ! -s $1 ] && [ $second -lt 60 ]; do
        second=$((second + 1))
        sleep 1
    done
}

jouletop --probe bpf --json --interval 1s >stream 2>words &
tool=$!
begun stream
workload measure busy 3.01 $last >busy &
busy=$!
workload measure duty 3.02 30 >duty &
duty=$!
workload measure threads 3.03 4 >threads &
threads=$!
# Storms keep to one CPU: a parent on another one reaps a child before its last switch, and
# what the child still runs then is in none of the kernel's sums.
taskset 1 workload measure storm 3.04 >storm &
storm=$!
if [ "$shape" = offline ]; then
    sleep 1
    echo 0 >/sys/devices/system/cpu/cpu1/online
    cat /sys/devices/system/cpu/online >online
    sleep 1
    echo 1 >/sys/devices/system/cpu/cpu1/online
fi
wait $storm $busy $duty $threads

# A real-time task that never yields, on the last CPU.
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
workload measure fifo 3.06 $last >rt
# Numbers that are used again and again.
echo 400 >/proc/sys/kernel/pid_max
taskset 1 workload measure storm 1.07 700 >reuse
echo 32768 >/proc/sys/kernel/pid_max
sleep 3
# Not INT, which a shell lets its background jobs ignore.
kill -TERM $tool
wait $tool

# The same from outside: the tree of a command, against what the kernel charged to it.
jouletop run --probe bpf --json -o run -- taskset 1 workload measure storm 3.05 >inner 2>>words

# All that can be counted: each kernel's verifier has to take the code for it.
jouletop --probe bpf --threads --weight cycles --cycles-from software --json >counters 2>>words &
tool=$!
begun counters
workload touch 1.08 0 &
touch=$!
workload busy 1.09 0
wait $touch
sleep 2
kill -TERM $tool
wait $tool

# Two threads of a core at once, then one alone.
if [ "$shape" = cores ]; then
    jouletop --probe bpf --weight smt --json >overlap 2>>words &
    tool=$!
    begun overlap
    workload busy 2.08 0 &
    workload busy 2.08 1 &
    workload busy 2.09 4 &
    sleep 4
    kill -TERM $tool
    wait $tool
fi

for name in nobody online busy duty threads storm rt reuse inner run counters overlap words stream; do
    [ -e $name ] || continue
    echo "== $name"
    cat $name
done
echo "== done"
poweroff -f
