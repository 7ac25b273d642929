package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// lifecycleAllowance is how much longer than floor.c a module may take to be
// loaded and armed, and to be gone, in milliseconds of the guest's clock.
const lifecycleAllowance = 50

// lifecycleNames are the mechanisms whose coming and going is timed.
var lifecycleNames = []string{"ftrace, at a function's entry", "kprobe on ftrace", "return", "tracepoint (`sys_enter`)"}

// lifecycle measures how long a module takes to come and to go, and what memory it takes.
func (b *bench) lifecycle(ctx context.Context) ([]table, error) {
	times := table{
		title: "Loading and unloading",
		intro: "Milliseconds of the clock of a guest that counts instructions, one for each nanosecond: from the start of staprun until the command that it " +
			"starts once the probe is armed prints the time, and from then until the module is gone. Beside it insmod and rmmod of `testdata/bench/floor.c`.",
		header: []string{"kernel", "mechanism", "load and arm", "floor", "disarm and unload", "floor", "target"},
	}
	memory := table{
		title: "Memory of a script without arrays",
		intro: "What a module of `probe kernel.function(\"" + entry + "\") { println(pid()) }` takes in a guest with two CPUs once its probe is armed, besides its relay " +
			"buffers: the difference in free pages, in some rounds.",
		header: []string{"kernel", "least", "median", "most", "target"},
	}
	for _, k := range b.kernels {
		rows, err := b.comingAndGoing(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		times.rows = append(times.rows, rows...)
		row, err := b.memory(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		memory.rows = append(memory.rows, row)
	}
	return []table{times, memory}, nil
}

func (b *bench) comingAndGoing(ctx context.Context, k *kernel.Kernel) ([][]string, error) {
	guest, where, err := b.floorGuest(ctx, k)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	var rows [][]string
	for _, m := range mechanisms {
		if !slices.Contains(lifecycleNames, m.name) {
			continue
		}
		module, err := b.buildModule(ctx, k, "lifecycle", m.script(where))
		if err != nil {
			return nil, err
		}
		if err := put(guest, modulePath(0), module); err != nil {
			return nil, err
		}
		now := callsPath + " now"
		ours, err := medianTimes(ctx, guest, fmt.Sprintf("%[1]s; staprun -o /dev/null -c '%[1]s' %[2]s; %[1]s", now, modulePath(0)))
		if err != nil {
			return nil, err
		}
		floor, err := medianTimes(ctx, guest, fmt.Sprintf("%[1]s; insmod /bench/floor.ko mechanism=%[2]s address=%#[3]x; %[1]s; rmmod floor; %[1]s", now, m.floor, where.entry))
		if err != nil {
			return nil, err
		}
		millis := func(ns float64) string { return fmt.Sprintf("%.1f", ns/1e6) }
		rows = append(rows, []string{k.Release, m.name, millis(ours[0]), millis(floor[0]), millis(ours[1]), millis(floor[1]),
			against(lifecycleAllowance, " ms more", (ours[0]-floor[0])/1e6, (ours[1]-floor[1])/1e6)})
	}
	return rows, nil
}

// medianTimes runs a command that prints the time three times, some times over, and
// gives the median of the times in between.
func medianTimes(ctx context.Context, guest *vm.Guest, command string) (between [2]float64, err error) {
	const rounds = 5
	var all [2][]float64
	for range rounds {
		var output bytes.Buffer
		if err := inGuest(ctx, guest, &output, "sh", "-c", command); err != nil {
			return between, err
		}
		numbers, err := floats(output.String())
		if err != nil || len(numbers) != 3 {
			return between, fmt.Errorf("unexpected output %q of %s", output.String(), command)
		}
		for i := range all {
			all[i] = append(all[i], numbers[i+1]-numbers[i])
		}
	}
	for i := range all {
		slices.Sort(all[i])
		between[i] = all[i][rounds/2]
	}
	return between, nil
}

func floats(text string) (numbers []float64, err error) {
	for _, word := range strings.Fields(text) {
		number, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

// relayKB is the relay buffer of a CPU while memory is measured.
const relayKB = 1024

// memoryScript prints how many KB are free, without the module and while it is
// armed, some times; those in the lists of CPUs are free, too.
const memoryScript = `
free() { sync; echo 3 > /proc/sys/vm/drop_caches; sleep 1
	awk '$1 == "nr_free_pages" || $1 == "count:" { n += $2 } END { print 4 * n }' /proc/zoneinfo; }
for round in 1 2 3 4 5 6 7; do
	free
	insmod %s buffer_kb=%d || exit 1
	exec 3<>/proc/systemtap/memory/control
	echo start 0 >&3 || exit 1
	free
	exec 3>&-
	rmmod memory || exit 1
done`

func (b *bench) memory(ctx context.Context, k *kernel.Kernel) ([]string, error) {
	module, err := b.buildModule(ctx, k, "memory", `probe kernel.function("`+entry+`") { println(pid()) }`)
	if err != nil {
		return nil, err
	}
	guest, err := b.bootWith(ctx, k, module)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	var output bytes.Buffer
	if err := inGuest(ctx, guest, &output, "sh", "-c", fmt.Sprintf(memoryScript, modulePath(0), relayKB)); err != nil {
		return nil, err
	}
	numbers, err := floats(output.String())
	if err != nil || len(numbers)%2 != 0 || len(numbers) < 4 {
		return nil, fmt.Errorf("unexpected output %q", output.String())
	}
	var taken []float64
	for i := 2; i < len(numbers); i += 2 { // the first round makes what stays
		taken = append(taken, numbers[i]-numbers[i+1]-2*relayKB)
	}
	slices.Sort(taken)
	row := []string{k.Release}
	for _, kb := range []float64{taken[0], taken[len(taken)/2], taken[len(taken)-1]} {
		row = append(row, fmt.Sprintf("%.0f KB", kb))
	}
	return append(row, against(1000, " KB", taken[len(taken)-1])), nil
}
