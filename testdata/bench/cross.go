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
		intro:  "As the table of start-up, native and cross builds by turns; medians, and the cross build's share of the native one's time.",
		header: []string{"case", native.Release, foreign.Release, "times", "target"},
	}
	for _, c := range startCases {
		b.say("cross: %s", c.name)
		var medians [2][]float64
		for range rounds {
			for i, k := range []*kernel.Kernel{native, foreign} {
				s, err := b.timeCase(ctx, k, c)
				if err != nil {
					return nil, err
				}
				medians[i] = append(medians[i], s.least)
			}
		}
		for i := range medians {
			slices.Sort(medians[i])
		}
		here, there := medians[0][rounds/2], medians[1][rounds/2]
		t.rows = append(t.rows, []string{c.name, fmt.Sprintf("%.3f s", here), fmt.Sprintf("%.3f s", there),
			fmt.Sprintf("%.2f", there/here), against(crossTarget, "", there/here)})
	}
	return []table{t}, nil
}
