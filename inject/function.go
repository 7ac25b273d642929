package inject

import (
	"fmt"
	"slices"
	"strings"
)

// This file is the faults of functions and system calls.

func function(r *Request) (*part, error) {
	if r.Of == "" {
		return nil, wrong("as in stap inject function vfs_read --return EIO", "which function shall fail?")
	}
	point := fmt.Sprintf("kernel.function(%q)", r.Of)
	if r.Module != "" {
		point = fmt.Sprintf("module(%q).function(%q)", r.Module, r.Of)
	}
	return r.call(point, "kernel_string(%s, \"\")")
}

func systemCall(r *Request) (*part, error) {
	if r.Of == "" {
		return nil, wrong("as in stap inject syscall openat --return EACCES", "which system call shall fail?")
	}
	if r.Module != "" {
		return nil, wrong("", "--module is for functions: a system call is the kernel's")
	}
	return r.call(fmt.Sprintf("kernel.function(%q)", "sys_"+r.Of), "user_string(%s, \"\")")
}

// call is a fault at a function that is probed there, whose texts are read so.
func (r *Request) call(point, text string) (*part, error) {
	p := &part{point: point + ".call"}
	if err := r.chosen(p, text); err != nil {
		return nil, err
	}
	for _, argument := range r.Arguments {
		variable, value, err := named("--argument", argument)
		if err != nil {
			return nil, err
		}
		p.does = append(p.does, fmt.Sprintf("%s = %s", variable, value))
	}
	if r.Delay != 0 {
		n, err := milliseconds(r.Delay)
		if err != nil {
			return nil, err
		}
		p.does = append(p.does, fmt.Sprintf("delay_call(%d)", n))
	}
	if r.Return != "" {
		n, err := result(r.Return)
		if err != nil {
			return nil, err
		}
		p.does = append(p.does, fmt.Sprintf("override_return(%d)", n))
	}
	if r.Flip == "" {
		return p, nil
	}
	if len(p.does) > 0 {
		return nil, wrong("run it twice, or write the script by hand: --script shows one", "--flip is for what a function has done, the other faults are for its beginning")
	}
	return r.flip(p, point)
}

// chosen takes the settings that are about parameters.
func (r *Request) chosen(p *part, text string) error {
	if r.Match != "" {
		variable, pattern, err := named("--match", r.Match)
		if err != nil {
			return err
		}
		p.text = fmt.Sprintf(text, variable)
		r.Settings = append(r.Settings, "match="+pattern)
	}
	if r.Range != "" {
		variable, bounds, err := named("--range", r.Range)
		if err != nil {
			return err
		}
		p.number = variable
		r.Settings = append(r.Settings, "range="+bounds)
	}
	return nil
}

// flip turns a bit of the memory that a parameter points to, once the function has run. Which one depends on how often it
// has happened.
func (r *Request) flip(p *part, point string) (*part, error) {
	name, length, given := strings.Cut(r.Flip, ":")
	if name == "" || strings.ContainsAny(r.Flip, " ;{}\"'()") {
		return nil, wrong("", "--flip takes the name of a parameter, or PARAMETER:LENGTH, not '%s'", r.Flip)
	}
	of := "$return"
	if given {
		of = length
		if strings.Trim(length, "0123456789") != "" {
			of = "@entry($" + length + ")"
		}
	}
	entry := func(expression string) string {
		if !strings.Contains(expression, "$") {
			return expression
		}
		return "@entry(" + expression + ")"
	}
	p.point = point + ".return"
	p.text, p.number = entryText(p.text), entry(p.number)
	p.when = of + " > 0 && "
	p.does = []string{fmt.Sprintf("fault_flip(@entry($%s), %s, fault_count(%q))", strings.TrimPrefix(name, "$"), of, r.faultName())}
	return p, nil
}

// entryText has the text of a call that has run read at its entry.
func entryText(expression string) string {
	if expression == "" {
		return ""
	}
	return "@entry(" + expression + ")"
}

// memory is a fault of the kernel's allocators: NULL instead of memory, but to those who cannot do without.
func memory(r *Request) (*part, error) {
	if r.Return != "" || r.Flip != "" || len(r.Arguments) > 0 || r.Of != "" || r.Match != "" || r.Range != "" || r.Delay != 0 {
		return nil, wrong("it is chosen by --process, --caller and the like", "what asks for memory gets none: --return, --argument, --flip, --delay, --match and --range are not for it")
	}
	if !slices.Contains(Allocators, r.Allocator) {
		return nil, wrong("they are "+strings.Join(Allocators, ", "), "--allocator %s: there is no such allocator", r.Allocator)
	}
	return &part{point: "allocation." + r.Allocator, when: "!allocation_must_succeed(flags) && ", does: []string{"override_return(0)"}}, nil
}
