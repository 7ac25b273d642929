package translate_test

import "testing"

// TestProbePoint: T001: what ppfunc, pnlabel and probemod read out of a probe
// point: the string of a component, whatever stands in the strings of others.
func TestProbePoint(t *testing.T) {
	got := runHosted(t, `
		function part:string (point:string, component:string) %{ stap_point_argument(STAP_RETVALUE, STAP_ARG_point, STAP_ARG_component); %}
		probe begin {
			println(part("kernel.function(\"f@g/h.c:5\").call", "function"))
			println(part("module(\"m\").function(\"f\").return", "module"))
			println(part("kernel.statement(0x10).absolute", "statement"), part("timer.ms(5)", "function"))
			println(part("process(\"function\").begin", "function"))
			println(part("module(\"function\").function(\"f\").label(\"a@b\")", "label"))
			println(part("process(\"x.function(\").function(\"f\")", "function"))
			println(pn(), "|", pnlabel(), "|", ppfunc(), "|", probe_type())
		}`)
	if want := "f\nm\n\n\na@b\nf\nbegin|||begin_end\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
