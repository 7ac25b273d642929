package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/gostap/gostap/kernel"
)

// crossTarget is how many times as long as a native build a cross build may take.
const crossTarget = 1.10

// cross times builds for arm64 beside those for this machine's architecture, by turns.
func (b *bench) cross(ctx context.Context) ([]table, error) {
	const release = "6.1"
	native, err := kernel.FindGuest(kernel.Query{Release: release})
	if err != nil {
		return nil, fmt.Errorf("%w; run: make prep", err)
	}
	foreign, err := kernel.FindGuest(kernel.Query{Release: release, Arch: "arm64"})
	if err != nil {
		return nil, fmt.Errorf("%w; run: make prep", err)
	}
	t := table{
		title:  "Cross builds: script to module for arm64",
		intro:  "As the table of start-up, native and cross builds by turns, twice; the least time, and the cross build's share of the native one's time.",
		header: []string{"case", native.Release, foreign.Release, "times", "target"},
	}
	for _, c := range startCases {
		b.say("cross: %s", c.name)
		var times [2][]float64
		for range 2 {
			for i, k := range []*kernel.Kernel{native, foreign} {
				s, err := b.timeCase(ctx, k, c)
				if err != nil {
					return nil, err
				}
				times[i] = append(times[i], s.least)
			}
		}
		here, there := slices.Min(times[0]), slices.Min(times[1])
		t.rows = append(t.rows, []string{c.name, fmt.Sprintf("%.3f s", here), fmt.Sprintf("%.3f s", there),
			fmt.Sprintf("%.2f", there/here), against(crossTarget, "", there/here)})
	}
	return []table{t}, nil
}
