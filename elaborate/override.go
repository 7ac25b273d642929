package elaborate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file is about functions that do not run, or later: a handler at the entry of one says so, and what its caller
// gets, with functions of the library whose C is tagged "pragma:override".
//
//	probe kernel.function("vfs_read") { if (execname() == "cat") override_return(-5) }
//	probe module("scsi_mod").function("scsi_done") { skip_call() }
//
// The runtime then sends the CPU back to the caller at once. So the probe must be at the very entry of a function that
// is out of line, where the return address is what the stack begins with; and the function one whose caller is in order
// without it. The runtime sets such probes in another way, so they are marked.

// Tags of functions of the library: one leaves out the probed function, or delays it; it gives that function's result;
// it keeps that function's arguments, as many as there are registers for.
const (
	overrideTag  = "pragma:override"
	resultTag    = "pragma:result"
	argumentsTag = "pragma:arguments"
)

// findOverrides marks the probes whose handlers may leave out the probed function, and refuses where that cannot be.
func (e *elaborator) findOverrides() {
	if !slices.ContainsFunc(e.program.Functions, func(f *Function) bool { return f.has(overrideTag) }) {
		return
	}
	refused := map[parse.Position]bool{} // a handler of many probes has one message
	for _, p := range e.program.Probes {
		walkStatements(p.Body, func(n any) {
			call, ok := n.(*Call)
			if !ok || !call.Function.reaches(overrideTag) {
				return
			}
			p.Overrides = true
			if refused[call.Position] {
				return
			}
			if why, hint := e.overridable(p.Place, call.Function); why != "" {
				refused[call.Position] = true
				d := semanticError(call.Token, fmt.Sprintf("%s cannot be done in probe %s: %s", call.Text, p.Point, why))
				d.Hint = hint
				e.add(d)
			}
		})
	}
}

func (f *Function) has(tag string) bool { return f.Code != nil && f.Code.Tag(tag) }

// reaches reports whether a function, or one that it calls, is in C with that tag.
func (f *Function) reaches(tag string) bool {
	seen := map[*Function]bool{}
	var visit func(*Function) bool
	visit = func(f *Function) bool {
		if seen[f] {
			return false
		}
		seen[f] = true
		return f.has(tag) || slices.ContainsFunc(f.Calls, visit) || slices.ContainsFunc(f.Overloads, visit)
	}
	return visit(f)
}

// overridable says why by cannot be done to the function at a place, and what to do; "" if it can.
func (e *elaborator) overridable(place Place, by *Function) (why, hint string) {
	switch place := place.(type) {
	case *FunctionPlace:
		if why := place.object.indispensable(place.Name, place.link); why != "" {
			return why, ""
		}
		return place.overridable(by)
	case *KprobePlace:
		if place.At.Symbol == "" {
			return "an address alone does not say that a function begins there", "name the function: kprobe.function(\"name\")"
		}
		o := e.object(cmp.Or(place.At.Module, kernelObject))
		var at debuginfo.Address
		if found, _, err := o.symbolsNamed(place.At.Symbol); err == nil && len(found) == 1 {
			at = found[0].Address
		}
		return o.indispensable(place.At.Symbol, at), ""
	case *ReturnPlace, *KprobeReturnPlace:
		return "the function has run", "set what it returns: $return = value, or set_returnval(value)"
	case *StatementPlace:
		return "this is inside of a function, which has begun to run", "probe the function's entry: kernel.function(\"name\").call"
	}
	return "no function is entered there", "probe the entry of one: kernel.function(\"name\").call"
}

// overridable says it of what the function takes and gives.
func (p *FunctionPlace) overridable(by *Function) (why, hint string) {
	signature := p.describedSignature()
	if signature == nil {
		return "", ""
	}
	switch result := signature.Result.(type) {
	case nil:
		if by.reaches(resultTag) {
			return fmt.Sprintf("%s returns nothing", p.Name), "leave the result out, or the call: skip_call()"
		}
	case *debuginfo.Struct:
		if debuginfo.SizeOf(result) > 2*8 {
			return fmt.Sprintf("%s returns a %s in memory of its caller's", p.Name, result), ""
		}
	}
	if by.reaches(argumentsTag) && len(signature.Parameters) > deferredArguments {
		return fmt.Sprintf("%s has %d parameters, and %d are kept", p.Name, len(signature.Parameters), deferredArguments), "delay_call(milliseconds) keeps its caller waiting instead"
	}
	return "", ""
}

// deferredArguments is how many arguments a call that begins later may have (runtime-c/stap/defer.h).
const deferredArguments = 6

// indispensable says why a function of that name and address cannot be left out; "" if nothing is known against it.
func (o *object) indispensable(name string, at debuginfo.Address) string {
	if refusedReturns().MatchString(name) || slices.Contains(neverReturning, name) {
		return name + " never returns, and its caller has nothing to go on with"
	}
	if o == nil || !o.isKernel() {
		return ""
	}
	areas, err := o.areas(indispensableAreas)
	if i := slices.IndexFunc(areas, func(a area) bool { return a.has(at) }); err == nil && i >= 0 {
		return areas[i].refusal.why
	}
	return ""
}

// neverReturning are functions whose callers do not go on, beside refusedReturns.
var neverReturning = []string{
	"do_task_dead", "rewind_stack_and_make_dead", "rewind_stack_do_exit", "panic", "nmi_panic", "nmi_panic_self_stop", "kthread_exit",
	"kthread_complete_and_exit", "complete_and_exit", "__module_put_and_exit", "__module_put_and_kthread_exit", "cpu_startup_entry",
	"start_kernel", "rest_init", "machine_real_restart", "stop_this_cpu", "__stack_chk_fail", "fortify_panic", "__fortify_panic",
}

// indispensableAreas are areas of the kernel's code in which no function can be left out.
var indispensableAreas = []namedArea{
	{"__sched_text_start", "__sched_text_end", refusal{why: "it waits for something, which its caller would then take for done"}},
	{"__lock_text_start", "__lock_text_end", refusal{why: "it takes or gives back a lock"}},
}
