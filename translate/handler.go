package translate

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gostap/gostap/elaborate"
)

// This file lets probes share a handler in C. Those whose handlers are the same have one. So
// have many that differ in constants alone, such as those of all system calls, where each call
// sets its name and its argstr: compiling hundreds of functions takes long. What differs is in a
// table of each probe:
//
//	stap_string_copy(frame->local_name, c->probe->constants[0]);
//	((stap_text_function *)c->probe->constants[1])(c, frame->local_argstr);

// handlerName stands for the name of a handler until it is known; no text of a
// script looks like it.
const handlerName = "\x01"

// What may differ between handlers that are one function stands between these marks.
const (
	constantBegins = "\x02"
	functionBegins = "\x04"
	constantEnds   = "\x03"
)

// fewest is how many handlers must differ in constants alone to become one.
const fewest = 8

// constant marks a string in C as something that may differ.
func (b *body) constant(text string) string {
	if b.function != nil {
		return text
	}
	return constantBegins + text + constantEnds
}

// textFunctionName marks the name of a function that gives a string and has no parameters.
func (b *body) textFunctionName(name string) string {
	if b.function != nil {
		return name
	}
	return functionBegins + name + constantEnds
}

var (
	marked        = regexp.MustCompile(`[\x02\x04][^\x03]*\x03`)
	marks         = strings.NewReplacer(constantBegins, "", functionBegins, "", constantEnds, "")
	lineDirective = regexp.MustCompile(`(?m)^#line .*\n`)
)

// handlerText is a handler that has been written, but not yet put anywhere.
type handlerText struct {
	probe     *elaborate.Probe
	text      string   // with marks
	skeleton  string   // without what may differ
	constants []string // what stands at the marks
}

// alike are handlers with one skeleton.
type alike struct {
	handlers []*handlerText
	texts    map[string]bool
	differ   []bool // which constants are not the same in all
	name     string // of the function that they share, once it is written
}

// newHandlerText takes a handler's text apart.
func newHandlerText(p *elaborate.Probe, text string) *handlerText {
	h := &handlerText{probe: p, text: text}
	h.skeleton = marked.ReplaceAllStringFunc(lineDirective.ReplaceAllString(text, ""), func(mark string) string {
		h.constants = append(h.constants, mark[1:len(mark)-1])
		return mark[:1]
	})
	return h
}

// add notes another handler.
func (a *alike) add(h *handlerText) {
	a.handlers = append(a.handlers, h)
	if a.texts[h.text] {
		return
	}
	a.texts[h.text] = true
	for i, constant := range h.constants {
		a.differ[i] = a.differ[i] || constant != a.handlers[0].constants[i]
	}
}

// placeHandlers writes the handlers of all probes.
func (t *translator) placeHandlers(handlers []*handlerText) {
	groups := map[string]*alike{} // by skeleton
	for _, h := range handlers {
		if groups[h.skeleton] == nil {
			groups[h.skeleton] = &alike{texts: map[string]bool{}, differ: make([]bool, len(h.constants))}
		}
		groups[h.skeleton].add(h)
	}
	for i, h := range handlers {
		name, what := fmt.Sprintf("probe_%d", i), "probe "+h.probe.Point
		group := groups[h.skeleton]
		if len(group.texts) < fewest {
			t.probes = append(t.probes, t.shared(h.text, name, what, h.probe))
			t.constants = append(t.constants, nil)
			continue
		}
		if group.name == "" {
			group.name = t.shared(h.withConstants(group.differ), name, fmt.Sprintf("%s and %d others", what, len(group.handlers)-1), h.probe)
		}
		var constants []string
		for i, constant := range h.constants {
			if group.differ[i] {
				constants = append(constants, constant)
			}
		}
		t.probes = append(t.probes, group.name)
		t.constants = append(t.constants, constants)
	}
}

// withConstants gives the handler's text with those that differ out of the probe's table.
func (h *handlerText) withConstants(differ []bool) string {
	mark, member := 0, 0
	return marked.ReplaceAllStringFunc(h.text, func(text string) string {
		mark++
		if !differ[mark-1] {
			return text
		}
		member++
		if text[:1] == functionBegins {
			return fmt.Sprintf("((stap_text_function *)c->probe->constants[%d])", member-1)
		}
		return fmt.Sprintf("(const char *)c->probe->constants[%d]", member-1)
	})
}

// constantsField is the member of a probe's struct with its constants.
func (t *translator) constantsField(probe int) string {
	if t.constants[probe] == nil {
		return ""
	}
	return fmt.Sprintf(", .constants = (const void *const []){ %s }", strings.Join(t.constants[probe], ", "))
}

// shared writes a function for a probe under a name, unless there is one with the
// same text; gives its name.
func (t *translator) shared(text, name, what string, p *elaborate.Probe) string {
	text = marks.Replace(text)
	if known, ok := t.handlers[text]; ok {
		return known
	}
	t.handlers[text] = name
	t.printf("\n/*\n * %s\n * %s: %s\n */\n", comment(what), comment(p.Position.String()), comment(strings.TrimSpace(p.Position.SourceLine())))
	t.out.WriteString(strings.ReplaceAll(text, handlerName, name))
	return name
}
