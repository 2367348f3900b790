#!/bin/busybox sh
# The first process of the virtual machine: measures, tells on the second serial port, ends.
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
export PATH=/bin HOME=/
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
exec >/dev/ttyS1 2>&1
stty raw -echo </dev/ttyS1

echo "== kernel"
uname -r
echo "== btf"
ls /sys/kernel/btf/vmlinux
echo "== doctor"
jouletop doctor

cd /tmp
jouletop --probe bpf --json --interval 1s >stream 2>words &
tool=$!
for second in 1 2 3 4 5 6 7 8 9 10; do
    [ -s stream ] && break
    sleep 1
done
workload measure busy 3.01 >busy &
busy=$!
workload measure duty 3.02 30 >duty &
duty=$!
workload measure threads 3.03 4 >threads &
threads=$!
# Storms keep to one CPU: a parent on another one reaps a child before its last switch, and
# what the child still runs then is in none of the kernel's sums.
taskset 1 workload measure storm 3.04 >storm &
wait $! $busy $duty $threads
sleep 3
# Not INT, which a shell lets its background jobs ignore.
kill -TERM $tool
wait $tool

# The same from outside: the tree of a command, against what the kernel charged to it.
jouletop run --probe bpf --json -o run -- taskset 1 workload measure storm 3.05 >inner 2>>words

for name in busy duty threads storm inner run words stream; do
    echo "== $name"
    cat $name
done
echo "== done"
poweroff -f
