package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// result is what a storm leaves (storm_test.go).
type result struct {
	Name       string  `json:"name"`
	Release    string  `json:"release"`
	Stated     int     `json:"stated"`
	Done       int     `json:"done"`
	Processor  float64 `json:"processor"`
	Complaints int     `json:"complaints"`
	Passed     bool    `json:"passed"`
}

// The table is between these lines of the page.
const (
	tableBegins = "<!-- storms: written by make torture -->\n"
	tableEnds   = "<!-- end of storms -->\n"
)

// report replaces the page's table.
func report(results, page string) error {
	found, err := readResults(results)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: the lines %s and %s", page, strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%s\nLast run on %s.\n\n", tableBegins, time.Now().Format("2 January 2006"))
	table.WriteString("| storm | kernel | stated | iterations | CPU seconds | complaints | outcome |\n|---|---|---:|---:|---:|---:|---|\n")
	failed := 0
	for _, r := range found {
		outcome := "passed"
		if !r.Passed || r.Done < r.Stated || r.Complaints > 0 {
			outcome = "failed"
			failed++
		}
		fmt.Fprintf(&table, "| `TestStorm%s` | %s | %d | %d | %.0f | %d | %s |\n", r.Name, r.Release, r.Stated, r.Done, r.Processor, r.Complaints, outcome)
	}
	table.WriteString("\n" + tableEnds)
	if err := os.WriteFile(page, []byte(string(before)+table.String()+string(after)), 0o644); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d storms failed", failed, len(found))
	}
	return nil
}

// readResults reads lines of JSON; of two with one name and kernel the later one counts.
func readResults(path string) ([]result, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var found []result
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		again := false
		for i := range found {
			if found[i].Name == r.Name && found[i].Release == r.Release {
				found[i], again = r, true
			}
		}
		if !again {
			found = append(found, r)
		}
	}
	if found == nil {
		return nil, errors.New(path + " has no results")
	}
	return found, nil
}
