package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// moduleDefines are the macros of the module's C: those of -D, and those that
// other options stand for.
func (s *scriptSettings) moduleDefines() []string {
	defines := slices.Clone(s.defines)
	if s.suppressHandlerErrors {
		defines = append(defines, "STAP_SUPPRESS_HANDLER_ERRORS")
	}
	if s.suppressTimeLimits {
		defines = append(defines, "STAP_SUPPRESS_TIME_LIMITS")
	}
	if s.strictLimits {
		defines = append(defines, "STAP_STRICT_LIMITS")
	}
	return defines
}

// moduleInfo is the C that puts NAME=VALUE where modinfo finds it, as the kernel's
// MODULE_INFO does.
func moduleInfo(entries []string) []byte {
	var c strings.Builder
	for i, entry := range entries {
		fmt.Fprintf(&c, "\nstatic const char stap_modinfo_%d[]\n\t__attribute__((used, section(\".modinfo\"), aligned(1))) = \"%s\";\n", i, entry)
	}
	return []byte(c.String())
}

// setGlobals gives the scalar globals of -G their initial values.
func setGlobals(program *elaborate.Program, settings []string) parse.Diagnostics {
	var found parse.Diagnostics
	refuse := func(format string, arguments ...any) {
		found = append(found, &parse.Diagnostic{Kind: "semantic error", Message: fmt.Sprintf(format, arguments...)})
	}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		global, names := findGlobal(program, name)
		switch {
		case global == nil:
			refuse("-G %s: the script uses no scalar global of this name", setting)
			found[len(found)-1].Similar = parse.Similar(name, names, 3)
		case global.Type == parse.String:
			global.Initial = &parse.StringLiteral{Token: global.Token, Value: value}
		default:
			number, err := strconv.ParseInt(value, 0, 64)
			if err != nil {
				refuse("-G %s: the global %s is a number", setting, name)
				continue
			}
			global.Initial = &parse.NumberLiteral{Token: global.Token, Value: number}
		}
	}
	return found
}

// findGlobal finds a scalar global, the script's before the library's; names are
// those that there are.
func findGlobal(program *elaborate.Program, name string) (found *elaborate.Variable, names []string) {
	for _, global := range program.Globals {
		if global.Keys != nil || global.Type == parse.Stats {
			continue
		}
		names = append(names, global.Text)
		if global.Text == name && (found == nil || found.Position.Source.Library) {
			found = global
		}
	}
	return found, names
}
